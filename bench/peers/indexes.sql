-- What the peers' own conditions and orders want and the gateway's indexes (on expressions) do not give. Built once per data set.
CREATE INDEX IF NOT EXISTS bench_subjects_by_credit_code ON subjects (credit_code);
CREATE INDEX IF NOT EXISTS bench_subjects_by_division ON subjects (division_code, kind, credit_code, id) WHERE NOT person;
CREATE INDEX IF NOT EXISTS bench_records_of_subject ON credit_records (subject_id, decided_on DESC NULLS LAST, id DESC);
CREATE INDEX IF NOT EXISTS bench_records_of_item ON credit_records (item_code, decided_on, id);
CREATE INDEX IF NOT EXISTS bench_records_of_item_nulls_last ON credit_records (item_code, decided_on DESC NULLS LAST, id DESC);
ANALYZE subjects, credit_records;
