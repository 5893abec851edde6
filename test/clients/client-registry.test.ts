import { scrypt } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ClientRegistry } from '../../src/clients/index.ts';
import type { NewClient } from '../../src/clients/index.ts';
import { type DeriveKey, SecretHasher } from '../../src/clients/secret-hasher.ts';
import { WorkLane } from '../../src/clients/work-lane.ts';
import { type ClientsTestbed, insertClient, type Instance, openClientsTestbed, PENALTY } from './clients-testbed.ts';

let testbed: ClientsTestbed;
let instance: Instance;
let clients: ClientRegistry;

beforeAll(async () => {
  testbed = await openClientsTestbed();
  instance = await testbed.instance();
  clients = instance.clients;
});
afterAll(() => testbed.close());

const department: NewClient = { id: 'dept-1', kind: 'DEPARTMENT', name: '市场监督管理局', orgCode: '11150000may100026b' };
const agency: NewClient = {
  id: 'agency-1',
  kind: 'CREDIT_AGENCY',
  name: '某征信有限公司',
  license: '15001',
  licenseUntil: '2030-12-31',
};

describe('adding a client', () => {
  it('returns a secret of 256 bits, and stores nothing but a scrypt hash of it', async () => {
    const secret = await clients.add(department);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    const row = await instance.prisma.client.findUniqueOrThrow({ where: { id: 'dept-1' } });
    expect(row.secretHash).toMatch(/^\$scrypt\$ln=16,r=8,p=2\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(JSON.stringify(row)).not.toContain(secret);
    expect(row.orgCode).toBe('11150000MAY100026B');
  });

  it('stores items by their catalog codes, whether named by code or by type name', async () => {
    await clients.add({ ...agency, id: 'limited', items: ['OrganizationPenalty', PENALTY] });
    expect((await clients.standing('limited'))?.items).toEqual([PENALTY]);
  });

  it('reports everything that is wrong at once, and stores nothing', async () => {
    const wrong: NewClient = {
      id: '-x',
      kind: 'BANK',
      name: ' ',
      orgCode: '11150000MAY100026C',
      licenseUntil: '2027-02-30',
      items: ['Nothing'],
    };
    await expect(clients.add(wrong)).rejects.toThrow(/--id[^]*--kind[^]*BANK[^]*--name[^]*--org-code[^]*2027-02-30[^]*“Nothing”/);
    expect(await instance.prisma.client.count({ where: { id: '-x' } })).toBe(0);
  });

  it.each<[string, Partial<NewClient>, RegExp]>([
    ['an agency without a licence', { license: undefined }, /--license/],
    ['an agency without the licence’s last day', { licenseUntil: undefined }, /--license-until/],
    ['a department with a licence', { kind: 'DEPARTMENT' }, /a DEPARTMENT has none/],
    ['a name over two lines', { name: 'a\nb' }, /--name/],
    ['an id with a blank', { id: 'a b' }, /--id/],
    ['an id of 65 characters', { id: 'a'.repeat(65) }, /--id/],
  ])('refuses %s', async (_, change, message) => {
    await expect(clients.add({ ...agency, id: 'refused', ...change })).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(message),
    });
  });

  it('refuses an id that is taken, and leaves the client that has it as it is', async () => {
    await insertClient(instance.prisma, 'taken', { name: 'first' });
    await expect(clients.add({ ...department, id: 'taken' })).rejects.toThrow(/client taken already[^]*rotate-secret/);
    expect((await clients.get('taken')).name).toBe('first');
  });

  it('refuses items while no catalog is published', async () => {
    const empty = new ClientRegistry({ prisma: instance.prisma, signal: null, currentCatalog: () => Promise.resolve(null) });
    await expect(empty.add({ ...department, id: 'early', items: ['OrganizationPenalty'] })).rejects.toThrow(/catalog publish/);
  });
});

