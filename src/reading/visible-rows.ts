/**
 * Where the rows of a branch come from: the table, the conditions of the caller's visibility and of the page, the order and the
 * limit. Keyset pages throughout: no offset anywhere. A listing over several items is a union of one index scan per item, so
 * that a rare item costs no more than a common one.
 */
import type { Party } from '../access/index.ts';
import type { CatalogItem } from '../catalog/model.ts';
import { ENTRY_TABLES } from '../entries/index.ts';
import { partyAbove } from './branches.ts';
import type { Branch } from './branches.ts';
import type { Condition, EntriesRead, Order, PageRequest, SubjectsRead } from './read-plan.ts';
import { boundSubject, liveAuthorization, present, unseen } from './read-input.ts';
import type { BindValue, ReadBuilder, ReaderIdentity, ReadInput } from './read-input.ts';
import { AFTER_PREFIX, conditionSql, entryVisibility, nameSearch, sortColumn, subjectVisibility } from './row-scope.ts';
import type { NameSearch } from './row-scope.ts';

/** Writes the sources of one statement. Each gives SQL, or null where nothing can be visible. */
export class VisibleRows {
  constructor(
    readonly builder: ReadBuilder,
    readonly reader: ReaderIdentity,
    /** the columns of `e` that the rows bring, `content` and all */
    readonly columnsOf: (branch: Branch) => string,
  ) {}

  /** The rows of the root, in their order. */
  root(branch: Branch): string | null {
    const { read } = branch;
    const columns = this.columnsOf(branch);
    switch (read.kind) {
      case 'SUBJECT': {
        const visible = this.#subjects(branch, read.key?.party ?? 'ANY');
        return visible === null
          ? null
          : `SELECT ${columns} FROM subjects e WHERE e.id = ${this.#named(read.key?.party)} AND ${visible}`;
      }
      case 'ENTRY': {
        const visible = this.#given(branch, 'ANY');
        const id = this.builder.bind('entry', 'uuid', ({ read: asked }) => (asked.kind === 'ENTRY' ? asked.entryId : ''));
        return visible === null
          ? null
          : `SELECT ${columns} FROM ${ENTRY_TABLES[read.family]} e WHERE e.subject_id = ${this.#named('ANY')} AND e.id = ${id} AND ${visible}`;
      }
      case 'NAMED':
        return this.#byId(branch, columns);
      case 'SUBJECTS':
        return this.#merged(branch, read.page, this.#subjectSources(branch, read));
      case 'ENTRIES': {
        if (read.key !== null) {
          const where = this.#ofSubject(branch, read, this.#named(read.key.party));
          return where === null ? null : `SELECT ${columns} FROM ${where}${this.#tail(branch, read.page)}`;
        }
        return this.#merged(branch, read.page, this.#entrySources(branch, read));
      }
    }
  }

  /** The rows below one row of the parent, whose subject `subject` names. */
  below(branch: Branch, subject: string): string | null {
    const { read } = branch;
    const columns = this.columnsOf(branch);
    if (read.kind === 'ENTRIES') {
      const where = this.#ofSubject(branch, read, subject);
      return where === null ? null : `SELECT ${columns} FROM ${where}${this.#tail(branch, read.page)}`;
    }
    const visible = this.#subjects(branch, 'ANY');
    // The limit keeps the planner to the one index that can be meant.
    return visible === null ? null : `SELECT ${columns} FROM subjects e WHERE e.id = ${subject} AND ${visible} LIMIT 1`;
  }

