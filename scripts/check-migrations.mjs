/** Fails, and prints the missing SQL, when prisma/schema.prisma was changed without a migration. */
import { differenceFromMigrations } from './migration-engine.mjs';

try {
  const missing = await differenceFromMigrations();
  if (missing !== null) {
    process.stderr.write(
      `prisma/schema.prisma says more than prisma/migrations. Run "npm run migration:new -- <name>" and commit what it writes. Missing:\n\n${missing}\n`,
    );
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
