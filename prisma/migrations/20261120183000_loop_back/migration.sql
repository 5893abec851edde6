-- Who changed the state of an entry (null: an operator at the command line), and how an objection ended.
ALTER TABLE "entry_events" ADD COLUMN "client_id" TEXT;
ALTER TABLE "entry_events" ADD COLUMN "result" TEXT;

-- CreateTable
CREATE TABLE "use_reports" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "client_id" TEXT NOT NULL,
    "query_id" TEXT NOT NULL,
    "matter_number" TEXT,
    "matter_name" TEXT,
    "decision" TEXT NOT NULL,
    "hit" BOOLEAN,
    "measure" TEXT,
    "decided_on" DATE,
    "reported_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "use_reports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "submissions" (
    "client_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "digest" BYTEA NOT NULL,
    "result" JSONB NOT NULL,
    "submitted_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "submissions_pkey" PRIMARY KEY ("client_id","key")
);

-- CreateIndex
CREATE INDEX "use_reports_client_id_query_id_idx" ON "use_reports"("client_id", "query_id");

-- CreateIndex
CREATE INDEX "use_reports_reported_at_idx" ON "use_reports"("reported_at");

-- From here on by hand: what departments write. The role that serves them may write none of these tables itself; it calls the
-- functions below, each of which looks once more whether that client may, whatever the gateway thought before.
--
-- All answer {"outcome": …, "result": …}: DONE, REPEATED (the same submission came before, with its first result), KEY_REUSED
-- (the key came before with another input), REFUSED (not there, or not this client's: one answer), NOT_DISPUTED.

-- A client that may write: a department that is not suspended.
CREATE FUNCTION "writing_department"("asking" TEXT) RETURNS "clients"
LANGUAGE sql STABLE
AS $$
  SELECT c FROM "clients" c WHERE c."id" = "asking" AND c."kind" = 'DEPARTMENT' AND c."suspended_at" IS NULL
$$;

-- What came of the key before; null: nothing yet.
CREATE FUNCTION "earlier_submission"("asking" TEXT, "submission" TEXT, "input" BYTEA) RETURNS JSONB
LANGUAGE sql VOLATILE
AS $$
  SELECT CASE WHEN s."digest" = "input" THEN jsonb_build_object('outcome', 'REPEATED', 'result', s."result") ELSE '{"outcome": "KEY_REUSED"}' END
  FROM "submissions" s WHERE s."client_id" = "asking" AND s."key" = "submission"
$$;

-- Takes the key for this transaction; of two at once the second waits here for the first, and then gets its result.
CREATE FUNCTION "claim_submission"("asking" TEXT, "submission" TEXT, "input" BYTEA, "outcome" JSONB) RETURNS JSONB
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
  INSERT INTO "submissions" ("client_id", "key", "digest", "result") VALUES ("asking", "submission", "input", "outcome") ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN jsonb_build_object('outcome', 'DONE', 'result', "outcome");
  END IF;
  RETURN earlier_submission("asking", "submission", "input");
END
$$;

-- 信用修复, 撤销, 异议: one change of one entry. "change" is ACTIVE, REPAIRED or WITHDRAWN, DISPUTE_ON or DISPUTE_OFF. Everything but
-- the opening of an objection belongs to the department whose entry it is (谁产生、谁负责); an objection may be opened by any
-- department on an entry in force.
CREATE FUNCTION "change_entry"(
  "asking" TEXT, "submission" TEXT, "input" BYTEA,
  "family" TEXT, "of_subject" UUID, "entry" UUID, "change" TEXT, "dispute_result" TEXT, "because" TEXT
) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
AS $$
DECLARE
  department CONSTANT "clients" := writing_department("asking");
  stored CONSTANT TEXT := CASE "family"
    WHEN 'RECORD' THEN 'credit_records' WHEN 'LIST' THEN 'list_entries' WHEN 'COMMITMENT' THEN 'commitments' WHEN 'EVALUATION' THEN 'evaluations' END;
  found_status "entry_status";
  found_disputed BOOLEAN;
  found_unit TEXT;
  next_status "entry_status";
  next_disputed BOOLEAN;
  changed BOOLEAN;
  moment TIMESTAMPTZ(3);
  answer JSONB;
BEGIN
  IF department."id" IS NULL OR stored IS NULL THEN
    RETURN '{"outcome": "REFUSED"}';
  END IF;
  EXECUTE format('SELECT status, disputed, source_unit_code, updated_at FROM %I WHERE subject_id = $1 AND id = $2 FOR UPDATE', stored)
    INTO found_status, found_disputed, found_unit, moment USING "of_subject", "entry";
  IF found_status IS NULL OR NOT (
    coalesce(found_unit = department."org_code", false) OR ("change" = 'DISPUTE_ON' AND found_status = 'ACTIVE')
  ) THEN
    RETURN '{"outcome": "REFUSED"}';
  END IF;
  -- Behind the row's lock: the first of two at once has committed its submission by now.
  answer := earlier_submission("asking", "submission", "input");
  IF answer IS NOT NULL THEN
    RETURN answer;
  END IF;

  next_status := found_status;
  next_disputed := found_disputed;
  CASE "change"
    WHEN 'DISPUTE_ON' THEN
      next_disputed := true;
    WHEN 'DISPUTE_OFF' THEN
      IF NOT found_disputed THEN
        RETURN '{"outcome": "NOT_DISPUTED"}';
      END IF;
      next_disputed := false;
      IF "dispute_result" = 'WITHDRAWN' THEN
        next_status := 'WITHDRAWN';
      END IF;
    ELSE
      next_status := "change"::"entry_status";
  END CASE;
  changed := next_status <> found_status OR next_disputed <> found_disputed;
  IF changed THEN
    -- Later than what it was in any case, whatever the clocks of several writers say: pages and feeds go by it.
    moment := greatest(clock_timestamp(), moment + INTERVAL '1 millisecond');
  END IF;
  answer := claim_submission("asking", "submission", "input", jsonb_build_object(
    'status', next_status, 'disputed', next_disputed, 'changed', changed, 'changedAt', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')));
  IF answer ->> 'outcome' <> 'DONE' OR NOT changed THEN
    RETURN answer;
  END IF;
  EXECUTE format('UPDATE %I SET status = $3, disputed = $4, updated_at = $5 WHERE subject_id = $1 AND id = $2', stored)
    USING "of_subject", "entry", next_status, next_disputed, moment;
  INSERT INTO "entry_events" ("subject_id", "entry_id", "event", "reason", "client_id", "result")
    VALUES ("of_subject", "entry", "change", "because", "asking", "dispute_result");
  IF "change" = 'DISPUTE_OFF' AND next_status <> found_status THEN
    INSERT INTO "entry_events" ("subject_id", "entry_id", "event", "reason", "client_id")
      VALUES ("of_subject", "entry", next_status::text, "because", "asking");
  END IF;
  RETURN answer;
END
$$;

-- 查询应用结果反馈: what a department did with what it had read. The query is one of its own, by the id in the answer's extensions.
CREATE FUNCTION "report_use"(
  "asking" TEXT, "submission" TEXT, "input" BYTEA,
  "query" TEXT, "of_matter" TEXT, "named" TEXT, "decided" TEXT, "was_hit" BOOLEAN, "taken" TEXT, "on_day" DATE
) RETURNS JSONB
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
AS $$
DECLARE
  department CONSTANT "clients" := writing_department("asking");
  report CONSTANT UUID := gen_random_uuid();
  moment CONSTANT TIMESTAMPTZ(3) := now();
  answer JSONB;
BEGIN
  IF department."id" IS NULL OR NOT EXISTS (SELECT FROM "access_events" a WHERE a."client_id" = "asking" AND a."request_id" = "query") THEN
    RETURN '{"outcome": "REFUSED"}';
  END IF;
  answer := claim_submission("asking", "submission", "input", jsonb_build_object(
    'id', report, 'reportedAt', to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')));
  IF answer ->> 'outcome' = 'DONE' THEN
    INSERT INTO "use_reports" ("id", "client_id", "query_id", "matter_number", "matter_name", "decision", "hit", "measure", "decided_on", "reported_at")
      VALUES (report, "asking", "query", "of_matter", "named", "decided", "was_hit", "taken", "on_day", moment);
  END IF;
  RETURN answer;
END
$$;

-- Functions with their owner's rights must find their tables whatever the caller's search_path and temporary tables are.
DO $$
DECLARE
  f REGPROCEDURE;
BEGIN
  FOR f IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = current_schema()::regnamespace
    AND p.proname IN ('writing_department', 'earlier_submission', 'claim_submission', 'change_entry', 'report_use')
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, %I, pg_temp', f, current_schema());
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
  END LOOP;
END
$$;
