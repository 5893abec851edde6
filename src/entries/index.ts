/** The door of the entries: how they are stored, and how their state changes. */
export { ENTRY_COLUMNS, ENTRY_TABLES, SUBJECT_COLUMNS } from './entry-columns.ts';
export type { RoleColumn } from './entry-columns.ts';
export { EntryStatusService } from './entry-status.ts';
export { decodeGlobalId, encodeEntryId, encodeSubjectId } from './global-id.ts';
export type { GlobalId } from './global-id.ts';
export { rederiveRoles } from './rederive-roles.ts';
