/** `start --demo`: the bundled catalog and samples into an empty database, and one client of each kind that reads. */
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SingleBar } from 'cli-progress';
import { checkSheet, readSheet } from '../catalog/index.ts';
import { OperatorError } from '../errors.ts';
import type { Gateway } from '../gateway.ts';
import { note } from './with-gateway.ts';

export interface DemoToken {
  readonly clientId: string;
  readonly kind: string;
  readonly nameZh: string;
  readonly token: string;
}

export interface DemoAccess {
  readonly tokens: readonly DemoToken[];
  /** an organization with a penalty that shows the differences; null: the data are not the demo's */
  readonly creditCode: string | null;
}

// Beside src and dist alike.
const DEMO = fileURLToPath(new URL('../../demo/', import.meta.url));
const PENALTIES = '150000-03-003';

/** 机关 with a code of the unassigned division 1599xx: nobody real. */
const CLIENTS = [
  {
    id: 'demo-department',
    kind: 'DEPARTMENT',
    name: '示例市政务服务局',
    nameZh: '政府部门',
    more: { orgCode: '11159900MAY0A0003Q' },
  },
  {
    id: 'demo-agency',
    kind: 'CREDIT_AGENCY',
    name: '示例征信有限公司',
    nameZh: '征信机构',
    more: { license: 'DEMO-0001', licenseUntil: '2099-12-31' },
  },
  { id: 'demo-dashboard', kind: 'DASHBOARD', name: '示例信用大屏', nameZh: '数据大屏', more: {} },
];

/**
 * Loads what is missing: into an empty database everything, into a demo's own database nothing but fresh tokens.
 * A load that was interrupted goes on where it stopped, because an import done twice changes nothing.
 */
export async function loadDemo(gateway: Gateway): Promise<DemoAccess> {
  if (gateway.config.production)
    throw new OperatorError('--demo is for trying out: NODE_ENV=production refuses it. Start without --demo.');
  const { prisma } = gateway.database;
  const known = await prisma.client.count({ where: { id: { in: CLIENTS.map(({ id }) => id) } } });
  const complete = await prisma.setting.findUnique({ where: { name: 'demo' } });
  if (complete === null) {
    const strangers =
      (await prisma.subject.findFirst({ select: { id: true } })) !== null || (await gateway.catalogs.currentVersion()) > 0;
    if (strangers && known === 0) {
      throw new OperatorError(
        '--demo wants an empty database, and this one holds data already. Start without --demo, or name another DATA_DIR or DATABASE_URL.',
      );
    }
    await loadEverything(gateway);
    await prisma.setting.create({ data: { name: 'demo', value: 'complete' } });
  }
  const tokens = await Promise.all(
    CLIENTS.map(async ({ id, kind, nameZh }) => ({
      clientId: id,
      kind,
      nameZh,
      token: (await gateway.tokens.issue(id, 86_400)).token,
    })),
  );
  return { tokens, creditCode: await telling(gateway) };
}

async function loadEverything(gateway: Gateway): Promise<void> {
  note('正在加载演示数据 / loading the demo …');
  const sheet = join(DEMO, 'catalog-2026.csv');
  const { document, findings } = checkSheet(await readSheet(sheet));
  if (document === null) throw new Error(`The bundled catalog has ${String(findings.length)} findings`);
  await gateway.catalogs.publish(document, basename(sheet));
  // The clients first: they tell an interrupted demo from somebody's own data.
  const registered = new Set((await gateway.clients.list()).map(({ id }) => id));
  for (const { id, kind, name, more } of CLIENTS) {
    if (!registered.has(id)) await gateway.clients.add({ id, kind, name, ...more });
  }
  const files = (await readdir(join(DEMO, 'data'))).filter((file) => file.endsWith('.csv')).sort(subjectsFirst);
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: '  {bar} {value}/{total}  {file}', stream: process.stderr, hideCursor: true })
    : null;
  bar?.start(files.length, 0, { file: '' });
  for (const file of files) {
    const summary = await gateway.intake.importFile({
      item: basename(file, '.csv'),
      path: join(DEMO, 'data', file),
      rejectsPath: join(tmpdir(), `${file}.rejects.csv`),
      dryRun: false,
    });
    if (bar === null) note(`  ${file}: ${String(summary.accepted)}`);
    bar?.increment(1, { file });
  }
  bar?.stop();
}

/** Subjects come before what refers to them, so that none is made twice: first unregistered, then registered. */
function subjectsFirst(one: string, other: string): number {
  const rank = (file: string): number => (/^(Organization|NaturalPerson)\.csv$/.test(file) ? 0 : 1);
  return rank(one) - rank(other) || one.localeCompare(other);
}

async function telling(gateway: Gateway): Promise<string | null> {
  const rows = await gateway.database.prisma.$queryRaw<{ credit_code: string }[]>`
    SELECT s.credit_code FROM credit_records e JOIN subjects s ON s.id = e.subject_id
    WHERE e.item_code = ${PENALTIES} AND e.status = 'ACTIVE' AND (e.public_until IS NULL OR e.public_until > now()::date + 30)
      AND e.content ? 'legalRepCertNo' AND s.credit_code IS NOT NULL
    ORDER BY s.credit_code LIMIT 1`;
  return rows[0]?.credit_code ?? null;
}
