import { createHmac, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { base64url, decodeJwt, decodeProtectedHeader, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import type { TokenService } from '../../src/clients/index.ts';
import { SigningKeys } from '../../src/clients/signing-keys.ts';
import { readConfig } from '../../src/config.ts';
import { openKeyRing } from '../../src/keys/index.ts';
import { type ClientsTestbed, type Instance, ISSUER, openClientsTestbed } from './clients-testbed.ts';

const HOUR = 3_600_000;

let testbed: ClientsTestbed;
let here: Instance;
let elsewhere: Instance;
let clock: Date;
const now = (): Date => clock;

beforeAll(async () => {
  testbed = await openClientsTestbed();
  here = await testbed.instance();
  elsewhere = await testbed.instance();
});
afterAll(() => testbed.close());

let tokens: TokenService;
beforeEach(async () => {
  await testbed.database.prisma.signingKey.deleteMany();
  clock = new Date('2026-11-20T08:00:00Z');
  tokens = here.tokens({ now });
});

async function refusal(verifying: Promise<unknown>): Promise<string> {
  const error: unknown = await verifying.then(
    () => new Error('The token was taken.'),
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: 'UNAUTHENTICATED' });
  return error instanceof Error ? error.message : '';
}

/** A token signed with the gateway's own current key, with anything in it changed. */
async function forged(change: { header?: object; claims?: object } = {}): Promise<string> {
  const { kid, key } = await new SigningKeys({ prisma: here.prisma, keys: here.keys, now }).signing();
  const seconds = Math.floor(clock.getTime() / 1_000);
  const claims = {
    iss: ISSUER,
    aud: ISSUER,
    sub: 'dept',
    client_id: 'dept',
    iat: seconds,
    nbf: seconds,
    exp: seconds + 60,
    ...change.claims,
  };
  return new SignJWT(JSON.parse(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...change.header })
    .sign(key);
}

describe('a token', () => {
  it('names its client, its issuer and its end, after RFC 9068', async () => {
    const { token, expiresInSeconds } = await tokens.issue('dept', 900);
    expect(expiresInSeconds).toBe(900);
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', typ: 'at+jwt', kid: expect.any(String) });
    const seconds = clock.getTime() / 1_000;
    expect(decodeJwt(token)).toEqual({
      iss: ISSUER,
      aud: ISSUER,
      sub: 'dept',
      client_id: 'dept',
      jti: expect.any(String),
      iat: seconds,
      nbf: seconds - 60,
      exp: seconds + 900,
    });
    expect(await tokens.verify(token)).toEqual({ clientId: 'dept' });
  });

  it.each([0, -1, 0.5, 86_401, Number.NaN])('does not live %d seconds', async (ttl) => {
    await expect(tokens.issue('dept', ttl)).rejects.toThrow(/24 hours/);
  });

  it('ends when it says, also when it was verified before', async () => {
    const { token } = await tokens.issue('dept', 60);
    await tokens.verify(token);
    clock = new Date(clock.getTime() + 59_999);
    expect(await tokens.verify(token)).toEqual({ clientId: 'dept' });
    clock = new Date(clock.getTime() + 1);
    expect(await refusal(tokens.verify(token))).toMatch(/has expired[^]*\/oauth\/token/);
    expect(await refusal(elsewhere.tokens({ now }).verify(token))).toMatch(/has expired/);
  });

  it('is verified again without a statement', async () => {
    const { token } = await tokens.issue('dept');
    await tokens.verify(token);
    here.statements();
    for (let again = 0; again < 10; again += 1) await tokens.verify(token);
    expect(here.statements()).toEqual([]);
  });
});

describe('a token that was tampered with', () => {
  it('is taken when nothing is changed (the forge works)', async () => {
    expect(await tokens.verify(await forged())).toEqual({ clientId: 'dept' });
  });

  it('is refused with another payload', async () => {
    const [header, , signature] = (await forged()).split('.');
    const payload = base64url.encode(JSON.stringify({ ...decodeJwt(await forged()), client_id: 'admin' }));
    expect(await refusal(tokens.verify(`${header}.${payload}.${signature}`))).toMatch(/signature/);
  });

  it('is refused with another signature', async () => {
    const token = await forged();
    const at = token.length - 20;
    expect(await refusal(tokens.verify(token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)))).toMatch(
      /signature/,
    );
  });

  it('is refused without a signature (alg none)', async () => {
    const [header, payload] = (await forged()).split('.');
    const none = base64url.encode(JSON.stringify({ ...decodeProtectedHeader(`${header}.${payload}.`), alg: 'none' }));
    await refusal(tokens.verify(`${none}.${payload}.`));
    await refusal(tokens.verify(`${header}.${payload}.`));
  });

  it('is refused when the public key serves as a shared secret (alg HS256)', async () => {
    const [, payload] = (await forged()).split('.');
    const { keys } = await tokens.jwks();
    const key = await importJWK(keys[0] ?? {}, 'ES256');
    if (key instanceof Uint8Array) throw new Error('The published key is a secret.');
    const head = base64url.encode(JSON.stringify({ alg: 'HS256', typ: 'at+jwt', kid: keys[0]?.kid }));
    const mac = createHmac('sha256', await exportSPKI(key).catch(() => JSON.stringify(keys[0])))
      .update(`${head}.${payload}`)
      .digest('base64url');
    expect(await refusal(tokens.verify(`${head}.${payload}.${mac}`))).toMatch(/algorithm/);
  });

  it('is refused when it is signed with a key of somebody else under our key’s id', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const { kid = '' } = decodeProtectedHeader(await forged());
    const token = await new SignJWT(decodeJwt(await forged()))
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid })
      .sign(privateKey);
    expect(await refusal(tokens.verify(token))).toMatch(/signature/);
  });

  it.each<[string, { header?: object; claims?: object }, RegExp]>([
    ['another issuer', { claims: { iss: 'elsewhere' } }, /somebody else/],
    ['no issuer', { claims: { iss: undefined } }, /somebody else/],
    ['another audience', { claims: { aud: 'elsewhere' } }, /another service/],
    ['no audience', { claims: { aud: undefined } }, /./],
    ['no end', { claims: { exp: undefined } }, /./],
    ['a beginning in the future', { claims: { nbf: 1_900_000_000, exp: 1_900_000_100 } }, /not valid yet/],
    ['the type of an ID token', { header: { typ: 'JWT' } }, /not an access token/],
    ['no client', { claims: { client_id: undefined } }, /./],
    ['a client id that cannot be', { claims: { client_id: 'a\0b' } }, /name a client/],
    ['no key id', { header: { kid: undefined } }, /key/],
  ])('is refused with %s', async (_, change, message) => {
    expect(await refusal(tokens.verify(await forged(change)))).toMatch(message);
  });

  it.each(['', 'x', 'a.b', 'a.b.c', '..', 'e30.e30.', 'e30.e30.e30', `${'a'.repeat(9_000)}.b.c`, '\0', '统一.社会.信用'])(
    'is refused when it is no JWT (%#)',
    async (text) => {
      await refusal(tokens.verify(text));
    },
  );

  it('is never repeated in the refusal', async () => {
    const token = await forged({ claims: { aud: 'secret-audience' } });
    const error: unknown = await tokens.verify(token).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ message: expect.not.stringContaining('secret-audience'), details: {} });
    for (const part of token.split('.')) expect(String(error)).not.toContain(part);
  });
});

