/** The door of the statistics: counts for dashboards, from summaries that are kept exact. */
export { DIVISION_LEVELS } from './divisions.ts';
export type { DivisionLevel } from './divisions.ts';
export type { Count, DivisionCount, Figures, TimelinessCount } from './figures.ts';
export { HolidayCalendar, parseCalendar } from './holiday-calendar.ts';
export type { CalendarDay } from './holiday-calendar.ts';
export { DIMENSIONS } from './question.ts';
export type { Question, StatisticsFilter, Wants } from './question.ts';
export { StatisticsFolder } from './statistics-folder.ts';
export { StatisticsService } from './statistics-service.ts';
export type { NotCounted, ReadCount, StatisticsAnswer, StatisticsCaller } from './statistics-service.ts';
export { StatisticsUpkeep } from './statistics-upkeep.ts';
