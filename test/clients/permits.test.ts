import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AuthorizationSummary } from '../../src/clients/index.ts';
import { type ClientsTestbed, insertClient, type Instance, LICENSE, openClientsTestbed, PENALTY } from './clients-testbed.ts';

const ORGANIZATION = '91150102MAY0A0011F';
const PERSON = '150100199001010024';
const PURPOSE = '贷前审查';

let testbed: ClientsTestbed;
let instance: Instance;
let organizationId: string;
let personId: string;

beforeAll(async () => {
  testbed = await openClientsTestbed();
  instance = await testbed.instance();
  await insertClient(instance.prisma, 'dept');
  await insertClient(instance.prisma, 'agency', { kind: 'CREDIT_AGENCY' });
  await insertClient(instance.prisma, 'other-agency', { kind: 'CREDIT_AGENCY' });
  await insertClient(instance.prisma, 'dashboard', { kind: 'DASHBOARD' });
  organizationId = instance.keys.subjectId(ORGANIZATION);
  personId = instance.keys.subjectId(PERSON);
});
afterAll(() => testbed.close());

const consent = {
  clientId: 'agency',
  subjectIdentifier: ORGANIZATION,
  items: ['OrganizationPenalty'],
  purpose: PURPOSE,
  until: '2027-06-30',
};

async function liveItems(
  question: { clientId?: string; purpose?: string; today?: string; subjectId?: string } = {},
): Promise<string[]> {
  const { subjectId = organizationId, ...more } = question;
  const live = await instance.authorizations.liveFor({
    clientId: 'agency',
    purpose: PURPOSE,
    today: '2027-01-01',
    subjectIds: [subjectId],
    ...more,
  });
  return [...(live.get(subjectId) ?? [])].sort();
}

async function listed(filter: Parameters<Instance['authorizations']['list']>[0] = {}): Promise<AuthorizationSummary[]> {
  const rows: AuthorizationSummary[] = [];
  for await (const row of instance.authorizations.list(filter)) rows.push(row);
  return rows;
}

describe('a grant', () => {
  it('is for a department, an item of the catalog, a basis and a real day: all faults at once', async () => {
    await expect(
      instance.grants.add({ clientId: 'agency', item: 'Nothing', basis: ' ', until: '2026-02-30' }),
    ).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(/CREDIT_AGENCY[^]*“Nothing”[^]*--basis[^]*2026-02-30/),
    });
    expect(await instance.prisma.grant.count()).toBe(0);
  });

  it('names a client that does not exist', async () => {
    await expect(instance.grants.add({ clientId: 'ghost', item: PENALTY, basis: '法' })).rejects.toThrow(
      /“ghost”[^]*client list/,
    );
    await expect(instance.grants.list({ clientId: 'ghost' })).rejects.toThrow(/“ghost”/);
  });

  it('is listed as live, expired or revoked', async () => {
    const ids = [
      await instance.grants.add({ clientId: 'dept', item: PENALTY, basis: '法' }),
      await instance.grants.add({ clientId: 'dept', item: PENALTY, basis: '法', until: '2026-12-31' }),
      await instance.grants.add({ clientId: 'dept', item: LICENSE, basis: '法' }),
    ];
    expect([await instance.grants.revoke(ids[2] ?? ''), await instance.grants.revoke(ids[2] ?? '')]).toEqual([true, false]);
    const states = async (day: string) =>
      (await instance.grants.list({ clientId: 'dept', day })).map((grant) => [ids.indexOf(grant.id), grant.state]);
    expect(await states('2026-12-31')).toEqual([
      [0, 'LIVE'],
      [1, 'LIVE'],
      [2, 'REVOKED'],
    ]);
    expect(await states('2027-01-01')).toEqual([
      [0, 'LIVE'],
      [1, 'EXPIRED'],
      [2, 'REVOKED'],
    ]);
  });

  it.each(['nothing', '00000000-0000-4000-8000-000000000000'])('cannot be revoked when there is none (%s)', async (id) => {
    await expect(instance.grants.revoke(id)).rejects.toThrow(/grant list/);
  });
});

