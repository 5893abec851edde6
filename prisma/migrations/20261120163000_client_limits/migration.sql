-- A client's own limits; null: what the settings give its kind.
ALTER TABLE "clients"
  ADD COLUMN "rate_per_minute" INTEGER,
  ADD COLUMN "max_concurrent" INTEGER,
  ADD COLUMN "daily_subjects" INTEGER;

-- The operations that a client may send, where it is held to a list of them.
CREATE TABLE "client_operations" (
    "client_id" TEXT NOT NULL,
    "sha256" TEXT NOT NULL,
    "document" TEXT NOT NULL,
    "added_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "client_operations_pkey" PRIMARY KEY ("client_id", "sha256"),
    CONSTRAINT "client_operations_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE RESTRICT ON UPDATE CASCADE
);

-- Points spent in the current window, by key: the table of rate-limiter-flexible, which inserts by position.
CREATE TABLE "rate_limits" (
    "key" VARCHAR(255) NOT NULL,
    "points" INTEGER NOT NULL DEFAULT 0,
    "expire" BIGINT,

    CONSTRAINT "rate_limits_pkey" PRIMARY KEY ("key")
);

-- Which subjects a client with a daily quota has read on a day, and how many that are.
CREATE TABLE "client_days" (
    "client_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "subjects" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "client_days_pkey" PRIMARY KEY ("client_id", "day")
);
CREATE TABLE "client_day_subjects" (
    "client_id" TEXT NOT NULL,
    "day" DATE NOT NULL,
    "subject_id" UUID NOT NULL,

    CONSTRAINT "client_day_subjects_pkey" PRIMARY KEY ("client_id", "day", "subject_id")
);

-- Counts subjects against the quota, all of them or none. Claims of one client on one day take turns at its row of client_days, so
-- that the sum over all instances is exact. Returns how many subjects the day has then; where they do not fit: minus one minus how
-- many it has without them.
CREATE FUNCTION "claim_subjects"(claimant text, on_day date, quota integer, ids uuid[]) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  used integer;
  fresh integer;
BEGIN
  INSERT INTO client_days (client_id, day) VALUES (claimant, on_day) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    -- The first claim of a day removes what no quota counts any more.
    DELETE FROM client_day_subjects s WHERE s.client_id = claimant AND s.day < on_day - 1;
    DELETE FROM client_days d WHERE d.client_id = claimant AND d.day < on_day - 400;
  END IF;
  SELECT d.subjects INTO used FROM client_days d WHERE d.client_id = claimant AND d.day = on_day FOR UPDATE;
  SELECT count(*) INTO fresh FROM (
    SELECT DISTINCT unnest(ids) EXCEPT
    SELECT s.subject_id FROM client_day_subjects s WHERE s.client_id = claimant AND s.day = on_day AND s.subject_id = ANY (ids)) AS unseen;
  IF used + fresh > quota THEN
    RETURN -1 - used;
  END IF;
  INSERT INTO client_day_subjects (client_id, day, subject_id)
    SELECT DISTINCT claimant, on_day, unnest(ids) ON CONFLICT DO NOTHING;
  UPDATE client_days d SET subjects = used + fresh WHERE d.client_id = claimant AND d.day = on_day;
  RETURN used + fresh;
END
$$;

-- A function with its owner's rights must find its tables whatever the caller's search_path and temporary tables are.
DO $$ BEGIN EXECUTE format('ALTER FUNCTION "claim_subjects"(text, date, integer, uuid[]) SET search_path = pg_catalog, %I, pg_temp', current_schema()); END $$;
REVOKE EXECUTE ON FUNCTION "claim_subjects"(text, date, integer, uuid[]) FROM PUBLIC;
