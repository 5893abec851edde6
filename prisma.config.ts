/** Read by Prisma's own CLI alone; the gateway applies its migrations itself (src/db/migrate.ts). */
import { defineConfig } from 'prisma/config';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
