-- The sort expressions are those of the gateway's indexes.
-- What PostGraphile serves: the entries' fields as columns of views, so that it carries no JSON documents; row-level security on the
-- gateway's own tables for the views' owner; column grants on the views for the agency. Run again at every start.
DROP SCHEMA IF EXISTS bench_api CASCADE;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bench_views') THEN CREATE ROLE bench_views NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bench_agency') THEN CREATE ROLE bench_agency NOLOGIN; END IF;
END $$;
CREATE SCHEMA bench_api AUTHORIZATION bench_views;
GRANT USAGE ON SCHEMA public TO bench_views;
GRANT USAGE ON SCHEMA bench_api TO bench_agency;
GRANT SELECT ON subjects, credit_records, list_entries, commitments, evaluations, authorizations, catalog_versions TO bench_views;
-- Items with something open to the public: evaluated once per statement.
CREATE FUNCTION bench_api.open_items() RETURNS text[] LANGUAGE sql STABLE SECURITY DEFINER AS $$
  SELECT array_agg(item ->> 'code') FROM public.catalog_versions c, jsonb_array_elements(c.document -> 'items') item
  WHERE c.version = (SELECT max(version) FROM public.catalog_versions)
    AND EXISTS (SELECT FROM jsonb_array_elements(item -> 'fields') f WHERE 'PUBLIC' IN (f ->> 'permission', f ->> 'maskedAt'))
$$;
CREATE TABLE bench_api.open_item AS SELECT unnest(bench_api.open_items()) AS item_code;
COMMENT ON TABLE bench_api.open_item IS '@behavior -*';
GRANT SELECT ON bench_api.open_item TO bench_views;

