import { createServer, type Server } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import type { TokenService } from '../../src/clients/index.ts';
import { type ClientsTestbed, type Instance, openClientsTestbed } from './clients-testbed.ts';

/** An issuer such as a province runs it, with its own keys, over real HTTP. */
class Issuer {
  readonly asked: string[] = [];
  keys: JWK[] = [];
  configuration: object = {};
  status = 200;
  url = '';
  #server: Server | null = null;
  #signing: { key: CryptoKey; kid: string; alg: string } | null = null;

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      this.asked.push(request.url ?? '');
      response.statusCode = this.status;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.url === '/realm/keys' ? { keys: this.keys } : this.configuration));
    });
    await new Promise<void>((resolve) => this.#server?.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.url = `http://127.0.0.1:${address.port}/realm`;
    this.configuration = { issuer: this.url, jwks_uri: `${this.url}/keys` };
  }

  async newKey(alg: string, kid: string): Promise<void> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    this.keys = [...this.keys, { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }];
    this.#signing = { key: privateKey, kid, alg };
  }

  sign(claims: object, header: object = {}): Promise<string> {
    if (this.#signing === null) throw new Error('no key yet');
    const { key, kid, alg } = this.#signing;
    const seconds = Math.floor(Date.now() / 1_000);
    const all = { iss: this.url, aud: 'credit-gateway', iat: seconds, exp: seconds + 300, ...claims };
    return new SignJWT(JSON.parse(JSON.stringify(all))).setProtectedHeader({ alg, kid, typ: 'JWT', ...header }).sign(key);
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => (this.#server === null ? resolve(null) : this.#server.close(resolve)));
  }
}

let testbed: ClientsTestbed;
let instance: Instance;
let issuer: Issuer;
let tokens: TokenService;

beforeAll(async () => {
  testbed = await openClientsTestbed();
  instance = await testbed.instance();
});
afterAll(() => testbed.close());

beforeEach(async () => {
  issuer = new Issuer();
  await issuer.start();
  await issuer.newKey('RS256', 'first');
  tokens = instance.tokens({ outsideIssuer: issuer.url, outsideAudience: 'credit-gateway' });
});
afterEach(() => issuer.stop());

describe('tokens of an outside issuer', () => {
  it.each<[string, object]>([
    ['client_id', { client_id: 'dept', azp: 'somebody' }],
    ['azp where there is no client_id', { azp: 'dept' }],
  ])('name their client as %s', async (_, claims) => {
    expect(await tokens.verify(await issuer.sign(claims))).toEqual({ clientId: 'dept' });
  });

  it.each<[string, object, RegExp]>([
    ['for another audience', { client_id: 'dept', aud: 'other' }, /another service/],
    ['without an audience', { client_id: 'dept', aud: undefined }, /./],
    ['that expired', { client_id: 'dept', exp: 1_000_000_000 }, /has expired/],
    ['without an end', { client_id: 'dept', exp: undefined }, /./],
    ['without a client', {}, /does not name a client/],
    ['of another issuer', { client_id: 'dept', iss: 'https://elsewhere.example' }, /somebody else/],
  ])('are refused %s', async (_, claims, message) => {
    await expect(tokens.verify(await issuer.sign(claims))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringMatching(message),
    });
  });

  it('are refused when somebody else signed them', async () => {
    const impostor = new Issuer();
    impostor.url = issuer.url;
    await impostor.newKey('RS256', 'first');
    await expect(tokens.verify(await impostor.sign({ client_id: 'dept' }))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    await impostor.newKey('RS256', 'unknown');
    await expect(tokens.verify(await impostor.sign({ client_id: 'dept' }))).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('are not taken when no outside issuer is set', async () => {
    await expect(instance.tokens().verify(await issuer.sign({ client_id: 'dept' }))).rejects.toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect(issuer.asked).toEqual([]);
  });

  it('never pass for our own, nor ours for theirs', async () => {
    await expect(
      tokens.verify(await issuer.sign({ client_id: 'dept', iss: 'test-gateway', aud: 'test-gateway' })),
    ).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('cost the issuer one look at its configuration and one at its keys, however many come', async () => {
    const many = await Promise.all(Array.from({ length: 10 }, (_, at) => issuer.sign({ client_id: `dept-${at}` })));
    await Promise.all(many.map((token) => tokens.verify(token)));
    for (const token of many) await tokens.verify(token);
    expect(issuer.asked).toEqual(['/realm/.well-known/openid-configuration', '/realm/keys']);
  });
});

describe('an outside issuer that does not answer', () => {
  it('makes its own clients wait, with SERVICE_UNAVAILABLE, and nobody else', async () => {
    const theirs = await issuer.sign({ client_id: 'dept' });
    const { token: ours } = await tokens.issue('dept');
    await issuer.stop();
    await expect(tokens.verify(theirs)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await tokens.verify(ours)).toEqual({ clientId: 'dept' });
  });

  it('is asked again only after a while, and then its tokens work', async () => {
    let time = Date.now();
    const patient = instance.tokens({ outsideIssuer: issuer.url, outsideAudience: 'credit-gateway', now: () => new Date(time) });
    const token = await issuer.sign({ client_id: 'dept' });
    issuer.status = 503;
    for (let again = 0; again < 5; again += 1)
      await expect(patient.verify(token)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(issuer.asked).toHaveLength(1);
    issuer.status = 200;
    time += 5_000;
    expect(await patient.verify(token)).toEqual({ clientId: 'dept' });
  });

  it.each<[string, object]>([
    ['describes another issuer', { issuer: 'https://elsewhere.example', jwks_uri: 'http://127.0.0.1:9/keys' }],
    ['names no keys', {}],
    ['names keys in a file', { jwks_uri: 'file:///etc/passwd' }],
  ])('is taken as silent when its configuration %s', async (_, change) => {
    const configuration = { issuer: issuer.url, ...change };
    issuer.configuration = configuration;
    await expect(tokens.verify(await issuer.sign({ client_id: 'dept' }))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });

  it('cannot have the gateway’s own name', () => {
    expect(() => instance.tokens({ issuer: issuer.url, outsideIssuer: issuer.url })).toThrow(/TOKEN_ISSUER/);
  });
});