describe('checking a secret', () => {
  let secret: string;
  beforeAll(async () => {
    secret = await clients.add({ ...agency, id: 'checked' });
  });

  it('knows the right one', async () => {
    expect(await clients.authenticate('checked', secret)).toMatchObject({
      id: 'checked',
      kind: 'CREDIT_AGENCY',
      licenseUntil: '2030-12-31',
    });
  });

  it.each([
    ['a wrong secret', 'checked', 'A'.repeat(43)],
    ['an empty secret', 'checked', ''],
    ['an unknown client', 'nobody', 'A'.repeat(43)],
    ['an id with a NUL', 'checked\0', 'A'.repeat(43)],
  ])('refuses %s', async (_, id, wrong) => {
    expect(await clients.authenticate(id, wrong)).toBeNull();
  });

  it('does the same work for an unknown client, a malformed id and an unreadable hash as for a wrong secret', async () => {
    const work: unknown[] = [];
    const recorded: DeriveKey = (given, salt, length, cost) => {
      work.push({ given: given.length, salt: salt.length, length, ...cost });
      return new Promise((resolve, reject) =>
        scrypt(given, salt, length, cost, (error, key) => (error === null ? resolve(key) : reject(error))),
      );
    };
    const { prisma, signal } = instance;
    const watched = new ClientRegistry({
      prisma,
      signal,
      currentCatalog: () => Promise.resolve(null),
      hasher: new SecretHasher(recorded),
    });
    await insertClient(prisma, 'unreadable', { secretHash: '$scrypt$ln=30,r=8,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA' });
    for (const id of ['checked', 'nobody', '\0', 'unreadable']) expect(await watched.authenticate(id, 'wrong')).toBeNull();
    expect(work).toHaveLength(4);
    expect(new Set(work.map((one) => JSON.stringify(one))).size).toBe(1);
    expect(work[0]).toMatchObject({ N: 65_536, r: 8, p: 2, length: 32, salt: 16 });
  });

  it('takes the new secret and refuses the old one after a rotation', async () => {
    const renewed = await clients.rotateSecret('checked');
    expect(await clients.authenticate('checked', secret)).toBeNull();
    expect((await clients.authenticate('checked', renewed))?.id).toBe('checked');
  });
});

describe('hashing under a flood', () => {
  it('runs two at a time, keeps a line, and turns the rest away with SERVICE_UNAVAILABLE', async () => {
    const lane = new WorkLane(2, 3);
    let running = 0;
    let most = 0;
    const gates: (() => void)[] = [];
    const work = async (): Promise<string> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => gates.push(resolve));
      running -= 1;
      return 'done';
    };
    const accepted = Array.from({ length: 5 }, () => lane.run(work));
    await expect(lane.run(work)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    const all = Promise.all(accepted);
    for (let opened = 0; opened < 5; opened += 1) {
      while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
      gates.shift()?.();
    }
    expect(await all).toEqual(Array(5).fill('done'));
    expect(most).toBe(2);
  });

  it('gives the place of a work that failed to the next in line', async () => {
    const lane = new WorkLane(1, 1);
    const failing = lane.run(() => Promise.reject(new Error('broken')));
    const next = lane.run(() => Promise.resolve('next'));
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('next');
  });
});

describe('the register', () => {
  it('lists clients without anything of their secrets', async () => {
    await insertClient(instance.prisma, 'listed', { secretHash: 'top-secret' });
    const list = await clients.list();
    expect(list.map((row) => row.id)).toContain('listed');
    expect(JSON.stringify(list)).not.toMatch(/top-secret|scrypt|hash/i);
  });

  it('says whether suspending and resuming changed anything', async () => {
    await insertClient(instance.prisma, 'switched');
    expect([await clients.suspend('switched'), await clients.suspend('switched')]).toEqual([true, false]);
    expect((await clients.standing('switched'))?.suspended).toBe(true);
    expect([await clients.resume('switched'), await clients.resume('switched')]).toEqual([true, false]);
    expect((await clients.standing('switched'))?.suspended).toBe(false);
  });

  it('renews the licence of an agency, and of nobody else', async () => {
    await insertClient(instance.prisma, 'renewed', { kind: 'CREDIT_AGENCY', license: '1', licenseUntil: new Date('2020-01-01') });
    await clients.renewLicense('renewed', { until: '2031-01-01' });
    expect(await clients.get('renewed')).toMatchObject({ license: '1', licenseUntil: '2031-01-01' });
    await expect(clients.renewLicense('renewed', { until: '2031-13-01' })).rejects.toThrow(/2031-13-01/);
    await insertClient(instance.prisma, 'not-an-agency');
    await expect(clients.renewLicense('not-an-agency', { until: '2031-01-01' })).rejects.toThrow(/only a CREDIT_AGENCY/);
  });

  it.each<[string, (id: string) => Promise<unknown>]>([
    ['suspend', (id) => clients.suspend(id)],
    ['resume', (id) => clients.resume(id)],
    ['rotate-secret', (id) => clients.rotateSecret(id)],
    ['renew', (id) => clients.renewLicense(id, { until: '2031-01-01' })],
  ])('names a client that does not exist, and the way to the list (%s)', async (_, command) => {
    await expect(command('ghost')).rejects.toMatchObject({
      name: 'OperatorError',
      message: expect.stringMatching(/“ghost”[^]*client list/),
    });
  });
});
