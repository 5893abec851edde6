/** Counts for dashboards and departments: what the caller may count, and nothing that tells of a single person. */
import { z } from 'zod';
import type { AccessProfile } from '../access/index.ts';
import type { Catalog, CatalogItem } from '../catalog/model.ts';
import { requirePurpose } from '../clients/index.ts';
import { GatewayError } from '../errors.ts';
import { Countable } from './countable.ts';
import { planCount } from './count-plan.ts';
import type { RowFilter } from './count-plan.ts';
import { CountRow, countStatement } from './count-statement.ts';
import type { CountStatement } from './count-statement.ts';
import { divisionPrefix } from './divisions.ts';
import { figuresOf } from './figures.ts';
import type { Figures } from './figures.ts';
import { wantedDimensions, wantedFamilies } from './question.ts';
import type { Dimension, Question, StatisticsFilter } from './question.ts';

/** Rows as PostgreSQL writes them, a text per column; `signal` ends the statement when nobody waits for it any more. */
export type RunCount = (statement: CountStatement, signal: AbortSignal) => Promise<readonly (readonly (string | null)[])[]>;
export type RunReads = (text: string, values: readonly unknown[]) => Promise<Record<string, unknown>[]>;

export interface StatisticsCaller {
  readonly clientId: string;
  readonly orgCode: string | null;
  readonly catalog: Catalog;
  readonly profile: AccessProfile;
  /** X-Purpose and X-Matter-Number; null: not stated */
  readonly purpose: string | null;
  readonly matter: string | null;
  /** X-Access-Mode: strict: rather no answer than one that leaves something out */
  readonly strict: boolean;
  readonly signal: AbortSignal;
}

/** What a figure leaves out because the caller may not count it, or not by this. */
export interface NotCounted {
  readonly item: CatalogItem;
  readonly dimension: Dimension;
  readonly organizations: boolean;
  readonly persons: boolean;
}

export interface ReadCount {
  readonly clientId: string;
  /** null: the client is not registered any more */
  readonly clientKind: string | null;
  readonly clientName: string | null;
  /** YYYY-MM */
  readonly month: string;
  readonly reads: number;
  readonly denied: number;
}

export interface StatisticsAnswer {
  /** null: nothing of credit data was asked for */
  readonly figures: Figures | null;
  readonly notCounted: readonly NotCounted[];
  /** null: not asked for */
  readonly reads: readonly ReadCount[] | null;
}

/** Each root costs the statement a condition per cell, and one bit of an integer. */
const MOST_ROOTS = 16;

const ReadRow = z.object({
  clientId: z.string(),
  clientKind: z.string().nullable(),
  clientName: z.string().nullable(),
  month: z.string(),
  reads: z.coerce.number(),
  denied: z.coerce.number(),
});

/** A question with its filter checked against the catalog and the caller's view. */
interface Scoped {
  readonly question: Question;
  readonly filter: RowFilter;
  /** items and parties in scope, with the dimensions that are closed to the caller */
  readonly closed: readonly NotCounted[];
}

export class StatisticsService {
  /**
   * @param countRows runs under the role of those who read every row
   * @param readLogRows runs under the role of the gateway's own registers
   */
  constructor(
    private readonly countRows: RunCount,
    private readonly readLogRows: RunReads,
  ) {}

