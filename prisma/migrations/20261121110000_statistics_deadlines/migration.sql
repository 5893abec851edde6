-- CreateTable
CREATE TABLE "statistics_cuts" (
    "item_code" TEXT COLLATE "C" NOT NULL,
    "lag" SMALLINT NOT NULL,
    "cut" SMALLINT NOT NULL,

    CONSTRAINT "statistics_cuts_pkey" PRIMARY KEY ("item_code","lag")
);

-- From here on by hand: timeliness from summaries that know the deadlines (docs/decisions/0014).
--
-- A question about timeliness compares lags with a deadline of a published catalog, so cells need not tell apart two lags between
-- which no deadline of the item lies. All grains but the finest keep an entry's lag as its cut: the shortest deadline that any
-- published version has had for the item and that is not shorter than the lag; 61 if all are shorter. Comparing the cut with such a
-- deadline gives what the lag would. The finest cells and the deltas keep the lag itself, and from the finest the others are made
-- anew when a version with a deadline that is not there yet is published.
--
--   grain            as before, and 128: lags as cuts. Some are of organizations alone, whose figures are read one by one, some of
--                    persons alone, whose rows must be told apart by all that a response tells.
--   statistics_cuts  lags 0 to 60 of each item that a catalog has given a deadline, and the cut of each; 61 and more, 1000 and -1
--                    stand for themselves.

-- No fold between what is read here and what is written.
SELECT pg_advisory_xact_lock(1668441444, 5);

DROP TABLE "statistics_cells_16", "statistics_cells_20", "statistics_cells_21", "statistics_cells_22", "statistics_cells_80";

-- Whose rows each grain has; null: everybody's. src/statistics/grains.ts has the same list.
CREATE TEMPORARY TABLE "statistics_grains" ("grain" INTEGER, "person" BOOLEAN);
INSERT INTO "statistics_grains" VALUES (1, null), (2, null), (3, null), (5, null), (6, null), (7, null), (13, null), (14, null), (15, null),
  (31, null), (47, null), (65, null), (77, null),
  (144, null), (149, null), (150, null), (212, null), (151, false), (213, false), (159, true), (221, true);
DO $do$
DECLARE
  g RECORD;
BEGIN
  FOR g IN SELECT grain FROM pg_temp.statistics_grains WHERE grain & 128 <> 0 LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF statistics_cells FOR VALUES IN (%s)', 'statistics_cells_' || g.grain, g.grain);
  END LOOP;
END
$do$;

-- Finer cells into those of other grains. As in the migration that made the summaries, but for parties and cuts. The cut of a cut is
-- the same, so the source may have either.
CREATE FUNCTION "pg_temp".rolled(source TEXT, grains INTEGER[]) RETURNS TEXT
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
      (CASE WHEN g.grain & 128 <> 0 THEN coalesce(k.cut, CASE WHEN c.lag BETWEEN 0 AND 60 THEN 61 ELSE c.lag END)
        WHEN g.grain & 16 <> 0 THEN c.lag ELSE -1 END)::smallint AS lag, sum(c.rows)::bigint AS rows
    FROM (%1$s) AS c LEFT JOIN statistics_cuts AS k ON k.item_code = c.item_code AND k.lag = c.lag
      CROSS JOIN (VALUES %2$s) AS g (grain, person)
    WHERE (g.grain & 56 <> 8 OR c.family <> 'RECORD') AND (g.grain & 32 = 0 OR c.status <> 'ACTIVE')
      AND (g.person IS NULL OR g.person = c.person)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 HAVING sum(c.rows) <> 0$q$, source,
    (SELECT string_agg(format('(%s, %s::boolean)', grain, coalesce(person::text, 'NULL')), ', ' ORDER BY grain)
     FROM pg_temp.statistics_grains WHERE grain = ANY (grains)))
$f$;

