/** The consents that a client holds or held, as spans of time: what a row was visible by can be over by now. */
import { z } from 'zod';
import type { LogPosition, RunFacts } from './feed-model.ts';

/** Milliseconds, both ends included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Consent extends Span {
  /** catalog codes */
  readonly items: readonly string[];
  /** it holds today, as it stands */
  readonly live: boolean;
}

/** Which consents are looked up: of one client for one purpose. */
export interface ConsentScope {
  readonly clientId: string;
  readonly purpose: string;
  readonly today: string;
  /** consents whose last day is before this one are no longer of interest */
  readonly since: string;
  /** and so are those that changed at or before this place of the log */
  readonly changedAfter: LogPosition;
}

const Row = z.object({
  subject_id: z.string(),
  items: z.array(z.string()),
  from_ms: z.coerce.number(),
  to_ms: z.coerce.number(),
  live: z.boolean(),
});

const EndedRow = z.object({ subject_id: z.string(), id: z.string(), items: z.array(z.string()), valid_until: z.string() });

/** A consent whose last day has passed. */
export interface EndedConsent {
  readonly subjectId: string;
  readonly id: string;
  readonly items: readonly string[];
  readonly lastDay: string;
}

/** The first moment of the day after, in Asia/Shanghai. */
const endOfDay = (day: string): string => `((${day} + 1)::timestamp AT TIME ZONE 'Asia/Shanghai')`;
const milliseconds = (instant: string): string => `(extract(epoch FROM ${instant}) * 1000)::text`;

export class ConsentStore {
  readonly #run: RunFacts;

  constructor(run: RunFacts) {
    this.#run = run;
  }

  /** As they stand, and as they stood before they changed; by subject. */
  async of(subjectIds: readonly string[], scope: ConsentScope): Promise<ReadonlyMap<string, readonly Consent[]>> {
    const bySubject = new Map<string, Consent[]>();
    if (subjectIds.length === 0) return bySubject;
    const rows = await this.#run(
      `SELECT a.subject_id, a.items, ${milliseconds('a.created_at')} AS from_ms, ${milliseconds(endOfDay('a.valid_until'))} AS to_ms, a.valid_until >= $4::date AS live
       FROM authorizations a WHERE a.client_id = $1::text AND a.subject_id = ANY ($2::uuid[]) AND a.purpose = $3::text AND a.revoked_at IS NULL AND a.valid_until >= $5::date
       UNION ALL
       SELECT c.subject_id, c.items, ${milliseconds('c.was_since')}, ${milliseconds(`LEAST(c.at, ${endOfDay('c.was_valid_until')})`)}, false
       FROM changes c WHERE c.kind = 'AUTHORIZATION' AND c.subject_id = ANY ($2::uuid[]) AND c.client_id = $1::text AND c.purpose = $3::text
         AND c.existed AND c.was_valid_until >= $5::date AND (c.txid, c.seq) > ($6::bigint, $7::bigint)`,
      [
        scope.clientId,
        [...new Set(subjectIds)],
        scope.purpose,
        scope.today,
        scope.since,
        scope.changedAfter.txid,
        scope.changedAfter.seq,
      ],
    );
    for (const given of rows) {
      const { subject_id: subjectId, items, from_ms: from, to_ms: to, live } = Row.parse(given);
      const known = bySubject.get(subjectId);
      const consent = { items, from, to, live };
      if (known === undefined) bySubject.set(subjectId, [consent]);
      else known.push(consent);
    }
    return bySubject;
  }

  /** Consents that nobody revoked and whose last day is one of the days from `from` to before `to`, by that day. */
  async ending(
    client: { readonly clientId: string; readonly purpose: string },
    days: { readonly from: string; readonly to: string },
    after: readonly [string, string, string] | null,
    limit: number,
  ): Promise<EndedConsent[]> {
    const start = after ?? [days.from, LEAST_ID, LEAST_ID];
    const rows = await this.#run(
      `SELECT a.subject_id, a.id, a.items, a.valid_until::text AS valid_until FROM authorizations a
       WHERE a.client_id = $1::text AND a.valid_until < $2::date AND (a.valid_until, a.subject_id, a.id) > ($3::date, $4::uuid, $5::uuid)
         AND a.purpose = $6::text AND a.revoked_at IS NULL
       ORDER BY a.valid_until, a.subject_id, a.id LIMIT $7::int`,
      [client.clientId, days.to, ...start, client.purpose, limit],
    );
    return rows.map((given) => {
      const row = EndedRow.parse(given);
      return { subjectId: row.subject_id, id: row.id, items: row.items, lastDay: row.valid_until };
    });
  }
}

const LEAST_ID = '00000000-0000-0000-0000-000000000000';

/** The catalog codes that consents cover at some moment of a span. */
export function coveredWithin(consents: readonly Consent[], span: Span): ReadonlySet<string> {
  const codes = new Set<string>();
  for (const { items, from, to } of consents) {
    if (from <= span.to && to >= span.from) for (const code of items) codes.add(code);
  }
  return codes;
}

export function coveredNow(consents: readonly Consent[]): ReadonlySet<string> {
  return new Set(consents.filter(({ live }) => live).flatMap(({ items }) => items));
}
