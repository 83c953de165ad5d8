-- CreateEnum
CREATE TYPE "DatasetSource" AS ENUM ('builtin', 'csv', 'idx');

-- CreateEnum
CREATE TYPE "FeatureType" AS ENUM ('uint8', 'float32');

-- CreateEnum
CREATE TYPE "ModelSource" AS ENUM ('upload', 'job');

-- CreateEnum
CREATE TYPE "ModelRole" AS ENUM ('teacher', 'student', 'member', 'assistant');

-- CreateEnum
CREATE TYPE "JobStatus" AS ENUM ('queued', 'running', 'cancelling', 'succeeded', 'failed', 'cancelled');

-- CreateEnum
CREATE TYPE "TaskKind" AS ENUM ('train', 'predict', 'combine', 'latency', 'report');

-- CreateEnum
CREATE TYPE "TaskStatus" AS ENUM ('blocked', 'ready', 'running', 'succeeded', 'failed', 'cancelled');

-- CreateEnum
CREATE TYPE "Arm" AS ENUM ('teacher', 'distilled', 'control', 'member', 'assistant');

-- CreateTable
CREATE TABLE "blobs" (
    "id" UUID NOT NULL,
    "sha256" CHAR(64),
    "size_bytes" BIGINT NOT NULL DEFAULT 0,
    "complete" BOOLEAN NOT NULL DEFAULT false,
    "chunk_bytes" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "blobs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "blob_chunks" (
    "blob_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "bytes" BYTEA NOT NULL,

    CONSTRAINT "blob_chunks_pkey" PRIMARY KEY ("blob_id","sequence")
);

-- CreateTable
CREATE TABLE "datasets" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "source" "DatasetSource" NOT NULL,
    "rows" INTEGER NOT NULL,
    "input_shape" INTEGER[],
    "feature_type" "FeatureType" NOT NULL,
    "class_names" TEXT[],
    "class_counts" INTEGER[],
    "content_sha256" CHAR(64) NOT NULL,
    "features_sha256" CHAR(64) NOT NULL,
    "labels_sha256" CHAR(64) NOT NULL,
    "groups_sha256" CHAR(64),
    "groups" JSONB,
    "size_bytes" BIGINT NOT NULL,
    "profile" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "datasets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "models" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "source" "ModelSource" NOT NULL,
    "form" JSONB NOT NULL,
    "classes" INTEGER NOT NULL,
    "class_names" TEXT[],
    "job_id" TEXT,
    "role" "ModelRole",
    "index" INTEGER NOT NULL DEFAULT 0,
    "taught_by" TEXT[],
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "models_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_files" (
    "model_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "size_bytes" BIGINT NOT NULL,

    CONSTRAINT "model_files_pkey" PRIMARY KEY ("model_id","kind")
);

-- CreateTable
CREATE TABLE "model_exports" (
    "model_id" TEXT NOT NULL,
    "format" TEXT NOT NULL,
    "precision" TEXT NOT NULL,
    "sha256" CHAR(64) NOT NULL,
    "size_bytes" BIGINT NOT NULL,

    CONSTRAINT "model_exports_pkey" PRIMARY KEY ("model_id","format","precision")
);

-- CreateTable
CREATE TABLE "jobs" (
    "id" TEXT NOT NULL,
    "name" TEXT,
    "status" "JobStatus" NOT NULL DEFAULT 'queued',
    "spec" JSONB NOT NULL,
    "resolved" JSONB NOT NULL,
    "dataset_id" TEXT NOT NULL,
    "teacher_model_ids" TEXT[],
    "test_set_id" TEXT,
    "failure" JSONB,
    "report" JSONB,
    "idempotency_key" TEXT,
    "idempotency_hash" CHAR(64),
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "jobs_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "tasks" (
    "id" UUID NOT NULL,
    "job_id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "ordinal" INTEGER NOT NULL,
    "kind" "TaskKind" NOT NULL,
    "arm" "Arm",
    "index" INTEGER,
    "fold" INTEGER,
    "status" "TaskStatus" NOT NULL DEFAULT 'blocked',
    "waiting_for" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL DEFAULT 0,
    "crashes" INTEGER NOT NULL DEFAULT 0,
    "system_failures" INTEGER NOT NULL DEFAULT 0,
    "worker_id" TEXT,
    "lease_until" TIMESTAMPTZ(3),
    "dispatched_at" TIMESTAMPTZ(3),
    "not_before" TIMESTAMPTZ(3),
    "progress" JSONB,
    "result" JSONB,
    "failure" JSONB,
    "reuse_key" CHAR(64),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "tasks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "task_dependencies" (
    "task_id" UUID NOT NULL,
    "depends_on_id" UUID NOT NULL,

    CONSTRAINT "task_dependencies_pkey" PRIMARY KEY ("task_id","depends_on_id")
);

-- CreateTable
CREATE TABLE "task_artifacts" (
    "task_id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "sha256" CHAR(64) NOT NULL,

    CONSTRAINT "task_artifacts_pkey" PRIMARY KEY ("task_id","name")
);