  /**
   * Answers all `statistics` roots of one operation at once, in one snapshot, so that the small numbers of one cannot be had by
   * subtracting another (docs/decisions/0014).
   * @throws GatewayError FIELD_FORBIDDEN for a kind of client that counts nothing, PURPOSE_REQUIRED for a department without purpose,
   * FILTER_FORBIDDEN where an item named in a filter may not be counted, BAD_USER_INPUT for a filter that cannot be
   */
  async answer(caller: StatisticsCaller, questions: readonly Question[]): Promise<StatisticsAnswer[]> {
    authorize(caller, questions);
    const countable = new Countable(caller.catalog, caller.profile);
    const scoped = questions.map((question) => scope(caller, countable, question));
    const counts = scoped.filter(({ filter }) => filter.families.length > 0);
    const rows = counts.length === 0 ? [] : await this.#count(caller, countable, counts);
    const reads = await Promise.all(
      questions.map(({ wants, filter }) => (wants.reads ? this.#reads(caller, filter) : Promise.resolve(null))),
    );
    return scoped.map((one, at) => {
      const root = counts.indexOf(one);
      return {
        figures: root === -1 ? null : this.#figures(caller, countable, one, rows, root),
        notCounted: one.closed,
        reads: reads[at] ?? null,
      };
    });
  }

  async #count(caller: StatisticsCaller, countable: Countable, scoped: readonly Scoped[]): Promise<CountRow[]> {
    const filters = scoped.map(({ filter }) => filter);
    const wants = scoped.map(({ question }) => question.wants);
    const plan = planCount(filters, wants, countable.rows(), caller.orgCode);
    if (plan.branches.length === 0) return [];
    const statement = countStatement(plan, filters, caller.orgCode);
    return z.array(CountRow).parse(await this.countRows(statement, caller.signal));
  }

  #figures(
    { catalog }: StatisticsCaller,
    countable: Countable,
    { question }: Scoped,
    rows: readonly CountRow[],
    root: number,
  ): Figures {
    const byDivision = question.filter.divisionCode !== null;
    const decided = new Map<string, boolean>();
    return figuresOf(
      catalog,
      rows.filter((row) => row.root === root),
      (row, dimension) => {
        const key = `${row.item} ${String(row.person)} ${dimension}`;
        let open = decided.get(key);
        if (open === undefined) {
          const item = catalog.item(row.item);
          open =
            item !== undefined &&
            countable.open(item, row.person, dimension) &&
            (!byDivision || countable.open(item, row.person, 'DIVISION'));
          decided.set(key, open);
        }
        return open;
      },
    );
  }

  /** A department counts its own reads; dashboards and administrators those of all clients. */
  async #reads({ profile, clientId }: StatisticsCaller, filter: StatisticsFilter): Promise<ReadCount[]> {
    const rows = await this.readLogRows(
      `SELECT r.client_id AS "clientId", c.kind::text AS "clientKind", c.name AS "clientName", to_char(r.month, 'YYYY-MM') AS month,
        sum(r.reads)::text AS reads, sum(r.denied)::text AS denied
      FROM statistics_current_reads r LEFT JOIN clients c ON c.id = r.client_id
      WHERE ($1::text IS NULL OR r.client_id = $1) AND ($2::date IS NULL OR r.month >= $2) AND ($3::date IS NULL OR r.month <= $3)
      GROUP BY r.client_id, c.kind, c.name, r.month ORDER BY r.client_id, r.month`,
      [profile.may('COUNT_ALL_READS') ? null : clientId, monthDay(filter.from, 'from'), monthDay(filter.to, 'to')],
    );
    return z.array(ReadRow).parse(rows);
  }
}

function authorize(caller: StatisticsCaller, questions: readonly Question[]): void {
  const { profile } = caller;
  if (!profile.may('COUNT_OWN_READS') && !profile.may('COUNT_ALL_READS')) {
    throw new GatewayError(
      'FIELD_FORBIDDEN',
      'Query.statistics is for departments and dashboards: what an agency may count depends on dates and consents row by row.',
    );
  }
  if (questions.length > MOST_ROOTS)
    throw new GatewayError(
      'QUERY_TOO_COSTLY',
      `An operation takes at most ${String(MOST_ROOTS)} statistics; send more in another one.`,
    );
  if (questions.every(({ wants }) => wantedFamilies(wants).length === 0)) return;
  if (!profile.may('COUNT'))
    throw new GatewayError(
      'FIELD_FORBIDDEN',
      'This client manages the gateway: of Query.statistics it is given reads, and no credit data.',
    );
  // Counts hold what is past its publicity date, and natural persons: beyond 社会公开, whatever the fields.
  if (profile.statesPurpose)
    requirePurpose(caller, 'Query.statistics counts beyond 社会公开', { coordinate: 'Query.statistics' });
}

