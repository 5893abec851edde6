-- What the second lock costs a short statement (docs/decisions/0009). Its policies used to look into "published_items" three times a
-- table and to prove the caller twice for every look at the authorizations; PostgreSQL makes all of that ready for each execution,
-- whether it is run or not. No right changes.

-- What the current catalog publishes, as a constant: PostgreSQL takes the body of such a function into a plan and makes the plan
-- anew when the function is replaced. So a policy compares with a list, and a publish needs no lock on any table of credit data.
CREATE FUNCTION "published_of_organizations"() RETURNS TEXT[] LANGUAGE sql STABLE PARALLEL SAFE RETURN '{}'::TEXT[];
CREATE FUNCTION "published_of_persons"() RETURNS TEXT[] LANGUAGE sql STABLE PARALLEL SAFE RETURN '{}'::TEXT[];
CREATE FUNCTION "published_by_consent"() RETURNS TEXT[] LANGUAGE sql STABLE PARALLEL SAFE RETURN '{}'::TEXT[];

CREATE OR REPLACE FUNCTION "refresh_published_items"() RETURNS TRIGGER
LANGUAGE plpgsql
AS $$
DECLARE
  list RECORD;
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
  FOR list IN
    SELECT l."function", coalesce(array_agg(p."item_code" ORDER BY p."item_code") FILTER (WHERE l."open"), '{}')::TEXT AS "codes"
    FROM (SELECT 1) AS always LEFT JOIN "published_items" p ON true,
      LATERAL (VALUES
        ('published_of_organizations', p."organization_open"),
        ('published_of_persons', p."person_open"),
        ('published_by_consent', p."consent_open")
      ) AS l("function", "open")
    GROUP BY l."function"
  LOOP
    EXECUTE format(
      'CREATE OR REPLACE FUNCTION %I.%I() RETURNS TEXT[] LANGUAGE sql STABLE PARALLEL SAFE RETURN %L::TEXT[]',
      TG_TABLE_SCHEMA, list."function", list."codes"
    );
  END LOOP;
  RETURN NULL;
END
$$;

-- Fires the trigger for what was published before.
UPDATE "catalog_versions" SET "version" = "version" WHERE false;

-- As before: {client, purpose}, null when they are not proved; a seal holds for its day and a day more on either side. But one
-- expression, because PL/pgSQL makes each one ready anew in every transaction. The day is read once the seal has shown that a
-- gateway wrote it.
CREATE OR REPLACE FUNCTION "agency_caller"() RETURNS TEXT[]
LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
AS $$
BEGIN
  RETURN (
    SELECT CASE
      WHEN c."client" = '' OR c."purpose" = '' OR length(c."day") <> 10 THEN NULL
      WHEN encode(sha256(substr(c."pads", 65) || sha256(substr(c."pads", 1, 64) || convert_to(concat_ws(E'\n', c."day", c."client", c."purpose"), 'UTF8'))), 'hex')
        = c."seal" THEN
        CASE WHEN abs(c."day"::date - (now() AT TIME ZONE 'Asia/Shanghai')::date) <= 1 THEN ARRAY[c."client", c."purpose"] END
    END
    FROM (
      SELECT decode(s."value", 'hex') AS "pads", coalesce(current_setting('gateway.client', true), '') AS "client",
        coalesce(current_setting('gateway.purpose', true), '') AS "purpose", coalesce(current_setting('gateway.day', true), '') AS "day",
        current_setting('gateway.seal', true) AS "seal"
      FROM "settings" s
      WHERE s."name" = 'agency_seal'
    ) AS c
  );
END
$$;

-- Replacing a function drops its settings: it must find its table whatever the caller's search_path and temporary tables are.
DO $$ BEGIN EXECUTE format('ALTER FUNCTION "agency_caller"() SET search_path = pg_catalog, %I, pg_temp', current_schema()); END $$;
