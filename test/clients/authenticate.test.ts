import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authenticate, type TokenService } from '../../src/clients/index.ts';
import { type ClientsTestbed, insertClient, type Instance, openClientsTestbed } from './clients-testbed.ts';

const TODAY = '2026-11-20';

let testbed: ClientsTestbed;
let instance: Instance;
let tokens: TokenService;

beforeAll(async () => {
  testbed = await openClientsTestbed();
  instance = await testbed.instance();
  tokens = instance.tokens();
  await insertClient(instance.prisma, 'dept');
  await insertClient(instance.prisma, 'agency', { kind: 'CREDIT_AGENCY', license: '1', licenseUntil: new Date('2026-11-20') });
  await insertClient(instance.prisma, 'suspended', { suspendedAt: new Date() });
});
afterAll(() => testbed.close());

const call = (authorization: string | undefined, today = TODAY) =>
  authenticate({ clients: instance.clients, tokens }, authorization, today);
const bearer = async (id: string) => `Bearer ${(await tokens.issue(id)).token}`;

describe('authentication', () => {
  it('tells who is calling', async () => {
    expect(await call(await bearer('dept'))).toMatchObject({ standing: { id: 'dept', kind: 'DEPARTMENT', grants: [] } });
  });

  it.each(['bearer', 'BEARER'])('takes the scheme in any case (%s)', async (scheme) => {
    expect((await call((await bearer('dept')).replace('Bearer', scheme))).standing.id).toBe('dept');
  });

  it.each<[string, string | undefined, RegExp]>([
    ['no header', undefined, /no access token[^]*\/oauth\/token/],
    ['an empty header', ' ', /no access token/],
    ['another scheme', 'Basic ZGVwdDpzZWNyZXQ=', /not of the form "Bearer/],
    ['the scheme alone', 'Bearer', /not of the form/],
    ['two tokens', 'Bearer a b', /not of the form/],
    ['a token that is none', 'Bearer nonsense', /not a JWT/],
    ['a token with other characters', 'Bearer 统一', /not of the form/],
  ])('refuses %s with what to do', async (_, header, message) => {
    const error: unknown = await call(header).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'UNAUTHENTICATED', message: expect.stringMatching(message) });
    expect(String(error)).not.toMatch(/nonsense|ZGVwdDpzZWNyZXQ|统一/);
  });

  it('refuses a client that is not registered', async () => {
    await expect(call(await bearer('ghost'))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.not.stringContaining('ghost'),
    });
  });

  it('refuses a suspended client', async () => {
    await expect(call(await bearer('suspended'))).rejects.toMatchObject({ code: 'CLIENT_SUSPENDED' });
  });

  it('refuses an agency from the day after its licence ends', async () => {
    const header = await bearer('agency');
    expect((await call(header)).standing.id).toBe('agency');
    await expect(call(header, '2026-11-21')).rejects.toMatchObject({ code: 'LICENSE_EXPIRED' });
  });
});
