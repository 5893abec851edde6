/** One request as an attacker, a fuzzer or a broken program would make it. The same number gives the same request. */
import { Dice } from './dice.ts';
import { nastyText, nastyValue, PROTOTYPE_NAMES } from './nasty-values.ts';
import { damaged, deep, operation, sound, wide } from './operations.ts';
import type { OperationShape } from './operations.ts';

export interface HostileRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** its body is one operation, in JSON, to the right address: the answer must be GraphQL over HTTP */
  readonly graphql: boolean;
}

export function hostileRequest(number: number, seed: number, shape: OperationShape): HostileRequest {
  const dice = new Dice(Math.imul(seed ^ number, 0x9e3779b1) + number);
  const headers: Record<string, string> = { 'content-type': 'application/json', accept: 'application/json' };
  if (dice.chance(0.35)) Object.assign(headers, strangeHeaders(dice));
  const kind = dice.next();
  if (kind < 0.06) return { ...elsewhere(dice), headers };
  const body = kind < 0.14 ? strangeBody(dice, shape) : Buffer.from(JSON.stringify(operationBody(dice, shape)), 'utf8');
  return { method: 'POST', path: '/graphql', headers, body, graphql: true };
}

function operationBody(dice: Dice, shape: OperationShape): Record<string, unknown> {
  const body: Record<string, unknown> = { query: query(dice, shape) };
  if (dice.chance(0.4)) body['variables'] = variables(dice);
  if (dice.chance(0.1)) body['operationName'] = dice.pick<unknown>(['Named', '', null, 5, ...PROTOTYPE_NAMES, nastyText(dice)]);
  if (dice.chance(0.1)) body['extensions'] = dice.chance(0.5) ? nastyValue(dice) : { persistedQuery: nastyValue(dice) };
  if (dice.chance(0.05)) body['query'] = nastyValue(dice);
  // Written so that JSON.stringify takes it for a member, and not for the prototype.
  if (dice.chance(0.05)) Object.defineProperty(body, '__proto__', { value: nastyValue(dice), enumerable: true });
  return body;
}

function query(dice: Dice, shape: OperationShape): string {
  const kind = dice.next();
  if (kind < 0.25) return sound(dice, shape);
  if (kind < 0.5) return operation(dice, shape);
  if (kind < 0.75) return damaged(dice, operation(dice, shape));
  if (kind < 0.85) return deep(dice);
  if (kind < 0.95) return wide(dice, shape);
  return nastyText(dice);
}

function variables(dice: Dice): unknown {
  if (dice.chance(0.2)) return nastyValue(dice);
  const given: Record<string, unknown> = {};
  for (const name of ['x', 'n', 'by', 'f', dice.pick(PROTOTYPE_NAMES)]) {
    Object.defineProperty(given, name, { value: nastyValue(dice), enumerable: true, configurable: true });
  }
  return given;
}

