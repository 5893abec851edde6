-- CreateTable
CREATE TABLE "published_items" (
    "item_code" TEXT NOT NULL,
    "organization_open" BOOLEAN NOT NULL,
    "person_open" BOOLEAN NOT NULL,
    "consent_open" BOOLEAN NOT NULL,

    CONSTRAINT "published_items_pkey" PRIMARY KEY ("item_code")
);

-- CreateTable
CREATE TABLE "organization_names" (
    "id" UUID NOT NULL,
    "name" TEXT COLLATE "C" NOT NULL,

    CONSTRAINT "organization_names_pkey" PRIMARY KEY ("id")
);

-- From here on by hand: the second lock (docs/decisions/0009). Roles belong to the server and not to a database, so they, their
-- rights and the policies that name them are made at the gateway's start (src/db/roles.ts). What they stand on is here.

-- What the current catalog publishes, from the document itself: publish and rollback cannot forget it.
CREATE FUNCTION "refresh_published_items"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
  DELETE FROM "published_items";
  INSERT INTO "published_items" ("item_code", "organization_open", "person_open", "consent_open")
  SELECT item ->> 'code', opens."public", opens."public" AND (item ->> 'personPublic')::boolean, opens."public" OR opens."consent"
  FROM "catalog_versions" c, jsonb_array_elements(c."document" -> 'items') AS item,
    LATERAL (
      SELECT
        coalesce(bool_or('PUBLIC' IN (field ->> 'permission', field ->> 'maskedAt')), false) AS "public",
        coalesce(bool_or('AUTHORIZED' IN (field ->> 'permission', field ->> 'maskedAt')), false) AS "consent"
      FROM jsonb_array_elements(item -> 'fields') AS field
    ) AS opens
  WHERE c."version" = (SELECT max("version") FROM "catalog_versions");
  RETURN NULL;
END
$$;

CREATE TRIGGER "published_items_follow" AFTER INSERT OR UPDATE OR DELETE ON "catalog_versions"
FOR EACH STATEMENT EXECUTE FUNCTION "refresh_published_items"();

-- Fires the trigger for what was published before.
UPDATE "catalog_versions" SET "version" = "version" WHERE false;

-- Row-level security runs before every operator that could tell what it saw, and no operator of arrays or of LIKE is proved
-- not to: under a policy, the search for a part of a name would read every subject. Names of organizations are public, so the
-- search looks them up here, where no policy is, and goes on to the subjects by id.
INSERT INTO "organization_names" ("id", "name") SELECT "id", "name" FROM "subjects" WHERE NOT "person" AND "name" IS NOT NULL;
CREATE INDEX "organization_names_bigrams" ON "organization_names" USING gin (name_bigrams("name"));

CREATE FUNCTION "follow_organization_names"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
BEGIN
  INSERT INTO "organization_names" AS o ("id", "name")
  SELECT c."id", c."name" FROM "changed_subjects" c WHERE NOT c."person" AND c."name" IS NOT NULL ORDER BY c."id"
  ON CONFLICT ("id") DO UPDATE SET "name" = EXCLUDED."name" WHERE o."name" <> EXCLUDED."name";
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM "organization_names" o USING "changed_subjects" c WHERE o."id" = c."id" AND (c."person" OR c."name" IS NULL);
  END IF;
  RETURN NULL;
END
$$;

CREATE TRIGGER "organization_names_follow_insert" AFTER INSERT ON "subjects"
REFERENCING NEW TABLE AS "changed_subjects" FOR EACH STATEMENT EXECUTE FUNCTION "follow_organization_names"();
CREATE TRIGGER "organization_names_follow_update" AFTER UPDATE ON "subjects"
REFERENCING NEW TABLE AS "changed_subjects" FOR EACH STATEMENT EXECUTE FUNCTION "follow_organization_names"();

-- The client and the purpose that a statement is run for, as {client, purpose}; null when they are not proved. Anybody may set
-- gateway.client to anything; gateway.seal beside it is an HMAC-SHA-256 (RFC 2104) that only a gateway with the master key can
-- make. Its two padded keys lie in "settings", which the caller cannot read: hence SECURITY DEFINER. A seal holds for its day,
-- and for a day more on either side because clocks differ and requests run over midnight.
CREATE FUNCTION "agency_caller"() RETURNS TEXT[]
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
AS $$
DECLARE
  client CONSTANT TEXT := current_setting('gateway.client', true);
  purpose CONSTANT TEXT := current_setting('gateway.purpose', true);
  day CONSTANT TEXT := coalesce(current_setting('gateway.day', true), '');
  today CONSTANT TIMESTAMP := now() AT TIME ZONE 'Asia/Shanghai';
  pads BYTEA;
BEGIN
  IF coalesce(client, '') = '' OR coalesce(purpose, '') = ''
    OR day NOT IN (to_char(today, 'YYYY-MM-DD'), to_char(today - INTERVAL '1 day', 'YYYY-MM-DD'), to_char(today + INTERVAL '1 day', 'YYYY-MM-DD')) THEN
    RETURN NULL;
  END IF;
  SELECT decode(s."value", 'hex') INTO pads FROM "settings" s WHERE s."name" = 'agency_seal';
  IF encode(sha256(substr(pads, 65) || sha256(substr(pads, 1, 64) || convert_to(concat_ws(E'\n', day, client, purpose), 'UTF8'))), 'hex')
    = current_setting('gateway.seal', true) THEN
    RETURN ARRAY[client, purpose];
  END IF;
  RETURN NULL;
END
$$;

-- A function with its owner's rights must find its table whatever the caller's search_path and temporary tables are.
DO $$ BEGIN EXECUTE format('ALTER FUNCTION "agency_caller"() SET search_path = pg_catalog, %I, pg_temp', current_schema()); END $$;
REVOKE EXECUTE ON FUNCTION "agency_caller"() FROM PUBLIC;

