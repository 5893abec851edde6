-- CreateEnum
CREATE TYPE "subject_kind" AS ENUM ('ENTERPRISE', 'SOLE_TRADER', 'COOPERATIVE', 'PUBLIC_INSTITUTION', 'GOVERNMENT_BODY', 'SOCIAL_ORGANIZATION', 'OTHER_ORGANIZATION', 'NATURAL_PERSON');

-- CreateEnum
CREATE TYPE "entry_status" AS ENUM ('ACTIVE', 'REPAIRED', 'WITHDRAWN');

-- CreateEnum
CREATE TYPE "client_kind" AS ENUM ('DEPARTMENT', 'CREDIT_AGENCY', 'DASHBOARD', 'ADMIN');

-- CreateTable
CREATE TABLE "subjects" (
    "id" UUID NOT NULL,
    "item_code" TEXT NOT NULL,
    "kind" "subject_kind" NOT NULL,
    "person" BOOLEAN NOT NULL,
    "registered" BOOLEAN NOT NULL,
    "name" TEXT COLLATE "C",
    "credit_code" TEXT COLLATE "C",
    "division_code" TEXT COLLATE "C",
    "status" TEXT,
    "source_unit" TEXT,
    "source_unit_code" TEXT,
    "content" JSONB NOT NULL,
    "content_digest" BYTEA NOT NULL,
    "catalog_version" INTEGER NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "subjects_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "credit_records" (
    "subject_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "item_code" TEXT NOT NULL,
    "person" BOOLEAN NOT NULL,
    "status" "entry_status" NOT NULL DEFAULT 'ACTIVE',
    "disputed" BOOLEAN NOT NULL DEFAULT false,
    "source_unit" TEXT,
    "source_unit_code" TEXT,
    "document_number" TEXT,
    "authority" TEXT,
    "valid_until" DATE,
    "public_until" DATE,
    "title" TEXT,
    "decided_on" DATE,
    "amount" DECIMAL,
    "content" JSONB NOT NULL,
    "content_digest" BYTEA NOT NULL,
    "catalog_version" INTEGER NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "credit_records_pkey" PRIMARY KEY ("subject_id","id")
);

-- CreateTable
CREATE TABLE "list_entries" (
    "subject_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "item_code" TEXT NOT NULL,
    "person" BOOLEAN NOT NULL,
    "status" "entry_status" NOT NULL DEFAULT 'ACTIVE',
    "disputed" BOOLEAN NOT NULL DEFAULT false,
    "source_unit" TEXT,
    "source_unit_code" TEXT,
    "document_number" TEXT,
    "authority" TEXT,
    "valid_until" DATE,
    "public_until" DATE,
    "list_name" TEXT,
    "listed_on" DATE,
    "removed_on" DATE,
    "content" JSONB NOT NULL,
    "content_digest" BYTEA NOT NULL,
    "catalog_version" INTEGER NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "list_entries_pkey" PRIMARY KEY ("subject_id","id")
);

-- CreateTable
CREATE TABLE "commitments" (
    "subject_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "item_code" TEXT NOT NULL,
    "person" BOOLEAN NOT NULL,
    "status" "entry_status" NOT NULL DEFAULT 'ACTIVE',
    "disputed" BOOLEAN NOT NULL DEFAULT false,
    "source_unit" TEXT,
    "source_unit_code" TEXT,
    "document_number" TEXT,
    "authority" TEXT,
    "valid_until" DATE,
    "public_until" DATE,
    "kind" TEXT,
    "committed_on" DATE,
    "fulfilment" TEXT,
    "content" JSONB NOT NULL,
    "content_digest" BYTEA NOT NULL,
    "catalog_version" INTEGER NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "commitments_pkey" PRIMARY KEY ("subject_id","id")
);

-- CreateTable
CREATE TABLE "evaluations" (
    "subject_id" UUID NOT NULL,
    "id" UUID NOT NULL,
    "item_code" TEXT NOT NULL,
    "person" BOOLEAN NOT NULL,
    "status" "entry_status" NOT NULL DEFAULT 'ACTIVE',
    "disputed" BOOLEAN NOT NULL DEFAULT false,
    "source_unit" TEXT,
    "source_unit_code" TEXT,
    "document_number" TEXT,
    "authority" TEXT,
    "valid_until" DATE,
    "public_until" DATE,
    "grade" TEXT,
    "score" DECIMAL,
    "evaluated_on" DATE,
    "content" JSONB NOT NULL,
    "content_digest" BYTEA NOT NULL,
    "catalog_version" INTEGER NOT NULL,
    "received_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "evaluations_pkey" PRIMARY KEY ("subject_id","id")
);