-- All cells that tell lags as cuts, from the finest. Two grains together have every row and are half as many: the others come from
-- these, each by itself, since one sort of all would not fit in memory.
CREATE FUNCTION "pg_temp".cut_cells(condition TEXT) RETURNS TEXT
LANGUAGE sql
AS $f$
  SELECT string_agg(format('INSERT INTO statistics_cells (grain, family, item_code, month, division, kind, person, status, unit, word1, word2, lag, rows)
      SELECT * FROM (%s) AS r ORDER BY r.grain, r.item_code, r.person, r.status, r.division, r.month',
    pg_temp.rolled(format('SELECT * FROM statistics_cells WHERE grain IN (%s) AND %s', stage.source, condition), ARRAY[g.grain])), ';
      ' ORDER BY stage.source <> '31', g.grain)
  FROM pg_temp.statistics_grains AS g
    CROSS JOIN LATERAL (SELECT CASE WHEN g.grain IN (151, 159) THEN '31' ELSE '151, 159' END AS source) AS stage
  WHERE g.grain & 128 <> 0
$f$;

DO $do$
DECLARE
  grains CONSTANT INTEGER[] := ARRAY(SELECT grain FROM pg_temp.statistics_grains);
  fold TEXT := pg_get_functiondef('fold_statistics(integer)'::regprocedure);
  folding TEXT := regexp_replace(fold, 'SELECT \* FROM \(\s*SELECT g\.grain.*\) AS r ORDER BY',
    'SELECT * FROM (' || pg_temp.rolled('SELECT * FROM finest', grains) || ') AS r ORDER BY');
BEGIN
  EXECUTE 'CREATE OR REPLACE VIEW statistics_full_cells AS ' || pg_temp.rolled('SELECT * FROM statistics_full_count', grains);
  EXECUTE 'CREATE OR REPLACE VIEW statistics_current_cells AS SELECT grain, family, item_code, month, division, kind, person, status, unit, word1, word2, lag, rows FROM statistics_cells UNION ALL '
    || pg_temp.rolled('SELECT * FROM statistics_deltas', grains);
  IF folding = fold THEN RAISE EXCEPTION 'fold_statistics is not as the migrations before this one left it'; END IF;
  EXECUTE folding;

  -- Runs in the transaction that publishes: a request that is answered by the new version finds its cuts, and whoever publishes
  -- cannot forget them. Cuts are never taken away, so a rollback and a request by an earlier version find theirs, too.
  EXECUTE format($fn$
    CREATE FUNCTION follow_deadlines() RETURNS TRIGGER LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, %1$I, pg_temp AS $body$
    DECLARE
      changed TEXT[] := ARRAY(
        SELECT d.item_code FROM deadlines_of(NEW.document) AS d
        WHERE NOT EXISTS (SELECT FROM statistics_cuts k WHERE k.item_code = d.item_code AND k.lag = d.days AND k.cut = d.days));
    BEGIN
      IF changed = '{}' THEN RETURN NULL; END IF;
      -- Each statement must see what was folded while this one waited for the lock.
      IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'A catalog that changes deadlines is published at READ COMMITTED';
      END IF;
      PERFORM pg_advisory_xact_lock(1668441444, 5);
      INSERT INTO statistics_cuts (item_code, lag, cut) SELECT c, l, 61 FROM unnest(changed) AS c, generate_series(0, 60) AS l ON CONFLICT DO NOTHING;
      UPDATE statistics_cuts AS k SET cut = d.days FROM deadlines_of(NEW.document) AS d
      WHERE k.item_code = d.item_code AND k.lag <= d.days AND k.cut > d.days;
      DELETE FROM statistics_cells WHERE grain IN (%2$s) AND item_code = ANY (changed);
      %3$s;
      RETURN NULL;
    END
    $body$
  $fn$, current_schema(), (SELECT string_agg(grain::text, ', ') FROM pg_temp.statistics_grains WHERE grain & 128 <> 0),
    pg_temp.cut_cells('item_code = ANY (changed)'));
END
$do$;

-- The items of a catalog's document whose deadline statistics can tell; longer ones are beyond the lags that are kept.
CREATE FUNCTION "deadlines_of"("document" JSONB) RETURNS TABLE ("item_code" TEXT, "days" SMALLINT)
LANGUAGE sql STABLE
AS $$
  SELECT i ->> 'code', (i ->> 'collectionDeadlineDays')::smallint FROM jsonb_array_elements("document" -> 'items') AS i
  WHERE i ->> 'family' <> 'SUBJECT' AND (i ->> 'collectionDeadlineDays')::int BETWEEN 0 AND 60
$$;
CREATE TRIGGER "deadlines_follow" AFTER INSERT OR UPDATE ON "catalog_versions" FOR EACH ROW EXECUTE FUNCTION "follow_deadlines"();

-- What was published and counted before.
INSERT INTO "statistics_cuts" ("item_code", "lag", "cut")
SELECT c."item_code", l, coalesce(min(d."days") FILTER (WHERE d."days" >= l), 61)
FROM (SELECT DISTINCT d."item_code" FROM "catalog_versions" v, deadlines_of(v."document") AS d) AS c
  CROSS JOIN generate_series(0, 60) AS l
  JOIN (SELECT DISTINCT d."item_code", d."days" FROM "catalog_versions" v, deadlines_of(v."document") AS d) AS d ON d."item_code" = c."item_code"
GROUP BY 1, 2;
DO $do$
BEGIN
  EXECUTE pg_temp.cut_cells('true');
END
$do$;

DROP FUNCTION "pg_temp".cut_cells(TEXT);
DROP FUNCTION "pg_temp".rolled(TEXT, INTEGER[]);
DROP TABLE "pg_temp"."statistics_grains";