function scope(caller: StatisticsCaller, countable: Countable, question: Question): Scoped {
  const { filter, wants } = question;
  const named = filter.items === null ? null : filter.items.map((name) => itemNamed(caller, name));
  const families = wantedFamilies(wants);
  const kinds = filter.kinds ?? null;
  const parties = [
    ...(kinds?.every((kind) => kind === 'NATURAL_PERSON') === true ? [] : [false]),
    ...(kinds?.includes('NATURAL_PERSON') === false ? [] : [true]),
  ];
  const closed: NotCounted[] = [];
  for (const item of named ?? caller.catalog.items) {
    if (!families.includes(item.family)) continue;
    const dimensions = wantedDimensions(wants, item.family);
    if (filter.divisionCode !== null) dimensions.add('DIVISION');
    const concerned = parties.filter((person) => countable.concerns(item, person));
    for (const dimension of ['ROWS' as const, ...dimensions]) {
      const shut = concerned.filter((person) =>
        dimension === 'ROWS'
          ? !countable.foreign(item, person)
          : countable.foreign(item, person) && !countable.open(item, person, dimension),
      );
      if (shut.length > 0) closed.push({ item, dimension, organizations: shut.includes(false), persons: shut.includes(true) });
    }
  }
  if (named !== null && closed.length > 0) {
    throw new GatewayError(
      'FILTER_FORBIDDEN',
      `Query.statistics(filter.items) names what this client may not count this way: ${closed.map(describe).join(', ')}. Leave these out of filter.items, or do not ask for that breakdown.`,
      { argument: 'filter.items', items: [...new Set(closed.map(({ item }) => item.code))] },
    );
  }
  if (caller.strict && closed.length > 0) {
    throw new GatewayError(
      'FIELD_FORBIDDEN',
      `Strict mode: these are not counted for this client: ${closed.map(describe).join(', ')}.`,
      { items: [...new Set(closed.map(({ item }) => item.code))] },
    );
  }
  const prefix = filter.divisionCode === null ? null : divisionPrefix(filter.divisionCode);
  if (filter.divisionCode !== null && prefix === null) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      'filter.divisionCode takes two to six digits of a division code (GB/T 2260), for instance 1501 or 150100.',
    );
  }
  return {
    question,
    closed,
    filter: {
      families,
      items: named === null ? null : named.map(({ code }) => code),
      divisionPrefix: prefix,
      from: monthDay(filter.from, 'from'),
      to: monthDay(filter.to, 'to'),
      kinds,
    },
  };
}

function itemNamed({ catalog, profile }: StatisticsCaller, name: string): CatalogItem {
  const item = catalog.item(name);
  if (item === undefined) {
    throw new GatewayError(
      'BAD_USER_INPUT',
      `filter.items: there is no item ${JSON.stringify(name.slice(0, 64))}. Query.catalog lists codes and type names.`,
    );
  }
  if (!profile.withinLimits(item.code)) {
    throw new GatewayError('FILTER_FORBIDDEN', `filter.items: ${nameOf(item)} is outside the items this client is limited to.`, {
      argument: 'filter.items',
      items: [item.code],
    });
  }
  return item;
}

function nameOf(item: CatalogItem): string {
  return `${item.code} (${item.typeName})`;
}

function describe({ item, dimension }: NotCounted): string {
  return dimension === 'ROWS' ? nameOf(item) : `${nameOf(item)} by ${dimension}`;
}

/** The first day of a month written YYYY-MM. */
function monthDay(month: string | null, end: 'from' | 'to'): string | null {
  if (month === null) return null;
  if (/^(19|20|21)\d\d-(0[1-9]|1[0-2])$/.test(month)) return `${month}-01`;
  throw new GatewayError('BAD_USER_INPUT', `filter.months.${end} takes a month written YYYY-MM, for instance 2026-11.`);
}
