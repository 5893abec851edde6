/** The door of the database module. */
export { ChangeSignal, type ChangeTopic, type ChangeTransaction, notifyChange } from './change-signal.ts';
export { type Database, type DatabaseConfig, describeServer, explainConnectionError, openDatabase } from './database.ts';
export { claimGateway, type GatewayClaim } from './gateway-claim.ts';
export { Prisma, PrismaClient } from './generated/client.ts';
export { migrate, pendingMigrations } from './migrate.ts';
export { RolesUnavailable } from './role-checks.ts';
export { ensureRoles, type RuntimeUrls } from './roles.ts';
export { openRuntimePools, ownerPools, type RuntimePools } from './runtime-pools.ts';
export { type Snapshot, type SnapshotRow } from './snapshot.ts';
