/**
 * What departments send back (DESIGN: 谁产生、谁负责): what they decided after a query (domain.md §5.4), repair and withdrawal of their own
 * entries (§8), and objections. Everything is written by functions of the database that look at the client's right once more, each in
 * one transaction with its idempotency key: a double submit is one, and the next request sees the change.
 */
import { z } from 'zod';
import { ENTRY_STATUSES, type EntryStatus } from '../access/model.ts';
import type { EntryFamily } from '../catalog/model.ts';
import { requirePurpose } from '../clients/index.ts';
import { decodeGlobalId } from '../entries/index.ts';
import type { GlobalId } from '../entries/index.ts';
import { GatewayError } from '../errors.ts';
import { givenText, optionalText } from './given-text.ts';
import { keyReused, Outcome, submissionOf } from './submission.ts';
import type { Submission } from './submission.ts';

/** How an objection ends (domain.md §8.4). WITHDRAWN also withdraws the entry. */
export const DISPUTE_RESULTS = ['UPHELD', 'CORRECTED', 'SUPPLEMENTED', 'WITHDRAWN'] as const;
export type DisputeResult = (typeof DISPUTE_RESULTS)[number];

/** An entry that exists for the client. */
export interface EntrySight {
  readonly family: EntryFamily;
  readonly subjectId: string;
  readonly entryId: string;
  readonly itemCode: string;
  readonly own: boolean;
}

/** One call: who, what for, and what that client sees. */
export interface LoopBackCall {
  readonly clientId: string;
  readonly purpose: string | null;
  readonly matter: string | null;
  /** YYYY-MM-DD in Asia/Shanghai */
  readonly today: string;
  /** null: the entry does not exist for this client */
  readonly see: (id: GlobalId) => Promise<EntrySight | null>;
  /** told of the entry that a submission concerns, for the read log */
  readonly concerns: (entry: { readonly subjectId: string; readonly itemCode: string }) => void;
}

export interface UseReportInput {
  readonly queryId: string;
  readonly matterNumber?: string | null | undefined;
  readonly matterName?: string | null | undefined;
  readonly decision: string;
  readonly hit?: boolean | null | undefined;
  readonly measure?: string | null | undefined;
  /** YYYY-MM-DD */
  readonly decidedOn?: string | null | undefined;
  readonly idempotencyKey: string;
}

interface EntryInput {
  readonly entryId: string;
  readonly reason: string;
  readonly idempotencyKey: string;
}

const UseReported = z.object({ id: z.string(), reportedAt: z.string() });
const EntryChanged = z.object({
  status: z.enum(ENTRY_STATUSES),
  disputed: z.boolean(),
  changed: z.boolean(),
  changedAt: z.string(),
});

export interface UseReported extends z.infer<typeof UseReported> {
  readonly queryId: string;
}
export interface EntryChanged extends z.infer<typeof EntryChanged> {
  readonly entryId: string;
}

/** Runs a statement as the role that keeps the gateway's registers. */
export type RunControl = (text: string, values: readonly unknown[]) => Promise<readonly Record<string, unknown>[]>;

const LONGEST_REASON = 2_000;
const LONGEST_NAME = 200;
const LONGEST_ID = 64;

type Change = EntryStatus | 'DISPUTE_ON' | 'DISPUTE_OFF';

export class LoopBackService {
  readonly #run: RunControl;

  constructor(run: RunControl) {
    this.#run = run;
  }

