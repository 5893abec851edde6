/**
 * A batch of events as PostgreSQL's own binary form of `access_event_row[]`. As JSON the server spent more on reading a batch than on
 * writing it to its table.
 */
import { isDenied, rowCount } from './chain.ts';
import type { SealedEvent } from './chain.ts';

/** pg_type.dat: the built-in types have these numbers in every PostgreSQL. */
const OID = {
  bool: 16,
  bytea: 17,
  int8: 20,
  int4: 23,
  text: 25,
  textArray: 1009,
  timestamptz: 1184,
  uuid: 2950,
  uuidArray: 2951,
};

/** Fields of the type `access_event_row`, in the order of the migration that makes it. */
const FIELDS = 19;

/** Milliseconds from 1970 to 2000, from which PostgreSQL counts. */
const EPOCH_MS = 946_684_800_000;

const FIRST_BYTES = 16_384;
const UUID_BYTES = 16;

export class EventRows {
  readonly #rowType: number;
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #at = 0;

  /** @param rowType the number that this database gave the type `access_event_row` */
  constructor(rowType: number) {
    this.#rowType = rowType;
  }

  /** @returns the array's bytes; they hold until the next call */
  encode(events: readonly SealedEvent[]): Buffer {
    this.#at = 0;
    this.#array(this.#rowType, events.length);
    for (const event of events) this.#sized(() => this.#row(event));
    return this.#bytes.subarray(0, this.#at);
  }

  #row({ event, seq, code, itemList, subjectBytes }: SealedEvent): void {
    this.#int4(FIELDS);
    this.#int8Field(OID.int8, BigInt(seq));
    this.#int8Field(OID.timestamptz, BigInt(event.at.getTime() - EPOCH_MS) * 1_000n);
    this.#textField(event.clientId);
    this.#textField(event.clientKind);
    this.#textField(event.purpose);
    this.#textField(event.matter);
    this.#textField(event.requestId);
    this.#textField(event.operationName);
    this.#bytesField(event.operationHash);
    this.#textField(event.operationType);
    this.#textField(event.outcome);
    this.#boolField(isDenied(event));
    this.#int4Field(event.catalogVersion);
    this.#int4Field(rowCount(event.items));
    this.#subjectsField(subjectBytes);
    this.#textField(itemList);
    this.#textsField(event.bulk);
    this.#bytesField(code);
    if (event.times === undefined) this.#null(OID.int4);
    else this.#int4Field(event.times);
  }

  #null(type: number): void {
    this.#int4(type);
    this.#int4(-1);
  }

  #boolField(value: boolean): void {
    this.#head(OID.bool, 1);
    this.#at = this.#bytes.writeInt8(value ? 1 : 0, this.#at);
  }

  #int4Field(value: number): void {
    this.#head(OID.int4, 4);
    this.#at = this.#bytes.writeInt32BE(value, this.#at);
  }

  #int8Field(type: number, value: bigint): void {
    this.#head(type, 8);
    this.#at = this.#bytes.writeBigInt64BE(value, this.#at);
  }

  #bytesField(value: Buffer): void {
    this.#head(OID.bytea, value.length);
    this.#at += value.copy(this.#bytes, this.#at);
  }

  #textField(value: string | null): void {
    if (value === null) {
      this.#null(OID.text);
      return;
    }
    this.#int4(OID.text);
    this.#text(value);
  }

  #textsField(values: readonly string[]): void {
    this.#int4(OID.textArray);
    this.#sized(() => {
      this.#array(OID.text, values.length);
      for (const value of values) this.#text(value);
    });
  }

  #subjectsField(ids: Buffer): void {
    this.#int4(OID.uuidArray);
    this.#sized(() => {
      const count = ids.length / UUID_BYTES;
      this.#array(OID.uuid, count);
      this.#room(count * (4 + UUID_BYTES));
      for (let from = 0; from < ids.length; from += UUID_BYTES) {
        this.#at = this.#bytes.writeInt32BE(UUID_BYTES, this.#at);
        this.#at += ids.copy(this.#bytes, this.#at, from, from + UUID_BYTES);
      }
    });
  }

  /** The head of an array: dimensions, whether it has nulls, the type of its elements; their number, and the first one's. */
  #array(type: number, count: number): void {
    this.#int4(count === 0 ? 0 : 1);
    this.#int4(0);
    this.#int4(type);
    if (count === 0) return;
    this.#int4(count);
    this.#int4(1);
  }

  /** Writes `content` with its length before it. */
  #sized(content: () => void): void {
    const start = this.#at;
    this.#int4(0);
    content();
    this.#bytes.writeInt32BE(this.#at - start - 4, start);
  }

  #head(type: number, length: number): void {
    this.#room(8 + length);
    this.#at = this.#bytes.writeInt32BE(type, this.#at);
    this.#at = this.#bytes.writeInt32BE(length, this.#at);
  }

  #int4(value: number): void {
    this.#room(4);
    this.#at = this.#bytes.writeInt32BE(value, this.#at);
  }

  #text(value: string): void {
    // UTF-8 takes at most three bytes for a UTF-16 unit.
    this.#room(4 + value.length * 3);
    const length = this.#bytes.write(value, this.#at + 4);
    this.#bytes.writeInt32BE(length, this.#at);
    this.#at += 4 + length;
  }

  #room(more: number): void {
    if (this.#at + more <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + more));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
