import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CatalogDocument } from '../../src/catalog/model.ts';
import { serveGateway } from '../../src/gateway.ts';
import type { ServingGateway } from '../../src/gateway.ts';
import { EditableSheet } from '../catalog/bundled-sheet.ts';
import { caller, startServing } from '../testkit/serving.ts';
import type { Ask, GraphQLAnswer, Serving } from '../testkit/serving.ts';

const CERTIFICATE =
  '{ records(first: 1, filter: { items: ["OrganizationPenalty"] }) { edges { node { ... on OrganizationPenalty { legalRepCertNo } } } } }';

describe('a catalog published beside a running gateway', () => {
  let serving: Serving;
  let second: ServingGateway;
  let agency: Ask;
  let agencyOnSecond: Ask;

  beforeAll(async () => {
    serving = await startServing();
    second = await serveGateway(serving.beside.config, { prepareData: () => Promise.resolve(), onFatal: () => undefined });
    agency = await serving.as('demo-agency');
    agencyOnSecond = caller(second.address, {
      authorization: `Bearer ${(await serving.beside.tokens.issue('demo-agency')).token}`,
    });
  });
  afterAll(async () => {
    await second.close();
    await serving.close();
  });

  async function publish(edit: (sheet: EditableSheet) => unknown): Promise<number> {
    const sheet = await EditableSheet.bundled();
    edit(sheet);
    const { catalog } = await serving.beside.catalogs.publish(await sheet.document(), 'edited.csv');
    return catalog.version;
  }

  /** Asks until the answer is of that version; the promise of DESIGN is two seconds. */
  async function answerOf(version: number, ask: Ask, query: string): Promise<GraphQLAnswer> {
    const until = Date.now() + 2_000;
    for (;;) {
      const answer = await ask(query);
      if (answer.extensions['catalogVersion'] === version) return answer;
      if (Date.now() > until) throw new Error(`Version ${String(version)} did not arrive within two seconds`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('opens a field on every instance when one cell of 使用权限 changes', async () => {
    expect((await agency(CERTIFICATE)).data.records.edges[0].node.legalRepCertNo).toBeNull();
    const version = await publish((sheet) => sheet.set('OrganizationPenalty.legalRepCertNo', '使用权限', '社会公开'));
    for (const ask of [agency, agencyOnSecond]) {
      const answer = await answerOf(version, ask, CERTIFICATE);
      expect(answer.data.records.edges[0].node.legalRepCertNo).toMatch(/^\d{17}[\dX]$/);
      expect(answer.access).toEqual([]);
    }
  });

  it('closes it again with a rollback', async () => {
    const { catalog } = await serving.beside.catalogs.rollback(1);
    for (const ask of [agency, agencyOnSecond]) {
      const answer = await answerOf(catalog.version, ask, CERTIFICATE);
      expect(answer.data.records.edges[0].node.legalRepCertNo).toBeNull();
    }
  });

  it('brings a new field and takes a removed one away, without a restart', async () => {
    const version = await publish((sheet) => sheet.set('OrganizationPenalty.revokedCertificate', '数据项标识', 'revokedLicence'));
    const renamed =
      '{ records(first: 1, filter: { items: ["OrganizationPenalty"] }) { edges { node { ... on OrganizationPenalty { revokedLicence } } } } }';
    await answerOf(version, agency, '{ catalog { version } }');
    expect((await agency(renamed)).errors).toEqual([]);
    const old = await agency(renamed.replace('revokedLicence', 'revokedCertificate'));
    expect(old.errors[0]?.message).toContain('Cannot query field "revokedCertificate"');
  });

  it('drops no request while versions change', async () => {
    const documents: CatalogDocument[] = [];
    for (const permission of ['社会公开', '政务共享']) {
      const sheet = await EditableSheet.bundled();
      sheet.set('OrganizationPenalty.legalRepCertNo', '使用权限', permission);
      if (permission === '社会公开') sheet.set('OrganizationPenalty.revokedCertificate', '数据项标识', 'revokedPaper');
      documents.push(await sheet.document());
    }
    const published = { whole: false };
    const publisher = (async () => {
      for (const [round, document] of [...documents, ...documents, ...documents].entries()) {
        await serving.beside.catalogs.publish(document, `round-${String(round)}`);
        await new Promise((resolve) => setTimeout(resolve, 60));
      }
    })().finally(() => (published.whole = true));
    const answers: GraphQLAnswer[] = [];
    while (!published.whole)
      answers.push(...(await Promise.all([agency(CERTIFICATE), agencyOnSecond(CERTIFICATE), agency(CERTIFICATE)])));
    await publisher;
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.flatMap((answer) => answer.errors)).toEqual([]);
    // Each answer is of one version: what it says of the field and what it reports go together.
    for (const answer of answers) {
      const value: unknown = answer.data.records.edges[0].node.legalRepCertNo;
      expect(answer.access.map((line) => line.outcome)).toEqual(value === null ? ['WITHHELD'] : []);
    }
    expect(new Set(answers.map((answer) => answer.extensions['catalogVersion'])).size).toBeGreaterThan(1);
  });

  it('searches a role under the permission of the field that fills it now', async () => {
    const first = await agency(
      '{ records(first: 1, filter: { items: ["OrganizationPenalty"] }) { edges { node { documentNumber } } } }',
    );
    const known: unknown = first.data.records.edges[0].node.documentNumber;
    // The document number moves from a public field to one that only government shares.
    const version = await publish((sheet) => {
      sheet.set('OrganizationPenalty.penaltyDocNo', '标准要素', '');
      sheet.set('OrganizationPenalty.remarks', '标准要素', 'DOCUMENT_NUMBER');
    });
    const query = `{ records(filter: { items: ["OrganizationPenalty"], documentNumber: ${JSON.stringify(known)} }) { totalCount } }`;
    await answerOf(version, agency, '{ catalog { version } }');
    expect((await agency(query)).errors[0]?.extensions['code']).toBe('FILTER_FORBIDDEN');
    const department = await serving.as('demo-department');
    // Open to government, but the number stands in the other field: nothing is found by it.
    expect((await department(query)).data.records.totalCount).toBe(0);
    await serving.beside.catalogs.rollback(1);
    await answerOf(version + 1, agency, '{ catalog { version } }');
    expect((await agency(query)).data.records.totalCount).toBe(1);
  });
});