-- CreateTable
CREATE TABLE "entry_events" (
    "subject_id" UUID NOT NULL,
    "entry_id" UUID NOT NULL,
    "id" BIGSERIAL NOT NULL,
    "event" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "occurred_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "entry_events_pkey" PRIMARY KEY ("subject_id","entry_id","id")
);

-- CreateTable
CREATE TABLE "catalog_versions" (
    "version" INTEGER NOT NULL,
    "published_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "source" TEXT NOT NULL,
    "digest" TEXT NOT NULL,
    "document" JSONB NOT NULL,

    CONSTRAINT "catalog_versions_pkey" PRIMARY KEY ("version")
);

-- CreateTable
CREATE TABLE "clients" (
    "id" TEXT NOT NULL,
    "kind" "client_kind" NOT NULL,
    "name" TEXT NOT NULL,
    "org_code" TEXT,
    "license" TEXT,
    "license_until" DATE,
    "items" TEXT[],
    "secret_hash" TEXT NOT NULL,
    "suspended_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "clients_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "grants" (
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "client_id" TEXT NOT NULL,
    "item_code" TEXT NOT NULL,
    "basis" TEXT NOT NULL,
    "valid_until" DATE,
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "grants_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "authorizations" (
    "subject_id" UUID NOT NULL,
    "id" UUID NOT NULL DEFAULT gen_random_uuid(),
    "client_id" TEXT NOT NULL,
    "items" TEXT[],
    "purpose" TEXT NOT NULL,
    "valid_until" DATE NOT NULL,
    "revoked_at" TIMESTAMPTZ(3),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "authorizations_pkey" PRIMARY KEY ("subject_id","id")
);

-- CreateTable
CREATE TABLE "signing_keys" (
    "kid" TEXT NOT NULL,
    "public_jwk" JSONB NOT NULL,
    "sealed_private" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "retired_at" TIMESTAMPTZ(3),

    CONSTRAINT "signing_keys_pkey" PRIMARY KEY ("kid")
);

-- CreateTable
CREATE TABLE "settings" (
    "name" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "settings_pkey" PRIMARY KEY ("name")
);

-- CreateIndex
CREATE INDEX "subjects_by_updated_at" ON "subjects"("person", "updated_at", "id");

-- CreateIndex
CREATE INDEX "credit_records_by_updated_at" ON "credit_records"("item_code", "updated_at", "id");

-- CreateIndex
CREATE INDEX "credit_records_by_document_number" ON "credit_records"("item_code", "document_number");

-- CreateIndex
CREATE INDEX "list_entries_by_updated_at" ON "list_entries"("item_code", "updated_at", "id");

-- CreateIndex
CREATE INDEX "list_entries_by_document_number" ON "list_entries"("item_code", "document_number");

-- CreateIndex
CREATE INDEX "commitments_by_updated_at" ON "commitments"("item_code", "updated_at", "id");

-- CreateIndex
CREATE INDEX "commitments_by_document_number" ON "commitments"("item_code", "document_number");

-- CreateIndex
CREATE INDEX "evaluations_by_updated_at" ON "evaluations"("item_code", "updated_at", "id");

-- CreateIndex
CREATE INDEX "evaluations_by_document_number" ON "evaluations"("item_code", "document_number");

-- CreateIndex
CREATE INDEX "grants_client_id_idx" ON "grants"("client_id");

-- CreateIndex
CREATE INDEX "authorizations_client_id_subject_id_idx" ON "authorizations"("client_id", "subject_id");

-- AddForeignKey
ALTER TABLE "grants" ADD CONSTRAINT "grants_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "authorizations" ADD CONSTRAINT "authorizations_client_id_fkey" FOREIGN KEY ("client_id") REFERENCES "clients"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- From here on by hand: what Prisma's schema cannot say. Everything holds on PostgreSQL 14 and later.
--
-- subjects.name, credit_code and division_code have the collation "C" (above): a prefix is then a range of the index
-- (LIKE 'x%', "1501 and below"), and a keyset cursor means the same order on every machine and after every upgrade of
-- the operating system.
--
-- A keyset needs a total order without nulls, so every sorted column that may be absent is indexed as
-- COALESCE(column, least value); statements must write the same expression to use the index.

-- Every 2-character substring of a name, letters in lower case; the whole name when it is shorter. Two Chinese characters
-- are the usual search, and pg_trgm's trigrams would neither find those nor work in every locale.
-- The collation "C" keeps the function truly immutable: it folds ASCII letters and depends on no operating system.
CREATE FUNCTION "name_bigrams"("name" TEXT) RETURNS TEXT[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
  SELECT CASE
    WHEN char_length("name") < 2 THEN ARRAY[lower("name" COLLATE "C")]
    ELSE ARRAY(SELECT DISTINCT substr(lower("name" COLLATE "C"), i, 2) FROM generate_series(1, char_length("name") - 1) AS i)
  END
$$;

-- name_bigrams(name) @> name_bigrams('...') finds the candidates of a substring search.
CREATE INDEX "subjects_name_bigrams" ON "subjects" USING gin (name_bigrams("name"));

-- Listings of subjects; persons and organizations never mix in one range, because they are opened by different rules.
CREATE INDEX "subjects_by_credit_code" ON "subjects" ("person", COALESCE("credit_code", ''), "id");
CREATE INDEX "subjects_by_name" ON "subjects" ("person", COALESCE("name", ''), "id");
CREATE INDEX "subjects_by_division" ON "subjects" ("person", "division_code", COALESCE("credit_code", ''), "id");

-- Listings of credit_records: of one subject, of an item, of an item by authority, and what only its provider still sees.
CREATE INDEX "credit_records_of_subject" ON "credit_records" ("subject_id", COALESCE("decided_on", '-infinity'::date), "id");
CREATE INDEX "credit_records_of_item" ON "credit_records" ("item_code", COALESCE("decided_on", '-infinity'::date), "id");
CREATE INDEX "credit_records_by_authority" ON "credit_records" ("item_code", "authority", COALESCE("decided_on", '-infinity'::date), "id");
CREATE INDEX "credit_records_not_active" ON "credit_records" ("item_code", "source_unit_code", COALESCE("decided_on", '-infinity'::date), "id") WHERE "status" <> 'ACTIVE';
CREATE INDEX "credit_records_by_amount" ON "credit_records" ("item_code", COALESCE("amount", '-Infinity'::numeric), "id");

-- Listings of list_entries: of one subject, of an item, of an item by authority, and what only its provider still sees.
CREATE INDEX "list_entries_of_subject" ON "list_entries" ("subject_id", COALESCE("listed_on", '-infinity'::date), "id");
CREATE INDEX "list_entries_of_item" ON "list_entries" ("item_code", COALESCE("listed_on", '-infinity'::date), "id");
CREATE INDEX "list_entries_by_authority" ON "list_entries" ("item_code", "authority", COALESCE("listed_on", '-infinity'::date), "id");
CREATE INDEX "list_entries_not_active" ON "list_entries" ("item_code", "source_unit_code", COALESCE("listed_on", '-infinity'::date), "id") WHERE "status" <> 'ACTIVE';

-- Listings of commitments: of one subject, of an item, of an item by authority, and what only its provider still sees.
CREATE INDEX "commitments_of_subject" ON "commitments" ("subject_id", COALESCE("committed_on", '-infinity'::date), "id");
CREATE INDEX "commitments_of_item" ON "commitments" ("item_code", COALESCE("committed_on", '-infinity'::date), "id");
CREATE INDEX "commitments_by_authority" ON "commitments" ("item_code", "authority", COALESCE("committed_on", '-infinity'::date), "id");
CREATE INDEX "commitments_not_active" ON "commitments" ("item_code", "source_unit_code", COALESCE("committed_on", '-infinity'::date), "id") WHERE "status" <> 'ACTIVE';

-- Listings of evaluations: of one subject, of an item, of an item by authority, and what only its provider still sees.
CREATE INDEX "evaluations_of_subject" ON "evaluations" ("subject_id", COALESCE("evaluated_on", '-infinity'::date), "id");
CREATE INDEX "evaluations_of_item" ON "evaluations" ("item_code", COALESCE("evaluated_on", '-infinity'::date), "id");
CREATE INDEX "evaluations_by_authority" ON "evaluations" ("item_code", "authority", COALESCE("evaluated_on", '-infinity'::date), "id");
CREATE INDEX "evaluations_not_active" ON "evaluations" ("item_code", "source_unit_code", COALESCE("evaluated_on", '-infinity'::date), "id") WHERE "status" <> 'ACTIVE';
