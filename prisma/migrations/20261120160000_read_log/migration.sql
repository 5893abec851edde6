-- The read log (docs/decisions/0011): who read whose data, when, what for. Prisma cannot write partitions, storage, expressions in
-- indexes and functions; they stand here, and the models in schema.prisma say the rest.

CREATE TABLE "access_events" (
    "month" DATE NOT NULL,
    "instance" UUID NOT NULL,
    "seq" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "client_id" TEXT NOT NULL,
    "client_kind" "client_kind" NOT NULL,
    "purpose" TEXT,
    "matter" TEXT,
    "request_id" TEXT NOT NULL,
    "operation_name" TEXT,
    "operation_hash" BYTEA NOT NULL,
    "operation_type" TEXT NOT NULL,
    "outcome" TEXT NOT NULL,
    "denied" BOOLEAN NOT NULL,
    "catalog_version" INTEGER NOT NULL,
    "row_count" INTEGER NOT NULL,
    "subjects" UUID[],
    "items" JSONB NOT NULL,
    "bulk" TEXT[],
    "code" BYTEA NOT NULL,

    -- One chain per month and instance: the key is what keeps a batch whose outcome was never heard from being followed twice.
    CONSTRAINT "access_events_pkey" PRIMARY KEY ("month", "instance", "seq"),
    -- The month is the region's. It is a column, because a key of a partitioned table must hold what it is partitioned by.
    CONSTRAINT "access_events_month" CHECK ("month" = date_trunc('month', "at" AT TIME ZONE 'Asia/Shanghai')::date)
) PARTITION BY RANGE ("month");

-- Random bytes: the attempt to compress them costs more than everything else about a page of 1,000 subjects.
ALTER TABLE "access_events" ALTER COLUMN "subjects" SET STORAGE EXTERNAL;

CREATE INDEX "access_events_by_request" ON "access_events" ("client_id", "request_id");
-- Rows lie on disk in the order of time: ranges of pages are enough, and cost nothing to write.
CREATE INDEX "access_events_by_time" ON "access_events" USING brin ("at") WITH (pages_per_range = 16, autosummarize = on);
CREATE INDEX "access_events_bulk" ON "access_events" ("at") WHERE "bulk" <> '{}';

-- Which events name a subject: 20 bits of each id, because keys of 4 bytes that come again are a third cheaper to write than
-- UUIDs. What it finds is compared with the whole ids.
CREATE FUNCTION "subject_keys"("ids" UUID[]) RETURNS INTEGER[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT pg_catalog.uuid_hash("id") & 1048575 FROM pg_catalog.unnest("ids") AS "id");
CREATE INDEX "access_events_of_subject" ON "access_events" USING gin ("subject_keys"("subjects"));

-- Holds what has no month of its own, so that no event is refused for want of a partition.
CREATE TABLE "access_events_default" PARTITION OF "access_events" DEFAULT;

CREATE TABLE "access_checkpoints" (
    "instance" UUID NOT NULL,
    "number" BIGINT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "kind" TEXT NOT NULL,
    "heads" JSONB NOT NULL,
    "code" BYTEA NOT NULL,

    CONSTRAINT "access_checkpoints_pkey" PRIMARY KEY ("instance", "number")
);
CREATE INDEX "access_checkpoints_by_time" ON "access_checkpoints" ("at");

CREATE TABLE "watch_events" (
    "rule" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "count" INTEGER NOT NULL,
    "threshold" DOUBLE PRECISION NOT NULL,
    "details" JSONB NOT NULL,
    "found_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "watch_events_pkey" PRIMARY KEY ("rule", "client_id", "at")
);
CREATE INDEX "watch_events_by_time" ON "watch_events" ("at");

CREATE TABLE "watch_fields" (
    "client_id" TEXT NOT NULL,
    "item_code" TEXT NOT NULL,
    "field_key" TEXT NOT NULL,
    "day" DATE NOT NULL,

    CONSTRAINT "watch_fields_pkey" PRIMARY KEY ("client_id", "item_code", "field_key", "day")
);

-- Makes the partitions of this month and the next three. The role that serves may call it and can thereby make nothing else, so
-- that a server that is never restarted does not run out of months. Attaching leaves reading and writing of the others alone.
CREATE FUNCTION "ensure_access_months"() RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER
AS $$
DECLARE
  first DATE;
  name TEXT;
BEGIN
  PERFORM pg_advisory_xact_lock(1667392868, 4);
  FOR ahead IN 0..3 LOOP
    first := (date_trunc('month', now() AT TIME ZONE 'Asia/Shanghai') + make_interval(months => ahead))::date;
    name := 'access_events_' || to_char(first, 'YYYY_MM');
    -- Rows that came before their month's partition stay where they are.
    CONTINUE WHEN to_regclass(name) IS NOT NULL OR EXISTS (SELECT FROM "access_events_default" WHERE "month" = first);
    EXECUTE format('CREATE TABLE %I (LIKE "access_events" INCLUDING ALL)', name);
    EXECUTE format('ALTER TABLE "access_events" ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, first, (first + INTERVAL '1 month')::date);
  END LOOP;
END
$$;

-- A function with its owner's rights must find its tables whatever the caller's search_path and temporary tables are; pg_catalog,
-- not named, is searched before them. New tables go into the first schema named.
DO $$ BEGIN EXECUTE format('ALTER FUNCTION "ensure_access_months"() SET search_path = %I, pg_temp', current_schema()); END $$;
ALTER FUNCTION "ensure_access_months"() SET lock_timeout = '5s';
REVOKE EXECUTE ON FUNCTION "ensure_access_months"() FROM PUBLIC;
SELECT "ensure_access_months"();
