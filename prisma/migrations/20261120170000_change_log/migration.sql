-- CreateEnum
CREATE TYPE "change_kind" AS ENUM ('SUBJECT', 'RECORD', 'LIST', 'COMMITMENT', 'EVALUATION', 'AUTHORIZATION');

-- CreateTable
CREATE TABLE "changes" (
    "txid" BIGINT NOT NULL,
    "seq" BIGSERIAL NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "kind" "change_kind" NOT NULL,
    "subject_id" UUID NOT NULL,
    "entry_id" UUID,
    "item_code" TEXT,
    "existed" BOOLEAN NOT NULL,
    "was_since" TIMESTAMPTZ(3),
    "was_item_code" TEXT,
    "was_person" BOOLEAN,
    "was_status" "entry_status",
    "was_public_until" DATE,
    "was_source_unit_code" TEXT,
    "client_id" TEXT,
    "purpose" TEXT,
    "items" TEXT[],
    "was_valid_until" DATE,

    CONSTRAINT "changes_pkey" PRIMARY KEY ("txid", "seq")
);

-- CreateTable
CREATE TABLE "change_log_floor" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "txid" BIGINT NOT NULL,

    CONSTRAINT "change_log_floor_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "authorizations_by_end" ON "authorizations"("client_id", "valid_until", "subject_id", "id");

-- From here on by hand: docs/decisions/0012 says why the log is as it is.

INSERT INTO "change_log_floor" ("txid") VALUES (0);

-- What a consent was before it changed, of one subject.
CREATE INDEX "changes_of_authorizations" ON "changes" ("subject_id", "txid", "seq") WHERE "kind" = 'AUTHORIZATION';

-- Whose publicity ended within some days: nobody writes then, so the feed looks them up.
CREATE INDEX "credit_records_by_public_until" ON "credit_records" ("item_code", "public_until", "subject_id", "id") WHERE "public_until" IS NOT NULL;
CREATE INDEX "list_entries_by_public_until" ON "list_entries" ("item_code", "public_until", "subject_id", "id") WHERE "public_until" IS NOT NULL;
CREATE INDEX "commitments_by_public_until" ON "commitments" ("item_code", "public_until", "subject_id", "id") WHERE "public_until" IS NOT NULL;
CREATE INDEX "evaluations_by_public_until" ON "evaluations" ("item_code", "public_until", "subject_id", "id") WHERE "public_until" IS NOT NULL;

-- One statement for each statement that wrote, whatever its rows: an import of five thousand writes one more INSERT … SELECT.
-- The functions run with their owner's rights, so that whoever may write an entry need not be able to write the log, and cannot
-- leave it out. What nobody can observe (a typed column filled again with another value of the same content) is not logged.
CREATE FUNCTION "log_entry_changes"() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER
AS $$
DECLARE
  transaction_id CONSTANT BIGINT := pg_current_xact_id()::text::bigint;
  family CONSTANT change_kind := TG_ARGV[0]::change_kind;
  moment CONSTANT TIMESTAMPTZ := clock_timestamp();
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changes (txid, at, kind, subject_id, entry_id, item_code, existed)
    SELECT transaction_id, moment, family, n.subject_id, n.id, n.item_code, false FROM rows_after n;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO changes (txid, at, kind, subject_id, entry_id, item_code, existed, was_since, was_item_code, was_person, was_status, was_public_until, was_source_unit_code)
    SELECT transaction_id, moment, family, n.subject_id, n.id, n.item_code, true, o.updated_at, o.item_code, o.person, o.status, o.public_until, o.source_unit_code
    FROM rows_before o JOIN rows_after n ON n.subject_id = o.subject_id AND n.id = o.id
    WHERE o.updated_at <> n.updated_at OR o.status <> n.status OR o.disputed <> n.disputed OR o.person <> n.person OR o.item_code <> n.item_code
      OR o.public_until IS DISTINCT FROM n.public_until OR o.source_unit_code IS DISTINCT FROM n.source_unit_code OR o.content <> n.content;
  ELSE
    INSERT INTO changes (txid, at, kind, subject_id, entry_id, item_code, existed, was_since, was_item_code, was_person, was_status, was_public_until, was_source_unit_code)
    SELECT transaction_id, moment, family, o.subject_id, o.id, o.item_code, true, o.updated_at, o.item_code, o.person, o.status, o.public_until, o.source_unit_code
    FROM rows_before o;
  END IF;
  RETURN NULL;
END
$$;

CREATE FUNCTION "log_subject_changes"() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER
AS $$
DECLARE
  transaction_id CONSTANT BIGINT := pg_current_xact_id()::text::bigint;
  moment CONSTANT TIMESTAMPTZ := clock_timestamp();
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changes (txid, at, kind, subject_id, item_code, existed)
    SELECT transaction_id, moment, 'SUBJECT', n.id, n.item_code, false FROM rows_after n;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO changes (txid, at, kind, subject_id, item_code, existed, was_since, was_item_code, was_person, was_source_unit_code)
    SELECT transaction_id, moment, 'SUBJECT', n.id, n.item_code, true, o.updated_at, o.item_code, o.person, o.source_unit_code
    FROM rows_before o JOIN rows_after n ON n.id = o.id
    WHERE o.updated_at <> n.updated_at OR o.item_code <> n.item_code OR o.kind <> n.kind OR o.person <> n.person OR o.registered <> n.registered
      OR o.source_unit_code IS DISTINCT FROM n.source_unit_code OR o.content <> n.content;
  ELSE
    INSERT INTO changes (txid, at, kind, subject_id, item_code, existed, was_since, was_item_code, was_person, was_source_unit_code)
    SELECT transaction_id, moment, 'SUBJECT', o.id, o.item_code, true, o.updated_at, o.item_code, o.person, o.source_unit_code FROM rows_before o;
  END IF;
  RETURN NULL;