  /**
   * 查询应用结果反馈. A matter number left out is the request's own.
   * @throws GatewayError PURPOSE_REQUIRED; BAD_USER_INPUT for a query that is not the client's own, known or not, and for a bad value
   */
  async reportUse(call: LoopBackCall, input: UseReportInput): Promise<UseReported> {
    requirePurpose(call, 'A report belongs to a matter');
    const queryId = givenText('queryId', input.queryId, LONGEST_ID);
    const matterNumber = optionalText('matterNumber', input.matterNumber, LONGEST_NAME) ?? call.matter;
    const matterName = optionalText('matterName', input.matterName, LONGEST_NAME);
    const decision = givenText('decision', input.decision, LONGEST_REASON);
    const measure = optionalText('measure', input.measure, LONGEST_REASON);
    const decidedOn = input.decidedOn ?? null;
    if (decidedOn !== null && decidedOn > call.today)
      throw new GatewayError('BAD_USER_INPUT', 'decidedOn is a day that has not come yet.', { argument: 'decidedOn' });
    const values = [queryId, matterNumber, matterName, decision, input.hit ?? null, measure, decidedOn];
    const submission = submissionOf(call.clientId, input.idempotencyKey, 'reportUse', values);
    const answer = await this.#call(
      'SELECT report_use($1, $2, $3, $4, $5, $6, $7, $8::boolean, $9, $10::date) AS answer',
      submission,
      values,
    );
    if (answer.outcome === 'REFUSED') {
      throw new GatewayError(
        'BAD_USER_INPUT',
        'queryId names no query of this client. It is extensions.requestId of the answer that was used.',
        { argument: 'queryId' },
      );
    }
    return { queryId, ...UseReported.parse(answer.result) };
  }

  /**
   * 信用修复 or 撤销 of an own entry, or its return to force.
   * @throws GatewayError PURPOSE_REQUIRED; FIELD_FORBIDDEN for an entry that is not the client's own, there or not; BAD_USER_INPUT
   */
  async changeStatus(call: LoopBackCall, input: EntryInput & { readonly status: EntryStatus }): Promise<EntryChanged> {
    return this.#change(call, input, 'changeStatus', input.status, null);
  }

  /**
   * 异议: marks an entry that the client sees, on behalf of its subject.
   * @throws GatewayError PURPOSE_REQUIRED; FIELD_FORBIDDEN for an entry that does not exist for the client; BAD_USER_INPUT
   */
  async raiseDispute(call: LoopBackCall, input: EntryInput): Promise<EntryChanged> {
    return this.#change(call, input, 'raiseDispute', 'DISPUTE_ON', null);
  }

  /**
   * Ends an objection to an own entry.
   * @throws GatewayError as `changeStatus`; BAD_USER_INPUT also when there is no open objection
   */
  async resolveDispute(call: LoopBackCall, input: EntryInput & { readonly result: DisputeResult }): Promise<EntryChanged> {
    return this.#change(call, input, 'resolveDispute', 'DISPUTE_OFF', input.result);
  }

  async #change(
    call: LoopBackCall,
    input: EntryInput,
    operation: 'changeStatus' | 'raiseDispute' | 'resolveDispute',
    change: Change,
    result: DisputeResult | null,
  ): Promise<EntryChanged> {
    requirePurpose(call, 'A change belongs to a matter');
    const reason = givenText('reason', input.reason, LONGEST_REASON);
    const { entryId } = input;
    const submission = submissionOf(call.clientId, input.idempotencyKey, operation, [entryId, change, result, reason]);
    const id = decodeGlobalId(entryId);
    const seen = id === null ? null : await call.see(id);
    if (seen !== null) call.concerns(seen);
    const mayTry = seen !== null && (seen.own || operation === 'raiseDispute');
    // What was done once stays answered, also when the entry is no longer the client's to see.
    const answer = mayTry
      ? await this.#call('SELECT change_entry($1, $2, $3, $4, $5::uuid, $6::uuid, $7, $8, $9) AS answer', submission, [
          seen.family,
          seen.subjectId,
          seen.entryId,
          change,
          result,
          reason,
        ])
      : await this.#earlier(submission);
    if (answer === null || answer.outcome === 'REFUSED') throw notYours(operation);
    if (answer.outcome === 'NOT_DISPUTED')
      throw new GatewayError('BAD_USER_INPUT', 'There is no open objection to this entry.', { argument: 'entryId' });
    return { entryId, ...EntryChanged.parse(answer.result) };
  }

  /** @throws GatewayError BAD_USER_INPUT for a key that came before with another input */
  async #call(text: string, { clientId, key, digest }: Submission, values: readonly unknown[]): Promise<Outcome> {
    const [row] = await this.#run(text, [clientId, key, digest, ...values]);
    return checked(Outcome.parse(row?.['answer']));
  }

  async #earlier({ clientId, key, digest }: Submission): Promise<Outcome | null> {
    const [row] = await this.#run(`SELECT digest = $3 AS same, result FROM submissions WHERE client_id = $1 AND key = $2`, [
      clientId,
      key,
      digest,
    ]);
    if (row === undefined) return null;
    return checked({ outcome: row['same'] === true ? 'REPEATED' : 'KEY_REUSED', result: row['result'] });
  }
}

function checked(answer: Outcome): Outcome {
  if (answer.outcome === 'KEY_REUSED') throw keyReused();
  return answer;
}

/** "Not there" and "not for you" are one answer. */
function notYours(operation: 'changeStatus' | 'raiseDispute' | 'resolveDispute'): GatewayError {
  return new GatewayError(
    'FIELD_FORBIDDEN',
    operation === 'raiseDispute'
      ? 'entryId names no entry that this client sees.'
      : 'entryId names no entry of this client: only the unit that an entry comes from changes it (谁产生、谁负责).',
    { argument: 'entryId' },
  );
}