-- CreateTable
CREATE TABLE "epoch_metrics" (
    "task_id" UUID NOT NULL,
    "epoch" INTEGER NOT NULL,
    "attempt" INTEGER NOT NULL,
    "values" JSONB NOT NULL,

    CONSTRAINT "epoch_metrics_pkey" PRIMARY KEY ("task_id","epoch")
);

-- CreateTable
CREATE TABLE "job_events" (
    "job_id" TEXT NOT NULL,
    "sequence" INTEGER NOT NULL,
    "type" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "job_events_pkey" PRIMARY KEY ("job_id","sequence")
);

-- CreateTable
CREATE TABLE "workers" (
    "id" TEXT NOT NULL,
    "hostname" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "slots" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "seen_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "workers_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "blobs_sha256_key" ON "blobs"("sha256");

-- CreateIndex
CREATE UNIQUE INDEX "models_job_id_role_index_key" ON "models"("job_id", "role", "index");

-- CreateIndex
CREATE INDEX "model_files_sha256_idx" ON "model_files"("sha256");

-- CreateIndex
CREATE INDEX "model_exports_sha256_idx" ON "model_exports"("sha256");

-- CreateIndex
CREATE UNIQUE INDEX "jobs_idempotency_key_key" ON "jobs"("idempotency_key");

-- CreateIndex
CREATE INDEX "jobs_status_created_at_idx" ON "jobs"("status", "created_at");

-- CreateIndex
CREATE INDEX "jobs_dataset_id_idx" ON "jobs"("dataset_id");

-- CreateIndex
CREATE INDEX "jobs_teacher_model_ids_idx" ON "jobs" USING GIN ("teacher_model_ids");

-- CreateIndex
CREATE INDEX "jobs_test_set_id_idx" ON "jobs"("test_set_id");

-- CreateIndex
CREATE INDEX "tasks_status_dispatched_at_idx" ON "tasks"("status", "dispatched_at");

-- CreateIndex
CREATE INDEX "tasks_status_lease_until_idx" ON "tasks"("status", "lease_until");

-- CreateIndex
CREATE INDEX "tasks_reuse_key_idx" ON "tasks"("reuse_key");

-- CreateIndex
CREATE UNIQUE INDEX "tasks_job_id_key_key" ON "tasks"("job_id", "key");

-- CreateIndex
CREATE INDEX "task_dependencies_depends_on_id_idx" ON "task_dependencies"("depends_on_id");

-- CreateIndex
CREATE INDEX "task_artifacts_sha256_idx" ON "task_artifacts"("sha256");

-- AddForeignKey
ALTER TABLE "model_exports" ADD CONSTRAINT "model_exports_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "blob_chunks" ADD CONSTRAINT "blob_chunks_blob_id_fkey" FOREIGN KEY ("blob_id") REFERENCES "blobs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "model_files" ADD CONSTRAINT "model_files_model_id_fkey" FOREIGN KEY ("model_id") REFERENCES "models"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "jobs"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task_dependencies" ADD CONSTRAINT "task_dependencies_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task_dependencies" ADD CONSTRAINT "task_dependencies_depends_on_id_fkey" FOREIGN KEY ("depends_on_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "task_artifacts" ADD CONSTRAINT "task_artifacts_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "epoch_metrics" ADD CONSTRAINT "epoch_metrics_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "tasks"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "job_events" ADD CONSTRAINT "job_events_job_id_fkey" FOREIGN KEY ("job_id") REFERENCES "jobs"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What Prisma's schema language cannot say.

-- Weights and pixels do not compress: keep chunks out of line and untouched, so that reading one is one seek.
ALTER TABLE "blob_chunks" ALTER COLUMN "bytes" SET STORAGE EXTERNAL;

-- A blob has its hash from the moment it is complete, and not before.
ALTER TABLE "blobs" ADD CONSTRAINT "blobs_hash_when_complete" CHECK ("complete" = ("sha256" IS NOT NULL));

-- A job ends when it has an end, and a failed one says why.
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_finished_when_terminal"
  CHECK (("finished_at" IS NOT NULL) = ("status" IN ('succeeded', 'failed', 'cancelled')));
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_failure_when_failed"
  CHECK (("failure" IS NOT NULL) = ("status" = 'failed'));
ALTER TABLE "jobs" ADD CONSTRAINT "jobs_report_when_succeeded"
  CHECK (("report" IS NOT NULL) = ("status" = 'succeeded'));

ALTER TABLE "tasks" ADD CONSTRAINT "tasks_blocked_while_waiting"
  CHECK ("status" <> 'blocked' OR "waiting_for" > 0);
ALTER TABLE "tasks" ADD CONSTRAINT "tasks_lease_while_running"
  CHECK (("status" = 'running') = ("lease_until" IS NOT NULL));

-- Terminal means terminal, whatever the code above the database does.
CREATE FUNCTION "refuse_leaving_terminal_status"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'job % is % and stays so', OLD.id, OLD.status USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER "jobs_terminal_is_final" BEFORE UPDATE ON "jobs" FOR EACH ROW
  WHEN (OLD.status IN ('succeeded', 'failed', 'cancelled') AND NEW.status <> OLD.status)
  EXECUTE FUNCTION "refuse_leaving_terminal_status"();
