-- CreateTable
CREATE TABLE "statistics_cells" (
    "grain" SMALLINT NOT NULL,
    "family" TEXT COLLATE "C" NOT NULL,
    "item_code" TEXT COLLATE "C" NOT NULL,
    "month" DATE NOT NULL,
    "division" TEXT COLLATE "C" NOT NULL,
    "kind" "subject_kind" NOT NULL,
    "person" BOOLEAN NOT NULL,
    "status" "entry_status" NOT NULL,
    "unit" TEXT COLLATE "C" NOT NULL,
    "word1" TEXT COLLATE "C" NOT NULL,
    "word2" TEXT COLLATE "C" NOT NULL,
    "lag" SMALLINT NOT NULL,
    "rows" BIGINT NOT NULL,

    CONSTRAINT "statistics_cells_pkey" PRIMARY KEY ("grain","item_code","person","status","division","month","kind","unit","word1","word2","lag","family")
) PARTITION BY LIST ("grain");

-- CreateTable
CREATE TABLE "statistics_deltas" (
    "id" BIGSERIAL NOT NULL,
    "family" TEXT COLLATE "C" NOT NULL,
    "item_code" TEXT COLLATE "C" NOT NULL,
    "month" DATE NOT NULL,
    "division" TEXT COLLATE "C" NOT NULL,
    "kind" "subject_kind" NOT NULL,
    "person" BOOLEAN NOT NULL,
    "status" "entry_status" NOT NULL,
    "unit" TEXT COLLATE "C" NOT NULL,
    "word1" TEXT COLLATE "C" NOT NULL,
    "word2" TEXT COLLATE "C" NOT NULL,
    "lag" SMALLINT NOT NULL,
    "rows" BIGINT NOT NULL,
    "unit_name" TEXT,

    CONSTRAINT "statistics_deltas_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "statistics_units" (
    "code" TEXT COLLATE "C" NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "statistics_units_pkey" PRIMARY KEY ("code")
);

-- CreateTable
CREATE TABLE "statistics_reads" (
    "client_id" TEXT NOT NULL,
    "month" DATE NOT NULL,
    "reads" BIGINT NOT NULL,
    "denied" BIGINT NOT NULL,

    CONSTRAINT "statistics_reads_pkey" PRIMARY KEY ("client_id","month")
);

-- CreateTable
CREATE TABLE "statistics_read_deltas" (
    "id" BIGSERIAL NOT NULL,
    "client_id" TEXT NOT NULL,
    "month" DATE NOT NULL,
    "reads" BIGINT NOT NULL,
    "denied" BIGINT NOT NULL,

    CONSTRAINT "statistics_read_deltas_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "calendar_days" (
    "day" DATE NOT NULL,
    "working" BOOLEAN NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "calendar_days_pkey" PRIMARY KEY ("day")
);

-- CreateTable
CREATE TABLE "working_days" (
    "day" DATE NOT NULL,
    "ordinal" INTEGER NOT NULL,

    CONSTRAINT "working_days_pkey" PRIMARY KEY ("day")
);

-- From here on by hand: maintained summaries (docs/decisions/0014).
--
-- A cell counts rows that agree in what its grain keeps. What changes rows appends to statistics_deltas, in the same transaction and
-- one row for each finest cell that the statement touches; fold_statistics moves deltas into the cells of every grain. A reader
-- takes the coarsest grain that its question allows and adds the deltas, in one statement: so an answer is exact whether they have
-- been folded or not, it reads few cells however many entries there are, and no two writers ever wait for one cell.
--
-- Texts compare by their bytes (COLLATE "C"): an answer sorts and groups some hundred thousand of them.
--
--   grain            what the cells of a partition keep, a sum of: 1 month (without it: the year, as its January), 2 division, 4 kind,
--                    8 words, 16 unit and lag; 32 unit alone, of rows that are not in force, which only their provider counts;
--                    64 reporting region: the league's code, but for 152501 and 150781. What a grain does not keep stands in its
--                    cells as '', OTHER_ORGANIZATION, -1.
--                    src/statistics/grains.ts has the same list.
--   family           the table: SUBJECT, RECORD, LIST, COMMITMENT, EVALUATION
--   month            first day of the month, in Asia/Shanghai, in which the row was first received
--   division         of the subject, GB/T 2260, six digits; '' where it is not known
--   kind             of the subject
--   unit             source unit code; '' where the row has none
--   word1, word2     subject: status; list: its name; commitment: kind, fulfilment; evaluation: grade. '' where there is none
--   lag              working days from the decision to the first arrival: 0 to 60; 61 more than 60; 1000 more than a year, which is
--                    back-filling and not lateness (domain.md §10.1); -1 without a date of decision

