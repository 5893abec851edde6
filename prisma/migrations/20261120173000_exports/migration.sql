-- CreateEnum
CREATE TYPE "export_status" AS ENUM ('RUNNING', 'READY', 'FAILED', 'EXPIRED');

-- CreateTable
CREATE TABLE "exports" (
    "id" UUID NOT NULL,
    "client_id" TEXT NOT NULL,
    "idempotency_key" TEXT,
    "items" TEXT[],
    "purpose" TEXT,
    "matter" TEXT,
    "request_id" TEXT NOT NULL,
    "status" "export_status" NOT NULL DEFAULT 'RUNNING',
    "catalog_version" INTEGER NOT NULL,
    "rows" BIGINT NOT NULL DEFAULT 0,
    "files" JSONB,
    "feed_cursor" TEXT,
    "failure" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "ready_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "lease_holder" UUID,
    "lease_until" TIMESTAMPTZ(3),

    CONSTRAINT "exports_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "exports_client_id_idempotency_key_key" ON "exports"("client_id", "idempotency_key");

-- CreateIndex
CREATE INDEX "exports_client_id_started_at_idx" ON "exports"("client_id", "started_at");

-- By hand: one at a time per client, whichever instance is asked.
CREATE UNIQUE INDEX "exports_one_running" ON "exports" ("client_id") WHERE "status" = 'RUNNING';
