/** Months of the region's clock, named by their first day: YYYY-MM-01. They compare as they sort. */
import { today } from '../calendar.ts';

export function monthOf(at: Date): string {
  return `${today(at).slice(0, 7)}-01`;
}

export function monthBefore(month: string): string {
  return monthsBefore(month, 1);
}

export function monthsBefore(month: string, count: number): string {
  const date = new Date(`${month}T00:00:00Z`);
  date.setUTCMonth(date.getUTCMonth() - count);
  return date.toISOString().slice(0, 10);
}
