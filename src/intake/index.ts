/** The door of intake: files in, rows upserted. */
export {
  IntakeService,
  type IntakeDependencies,
  type ImportProgress,
  type ImportRequest,
  type ImportSummary,
} from './intake-service.ts';