DO $$
DECLARE entry_table text;
BEGIN
  FOREACH entry_table IN ARRAY ARRAY['subjects', 'credit_records', 'list_entries', 'commitments', 'evaluations', 'authorizations'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', entry_table);
    EXECUTE format('DROP POLICY IF EXISTS bench_agency ON %I', entry_table);
  END LOOP;
  FOREACH entry_table IN ARRAY ARRAY['credit_records', 'list_entries', 'commitments', 'evaluations'] LOOP
    EXECUTE format($policy$
      CREATE POLICY bench_agency ON %1$I FOR SELECT TO bench_views USING (
        status = 'ACTIVE' AND (public_until IS NULL OR public_until >= CURRENT_DATE) AND (
          NOT person AND item_code IN (SELECT o.item_code FROM bench_api.open_item o)
          OR EXISTS (SELECT FROM authorizations a WHERE a.subject_id = %1$I.subject_id AND a.client_id = current_setting('bench.client_id', true)
            AND a.purpose = current_setting('bench.purpose', true) AND a.revoked_at IS NULL AND a.valid_until >= CURRENT_DATE AND %1$I.item_code = ANY(a.items))))
    $policy$, entry_table);
  END LOOP;
END $$;
CREATE POLICY bench_agency ON authorizations FOR SELECT TO bench_views USING (client_id = current_setting('bench.client_id', true));
CREATE POLICY bench_agency ON subjects FOR SELECT TO bench_views USING (NOT person
  OR EXISTS (SELECT FROM authorizations a WHERE a.subject_id = subjects.id AND a.client_id = current_setting('bench.client_id', true)
    AND a.purpose = current_setting('bench.purpose', true) AND a.revoked_at IS NULL AND a.valid_until >= CURRENT_DATE));

SET ROLE bench_views;
CREATE VIEW bench_api.subjects AS SELECT id, kind::text AS kind, name, credit_code, division_code, status,
  content ->> 'legalRepresentative' AS legal_representative, content ->> 'registeredCapital' AS registered_capital,
  content ->> 'establishmentDate' AS establishment_date, content ->> 'registeredAddress' AS registered_address,
  content ->> 'contactPhone' AS contact_phone
  FROM public.subjects;
CREATE VIEW bench_api.records AS SELECT subject_id, id, item_code, status::text AS status, disputed, title, document_number, decided_on, amount, authority,
  source_unit, valid_until, public_until, CASE WHEN decided_on IS NULL THEN '-infinity'::date ELSE decided_on END AS sort_on FROM public.credit_records;
CREATE VIEW bench_api.list_entries AS SELECT subject_id, id, item_code, status::text AS status, disputed, list_name, document_number, listed_on, removed_on,
  authority, source_unit, public_until, CASE WHEN listed_on IS NULL THEN '-infinity'::date ELSE listed_on END AS sort_on FROM public.list_entries;
CREATE VIEW bench_api.commitments AS SELECT subject_id, id, item_code, status::text AS status, disputed, kind, document_number, committed_on, fulfilment,
  authority, valid_until, CASE WHEN committed_on IS NULL THEN '-infinity'::date ELSE committed_on END AS sort_on FROM public.commitments;
CREATE VIEW bench_api.evaluations AS SELECT subject_id, id, item_code, status::text AS status, disputed, grade, evaluated_on, authority,
  updated_at AS sort_on FROM public.evaluations;
-- The lateral copy decompresses the document once a row; each ->> on the stored one would do so again.
CREATE VIEW bench_api.organization_penalties AS SELECT subject_id, id, status::text AS status, c.content ->> 'partyName' AS party_name,
  c.content ->> 'unifiedSocialCreditCode' AS unified_social_credit_code, document_number AS penalty_doc_no, c.content ->> 'violationType' AS violation_type,
  c.content ->> 'penaltyBasis' AS penalty_basis, title AS penalty_category, amount AS fine_amount, decided_on AS penalty_decision_date,
  authority AS penalty_authority, valid_until AS penalty_valid_until, public_until AS publicity_deadline, source_unit AS data_source_unit,
  c.content ->> 'caseHandler' AS case_handler, CASE WHEN decided_on IS NULL THEN '-infinity'::date ELSE decided_on END AS sort_on
  FROM public.credit_records e CROSS JOIN LATERAL (SELECT e.content || '{}'::jsonb AS content OFFSET 0) c WHERE item_code = '150000-03-003';
COMMENT ON VIEW bench_api.subjects IS E'@primaryKey id\n@unique credit_code';
COMMENT ON VIEW bench_api.records IS E'@primaryKey subject_id,id\n@foreignKey (subject_id) references bench_api.subjects (id)|@foreignFieldName records';
COMMENT ON VIEW bench_api.list_entries IS E'@primaryKey subject_id,id\n@foreignKey (subject_id) references bench_api.subjects (id)|@foreignFieldName listEntries';
COMMENT ON VIEW bench_api.commitments IS E'@primaryKey subject_id,id\n@foreignKey (subject_id) references bench_api.subjects (id)|@foreignFieldName commitments';
COMMENT ON VIEW bench_api.evaluations IS E'@primaryKey subject_id,id\n@foreignKey (subject_id) references bench_api.subjects (id)|@foreignFieldName evaluations';
COMMENT ON VIEW bench_api.organization_penalties IS E'@primaryKey subject_id,id';
-- Column grants: what the catalog withholds from an agency (政务共享, 授权查询, 不予共享) is not granted.
GRANT SELECT (id, kind, name, credit_code, division_code, status, legal_representative, registered_capital, establishment_date, registered_address)
  ON bench_api.subjects TO bench_agency;
GRANT SELECT ON bench_api.records, bench_api.list_entries, bench_api.commitments, bench_api.evaluations TO bench_agency;
GRANT SELECT (subject_id, id, status, party_name, unified_social_credit_code, penalty_doc_no, violation_type, penalty_basis, penalty_category, fine_amount,
  penalty_decision_date, penalty_authority, penalty_valid_until, publicity_deadline, data_source_unit, sort_on) ON bench_api.organization_penalties TO bench_agency;
RESET ROLE;