END
$$;

-- A consent's row says what the consent was: for whom, on what, from when and until when (null: it was over already). Where it
-- moved to another client, purpose or other items, a second row says where to.
CREATE FUNCTION "log_authorization_changes"() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER
AS $$
DECLARE
  transaction_id CONSTANT BIGINT := pg_current_xact_id()::text::bigint;
  moment CONSTANT TIMESTAMPTZ := clock_timestamp();
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO changes (txid, at, kind, subject_id, existed, client_id, purpose, items)
    SELECT transaction_id, moment, 'AUTHORIZATION', n.subject_id, false, n.client_id, n.purpose, n.items FROM rows_after n;
  ELSIF TG_OP = 'UPDATE' THEN
    INSERT INTO changes (txid, at, kind, subject_id, existed, was_since, client_id, purpose, items, was_valid_until)
    SELECT transaction_id, moment, 'AUTHORIZATION', o.subject_id, true, o.created_at, o.client_id, o.purpose, o.items,
      CASE WHEN o.revoked_at IS NULL THEN o.valid_until END
    FROM rows_before o JOIN rows_after n ON n.subject_id = o.subject_id AND n.id = o.id WHERE o IS DISTINCT FROM n;
    INSERT INTO changes (txid, at, kind, subject_id, existed, client_id, purpose, items)
    SELECT transaction_id, moment, 'AUTHORIZATION', n.subject_id, false, n.client_id, n.purpose, n.items
    FROM rows_before o JOIN rows_after n ON n.subject_id = o.subject_id AND n.id = o.id
    WHERE (o.client_id, o.purpose, o.items) IS DISTINCT FROM (n.client_id, n.purpose, n.items);
  ELSE
    INSERT INTO changes (txid, at, kind, subject_id, existed, was_since, client_id, purpose, items, was_valid_until)
    SELECT transaction_id, moment, 'AUTHORIZATION', o.subject_id, true, o.created_at, o.client_id, o.purpose, o.items,
      CASE WHEN o.revoked_at IS NULL THEN o.valid_until END
    FROM rows_before o;
  END IF;
  RETURN NULL;
END
$$;

-- Removes the oldest changes that are older than `keep_days`, some twenty thousand a call, whole transactions only, and remembers
-- how far: a reader that stands before that must begin anew. Returns how many it removed; 0 also while another call is at it.
CREATE FUNCTION "prune_changes"(keep_days INTEGER) RETURNS INTEGER
LANGUAGE plpgsql SECURITY DEFINER
AS $$
DECLARE
  first_kept BIGINT;
  last_old BIGINT;
  removed INTEGER;
BEGIN
  IF keep_days IS NULL OR keep_days < 1 THEN
    RAISE EXCEPTION 'The change log keeps at least one day.';
  END IF;
  IF NOT pg_try_advisory_xact_lock(1667458404, 4) THEN
    RETURN 0;
  END IF;
  WITH head AS (SELECT c.txid, c.at FROM changes c ORDER BY c.txid, c.seq LIMIT 20000)
  SELECT min(h.txid) FILTER (WHERE h.at >= now() - make_interval(days => keep_days)) INTO first_kept FROM head h;
  WITH head AS (SELECT c.txid FROM changes c ORDER BY c.txid, c.seq LIMIT 20000)
  SELECT max(h.txid) FILTER (WHERE first_kept IS NULL OR h.txid < first_kept) INTO last_old FROM head h;
  IF last_old IS NULL THEN
    RETURN 0;
  END IF;
  DELETE FROM changes c WHERE c.txid <= last_old;
  GET DIAGNOSTICS removed = ROW_COUNT;
  UPDATE change_log_floor f SET txid = last_old + 1 WHERE f.txid <= last_old;
  RETURN removed;
END
$$;

-- Functions with their owner's rights must find their tables whatever the caller's search_path and temporary tables are.
DO $$
DECLARE
  function_name TEXT;
BEGIN
  FOREACH function_name IN ARRAY ARRAY['log_entry_changes()', 'log_subject_changes()', 'log_authorization_changes()', 'prune_changes(integer)'] LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', function_name, current_schema());
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', function_name);
  END LOOP;
END
$$;

DO $$
DECLARE
  place RECORD;
BEGIN
  FOR place IN SELECT * FROM (VALUES
    ('subjects', 'log_subject_changes()'),
    ('credit_records', 'log_entry_changes(''RECORD'')'),
    ('list_entries', 'log_entry_changes(''LIST'')'),
    ('commitments', 'log_entry_changes(''COMMITMENT'')'),
    ('evaluations', 'log_entry_changes(''EVALUATION'')'),
    ('authorizations', 'log_authorization_changes()')) AS v (table_name, call)
  LOOP
    EXECUTE format('CREATE TRIGGER changes_follow_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION %s', place.table_name, place.call);
    EXECUTE format('CREATE TRIGGER changes_follow_update AFTER UPDATE ON %I REFERENCING OLD TABLE AS rows_before NEW TABLE AS rows_after FOR EACH STATEMENT EXECUTE FUNCTION %s', place.table_name, place.call);
    EXECUTE format('CREATE TRIGGER changes_follow_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS rows_before FOR EACH STATEMENT EXECUTE FUNCTION %s', place.table_name, place.call);
  END LOOP;
END
$$;
