import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';
import type { Database } from '../../src/db/index.ts';

let test: TestDatabase; let db: Database;
beforeAll(async () => { test = await createTestDatabase(); db = await test.open(); });
afterAll(async () => { await db.close(); await test.drop(); });
describe('x', () => { it('y', async () => { expect(await db.prisma.subject.count()).toBe(0); }); });
