/**
 * The grains in which the summaries are kept (the migration has the same list): which dimensions the cells of a partition tell apart.
 * A question is answered from the smallest grain that has what it needs, so what an answer costs follows from the question and not
 * from the number of entries.
 */
/**
 * Dimensions of cells, as bits. Item, party and state are in every grain. UNIT is source unit and timeliness; OWN the source unit
 * alone, and only of rows that are not in force; REGION the reporting region, of which a league is a sum; CUT tells lags only as far
 * as the deadlines of published catalogs do, which is all that a question needs.
 */
export const KEEPS = { MONTH: 1, DIVISION: 2, KIND: 4, WORDS: 8, UNIT: 16, OWN: 32, REGION: 64, CUT: 128 } as const;

/** Every grain there is, the smallest first. Without MONTH it keeps the year, as its January. */
export const GRAINS = [1, 144, 5, 13, 2, 65, 149, 6, 14, 212, 47, 77, 3, 7, 221, 213, 150, 15, 159, 151, 31] as const;
type Grain = (typeof GRAINS)[number];

/** Grains that only one party's rows are in. Figures of organizations are read one by one, so they never need more than these keep. */
const PARTIES: Readonly<Partial<Record<Grain, 'PERSON' | 'ORGANIZATION'>>> = {
  213: 'ORGANIZATION',
  151: 'ORGANIZATION',
  221: 'PERSON',
  159: 'PERSON',
};

/** What of a grain is read: cells of all months, or of those years that filters take or leave as a whole, or of the other years. */
export interface GrainRead {
  readonly grain: Grain;
  readonly years: 'ALL' | 'WHOLE' | 'SPLIT';
}

/** The smallest grain that keeps all of these, of rows of that party. */
function smallest(needs: number, person: boolean): Grain {
  const party = person ? 'PERSON' : 'ORGANIZATION';
  return GRAINS.find((grain) => (PARTIES[grain] ?? party) === party && keepsAll(grain, needs) && hasRows(grain, needs)) ?? 31;
}

function keepsAll(grain: Grain, needs: number): boolean {
  const regions = (grain & KEEPS.DIVISION) === 0 ? 0 : KEEPS.REGION;
  const units = (grain & KEEPS.UNIT) === 0 ? 0 : KEEPS.OWN;
  return ((grain | regions | units) & needs) === needs;
}

/** Families without words have no cells in the grains of words alone, and rows in force none in those of OWN. */
function hasRows(grain: Grain, needs: number): boolean {
  if ((grain & KEEPS.OWN) !== 0) return (needs & KEEPS.OWN) !== 0;
  return (needs & KEEPS.WORDS) !== 0 || (grain & (KEEPS.WORDS | KEEPS.UNIT)) !== KEEPS.WORDS;
}

/**
 * How to read cells that keep these dimensions. Where months need not be told apart, years are enough, but for those in which some
 * filter begins or ends.
 */
export function grainReads(needs: number, person: boolean, split: SplitYears): GrainRead[] {
  const grain = smallest(needs, person);
  if ((grain & KEEPS.MONTH) !== 0) return [{ grain, years: 'ALL' }];
  if (split.years.length === 0) return [{ grain, years: 'ALL' }];
  const rest: GrainRead = { grain: smallest(needs | KEEPS.MONTH, person), years: 'SPLIT' };
  return split.wholeYears ? [{ grain, years: 'WHOLE' }, rest] : [rest];
}

export interface SplitYears {
  /** years in which some filter begins or ends, other than with the year */
  readonly years: readonly number[];
  /** whether any filter takes a whole year */
  readonly wholeYears: boolean;
}

/** @param filters first days of months; null: open on that side */
export function splitYears(filters: readonly { readonly from: string | null; readonly to: string | null }[]): SplitYears {
  const years = new Set<number>();
  let wholeYears = false;
  for (const { from, to } of filters) {
    const first = from === null ? -Infinity : Number(from.slice(0, 4)) + (from.slice(5, 7) === '01' ? 0 : 1);
    const last = to === null ? Infinity : Number(to.slice(0, 4)) - (to.slice(5, 7) === '12' ? 0 : 1);
    if (from !== null && from.slice(5, 7) !== '01') years.add(Number(from.slice(0, 4)));
    if (to !== null && to.slice(5, 7) !== '12') years.add(Number(to.slice(0, 4)));
    wholeYears ||= first <= last;
  }
  return { years: [...years].sort((a, b) => a - b), wholeYears };
}

/** The first days of their months. */
export function monthsOf(years: readonly number[]): string[] {
  return years.flatMap((year) =>
    Array.from({ length: 12 }, (_, month) => `${String(year)}-${String(month + 1).padStart(2, '0')}-01`),
  );
}
