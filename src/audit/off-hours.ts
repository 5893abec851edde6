/** Working hours of the region's offices. Public holidays that fall on weekdays are not known here: they show as working days. */
import { today } from '../calendar.ts';

const FIRST_HOUR = 7;
const LAST_HOUR = 20;
/** Asia/Shanghai; one offset all year */
const OFFSET_HOURS = 8;

/** Before 07:00, from 20:00 on, and on Saturdays and Sundays, in Asia/Shanghai. */
export function isOffHours(at: Date): boolean {
  const hour = (at.getUTCHours() + OFFSET_HOURS) % 24;
  if (hour < FIRST_HOUR || hour >= LAST_HOUR) return true;
  const weekday = new Date(`${today(at)}T00:00:00Z`).getUTCDay();
  return weekday === 0 || weekday === 6;
}

/** The same as a condition in SQL, on a timestamptz. */
export function offHoursSql(column: string): string {
  const local = `(${column} AT TIME ZONE 'Asia/Shanghai')`;
  return `(extract(hour FROM ${local}) NOT BETWEEN ${String(FIRST_HOUR)} AND ${String(LAST_HOUR - 1)} OR extract(isodow FROM ${local}) > 5)`;
}
