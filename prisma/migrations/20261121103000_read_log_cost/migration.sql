-- What an event of the read log costs (docs/decisions/0011): rows come in PostgreSQL's own binary form, items are kept as the text that
-- their code covers, subjects are indexed as they are, and reads are counted from the log itself.

-- Nobody writes an event between the last one that the trigger counts and the first one that is counted from the log.
LOCK TABLE "access_events" IN SHARE ROW EXCLUSIVE MODE;

-- An event as the writer sends it; month and instance are the whole batch's.
CREATE TYPE "access_event_row" AS (
    "seq" BIGINT,
    "at" TIMESTAMPTZ,
    "client_id" TEXT,
    "client_kind" TEXT,
    "purpose" TEXT,
    "matter" TEXT,
    "request_id" TEXT,
    "operation_name" TEXT,
    "operation_hash" BYTEA,
    "operation_type" TEXT,
    "outcome" TEXT,
    "denied" BOOLEAN,
    "catalog_version" INTEGER,
    "row_count" INTEGER,
    "subjects" UUID[],
    "item_list" TEXT,
    "bulk" TEXT[],
    "code" BYTEA
);

-- Events have their items in "items" (until now) or in "item_list" (from now on), never in both.
ALTER TABLE "access_events" ADD COLUMN "item_list" TEXT;
ALTER TABLE "access_events" ALTER COLUMN "items" DROP NOT NULL;

-- Most events name one subject: working out a key of it costs more than writing a longer one. The list of what has not been sorted in
-- yet is short, because whoever fills it up sorts it in while callers wait.
DROP INDEX "access_events_of_subject";
CREATE INDEX "access_events_of_subject" ON "access_events" USING gin ("subjects") WITH (gin_pending_list_limit = 256);
DROP FUNCTION "subject_keys"(UUID[]);

-- Every chain, entered before its first event, and how many of its events are in statistics_reads. Numbers within a chain have no gaps
-- and become visible in their order, so what is not counted yet is what comes after.
CREATE TABLE "access_chains" (
    "month" DATE NOT NULL,
    "instance" UUID NOT NULL,
    "counted" BIGINT NOT NULL DEFAULT 0,

    CONSTRAINT "access_chains_pkey" PRIMARY KEY ("month", "instance")
);
INSERT INTO "access_chains" ("month", "instance", "counted") SELECT "month", "instance", max("seq") FROM "access_events" GROUP BY 1, 2;

DROP TRIGGER "statistics_insert" ON "access_events";
DROP FUNCTION "count_reads"();
INSERT INTO "statistics_reads" AS c ("client_id", "month", "reads", "denied")
SELECT "client_id", "month", sum("reads"), sum("denied") FROM "statistics_read_deltas" GROUP BY 1, 2
ON CONFLICT ("client_id", "month") DO UPDATE SET "reads" = c."reads" + excluded."reads", "denied" = c."denied" + excluded."denied";

-- Counts up to "most" events of each chain since "since", for the caller to call again while there are any; one caller at a time.
CREATE FUNCTION "fold_reads"("most" INTEGER, "since" DATE, "until" DATE DEFAULT 'infinity') RETURNS INTEGER
LANGUAGE sql
BEGIN ATOMIC
  WITH fresh AS MATERIALIZED (
    SELECT c."month", c."instance", e."seq", e."client_id", e."denied"
    FROM "access_chains" c, LATERAL (
      SELECT a."seq", a."client_id", a."denied" FROM "access_events" a
      WHERE a."month" = c."month" AND a."instance" = c."instance" AND a."seq" > c."counted" ORDER BY a."seq" LIMIT "most") e
    WHERE c."month" BETWEEN "since" AND "until"
  ), marked AS (
    UPDATE "access_chains" c SET "counted" = f."seq"
    FROM (SELECT "month", "instance", max("seq") AS "seq" FROM fresh GROUP BY 1, 2) f
    WHERE c."month" = f."month" AND c."instance" = f."instance"
  ), counted AS (
    INSERT INTO "statistics_reads" AS r ("client_id", "month", "reads", "denied")
    SELECT "client_id", "month", count(*), count(*) FILTER (WHERE "denied") FROM fresh GROUP BY 1, 2
    ON CONFLICT ("client_id", "month") DO UPDATE SET "reads" = r."reads" + excluded."reads", "denied" = r."denied" + excluded."denied"
  )
  SELECT count(*)::integer FROM fresh;
END;
REVOKE EXECUTE ON FUNCTION "fold_reads"(INTEGER, DATE, DATE) FROM PUBLIC;

-- For who drops a month: nobody writes or counts until the end of the transaction, what the month's chains have is counted, and they
-- are not looked at any more. The counters' lock comes first: whoever holds it for long must not hold up those who write.
CREATE FUNCTION "close_access_month"("closed" DATE) RETURNS VOID
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(1668441444, 5);
  LOCK TABLE "access_events" IN SHARE ROW EXCLUSIVE MODE;
  PERFORM fold_reads(2147483647, "closed", "closed");
  DELETE FROM "access_chains" WHERE "month" = "closed";
END
$$;
REVOKE EXECUTE ON FUNCTION "close_access_month"(DATE) FROM PUBLIC;

-- fold_statistics as it is, but for where it takes reads from. Events that a clock set back by months wrote stay in the tail.
DO $do$
DECLARE
  before TEXT := pg_get_functiondef('fold_statistics(integer)'::regprocedure);
  after TEXT := regexp_replace(before, 'WITH reads AS \(.*FROM reads;',
    $new$SELECT taken + fold_reads(most, (date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') - interval '1 month')::date) INTO taken;$new$);
BEGIN
  IF after = before THEN RAISE EXCEPTION 'fold_statistics is not as the migrations before this one left it'; END IF;
  EXECUTE after;
END
$do$;
DROP TABLE "statistics_read_deltas";

-- Operations and denials by client and month, exact at any moment: what is counted, and what the chains have beyond that.
CREATE VIEW "statistics_current_reads" AS
SELECT "client_id", "month", "reads", "denied" FROM "statistics_reads"
UNION ALL
SELECT e."client_id", c."month", e."reads", e."denied" FROM "access_chains" c, LATERAL (
  SELECT a."client_id", count(*) AS "reads", count(*) FILTER (WHERE a."denied") AS "denied" FROM "access_events" a
  WHERE a."month" = c."month" AND a."instance" = c."instance" AND a."seq" > c."counted" GROUP BY a."client_id") e;
