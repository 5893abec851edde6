import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ClientRegistry, refusalOf } from '../../src/clients/index.ts';
import type { ClientFacts } from '../../src/clients/client-standing.ts';
import { StandingCache } from '../../src/clients/standing-cache.ts';
import {
  type ClientsTestbed,
  eventually,
  insertClient,
  type Instance,
  LICENSE,
  openClientsTestbed,
  PENALTY,
} from './clients-testbed.ts';

let testbed: ClientsTestbed;
let here: Instance;
let elsewhere: Instance;

beforeAll(async () => {
  testbed = await openClientsTestbed();
  here = await testbed.instance();
  elsewhere = await testbed.instance();
});
afterAll(() => testbed.close());

let id: string;
let count = 0;
beforeEach(async () => {
  count += 1;
  id = `client-${count}`;
  await insertClient(here.prisma, id);
});

describe('what a client is on a day', () => {
  it('is nothing for an unknown id', async () => {
    expect(await here.clients.standing('nobody')).toBeNull();
    expect(await here.clients.standing('no\0body')).toBeNull();
  });

  it('has no limit to items when none are named', async () => {
    expect(await here.clients.standing(id)).toMatchObject({ items: null, grants: [], suspended: false });
  });

  it('loses a grant on the day after its last, without any write', async () => {
    await here.grants.add({ clientId: id, item: 'OrganizationPenalty', basis: '法', until: '2026-05-31' });
    await here.grants.add({ clientId: id, item: LICENSE, basis: '法' });
    expect((await here.clients.standing(id, '2026-05-31'))?.grants).toEqual([LICENSE, PENALTY]);
    expect((await here.clients.standing(id, '2026-06-01'))?.grants).toEqual([LICENSE]);
  });

  it('names an item once, however many grants there are for it', async () => {
    await here.grants.add({ clientId: id, item: PENALTY, basis: '甲法' });
    await here.grants.add({ clientId: id, item: PENALTY, basis: '乙法' });
    expect((await here.clients.standing(id))?.grants).toEqual([PENALTY]);
  });

  it('is refused as an agency on the day after its licence ends, without any write', async () => {
    await insertClient(here.prisma, `${id}-agency`, {
      kind: 'CREDIT_AGENCY',
      license: '1',
      licenseUntil: new Date('2026-05-31'),
    });
    const standing = await here.clients.standing(`${id}-agency`);
    if (standing === null) throw new Error('The agency is not there.');
    expect(refusalOf(standing, '2026-05-31')).toBeNull();
    expect(refusalOf(standing, '2026-06-01')?.code).toBe('LICENSE_EXPIRED');
    expect(refusalOf({ ...standing, licenseUntil: null }, '2026-05-31')?.code).toBe('LICENSE_EXPIRED');
    expect(refusalOf({ ...standing, suspended: true }, '2026-05-31')?.code).toBe('CLIENT_SUSPENDED');
  });
});

describe('the memory of clients', () => {
  it('answers again without a statement', async () => {
    await here.clients.standing(id);
    here.statements();
    for (let again = 0; again < 10; again += 1) expect((await here.clients.standing(id))?.id).toBe(id);
    expect(here.statements()).toEqual([]);
  });

  it('reads once for many requests that ask at the same time', async () => {
    here.statements();
    await here.clients.standing(id);
    const once = here.statements().length;
    await elsewhere.clients.suspend(id);
    await eventually(async () => (await here.clients.standing(id))?.suspended === true);
    await insertClient(here.prisma, `${id}-many`);
    here.statements();
    await Promise.all(Array.from({ length: 50 }, () => here.clients.standing(`${id}-many`)));
    expect(here.statements()).toHaveLength(once);
  });

  it.each<[string, (id: string) => Promise<unknown>, object]>([
    ['a suspension', (one) => elsewhere.clients.suspend(one), { suspended: true }],
    ['a grant', (one) => elsewhere.grants.add({ clientId: one, item: PENALTY, basis: '法' }), { grants: [PENALTY] }],
  ])('hears of %s on another connection', async (_, change, expected) => {
    expect(await here.clients.standing(id)).toMatchObject({ suspended: false, grants: [] });
    await change(id);
    await eventually(async () => {
      const standing = await here.clients.standing(id);
      return (
        standing !== null &&
        Object.entries(expected).every(([name, value]) => JSON.stringify(Reflect.get(standing, name)) === JSON.stringify(value))
      );
    });
  });

  it('hears of a revoked grant on another connection', async () => {
    const grant = await here.grants.add({ clientId: id, item: PENALTY, basis: '法' });
    await eventually(async () => (await here.clients.standing(id))?.grants.length === 1);
    await elsewhere.grants.revoke(grant);
    await eventually(async () => (await here.clients.standing(id))?.grants.length === 0);
  });

  it('is not trusted while nothing is heard: every question is a reading', async () => {
    const signal = { live: true, on: () => () => undefined, onGap: () => () => undefined };
    const clients = new ClientRegistry({ prisma: here.prisma, signal, currentCatalog: () => Promise.resolve(null) });
    // In memory from before.
    await clients.standing(id);
    signal.live = false;
    for (const suspendedAt of [new Date(), null, new Date()]) {
      // Written past the registry: no notification is sent.
      await elsewhere.prisma.client.update({ where: { id }, data: { suspendedAt } });
      expect((await clients.standing(id))?.suspended).toBe(suspendedAt !== null);
    }
  });

  it('is forgotten after a gap in which nothing was heard', async () => {
    const cut = await testbed.instance();
    const gap = new Promise<void>((resolve) => cut.signal.onGap(resolve));
    expect((await cut.clients.standing(id))?.suspended).toBe(false);
    await elsewhere.prisma.client.update({ where: { id }, data: { suspendedAt: new Date() } });
    await elsewhere.prisma
      .$executeRaw`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name like '%changes'`;
    await gap;
    expect((await cut.clients.standing(id))?.suspended).toBe(true);
  });

  it('does not keep what was read before a change, though the reading ended after it', async () => {
    const answers: ((facts: ClientFacts) => void)[] = [];
    const listeners: ((detail: string) => void)[] = [];
    const signal = {
      live: true,
      on: (_: string, listener: (detail: string) => void) => (listeners.push(listener), () => undefined),
      onGap: () => () => undefined,
    };
    const cache = new StandingCache(() => new Promise((resolve) => answers.push(resolve)), signal);
    const facts = (name: string): ClientFacts => ({
      id: 'x',
      kind: 'DEPARTMENT',
      name,
      orgCode: null,
      license: null,
      licenseUntil: null,
      items: null,
      suspended: false,
      ownLimits: { ratePerMinute: null, maxConcurrent: null, dailySubjects: null },
      safelist: null,
      grants: [],
    });
    const before = cache.get('x');
    listeners.forEach((listener) => listener('x'));
    const after = cache.get('x');
    expect(answers).toHaveLength(2);
    answers[1]?.(facts('new'));
    answers[0]?.(facts('old'));
    expect([(await before)?.name, (await after)?.name]).toEqual(['old', 'new']);
    expect((await cache.get('x'))?.name).toBe('new');
    expect(answers).toHaveLength(2);
  });
});