-- For everybody but the owner these tables are empty until a policy says otherwise.
ALTER TABLE "subjects" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "credit_records" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "list_entries" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "commitments" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "evaluations" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "authorizations" ENABLE ROW LEVEL SECURITY;

-- COALESCE is an expression that PostgreSQL does not take for leakproof either, CASE is one that it does. Keyset pages under a
-- policy need their sort expressions in the index, so the indexes that had COALESCE(column, least value) say the same with CASE.
DROP INDEX "subjects_by_credit_code";
CREATE INDEX "subjects_by_credit_code" ON "subjects" ("person", (CASE WHEN "credit_code" IS NULL THEN '' ELSE "credit_code" END), "id");
DROP INDEX "subjects_by_name";
CREATE INDEX "subjects_by_name" ON "subjects" ("person", (CASE WHEN "name" IS NULL THEN '' ELSE "name" END), "id");
DROP INDEX "subjects_by_division";
CREATE INDEX "subjects_by_division" ON "subjects" ("person", "division_code", (CASE WHEN "credit_code" IS NULL THEN '' ELSE "credit_code" END), "id");
DROP INDEX "credit_records_of_subject";
CREATE INDEX "credit_records_of_subject" ON "credit_records" ("subject_id", (CASE WHEN "decided_on" IS NULL THEN '-infinity'::date ELSE "decided_on" END), "id");
DROP INDEX "credit_records_of_item";
CREATE INDEX "credit_records_of_item" ON "credit_records" ("item_code", (CASE WHEN "decided_on" IS NULL THEN '-infinity'::date ELSE "decided_on" END), "id");
DROP INDEX "credit_records_by_authority";
CREATE INDEX "credit_records_by_authority" ON "credit_records" ("item_code", "authority", (CASE WHEN "decided_on" IS NULL THEN '-infinity'::date ELSE "decided_on" END), "id");
DROP INDEX "credit_records_not_active";
CREATE INDEX "credit_records_not_active" ON "credit_records" ("item_code", "source_unit_code", (CASE WHEN "decided_on" IS NULL THEN '-infinity'::date ELSE "decided_on" END), "id") WHERE "status" <> 'ACTIVE';
DROP INDEX "credit_records_by_amount";
CREATE INDEX "credit_records_by_amount" ON "credit_records" ("item_code", (CASE WHEN "amount" IS NULL THEN '-Infinity'::numeric ELSE "amount" END), "id");
DROP INDEX "list_entries_of_subject";
CREATE INDEX "list_entries_of_subject" ON "list_entries" ("subject_id", (CASE WHEN "listed_on" IS NULL THEN '-infinity'::date ELSE "listed_on" END), "id");
DROP INDEX "list_entries_of_item";
CREATE INDEX "list_entries_of_item" ON "list_entries" ("item_code", (CASE WHEN "listed_on" IS NULL THEN '-infinity'::date ELSE "listed_on" END), "id");
DROP INDEX "list_entries_by_authority";
CREATE INDEX "list_entries_by_authority" ON "list_entries" ("item_code", "authority", (CASE WHEN "listed_on" IS NULL THEN '-infinity'::date ELSE "listed_on" END), "id");
DROP INDEX "list_entries_not_active";
CREATE INDEX "list_entries_not_active" ON "list_entries" ("item_code", "source_unit_code", (CASE WHEN "listed_on" IS NULL THEN '-infinity'::date ELSE "listed_on" END), "id") WHERE "status" <> 'ACTIVE';
DROP INDEX "commitments_of_subject";
CREATE INDEX "commitments_of_subject" ON "commitments" ("subject_id", (CASE WHEN "committed_on" IS NULL THEN '-infinity'::date ELSE "committed_on" END), "id");
DROP INDEX "commitments_of_item";
CREATE INDEX "commitments_of_item" ON "commitments" ("item_code", (CASE WHEN "committed_on" IS NULL THEN '-infinity'::date ELSE "committed_on" END), "id");
DROP INDEX "commitments_by_authority";
CREATE INDEX "commitments_by_authority" ON "commitments" ("item_code", "authority", (CASE WHEN "committed_on" IS NULL THEN '-infinity'::date ELSE "committed_on" END), "id");
DROP INDEX "commitments_not_active";
CREATE INDEX "commitments_not_active" ON "commitments" ("item_code", "source_unit_code", (CASE WHEN "committed_on" IS NULL THEN '-infinity'::date ELSE "committed_on" END), "id") WHERE "status" <> 'ACTIVE';
DROP INDEX "evaluations_of_subject";
CREATE INDEX "evaluations_of_subject" ON "evaluations" ("subject_id", (CASE WHEN "evaluated_on" IS NULL THEN '-infinity'::date ELSE "evaluated_on" END), "id");
DROP INDEX "evaluations_of_item";
CREATE INDEX "evaluations_of_item" ON "evaluations" ("item_code", (CASE WHEN "evaluated_on" IS NULL THEN '-infinity'::date ELSE "evaluated_on" END), "id");
DROP INDEX "evaluations_by_authority";
CREATE INDEX "evaluations_by_authority" ON "evaluations" ("item_code", "authority", (CASE WHEN "evaluated_on" IS NULL THEN '-infinity'::date ELSE "evaluated_on" END), "id");
DROP INDEX "evaluations_not_active";
CREATE INDEX "evaluations_not_active" ON "evaluations" ("item_code", "source_unit_code", (CASE WHEN "evaluated_on" IS NULL THEN '-infinity'::date ELSE "evaluated_on" END), "id") WHERE "status" <> 'ACTIVE';