-- The calendar: Monday to Friday, except what calendar_days says. working_days counts on from day to day, so that two look-ups tell
-- the working days between any two days.
CREATE FUNCTION "number_working_days"() RETURNS VOID
LANGUAGE sql
AS $$
  DELETE FROM "working_days";
  INSERT INTO "working_days" ("day", "ordinal")
  SELECT d::date, sum(coalesce(c."working", extract(isodow FROM d) < 6)::int) OVER (ORDER BY d)
  FROM generate_series('2000-01-01'::timestamp, '2100-12-31'::timestamp, '1 day') AS d
    LEFT JOIN "calendar_days" c ON c."day" = d::date;
$$;

-- Working days after `decided` up to and including `received`; null outside the years 2000 to 2100.
CREATE FUNCTION "working_days_between"("decided" DATE, "received" DATE) RETURNS INTEGER
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
  SELECT (SELECT w."ordinal" FROM "working_days" w WHERE w."day" = "received") - (SELECT w."ordinal" FROM "working_days" w WHERE w."day" = "decided")
$$;

-- The years' arrangements by the General Office of the State Council (国务院办公厅关于部分节假日安排的通知).
INSERT INTO "calendar_days" ("day", "working", "name")
SELECT d::date, false, h.name FROM (VALUES
  ('元旦', '2024-01-01', '2024-01-01'), ('春节', '2024-02-10', '2024-02-17'), ('清明节', '2024-04-04', '2024-04-06'),
  ('劳动节', '2024-05-01', '2024-05-05'), ('端午节', '2024-06-10', '2024-06-10'), ('中秋节', '2024-09-15', '2024-09-17'),
  ('国庆节', '2024-10-01', '2024-10-07'),
  ('元旦', '2025-01-01', '2025-01-01'), ('春节', '2025-01-28', '2025-02-04'), ('清明节', '2025-04-04', '2025-04-06'),
  ('劳动节', '2025-05-01', '2025-05-05'), ('端午节', '2025-05-31', '2025-06-02'), ('国庆节、中秋节', '2025-10-01', '2025-10-08'),
  ('元旦', '2026-01-01', '2026-01-03'), ('春节', '2026-02-15', '2026-02-23'), ('清明节', '2026-04-04', '2026-04-06'),
  ('劳动节', '2026-05-01', '2026-05-05'), ('端午节', '2026-06-19', '2026-06-21'), ('中秋节', '2026-09-25', '2026-09-27'),
  ('国庆节', '2026-10-01', '2026-10-07')
) AS h (name, "from", "to"), generate_series(h."from"::timestamp, h."to"::timestamp, '1 day') AS d;
INSERT INTO "calendar_days" ("day", "working", "name") VALUES
  ('2024-02-04', true, '春节调休'), ('2024-02-18', true, '春节调休'), ('2024-04-07', true, '清明节调休'),
  ('2024-04-28', true, '劳动节调休'), ('2024-05-11', true, '劳动节调休'), ('2024-09-14', true, '中秋节调休'),
  ('2024-09-29', true, '国庆节调休'), ('2024-10-12', true, '国庆节调休'),
  ('2025-01-26', true, '春节调休'), ('2025-02-08', true, '春节调休'), ('2025-04-27', true, '劳动节调休'),
  ('2025-09-28', true, '国庆节调休'), ('2025-10-11', true, '国庆节调休'),
  ('2026-01-04', true, '元旦调休'), ('2026-02-14', true, '春节调休'), ('2026-02-28', true, '春节调休'),
  ('2026-05-09', true, '劳动节调休'), ('2026-09-20', true, '国庆节调休'), ('2026-10-10', true, '国庆节调休');
SELECT "number_working_days"();

