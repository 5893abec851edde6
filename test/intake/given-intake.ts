/** A database of its own with the bundled catalog published, and files to import into it. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { CatalogService } from '../../src/catalog/index.ts';
import type { CatalogDocument } from '../../src/catalog/model.ts';
import type { Database } from '../../src/db/index.ts';
import { IntakeService, type ImportSummary } from '../../src/intake/index.ts';
import { openKeyRing, type KeyRing } from '../../src/keys/index.ts';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { createTestDatabase, type TestDatabase } from '../testkit/database.ts';

export interface Rejected {
  readonly row: number;
  readonly field: string;
  readonly code: string;
  readonly message: string;
}

/** Everything the import is to keep of a row: all but the moments at which it was written. */
const TABLES = ['subjects', 'credit_records', 'list_entries', 'commitments', 'evaluations'] as const;
type Table = (typeof TABLES)[number];

export class GivenIntake {
  readonly test: TestDatabase;
  readonly database: Database;
  readonly keys: KeyRing;
  readonly catalogs: CatalogService;
  readonly intake: IntakeService;
  readonly directory: string;
  #files = 0;

  private constructor(test: TestDatabase, database: Database, keys: KeyRing, directory: string) {
    this.test = test;
    this.database = database;
    this.keys = keys;
    this.directory = directory;
    this.catalogs = new CatalogService(database.prisma);
    this.intake = new IntakeService({ database, keys, currentCatalog: () => this.catalogs.current() });
  }

  /** @param document null: no catalog is published */
  static async open(document?: CatalogDocument | null): Promise<GivenIntake> {
    const test = await createTestDatabase();
    const database = await test.open();
    const keys = await openKeyRing(database, test.config);
    const given = new GivenIntake(test, database, keys, await mkdtemp(join(tmpdir(), 'intake-')));
    if (document !== null) await given.catalogs.publish(document ?? (await (await EditableSheet.bundled()).document()), 'test');
    return given;
  }

  async close(): Promise<void> {
    await this.database.close();
    await this.test.drop();
    await rm(this.directory, { recursive: true, force: true });
  }

  async file(content: string | Buffer, name = `file-${String((this.#files += 1))}.csv`): Promise<string> {
    const path = join(this.directory, name);
    await writeFile(path, content);
    return path;
  }

  import(item: string, path: string, options: { rejectsPath?: string; dryRun?: boolean } = {}): Promise<ImportSummary> {
    return this.intake.importFile({
      item,
      path,
      rejectsPath: options.rejectsPath ?? `${path}.rejects.csv`,
      dryRun: options.dryRun ?? false,
    });
  }

  async importText(item: string, content: string | Buffer): Promise<ImportSummary> {
    return this.import(item, await this.file(content));
  }

  /** The counts, as the command's last line has them, and what was rejected. */
  async outcome(item: string, content: string | Buffer): Promise<{ counts: string; rejected: Rejected[] }> {
    const summary = await this.importText(item, content);
    return { counts: counts(summary), rejected: await rejectsIn(summary) };
  }

  async rows(table: Table): Promise<Record<string, unknown>[]> {
    const { rows } = await this.database.pool.query<Record<string, unknown>>(`SELECT * FROM ${table} ORDER BY id`);
    return rows;
  }

  /** All five tables without the moments of writing; equal texts mean equal data. */
  async state(): Promise<string> {
    const tables = await Promise.all(TABLES.map((table) => this.rows(table)));
    return JSON.stringify(tables, (key, value: unknown) => (key === 'received_at' || key === 'updated_at' ? undefined : value));
  }

  /** The moments of writing, which an import that changes nothing leaves alone. */
  async moments(): Promise<string> {
    const tables = await Promise.all(TABLES.map((table) => this.rows(table)));
    return JSON.stringify(tables.map((rows) => rows.map((row) => [row['received_at'], row['updated_at']])));
  }

  async emptyTables(): Promise<void> {
    await this.database.pool.query(`TRUNCATE ${TABLES.join(', ')}`);
  }

  async leftovers(): Promise<string[]> {
    return (await readdir(this.directory)).filter((name) => name.endsWith('.partial'));
  }
}

export function counts({ accepted, updated, unchanged, rejected }: ImportSummary): string {
  return `${String(accepted)} accepted, ${String(updated)} updated, ${String(unchanged)} unchanged, ${String(rejected)} rejected`;
}

export async function rejectsIn({ rejectsPath }: ImportSummary): Promise<Rejected[]> {
  if (rejectsPath === null) return [];
  const rows = parse(await readFile(rejectsPath), { bom: true });
  return rows.slice(1).map((cells) => {
    const [row = '', field = '', code = '', message = ''] = cells.slice(-4);
    return { row: Number(row), field, code, message };
  });
}

/** Five organizations of the unassigned division 1599xx. */
export const CODES = [
  '91159900002700000B',
  '911599000027000198',
  '91159900002704212T',
  '91159900002710372H',
  '91159900002716619D',
] as const;

/** One good row of OrganizationPenalty by field key; the tests change single cells. */
export const PENALTY: Readonly<Record<string, string>> = {
  partyName: '鄂尔多斯乌兰食品1037有限责任公司',
  partyCategory: '法人及非法人组织',
  unifiedSocialCreditCode: '91159900002710372H',
  legalRepresentative: '徐刚磊',
  legalRepCertType: '身份证',
  legalRepCertNo: '159974198003260379',
  penaltyDocNo: '内罚〔2026〕000000号',
  violationType: '虚假宣传',
  violationFacts: '经查证属实。',
  penaltyBasis: '《中华人民共和国行政处罚法》第二十八条',
  penaltyCategory: '没收违法所得',
  penaltyContent: '罚款0.5万元',
  fineAmount: '0.5',
  confiscatedAmount: '0',
  penaltyDecisionDate: '2026-02-09',
  penaltyValidUntil: '2099-12-31',
  publicityDeadline: '2029-02-08',
  penaltyAuthority: '鄂尔多斯市税务局',
  penaltyAuthorityUscc: '111599006787843989',
  dataSourceUnit: '鄂尔多斯市税务局',
  dataSourceUnitUscc: '111599006787843989',
  severityTier: '一般',
  publicityStatus: '公示中',
  remarks: '',
  reportedAt: '2026-02-15T09:30:00+08:00',
  collectedAt: '2026-02-25T02:00:00+08:00',
};

/** CSV with the keys of the first row as its header. */
export function csv(rows: readonly Readonly<Record<string, string>>[], delimiter = ','): string {
  const names = Object.keys(rows[0] ?? {});
  const cell = (text: string): string =>
    text.includes(delimiter) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return (
    [names.map(cell), ...rows.map((row) => names.map((name) => cell(row[name] ?? '')))]
      .map((cells) => cells.join(delimiter))
      .join('\r\n') + '\r\n'
  );
}