  /** How many rows the page has in all, as a number named `n`; of the root, or below one row of the parent, whose subject `above` names. */
  count(branch: Branch, above: string): string | null {
    const { read } = branch;
    if (read.kind !== 'ENTRIES' && read.kind !== 'SUBJECTS') return null;
    if (read.kind === 'ENTRIES' && (branch.parent !== null || read.key !== null)) {
      const subject = branch.parent === null ? this.#named(read.key?.party) : above;
      const where = this.#ofSubject(branch, read, subject);
      return where === null ? null : `SELECT count(*)::int AS n FROM ${where}${this.#conditions(branch, read.page)}`;
    }
    const sources = read.kind === 'SUBJECTS' ? this.#subjectSources(branch, read) : this.#entrySources(branch, read);
    const counted = sources.map(
      ({ from, names }) => `SELECT count(*) AS n FROM ${from}${this.#conditions(branch, read.page, names)}`,
    );
    return counted.length === 0 ? null : `SELECT sum(c.n)::int AS n FROM (${counted.join(' UNION ALL ')}) c`;
  }

  /**
   * The subject that the operation names. A person whom the caller may only see by authorization is not even looked for without
   * one: unknown and unauthorized take the same way, and the same time.
   */
  #named(party: Party | undefined): string {
    const subject = boundSubject(this.builder);
    if (party !== 'PERSON' || !this.reader.profile.personsNeedAuthorization) return subject;
    return `(SELECT a.subject_id FROM authorizations a WHERE ${liveAuthorization(this.builder, subject)} LIMIT 1)`;
  }

  /** Rows by their ids: those of them that exist for the caller. */
  #byId(branch: Branch, columns: string): string | null {
    const { read } = branch;
    if (read.kind !== 'NAMED') return null;
    const ids = (what: 'subjectIds' | 'entryIds'): string =>
      this.builder.bind(what, 'uuid[]', ({ read: asked }) => (asked.kind === 'NAMED' ? asked[what] : []));
    if (read.family === 'SUBJECT') {
      const visible = this.#subjects(branch, 'ANY');
      return visible === null ? null : `SELECT ${columns} FROM subjects e WHERE e.id = ANY (${ids('subjectIds')}) AND ${visible}`;
    }
    const visible = this.#given(branch, 'ANY');
    if (visible === null) return null;
    const named = `unnest(${ids('subjectIds')}, ${ids('entryIds')}) AS n(subject_id, id)`;
    return `SELECT ${columns} FROM ${named} JOIN ${ENTRY_TABLES[read.family]} e ON e.subject_id = n.subject_id AND e.id = n.id WHERE ${visible}`;
  }

  #subjects(branch: Branch, party: Party): string | null {
    const cells = parties(party)
      .map((person) => subjectVisibility(this.builder, this.reader, itemsOf(branch), person))
      .filter((cell) => cell !== null);
    return cells.length === 0 ? null : `(${cells.map((cell) => `(${cell})`).join(' OR ')})`;
  }

  #ofSubject(branch: Branch, read: EntriesRead, subject: string): string | null {
    const visible = this.#given(branch, read.key?.party ?? partyAbove(branch));
    return visible === null ? null : `${ENTRY_TABLES[read.family]} e WHERE e.subject_id = ${subject} AND ${visible}`;
  }

  /** For sources that have their subject already: the items that share a condition share it in SQL, too. */
  #given(branch: Branch, party: Party): string | null {
    const byCondition = new Map<string, string[]>();
    for (const item of itemsOf(branch)) {
      const visible = entryVisibility(this.builder, this.reader, item, party);
      if (visible !== null) byCondition.set(visible, [...(byCondition.get(visible) ?? []), this.builder.word(item.code)]);
    }
    const cells = [...byCondition].map(([visible, codes]) => `(e.item_code IN (${codes.join(', ')}) AND ${visible})`);
    return cells.length === 0 ? null : `(${cells.join(' OR ')})`;
  }

  /** One per item; of an item about both, natural persons apart where only their authorizations open them. */
  #entrySources(branch: Branch, read: EntriesRead): Source[] {
    return itemsOf(branch).flatMap((item) => {
      const byAuthorization = item.subjectScope !== 'ORGANIZATION' && this.#personsByAuthorization(item);
      const parts: Party[] = byAuthorization ? ['ORGANIZATION', 'PERSON'] : ['ANY'];
      return parts.flatMap((party): Source[] => {
        const visible = entryVisibility(this.builder, this.reader, item, party);
        if (visible === null) return [];
        const code = this.builder.word(item.code);
        const from = `${ENTRY_TABLES[read.family]} e WHERE e.item_code = ${code} AND ${visible}`;
        const start = party === 'PERSON' ? { subject: 'e.subject_id', covering: ` AND ${code} = ANY(a.items)` } : null;
        return [{ from, names: 'ROWS', start }];
      });
    });
  }

  /** Organizations and natural persons each by their own index. */
  #subjectSources(branch: Branch, read: SubjectsRead): Source[] {
    return parties(read.party).flatMap((person): Source[] => {
      const items = itemsOf(branch);
      const visible = subjectVisibility(this.builder, this.reader, items, person);
      if (visible === null) return [];
      const byAuthorization = person && items.every((item) => this.#personsByAuthorization(item));
      const start = byAuthorization ? { subject: 'e.id', covering: '' } : null;
      return [{ from: `subjects e WHERE ${visible}`, names: nameSearch(this.reader, person), start }];
    });
  }

  /** Whether every row about a natural person that the caller may see, it may see by an authorization. */
  #personsByAuthorization(item: CatalogItem): boolean {
    const { own, current, expired } = this.reader.profile.visibility(item.code);
    const onlyThen = [current.person, expired.person].every((when) => when !== 'ALWAYS');
    return this.reader.profile.personsNeedAuthorization && onlyThen && !(own && this.reader.orgCode !== null);
  }

  #merged(branch: Branch, page: PageRequest, sources: readonly Source[]): string | null {
    const { direction } = page.order;
    const pages = sources.flatMap((source) => this.#pagesOf(branch, page, source));
    const [only, second] = pages;
    if (only === undefined) return null;
    if (second === undefined) return only;
    const limit = `ORDER BY e.sort_value ${direction}, e.id ${direction} LIMIT ${String(page.first + 1)}`;
    return `SELECT * FROM (${pages.map((one) => `(${one})`).join(' UNION ALL ')}) e ${limit}`;
  }

  /** A page of each source; those that are merged bring what they are ordered by. */
  #pagesOf(branch: Branch, page: PageRequest, { from, names, start }: Source): string[] {
    const { order } = page;
    const columns = `${this.columnsOf(branch)}, ${sortColumn(order.by).expression} AS sort_value`;
    const merge = `ORDER BY e.sort_value ${order.direction}, e.id ${order.direction} LIMIT ${String(page.first + 1)}`;
    if (start === null) {
      const prefix = order.by === 'SUBJECT_CODE' ? page.conditions.findIndex(isDivisionPrefix) : -1;
      if (prefix < 0) return [`SELECT ${columns} FROM ${from}${this.#tail(branch, page, names)}`];
      const within = ` AND e.division_code = d.code${this.#tail(branch, page, names, prefix)}`;
      return [
        `SELECT e.* FROM (${this.#divisionCodes(branch, page, prefix, from)}) d CROSS JOIN LATERAL (SELECT ${columns} FROM ${from}${within}) e ${merge}`,
      ];
    }
    // Few authorizations: from them to the rows. Many: from the rows in their order, of which so many are seen that a page is soon
    // full. The count stops at the limit, and the way not taken is not gone.
    const live = liveAuthorization(this.builder, null);
    const counted = `SELECT FROM authorizations a WHERE ${live} LIMIT 1 + ${FEW}`;
    const few = `(SELECT count(*) <= ${FEW} FROM (${counted}) a)`;
    const tail = this.#tail(branch, page, names);
    return [
      `SELECT e.* FROM (SELECT DISTINCT a.subject_id FROM authorizations a WHERE ${few} AND ${live}${start.covering}) s ` +
        `CROSS JOIN LATERAL (SELECT ${columns} FROM ${from} AND ${start.subject} = s.subject_id${tail}) e ${merge}`,
      `SELECT ${columns} FROM ${from} AND NOT ${few}${tail}`,
    ];
  }

  /**
   * The division codes below a prefix, each found behind the one before by one look into the index, which has every division's
   * subjects in the order of their codes: a page takes as much as it needs from each, however many subjects a division has.
   */
  #divisionCodes(branch: Branch, page: PageRequest, prefix: number, from: string): string {
    const bind = this.#binding(branch, page, prefix);
    const code = (after: string): string =>
      `SELECT e.division_code AS code FROM ${from} AND e.division_code ${after} AND e.division_code < ${bind('text', AFTER_PREFIX)} ORDER BY e.division_code LIMIT 1`;
    return (
      `WITH RECURSIVE d AS ((${code(`>= ${bind('text')}`)}) UNION ALL SELECT (${code('> d.code')}) FROM d WHERE d.code IS NOT NULL) ` +
      `SELECT d.code FROM d WHERE d.code IS NOT NULL`
    );
  }

  /**
   * @param without place of a condition that the rows' source has met already
   * @param order the page's, where the rows are read in it
   */
  #conditions(branch: Branch, page: PageRequest, names: NameSearch = 'ROWS', without = -1, order: Order | null = null): string {
    return page.conditions
      .map((condition, index) => {
        const { on, operator } = condition;
        const bind = this.#binding(branch, page, index, on === order?.by && (operator === 'AT_LEAST' || operator === 'AT_MOST'));
        return index === without ? '' : ` AND ${conditionSql(this.builder, condition, bind, names)}`;
      })
      .join('');
  }

  /** A root's values come with each request; those of pages below are the plan's own. */
  #binding(branch: Branch, page: PageRequest, index: number, hidden = false): BindValue {
    return (type, change) => {
      const bound = this.builder.bind(
        `${change?.name ?? 'condition'} ${String(branch.number)} ${String(index)}`,
        type,
        (input) => {
          const { value } = present(pageOf(branch, page, input).conditions[index]);
          return change === undefined ? value : change.of(value);
        },
      );
      return hidden ? unseen(bound) : bound;
    };
  }

  #tail(branch: Branch, page: PageRequest, names: NameSearch = 'ROWS', without = -1): string {
    const { expression, type } = sortColumn(page.order.by);
    const { direction } = page.order;
    let keyset = '';
    if (page.after !== null) {
      const at = (what: 'sortKey' | 'id', as: string): string =>
        this.builder.bind(`${what} ${String(branch.number)}`, as, (input) => input.positionOf(pageOf(branch, page, input))[what]);
      keyset = ` AND (${expression}, e.id) ${direction === 'DESC' ? '<' : '>'} (${unseen(at('sortKey', type))}, ${unseen(at('id', 'uuid'))})`;
    }
    return `${this.#conditions(branch, page, names, without, page.order)}${keyset} ORDER BY ${expression} ${direction}, e.id ${direction} LIMIT ${String(page.first + 1)}`;
  }
}

