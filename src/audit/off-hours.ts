/** Working hours of the region's offices: 07:00 to 20:00 on working days, by the holiday calendar (法定节假日及调休). */
import { today } from '../calendar.ts';

const FIRST_HOUR = 7;
const LAST_HOUR = 20;
/** Asia/Shanghai; one offset all year */
const OFFSET_HOURS = 8;

/** The days of a year that are not what their day of the week says, as the State Council arranged it. */
export type ArrangedDays = (year: number) => Promise<readonly { readonly day: string; readonly working: boolean }[]>;

export class OffHours {
  readonly #arrangedDays: ArrangedDays;
  #arranged: ReadonlyMap<string, boolean> = new Map();

  constructor(arrangedDays: ArrangedDays) {
    this.#arrangedDays = arrangedDays;
  }

  /** Reads the year's calendar; what of it is not known yet, or has not been arranged, goes by its day of the week. */
  async learn(now: Date): Promise<void> {
    const days = await this.#arrangedDays(Number(today(now).slice(0, 4)));
    this.#arranged = new Map(days.map(({ day, working }) => [day, working]));
  }

  /** Before 07:00, from 20:00 on, and on days off, in Asia/Shanghai. */
  has(at: Date): boolean {
    const hour = (at.getUTCHours() + OFFSET_HOURS) % 24;
    return hour < FIRST_HOUR || hour >= LAST_HOUR || !this.#works(today(at));
  }

  #works(day: string): boolean {
    const weekday = new Date(`${day}T00:00:00Z`).getUTCDay();
    return this.#arranged.get(day) ?? (weekday !== 0 && weekday !== 6);
  }
}

/** The same as a condition in SQL, on a timestamptz. */
export function offHoursSql(column: string): string {
  const local = `(${column} AT TIME ZONE 'Asia/Shanghai')`;
  const arranged = `(SELECT d.working FROM calendar_days d WHERE d.day = ${local}::date)`;
  return `(extract(hour FROM ${local}) NOT BETWEEN ${String(FIRST_HOUR)} AND ${String(LAST_HOUR - 1)} OR NOT coalesce(${arranged}, extract(isodow FROM ${local}) < 6))`;
}
