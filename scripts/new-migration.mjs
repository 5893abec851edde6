/**
 * `npm run migration:new -- <name>`: writes prisma/migrations/<time>_<name>/migration.sql with what prisma/schema.prisma says
 * beyond the migrations there are. Add by hand what Prisma's schema cannot say, before anyone applies it.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { differenceFromMigrations, root } from './migration-engine.mjs';

const [name = ''] = process.argv.slice(2);
if (!/^[a-z][a-z0-9_]*$/.test(name)) {
  process.stderr.write(
    'Give the migration a name of small letters, digits and underscores, as in: npm run migration:new -- add_audit\n',
  );
  process.exit(1);
}
try {
  const sql = await differenceFromMigrations();
  const time = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
  const folder = path.join(root, 'prisma', 'migrations', `${time}_${name}`);
  await mkdir(folder);
  const file = path.join(folder, 'migration.sql');
  await writeFile(file, `${sql ?? '-- prisma/schema.prisma and the migrations agree: this one is written by hand.'}\n`);
  process.stdout.write(`${path.relative(root, file)}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