/** What is no JSON object with an operation. */
function strangeBody(dice: Dice, shape: OperationShape): Buffer {
  const json = JSON.stringify(operationBody(dice, shape));
  switch (dice.below(9)) {
    case 0:
      return Buffer.from(damaged(dice, json), 'utf8');
    case 1:
      return Buffer.from(`[${json},${json}]`, 'utf8');
    case 2:
      return Buffer.from(JSON.stringify(nastyValue(dice)), 'utf8');
    case 3:
      return Buffer.from('['.repeat(100_000), 'utf8');
    case 4:
      return Buffer.from(`{"query":"{ viewer { id } }","variables":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`, 'utf8');
    case 5:
      return Buffer.concat([
        Buffer.from('{"query":"'),
        Buffer.from([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
        Buffer.from('"}'),
      ]);
    case 6:
      return Buffer.from(json, 'utf16le');
    case 7:
      return dice.chance(0.1) ? Buffer.alloc(1_200_000, 0x20) : Buffer.alloc(0);
    default:
      return Buffer.from(json.slice(0, dice.below(json.length)), 'utf8');
  }
}

/** Values that HTTP itself allows in a header; what it does not is raw-connection.ts's matter. */
function strangeHeaders(dice: Dice): Record<string, string> {
  const encoded = (): string => {
    try {
      return encodeURIComponent(nastyText(dice));
    } catch {
      return '%ED%A0%80';
    }
  };
  const latin = (): string =>
    nastyText(dice)
      .replaceAll(/[^\x20-\x7e\x80-\xff]/g, '?')
      .slice(0, 4_000);
  const headers: Record<string, string> = {};
  for (let count = dice.below(3); count >= 0; count -= 1) {
    switch (dice.below(12)) {
      case 0:
        headers['x-purpose'] = dice.pick([encoded(), latin(), '%', '%zz', '%00', '%C0%80', '', ' ']);
        break;
      case 1:
        headers['x-matter-number'] = dice.pick([encoded(), latin(), '%E4%BF', '']);
        break;
      case 2:
        headers['x-access-mode'] = dice.pick(['strict', 'STRICT', 'lenient', '', 'strict, lenient', latin()]);
        break;
      case 3:
        headers['x-request-id'] = dice.pick([latin(), 'a', 'x'.repeat(5_000), '12345678', '${jndi:ldap://x}']);
        break;
      case 4:
        headers['authorization'] = dice.pick([
          'Bearer',
          'Bearer ',
          'Bearer a.b.c',
          'Basic eDp5',
          `Bearer ${'a'.repeat(8_000)}`,
          'Bearer eyJhbGciOiJub25lIn0.e30.',
          latin(),
        ]);
        break;
      case 5:
        headers['content-type'] = dice.pick([
          'application/json; charset=gbk',
          'application/json; charset=utf-16',
          'text/plain',
          'multipart/form-data; boundary=x',
          'application/x-www-form-urlencoded',
          'application/graphql',
          'application/json;',
          '*/*',
          '',
          latin(),
        ]);
        break;
      case 6:
        headers['accept'] = dice.pick([
          'application/graphql-response+json',
          'multipart/mixed',
          'text/event-stream',
          'text/html',
          '*/*;q=0',
          'x',
          latin(),
        ]);
        break;
      case 7:
        headers['content-encoding'] = dice.pick(['gzip', 'deflate', 'br', 'zstd', 'identity', 'gzip, gzip', latin()]);
        break;
      case 8:
        headers['x-forwarded-for'] = dice.pick(['127.0.0.1', '::1', latin(), '1.2.3.4, '.repeat(200)]);
        break;
      case 9:
        headers['origin'] = dice.pick(['null', 'https://example.com', latin()]);
        break;
      case 10:
        headers['expect'] = dice.pick(['100-continue', 'nothing']);
        break;
      default:
        headers[
          dice.pick([
            '__proto__',
            'constructor',
            'x-http-method-override',
            'x-apollo-operation-name',
            'apollo-require-preflight',
            'cookie',
            'if-none-match',
            'range',
          ])
        ] = latin();
    }
  }
  return headers;
}

/** Other addresses and methods. */
function elsewhere(dice: Dice): Omit<HostileRequest, 'headers'> {
  const path = dice.pick([
    '/graphql?query=%7B__typename%7D',
    '/graphql/',
    '/GraphQL',
    '/oauth/token',
    '/.well-known/jwks.json',
    '/health/live',
    '/health/ready',
    '/metrics',
    '/',
    '/explorer/../../package.json',
    '/explorer/%2e%2e/%2e%2e/package.json',
    '/%00',
    '/%',
    '/%ff%fe',
    '//evil.example/',
    `/${'a'.repeat(4_000)}`,
    '/__proto__',
    '/graphql?__proto__[x]=1',
    '/exports/../../x/y',
    '/exports/__proto__/constructor',
  ]);
  const method = dice.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE', 'PROPFIND']);
  const body =
    method === 'GET' || method === 'HEAD' || method === 'TRACE' ? Buffer.alloc(0) : Buffer.from(nastyText(dice), 'utf8');
  return { method, path, body, graphql: false };
}
