import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../testkit/eventually.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, GraphQLAnswer, Serving } from '../testkit/serving.ts';

/** The register of the demo names organizations; what is asked does not matter here. */
const ONE = '{ viewer { id } }';

let serving: Serving;
beforeAll(async () => {
  serving = await startServing({ environment: { STRANGER_RATE_PER_MINUTE: '5', CLIENT_MAX_CONCURRENT: 'DASHBOARD:3' } });
});
afterAll(() => serving.close());

async function many(ask: Ask, count: number, query = ONE): Promise<GraphQLAnswer[]> {
  return Promise.all(Array.from({ length: count }, () => ask(query)));
}

function refused(answers: readonly GraphQLAnswer[]): GraphQLAnswer[] {
  return answers.filter(({ errors }) => errors[0]?.extensions['code'] === 'RATE_LIMITED');
}

/** A client of its own, so that the tests do not spend each other's points. */
async function client(
  id: string,
  limits: Parameters<Serving['beside']['clients']['setLimits']>[1],
  kind = 'DASHBOARD',
): Promise<Ask> {
  await serving.beside.clients.add({ id, kind, name: id });
  await serving.beside.clients.setLimits(id, limits);
  return serving.as(id);
}

describe('requests a minute', () => {
  it('are refused beyond the client’s rate with 429, Retry-After and extensions.retryAfter', async () => {
    const ask = await client('rated', { ratePerMinute: 10, maxConcurrent: 100 });
    const answers = await many(ask, 15);
    expect(refused(answers)).toHaveLength(5);
    const [answer] = refused(answers);
    expect(answer?.status).toBe(429);
    expect(answer?.data).toBeNull();
    const retryAfter = answer?.errors[0]?.extensions['retryAfter'];
    expect(retryAfter).toBeGreaterThan(0);
    expect(retryAfter).toBeLessThanOrEqual(60);
    expect(answer?.headers.get('retry-after')).toBe(String(retryAfter));
    expect(answer?.errors[0]?.message).toMatch(/10 requests a minute.*Try again in \d+ s/);
    expect(answer?.errors[0]?.extensions['requestId']).toMatch(/.{8}/);
  });

  it('count each look-up of a subject by code or number, so that aliases win nothing', async () => {
    const ask = await client('looking', { ratePerMinute: 30, maxConcurrent: 100 });
    const aliases = Array.from(
      { length: 10 },
      (_, index) => `s${index}: subject(by: {creditCode: "9115010000000000${10 + index}"}) { id }`,
    );
    const answers: GraphQLAnswer[] = [];
    for (let round = 0; round < 5; round += 1) answers.push(await ask(`{ ${aliases.join(' ')} }`));
    expect(refused(answers)).toHaveLength(2);
  });

  it('are the sum over instances', async () => {
    const ask = await client('twice', { ratePerMinute: 20, maxConcurrent: 100 });
    const second = await serving.another();
    try {
      const askThere = await second.as('twice');
      const answers = (await Promise.all([many(ask, 20), many(askThere, 20)])).flat();
      expect(40 - refused(answers).length).toBeLessThanOrEqual(20);
      expect(40 - refused(answers).length).toBeGreaterThanOrEqual(18);
    } finally {
      await second.close();
    }
  });

  it('follow a change of the client’s limits at once', async () => {
    const ask = await client('raised', { ratePerMinute: 1, maxConcurrent: 100 });
    expect(refused(await many(ask, 3))).toHaveLength(2);
    await serving.beside.clients.setLimits('raised', { ratePerMinute: null });
    await eventually(async () => expect(refused([await ask(ONE)])).toHaveLength(0));
    expect(refused(await many(ask, 20))).toHaveLength(0);
  });
});

describe('requests at the same time', () => {
  it('are refused beyond the limit of the client’s kind, and let in again when answers have left', async () => {
    const ask = await client('crowd', {});
    const answers = await many(ask, 30);
    expect(refused(answers).length).toBeGreaterThan(0);
    expect(refused(answers).length).toBeLessThanOrEqual(27);
    expect(refused(answers)[0]?.errors[0]?.message).toContain('3 requests under way');
    expect(refused(await many(ask, 3))).toHaveLength(0);
  });
});

describe('requests of nobody', () => {
  it('are limited by address, tokens that do not hold included', async () => {
    const guess = (): Promise<GraphQLAnswer> => serving.anonymous(ONE, {}, { authorization: 'Bearer nonsense' });
    const first = [await serving.anonymous('{ catalog { version } }'), await guess(), await guess(), await guess()];
    expect(refused(first)).toHaveLength(0);
    await guess();
    const [answer] = refused([await guess()]);
    expect(answer?.status).toBe(429);
    expect(Number(answer?.headers.get('retry-after'))).toBeGreaterThan(0);
  });

  it('do not keep a client at the same address out', async () => {
    const ask = await client('neighbour', {});
    expect(refused([await ask(ONE)])).toHaveLength(0);
  });
});