describe('the keys behind tokens', () => {
  it('are one key, though many instances need the first one at the same time', async () => {
    await Promise.all([here, elsewhere, here, elsewhere].map((instance) => instance.tokens({ now }).issue('dept')));
    expect(await here.prisma.signingKey.count()).toBe(1);
  });

  it('are made when the key set is asked for first', async () => {
    const { keys } = await tokens.jwks();
    expect(keys).toEqual([
      {
        kty: 'EC',
        crv: 'P-256',
        x: expect.any(String),
        y: expect.any(String),
        kid: expect.any(String),
        alg: 'ES256',
        use: 'sig',
      },
    ]);
  });

  it('lie encrypted in the database', async () => {
    await tokens.issue('dept');
    const row = await here.prisma.signingKey.findFirstOrThrow();
    const plain = here.keys.decrypt('signing-key', Buffer.from(row.sealedPrivate, 'base64'), Buffer.from(row.kid));
    const { d = '' } = JSON.parse(plain?.toString() ?? '{}') as { d?: string };
    expect(d).toHaveLength(43);
    expect(JSON.stringify(row)).not.toContain(d);
    expect(Buffer.from(row.sealedPrivate, 'base64').includes(Buffer.from(d, 'base64url'))).toBe(false);
  });

  it('are known on another instance at once', async () => {
    const other = elsewhere.tokens({ now });
    await other.verify((await tokens.issue('dept')).token);
    await tokens.rotate();
    const { token } = await tokens.issue('dept');
    expect(await other.verify(token)).toEqual({ clientId: 'dept' });
  });

  it('sign no more after a rotation, on any instance, and verify until the longest life has passed', async () => {
    const other = elsewhere.tokens({ now });
    const old = await other.issue('dept', 86_400);
    const kid = await tokens.rotate();
    expect(decodeProtectedHeader((await other.issue('dept')).token).kid).toBe(kid);
    clock = new Date(clock.getTime() + 24 * HOUR - 1_000);
    expect(await tokens.verify(old.token)).toEqual({ clientId: 'dept' });
    expect((await tokens.jwks()).keys).toHaveLength(2);
    clock = new Date(clock.getTime() + 62_000);
    expect((await tokens.jwks()).keys.map((key) => key.kid)).toEqual([kid]);
    await refusal(tokens.verify(old.token));
  });

  it('verify nothing that was signed after they were retired', async () => {
    const later = Math.floor(clock.getTime() / 1_000) + 120;
    const late = await forged({ claims: { iat: later, exp: later + 60 } });
    await tokens.rotate();
    expect(await refusal(tokens.verify(late))).toMatch(/retired/);
  });

  it('verify nothing at all once they are compromised: here at once, elsewhere within half a minute, also for tokens met before', async () => {
    const other = elsewhere.tokens({ now });
    const { token } = await tokens.issue('dept', 86_400);
    await Promise.all([tokens.verify(token), other.verify(token)]);
    await tokens.rotate({ compromised: true });
    await refusal(tokens.verify(token));
    clock = new Date(clock.getTime() + 30_000);
    await refusal(other.verify(token));
    expect((await other.jwks()).keys).toHaveLength(1);
    expect(await other.verify((await other.issue('dept')).token)).toEqual({ clientId: 'dept' });
  });

  it('are not looked up for ids that were made up', async () => {
    await tokens.verify(await forged());
    here.statements();
    for (let guess = 0; guess < 20; guess += 1) {
      const kid = guess === 0 ? '../../etc' : randomBytes(21).toString('base64url');
      expect(await refusal(tokens.verify(await forged({ header: { kid } })))).toMatch(/key/);
      here.statements().forEach((text) => expect(text).not.toMatch(/retired_at" > /));
    }
  });

  it('of another master key neither sign nor verify', async () => {
    const other = await openClientsTestbed();
    try {
      const config = readConfig({ DATABASE_URL: other.test.url, MASTER_KEY: randomBytes(32).toString('base64') });
      const keys = await openKeyRing(other.database, config);
      const stranger = here.tokens({ now, keys });
      const { token } = await tokens.issue('dept');
      await refusal(stranger.verify(token));
      await expect(stranger.issue('dept')).rejects.toMatchObject({
        name: 'OperatorError',
        message: expect.stringMatching(/MASTER_KEY[^]*keys rotate/),
      });
      await stranger.rotate();
      expect(await stranger.verify((await stranger.issue('dept')).token)).toEqual({ clientId: 'dept' });
    } finally {
      await other.close();
    }
  });
});
