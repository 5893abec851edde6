/**
 * An answer on its way out, as UTF-8. A thousand rows added up as one text would be put together twice (as a text, then as bytes),
 * in pieces so large that the collector has to move them; so text becomes bytes by the batch.
 */

/** In characters: large enough that a batch costs little, small enough to be put together in the processor's cache. */
const BATCH = 16_384;

export class AnswerBytes {
  readonly #chunks: Buffer[] = [];
  #bytes = '';

  /** @param bytes UTF-8, one character for each byte (src/wire-text.ts) */
  add(bytes: string): void {
    this.#bytes += bytes;
    if (this.#bytes.length >= BATCH) this.#settle();
  }

  append(chunks: readonly Buffer[]): void {
    this.#settle();
    this.#chunks.push(...chunks);
  }

  /** Everything that was added; call once, after the last. */
  end(): readonly Buffer[] {
    this.#settle();
    return this.#chunks;
  }

  #settle(): void {
    if (this.#bytes === '') return;
    this.#chunks.push(Buffer.from(this.#bytes, 'latin1'));
    this.#bytes = '';
  }
}
