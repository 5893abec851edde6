/** The rules of the watch over the whole log, as statements of the role that serves: it reads the log and adds what was found. */
import { offHoursSql } from './off-hours.ts';

export const WATCH_RULES = ['MANY_PERSONS', 'SEQUENTIAL_NUMBERS', 'FIRST_FIELD', 'DENIED_SHARE', 'OFF_HOURS_BULK'] as const;
export type WatchRule = (typeof WATCH_RULES)[number];

/** The last hour of one client; the month lets PostgreSQL leave out all partitions but one or two. */
const LAST_HOUR = `e.client_id = $1 AND e.at > $2::timestamptz - interval '1 hour' AND e.at <= $2
  AND e.month >= date_trunc('month', ($2::timestamptz - interval '1 hour') AT TIME ZONE 'Asia/Shanghai')::date`;

/** One finding for each rule, client and hour, whichever instance finds it first. Parameters: client, now, then the rule's own. */
const FOUND = `INSERT INTO watch_events (rule, client_id, at, count, threshold, details)`;
const ONCE = `ON CONFLICT DO NOTHING RETURNING count`;
const HOUR = `date_trunc('hour', $2::timestamptz)`;

/** $3: more persons than this */
export const MANY_PERSONS = `${FOUND}
SELECT 'MANY_PERSONS', $1, ${HOUR}, count(DISTINCT s.id), $3::int, '{}'
FROM access_events e, unnest(e.subjects) AS named(id) JOIN subjects s ON s.id = named.id AND s.person
WHERE ${LAST_HOUR} HAVING count(DISTINCT s.id) > $3::int ${ONCE}`;

/** $3: more than this share, $4: of at least so many operations */
export const DENIED_SHARE = `${FOUND}
SELECT 'DENIED_SHARE', $1, ${HOUR}, sum(coalesce(e.times, 1)) FILTER (WHERE e.denied), $3::float8,
  jsonb_build_object('operations', sum(coalesce(e.times, 1)))
FROM access_events e WHERE ${LAST_HOUR}
HAVING sum(coalesce(e.times, 1)) >= $4::int AND sum(coalesce(e.times, 1)) FILTER (WHERE e.denied) > $3::float8 * sum(coalesce(e.times, 1)) ${ONCE}`;

/** $3: more rows than this */
export const OFF_HOURS_BULK = `${FOUND}
SELECT 'OFF_HOURS_BULK', $1, ${HOUR}, sum(e.row_count), $3::int, '{}'
FROM access_events e WHERE ${LAST_HOUR} AND ${offHoursSql('e.at')} HAVING sum(e.row_count) > $3::int ${ONCE}`;

/** $3: count, $4: threshold */
export const SEQUENTIAL_NUMBERS = `${FOUND} VALUES ('SEQUENTIAL_NUMBERS', $1, ${HOUR}, $3::int, $4::int, '{}') ${ONCE}`;

/**
 * Notes which fields a client was given today ($3 items, $4 fields, pairwise), and tells of those that it was not given on any of
 * the $5 days before.
 */
export const FIRST_FIELD = `
WITH given AS (SELECT item, field FROM unnest($3::text[], $4::text[]) AS g(item, field)),
noted AS (
  INSERT INTO watch_fields (client_id, item_code, field_key, day)
  SELECT $1, item, field, ($2::timestamptz AT TIME ZONE 'Asia/Shanghai')::date FROM given ON CONFLICT DO NOTHING RETURNING item_code, field_key, day),
first AS (
  SELECT n.item_code, n.field_key FROM noted n WHERE NOT EXISTS (
    SELECT FROM watch_fields w WHERE w.client_id = $1 AND w.item_code = n.item_code AND w.field_key = n.field_key
      AND w.day < n.day AND w.day >= n.day - $5::int))
${FOUND}
SELECT 'FIRST_FIELD', $1, $2, count(*), $5::int, jsonb_build_object('fields', jsonb_agg(item_code || ' ' || field_key ORDER BY item_code, field_key))
FROM first HAVING count(*) > 0 ${ONCE}`;