describe('an authorization', () => {
  it('opens its items to its client and purpose until its last day, without any write', async () => {
    const id = await instance.authorizations.add(consent);
    expect(await liveItems()).toEqual([PENALTY]);
    expect(await liveItems({ today: '2027-06-30' })).toEqual([PENALTY]);
    expect(await liveItems({ today: '2027-07-01' })).toEqual([]);
    expect(await liveItems({ clientId: 'other-agency' })).toEqual([]);
    expect(await liveItems({ purpose: '贷后管理' })).toEqual([]);
    expect(await liveItems({ subjectId: personId })).toEqual([]);
    expect([await instance.authorizations.revoke(id), await instance.authorizations.revoke(id)]).toEqual([true, false]);
    expect(await liveItems()).toEqual([]);
  });

  it('adds up with the others of its subject that are live', async () => {
    const ids = [
      await instance.authorizations.add(consent),
      await instance.authorizations.add({ ...consent, items: [LICENSE], until: '2027-01-31' }),
    ];
    expect(await liveItems()).toEqual([LICENSE, PENALTY].sort());
    expect(await liveItems({ today: '2027-02-01' })).toEqual([PENALTY]);
    for (const id of ids) await instance.authorizations.revoke(id);
  });

  it('compares purposes after trimming and composing them, and in no other way', async () => {
    const id = await instance.authorizations.add({ ...consent, purpose: ' cafe\u0301 ' });
    expect(await liveItems({ purpose: 'caf\u00e9' })).toEqual([PENALTY]);
    for (const purpose of ['Café', 'cafe', 'caf', 'caf\u00e9 x', '%', '', ' ', 'x\0', 'x'.repeat(10_000)]) {
      expect(await liveItems({ purpose })).toEqual([]);
    }
    await instance.authorizations.revoke(id);
  });

  it('takes a person’s ID number, also in lower case, for somebody the database does not know', async () => {
    const id = await instance.authorizations.add({ ...consent, subjectIdentifier: ' 15250019680808346x ' });
    expect(await liveItems({ subjectId: instance.keys.subjectId('15250019680808346X') })).toEqual([PENALTY]);
    await instance.authorizations.revoke(id);
  });

  it('reports every fault at once without repeating the number', async () => {
    const wrong = {
      clientId: 'dashboard',
      subjectIdentifier: '150100199001010025',
      items: [],
      purpose: 'x'.repeat(201),
      until: 'soon',
    };
    const error: unknown = await instance.authorizations.add(wrong).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(/DASHBOARD[^]*--subject[^]*--items[^]*--purpose[^]*“soon”/),
    });
    expect(String(error)).not.toContain('150100199001010025');
  });

  it('cannot be entered for a client that does not exist', async () => {
    await expect(instance.authorizations.add({ ...consent, clientId: 'ghost' })).rejects.toThrow(/“ghost”[^]*client list/);
  });

  it.each(['nothing', `A${'A'.repeat(43)}`, `A${'A'.repeat(42)}B`])('cannot be revoked when there is none (%s)', async (id) => {
    await expect(instance.authorizations.revoke(id)).rejects.toThrow(/authorization list/);
  });

  it('is listed with an organization’s code where it is known, and never with a person’s number', async () => {
    await instance.prisma.subject.create({
      data: {
        id: organizationId,
        itemCode: '150000-01-001',
        kind: 'ENTERPRISE',
        person: false,
        registered: true,
        creditCode: ORGANIZATION,
        content: {},
        contentDigest: Buffer.alloc(32),
        catalogVersion: 1,
        receivedAt: new Date(),
        updatedAt: new Date(),
      },
    });
    const ids = [
      await instance.authorizations.add({ ...consent, clientId: 'dept' }),
      await instance.authorizations.add({ ...consent, clientId: 'dept', subjectIdentifier: PERSON }),
    ];
    const rows = await listed({ clientId: 'dept', day: '2027-01-01' });
    expect(new Map(rows.map((row) => [row.id, [row.creditCode, row.state, row.items]]))).toEqual(
      new Map([
        [ids[0], [ORGANIZATION, 'LIVE', [PENALTY]]],
        [ids[1], [null, 'LIVE', [PENALTY]]],
      ]),
    );
    expect(JSON.stringify(rows)).not.toContain(PERSON.slice(6));
    expect((await listed({ subjectIdentifier: PERSON })).map((row) => row.id)).toEqual([ids[1]]);
    await expect(listed({ subjectIdentifier: '1' })).rejects.toThrow(/--subject/);
    await expect(listed({ clientId: 'ghost' })).rejects.toThrow(/“ghost”/);
  });

  it('is listed once each, whatever number there are', async () => {
    await insertClient(instance.prisma, 'busy', { kind: 'CREDIT_AGENCY' });
    const data = Array.from({ length: 2_500 }, (_, at) => ({
      subjectId: instance.keys.subjectId(`subject ${at % 900}`),
      clientId: 'busy',
      items: [PENALTY],
      purpose: PURPOSE,
      until: new Date('2027-01-01'),
    }));
    await instance.prisma.authorization.createMany({ data });
    const ids = (await listed({ clientId: 'busy' })).map((row) => row.id);
    expect(ids).toHaveLength(2_500);
    expect(new Set(ids).size).toBe(2_500);
  });
});
