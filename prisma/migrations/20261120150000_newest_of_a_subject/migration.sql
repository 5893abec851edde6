-- A subject's entries are listed by their newest change unless told otherwise: one index scan even for a subject with tens of thousands.
CREATE INDEX "credit_records_of_subject_by_updated_at" ON "credit_records" ("subject_id", "updated_at", "id");
CREATE INDEX "list_entries_of_subject_by_updated_at" ON "list_entries" ("subject_id", "updated_at", "id");
CREATE INDEX "commitments_of_subject_by_updated_at" ON "commitments" ("subject_id", "updated_at", "id");
CREATE INDEX "evaluations_of_subject_by_updated_at" ON "evaluations" ("subject_id", "updated_at", "id");
