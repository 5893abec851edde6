/** Days as the gateway counts them: texts of the form YYYY-MM-DD, which compare as they sort. */

/** The region's clock. China has had one time zone without daylight saving since 1991, so a fixed offset is exact. */
const SHANGHAI_OFFSET_MS = 8 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

/** The date in Asia/Shanghai at that moment. A request asks once and keeps the answer from start to end. */
export function today(now?: Date): string {
  const shanghai = (now?.getTime() ?? Date.now()) + SHANGHAI_OFFSET_MS;
  const number = Math.floor(shanghai / DAY_MS);
  if (number !== lastDay.number) lastDay = { number, text: new Date(shanghai).toISOString().slice(0, 10) };
  return lastDay.text;
}

/** Asked for with every request, and another one only once a day. */
let lastDay = { number: Number.NaN, text: '' };

/** The text itself when it names a day that exists (years 1900 to 9999), else null. 2026-02-30 does not exist. */
export function parseDay(text: string): string | null {
  if (!/^(19|[2-9]\d)\d\d-\d\d-\d\d$/.test(text)) return null;
  const date = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && dayOf(date) === text ? text : null;
}

/** The day of a database `date`, which the driver hands over as midnight UTC. */
export function dayOf(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** A day as the driver takes a database `date`. */
export function dateOf(day: string): Date {
  return new Date(`${day}T00:00:00Z`);
}