interface Source {
  /** a table `e` with its conditions of visibility */
  readonly from: string;
  readonly names: NameSearch;
  /** rows that only an authorization opens: found from the authorizations, by this column; null: by the order's index */
  readonly start: { readonly subject: string; readonly covering: string } | null;
}

/**
 * From n authorizations a page costs n look-ups of some 0.1 ms; in the order of the rows, of N subjects, some 50 N / n rows of 5 µs.
 * They cost the same, a second for a region of 25 million, near the root of N.
 */
const FEW = `(SELECT sqrt(greatest(reltuples, 0))::bigint FROM pg_class WHERE oid = 'subjects'::regclass)`;

function pageOf(branch: Branch, page: PageRequest, { read }: ReadInput): PageRequest {
  return branch.parent === null && (read.kind === 'ENTRIES' || read.kind === 'SUBJECTS') ? read.page : page;
}

function isDivisionPrefix({ on, operator }: Condition): boolean {
  return on === 'DIVISION' && operator === 'STARTS_WITH';
}

/** false: organizations, true: natural persons */
function parties(party: Party): boolean[] {
  return party === 'ANY' ? [false, true] : [party === 'PERSON'];
}

function itemsOf(branch: Branch): CatalogItem[] {
  return branch.items.map(({ selection }) => selection.item);
}