-- The division a subject counts in: its own, or else the one that registered it (GB 32100: characters 3 to 8 of the credit code).
-- 153000, 153100 and 159900 are private codes of some systems for 满洲里市, 二连浩特市 and the region itself. A person without a
-- stored division counts as unknown: the number that would tell is sealed.
CREATE FUNCTION "statistics_division"("division_code" TEXT, "credit_code" TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  -- One expression without FROM: PostgreSQL puts it into the statement instead of calling it for each row.
  SELECT CASE
    WHEN "division_code" ~ '^\d{6,12}$' THEN
      CASE left("division_code", 6) WHEN '153000' THEN '150781' WHEN '153100' THEN '152501' WHEN '159900' THEN '150000' ELSE left("division_code", 6) END
    WHEN "division_code" ~ '^(\d\d){1,2}$' THEN rpad("division_code", 6, '0')
    WHEN "credit_code" ~ '^..\d{6}' THEN
      CASE substr("credit_code", 3, 6) WHEN '153000' THEN '150781' WHEN '153100' THEN '152501' WHEN '159900' THEN '150000' ELSE substr("credit_code", 3, 6) END
    ELSE '' END
$$;

CREATE FUNCTION "statistics_month"("received_at" TIMESTAMPTZ) RETURNS DATE
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT date_trunc('month', "received_at" AT TIME ZONE 'Asia/Shanghai')::date $$;

CREATE FUNCTION "statistics_lag"("decided" DATE, "received" DATE, "working" INTEGER) RETURNS SMALLINT
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
  SELECT (CASE
    WHEN "decided" IS NULL THEN -1
    WHEN "decided" >= "received" THEN 0
    WHEN "decided" < "received" - 365 OR "working" IS NULL THEN 1000
    ELSE least(greatest("working", 0), 61) END)::smallint
$$;

-- Three pieces of text make every statement below, so that what is counted row by row and what is counted as a whole cannot differ.
CREATE FUNCTION "pg_temp".entry_cells(family TEXT, day TEXT, word1 TEXT, word2 TEXT, source TEXT) RETURNS TEXT
LANGUAGE sql
AS $f$
  SELECT format($q$
    SELECT %1$L::text AS family, e.item_code, statistics_month(e.received_at) AS month, e.division, e.subject_kind AS kind, e.person, e.status,
      coalesce(e.source_unit_code, '') AS unit, %3$s AS word1, %4$s AS word2,
      statistics_lag(e.%2$I, (e.received_at AT TIME ZONE 'Asia/Shanghai')::date, received.ordinal - decided.ordinal) AS lag,
      sum(e.n)::bigint AS rows, max(e.source_unit) AS unit_name
    FROM (%5$s) AS e
      LEFT JOIN working_days AS decided ON decided.day = e.%2$I
      LEFT JOIN working_days AS received ON received.day = (e.received_at AT TIME ZONE 'Asia/Shanghai')::date
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 HAVING sum(e.n) <> 0$q$, family, day, word1, word2, source)
$f$;

-- Rows of a table or of a transition table, each with the division and kind of its subject and a sign.
CREATE FUNCTION "pg_temp".entry_rows(relation TEXT, columns TEXT, sign TEXT) RETURNS TEXT
LANGUAGE sql
AS $f$
  SELECT format($q$SELECT %2$s AS n, coalesce(statistics_division(s.division_code, s.credit_code), '') AS division,
      coalesce(s.kind, CASE WHEN r.person THEN 'NATURAL_PERSON' ELSE 'OTHER_ORGANIZATION' END::subject_kind) AS subject_kind, %3$s
    FROM %1$I AS r LEFT JOIN subjects s ON s.id = r.subject_id$q$, relation, sign, columns)
$f$;

CREATE FUNCTION "pg_temp".subject_cells(source TEXT) RETURNS TEXT
LANGUAGE sql
AS $f$
  SELECT format($q$
    SELECT 'SUBJECT'::text AS family, r.item_code, statistics_month(r.received_at) AS month, statistics_division(r.division_code, r.credit_code) AS division, r.kind,
      r.person, 'ACTIVE'::entry_status AS status, coalesce(r.source_unit_code, '') AS unit, left(coalesce(r.status, ''), 100) AS word1, ''::text AS word2,
      (-1)::smallint AS lag, sum(r.n)::bigint AS rows, max(r.source_unit) AS unit_name
    FROM (%1$s) AS r GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 HAVING sum(r.n) <> 0$q$, source)
$f$;

CREATE TEMPORARY TABLE "statistics_families" ("relation" TEXT, "family" TEXT, "day" TEXT, "word1" TEXT, "word2" TEXT, "columns" TEXT);
INSERT INTO "statistics_families"
SELECT f.relation, f.family, f.day, f.word1, f.word2, 'r.item_code, r.received_at, r.person, r.status, r.source_unit_code, r.source_unit, r.' || f.day || f.words FROM (VALUES
  ('credit_records', 'RECORD', 'decided_on', '''''::text', '''''::text', ''),
  ('list_entries', 'LIST', 'listed_on', 'left(coalesce(e.list_name, ''''), 100)', '''''::text', ', r.list_name'),
  ('commitments', 'COMMITMENT', 'committed_on', 'left(coalesce(e.kind, ''''), 100)', 'left(coalesce(e.fulfilment, ''''), 100)', ', r.kind, r.fulfilment'),
  ('evaluations', 'EVALUATION', 'evaluated_on', 'left(coalesce(e.grade, ''''), 100)', '''''::text', ', r.grade')) AS f (relation, family, day, word1, word2, words);

CREATE FUNCTION "pg_temp".append(cells TEXT) RETURNS TEXT
LANGUAGE sql
AS $f$
  SELECT 'INSERT INTO statistics_deltas (family, item_code, month, division, kind, person, status, unit, word1, word2, lag, rows, unit_name) ' || cells
$f$;

-- Everything that is counted, counted afresh: for `statistics rebuild` and `statistics check`.
DO $do$
DECLARE
  counts TEXT := pg_temp.subject_cells('SELECT 1 AS n, s.item_code, s.received_at, s.division_code, s.credit_code, s.kind, s.person, s.source_unit_code, s.source_unit, s.status FROM subjects AS s');
  f RECORD;
BEGIN
  FOR f IN SELECT * FROM pg_temp.statistics_families LOOP
    counts := counts || ' UNION ALL ' || pg_temp.entry_cells(f.family, f.day, f.word1, f.word2, pg_temp.entry_rows(f.relation, f.columns, '1'));
  END LOOP;
  EXECUTE 'CREATE VIEW statistics_full_count AS ' || counts;
END
$do$;

-- A partition for each grain, so that a coarse one is as small on disk as it is.
CREATE TEMPORARY TABLE "statistics_grains" ("grain" INTEGER);
INSERT INTO "statistics_grains" VALUES (1), (2), (3), (5), (6), (7), (13), (14), (15), (16), (20), (21), (22), (31), (47), (65), (77), (80);
DO $do$
DECLARE
  g RECORD;
BEGIN
  FOR g IN SELECT grain FROM pg_temp.statistics_grains LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF statistics_cells FOR VALUES IN (%s)', 'statistics_cells_' || g.grain, g.grain);
  END LOOP;
END
$do$;

-- A department's own among them.
CREATE INDEX "statistics_cells_47_by_unit" ON "statistics_cells_47" ("unit", "item_code");

-- Finest cells into those of other grains. Families without words have no cells in the grains that keep words and no lag: those
-- would be the same as without. The grain 31 keeps everything.
CREATE FUNCTION "pg_temp".rolled(source TEXT) RETURNS TEXT
LANGUAGE sql
AS $f$
  SELECT format($q$
    SELECT g.grain::smallint AS grain, c.family, c.item_code,
      CASE WHEN g.grain & 1 <> 0 THEN c.month ELSE make_date(extract(year FROM c.month)::int, 1, 1) END AS month,
      CASE WHEN g.grain & 2 <> 0 OR g.grain & 64 <> 0 AND c.division IN ('', '152501', '150781') THEN c.division
        WHEN g.grain & 64 <> 0 THEN left(c.division, 4) || '00' ELSE '' END AS division,
      CASE WHEN g.grain & 4 <> 0 THEN c.kind ELSE 'OTHER_ORGANIZATION' END AS kind, c.person, c.status,
      CASE WHEN g.grain & 48 <> 0 THEN c.unit ELSE '' END AS unit,
      CASE WHEN g.grain & 8 <> 0 THEN c.word1 ELSE '' END AS word1, CASE WHEN g.grain & 8 <> 0 THEN c.word2 ELSE '' END AS word2,
      CASE WHEN g.grain & 16 <> 0 THEN c.lag ELSE -1 END::smallint AS lag, sum(c.rows)::bigint AS rows
    FROM (%1$s) AS c CROSS JOIN (VALUES %2$s) AS g (grain)
    WHERE (g.grain & 56 <> 8 OR c.family <> 'RECORD') AND (g.grain & 32 = 0 OR c.status <> 'ACTIVE')
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 HAVING sum(c.rows) <> 0$q$, source, (SELECT string_agg(format('(%s)', grain), ', ' ORDER BY grain) FROM pg_temp.statistics_grains))
$f$;

DO $do$
BEGIN
  -- What the cells of every grain must be.
  EXECUTE 'CREATE VIEW statistics_full_cells AS ' || pg_temp.rolled('SELECT * FROM statistics_full_count');
  -- What they are, with the deltas that are not in them yet.
  EXECUTE 'CREATE VIEW statistics_current_cells AS SELECT grain, family, item_code, month, division, kind, person, status, unit, word1, word2, lag, rows FROM statistics_cells UNION ALL '
    || pg_temp.rolled('SELECT * FROM statistics_deltas');
END
$do$;

-- The finest cells and what has not been folded into them yet, in one statement and so in one snapshot.
CREATE VIEW "statistics_current" AS
  SELECT "family", "item_code", "month", "division", "kind", "person", "status", "unit", "word1", "word2", "lag", "rows" FROM "statistics_cells" WHERE "grain" = 31
  UNION ALL
  SELECT "family", "item_code", "month", "division", "kind", "person", "status", "unit", "word1", "word2", "lag", "rows" FROM "statistics_deltas";

-- Triggers run with the owner's rights: whoever may change a row need not be able to write a count.
--
-- An entry counts in its subject's division. A transaction that writes entries reads it, one that moves a subject reads which
-- entries to move, and neither sees what the other has not committed. So writers of entries share one lock until they
-- end, and who moves a subject takes it alone; imports never wait for each other by it, because a move is rare and short.
DO $do$
DECLARE
  definer CONSTANT TEXT := format('LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp', current_schema());
  moves TEXT := '';
  f RECORD;
BEGIN
  FOR f IN SELECT * FROM pg_temp.statistics_families LOOP
    EXECUTE format($fn$
      CREATE FUNCTION %1$I() RETURNS TRIGGER %2$s AS $body$
      BEGIN
        IF TG_OP = 'INSERT' THEN
          IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
          PERFORM pg_advisory_xact_lock_shared(1668441444, 4);
          %3$s;
        ELSIF TG_OP = 'UPDATE' THEN
          IF NOT EXISTS (SELECT FROM new_rows) THEN RETURN NULL; END IF;
          PERFORM pg_advisory_xact_lock_shared(1668441444, 4);
          %4$s;
        ELSIF TG_OP = 'DELETE' THEN
          IF NOT EXISTS (SELECT FROM old_rows) THEN RETURN NULL; END IF;
          PERFORM pg_advisory_xact_lock_shared(1668441444, 4);
          %5$s;
        ELSE
          PERFORM pg_advisory_xact_lock(1668441444, 5);
          DELETE FROM statistics_cells WHERE family = %6$L;
          DELETE FROM statistics_deltas WHERE family = %6$L;
        END IF;
        RETURN NULL;
      END
      $body$
    $fn$, 'count_' || f.relation, definer,
      pg_temp.append(pg_temp.entry_cells(f.family, f.day, f.word1, f.word2, pg_temp.entry_rows('new_rows', f.columns, '1'))),
      pg_temp.append(pg_temp.entry_cells(f.family, f.day, f.word1, f.word2,
        pg_temp.entry_rows('old_rows', f.columns, '-1') || ' UNION ALL ' || pg_temp.entry_rows('new_rows', f.columns, '1'))),
      pg_temp.append(pg_temp.entry_cells(f.family, f.day, f.word1, f.word2, pg_temp.entry_rows('old_rows', f.columns, '-1'))),
      f.family);
    EXECUTE format('CREATE TRIGGER statistics_insert AFTER INSERT ON %1$I REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', f.relation, 'count_' || f.relation);
    EXECUTE format('CREATE TRIGGER statistics_update AFTER UPDATE ON %1$I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', f.relation, 'count_' || f.relation);
    EXECUTE format('CREATE TRIGGER statistics_delete AFTER DELETE ON %1$I REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', f.relation, 'count_' || f.relation);
    EXECUTE format('CREATE TRIGGER statistics_truncate AFTER TRUNCATE ON %1$I FOR EACH STATEMENT EXECUTE FUNCTION %2$I()', f.relation, 'count_' || f.relation);
    -- Entries of subjects that changed their division or kind: out of the old cell, into the new one.
    moves := moves || pg_temp.append(pg_temp.entry_cells(f.family, f.day, f.word1, f.word2, format(
      'SELECT x.n, x.division, x.subject_kind, %s
       FROM old_rows AS o JOIN new_rows AS w ON w.id = o.id JOIN %I AS r ON r.subject_id = o.id
         CROSS JOIN LATERAL (VALUES
           (-1, statistics_division(o.division_code, o.credit_code), o.kind),
           (1, statistics_division(w.division_code, w.credit_code), w.kind)) AS x (n, division, subject_kind)
       WHERE o.kind <> w.kind OR statistics_division(o.division_code, o.credit_code) <> statistics_division(w.division_code, w.credit_code)',
      f.columns, f.relation))) || ';';
  END LOOP;
  EXECUTE format($fn$
    CREATE FUNCTION count_subjects() RETURNS TRIGGER %1$s AS $body$
    BEGIN
      IF TG_OP = 'INSERT' THEN
        %2$s;
      ELSIF TG_OP = 'UPDATE' THEN
        %3$s;
        IF EXISTS (SELECT FROM old_rows AS o JOIN new_rows AS w ON w.id = o.id WHERE o.kind <> w.kind
            OR statistics_division(o.division_code, o.credit_code) <> statistics_division(w.division_code, w.credit_code)) THEN
          PERFORM pg_advisory_xact_lock(1668441444, 4);
          %5$s
        END IF;
      ELSIF TG_OP = 'DELETE' THEN
        %4$s;
      ELSE
        PERFORM pg_advisory_xact_lock(1668441444, 5);
        DELETE FROM statistics_cells WHERE family = 'SUBJECT';
        DELETE FROM statistics_deltas WHERE family = 'SUBJECT';
      END IF;
      RETURN NULL;
    END
    $body$
  $fn$, definer,
    pg_temp.append(pg_temp.subject_cells('SELECT 1 AS n, s.item_code, s.received_at, s.division_code, s.credit_code, s.kind, s.person, s.source_unit_code, s.source_unit, s.status FROM new_rows AS s')),
    pg_temp.append(pg_temp.subject_cells('SELECT -1 AS n, s.item_code, s.received_at, s.division_code, s.credit_code, s.kind, s.person, s.source_unit_code, s.source_unit, s.status FROM old_rows AS s UNION ALL SELECT 1, s.item_code, s.received_at, s.division_code, s.credit_code, s.kind, s.person, s.source_unit_code, s.source_unit, s.status FROM new_rows AS s')),
    pg_temp.append(pg_temp.subject_cells('SELECT -1 AS n, s.item_code, s.received_at, s.division_code, s.credit_code, s.kind, s.person, s.source_unit_code, s.source_unit, s.status FROM old_rows AS s')),
    moves);
  -- Folding is the one writer of cells. One at a time: whoever finds it busy leaves it to the other.
  EXECUTE format($fn$
    CREATE FUNCTION fold_statistics(most INTEGER) RETURNS INTEGER %1$s AS $body$
    DECLARE
      taken INTEGER;
    BEGIN
      IF NOT pg_try_advisory_xact_lock(1668441444, 5) THEN RETURN 0; END IF;
      WITH taken AS (
        DELETE FROM statistics_deltas WHERE id IN (SELECT d.id FROM statistics_deltas d ORDER BY d.id LIMIT most) RETURNING *
      ), units AS (
        INSERT INTO statistics_units AS u (code, name)
        SELECT t.unit, max(t.unit_name) FROM taken t WHERE t.rows > 0 AND t.unit <> '' AND t.unit_name IS NOT NULL GROUP BY t.unit
        ON CONFLICT (code) DO UPDATE SET name = excluded.name WHERE u.name <> excluded.name
      ), finest AS MATERIALIZED (
        SELECT t.family, t.item_code, t.month, t.division, t.kind, t.person, t.status, t.unit, t.word1, t.word2, t.lag, sum(t.rows) AS rows
        FROM taken t GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 HAVING sum(t.rows) <> 0
      ), folded AS (
        -- In the order of the key, so that neighbours lie together.
        INSERT INTO statistics_cells AS c (grain, family, item_code, month, division, kind, person, status, unit, word1, word2, lag, rows)
        SELECT * FROM (%2$s) AS r ORDER BY r.grain, r.item_code, r.person, r.status, r.division, r.month
        ON CONFLICT (grain, item_code, person, status, division, month, kind, unit, word1, word2, lag, family) DO UPDATE SET rows = c.rows + excluded.rows
      )
      SELECT count(*) INTO taken FROM taken;
      WITH reads AS (
        DELETE FROM statistics_read_deltas WHERE id IN (SELECT d.id FROM statistics_read_deltas d ORDER BY d.id LIMIT most) RETURNING *
      ), folded AS (
        INSERT INTO statistics_reads AS c (client_id, month, reads, denied)
        SELECT r.client_id, r.month, sum(r.reads), sum(r.denied) FROM reads r GROUP BY 1, 2
        ON CONFLICT (client_id, month) DO UPDATE SET reads = c.reads + excluded.reads, denied = c.denied + excluded.denied
      )
      SELECT taken + count(*) INTO taken FROM reads;
      RETURN taken;
    END
    $body$
  $fn$, definer, pg_temp.rolled('SELECT * FROM finest'));
END
$do$;
REVOKE EXECUTE ON FUNCTION "fold_statistics"(INTEGER) FROM PUBLIC;

-- The read log in the same way, by client and month. What retention removes from the log stays counted.
DO $do$
BEGIN
  EXECUTE format($fn$
    CREATE FUNCTION count_reads() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %I, pg_temp AS $body$
    BEGIN
      INSERT INTO statistics_read_deltas (client_id, month, reads, denied)
      SELECT r.client_id, r.month, count(*), count(*) FILTER (WHERE r.denied) FROM new_rows r GROUP BY 1, 2;
      RETURN NULL;
    END
    $body$
  $fn$, current_schema());
END
$do$;
CREATE TRIGGER "statistics_insert" AFTER INSERT ON "access_events" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "count_reads"();
INSERT INTO "statistics_reads" ("client_id", "month", "reads", "denied")
SELECT "client_id", "month", count(*), count(*) FILTER (WHERE "denied") FROM "access_events" GROUP BY 1, 2;
CREATE TRIGGER "statistics_insert" AFTER INSERT ON "subjects" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "count_subjects"();
CREATE TRIGGER "statistics_update" AFTER UPDATE ON "subjects" REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "count_subjects"();
CREATE TRIGGER "statistics_delete" AFTER DELETE ON "subjects" REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION "count_subjects"();
CREATE TRIGGER "statistics_truncate" AFTER TRUNCATE ON "subjects" FOR EACH STATEMENT EXECUTE FUNCTION "count_subjects"();

DROP FUNCTION "pg_temp".entry_cells(TEXT, TEXT, TEXT, TEXT, TEXT);
DROP FUNCTION "pg_temp".entry_rows(TEXT, TEXT, TEXT);
DROP FUNCTION "pg_temp".subject_cells(TEXT);
DROP FUNCTION "pg_temp".append(TEXT);
DROP FUNCTION "pg_temp".rolled(TEXT);
DROP TABLE "pg_temp"."statistics_families";
DROP TABLE "pg_temp"."statistics_grains";

-- What is there already. No trigger can have counted any of it: CREATE TRIGGER holds its table until this transaction ends.
INSERT INTO "statistics_cells" ("grain", "family", "item_code", "month", "division", "kind", "person", "status", "unit", "word1", "word2", "lag", "rows")
SELECT "grain", "family", "item_code", "month", "division", "kind", "person", "status", "unit", "word1", "word2", "lag", "rows" FROM "statistics_full_cells";
INSERT INTO "statistics_units" ("code", "name")
SELECT "unit", max("unit_name") FROM "statistics_full_count" WHERE "unit" <> '' AND "unit_name" IS NOT NULL GROUP BY "unit";
