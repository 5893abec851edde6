-- Requests refused at the door, one event a minute for each client and reason (docs/decisions/0011): how many an event stands for.

-- Null: one.
ALTER TABLE "access_events" ADD COLUMN "times" INTEGER;
ALTER TYPE "access_event_row" ADD ATTRIBUTE "times" INTEGER;

CREATE OR REPLACE FUNCTION "fold_reads"("most" INTEGER, "since" DATE, "until" DATE DEFAULT 'infinity') RETURNS INTEGER
LANGUAGE sql
BEGIN ATOMIC
  WITH fresh AS MATERIALIZED (
    SELECT c."month", c."instance", e."seq", e."client_id", e."denied", coalesce(e."times", 1) AS "times"
    FROM "access_chains" c, LATERAL (
      SELECT a."seq", a."client_id", a."denied", a."times" FROM "access_events" a
      WHERE a."month" = c."month" AND a."instance" = c."instance" AND a."seq" > c."counted" ORDER BY a."seq" LIMIT "most") e
    WHERE c."month" BETWEEN "since" AND "until"
  ), marked AS (
    UPDATE "access_chains" c SET "counted" = f."seq"
    FROM (SELECT "month", "instance", max("seq") AS "seq" FROM fresh GROUP BY 1, 2) f
    WHERE c."month" = f."month" AND c."instance" = f."instance"
  ), counted AS (
    INSERT INTO "statistics_reads" AS r ("client_id", "month", "reads", "denied")
    SELECT "client_id", "month", sum("times"), coalesce(sum("times") FILTER (WHERE "denied"), 0) FROM fresh GROUP BY 1, 2
    ON CONFLICT ("client_id", "month") DO UPDATE SET "reads" = r."reads" + excluded."reads", "denied" = r."denied" + excluded."denied"
  )
  SELECT count(*)::integer FROM fresh;
END;

CREATE OR REPLACE VIEW "statistics_current_reads" AS
SELECT "client_id", "month", "reads", "denied" FROM "statistics_reads"
UNION ALL
SELECT e."client_id", c."month", e."reads", e."denied" FROM "access_chains" c, LATERAL (
  SELECT a."client_id", sum(coalesce(a."times", 1)) AS "reads", coalesce(sum(coalesce(a."times", 1)) FILTER (WHERE a."denied"), 0) AS "denied"
  FROM "access_events" a
  WHERE a."month" = c."month" AND a."instance" = c."instance" AND a."seq" > c."counted" GROUP BY a."client_id") e;
