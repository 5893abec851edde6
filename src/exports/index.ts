/** The door of the exports: consistent copies of a client's view, as files to download. */
export { ExportFolder } from './export-folder.ts';
export { EXPORT_STATUSES } from './export-job.ts';
export type { ExportJob, ExportStatus } from './export-job.ts';
export { ExportRunner } from './export-runner.ts';
export type { ExportRunnerDependencies, SnapshotCaller } from './export-runner.ts';
export { ExportService } from './export-service.ts';
export type { ExportCall, ExportedFile } from './export-service.ts';
export { ExportStore } from './export-store.ts';
