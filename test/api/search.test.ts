import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { cell, demoRows } from '../testkit/demo-rows.ts';
import { startServing } from '../testkit/serving.ts';
import type { Ask, Serving } from '../testkit/serving.ts';

describe('a search for organizations by name', () => {
  let serving: Serving;
  let department: Ask;
  let agency: Ask;
  const names = demoRows('Organization').map((row) => cell(row, '主体名称'));

  beforeAll(async () => {
    serving = await startServing();
    [department, agency] = await Promise.all([serving.as('demo-department'), serving.as('demo-agency')]);
    await serving.beside.database.prisma
      .$executeRaw`UPDATE subjects SET name = 'ÉTOILE Trading 100%_有限公司' WHERE credit_code = ${cell(demoRows('Organization')[0], '统一社会信用代码')}`;
  });
  afterAll(() => serving.close());

  const search =
    'query ($name: TextFilter!) { subjects(first: 1000, filter: { name: $name, kinds: [ENTERPRISE, SOLE_TRADER, COOPERATIVE, PUBLIC_INSTITUTION, GOVERNMENT_BODY, SOCIAL_ORGANIZATION, OTHER_ORGANIZATION] }) { totalCount edges { node { name } } } }';
  async function found(ask: Ask, name: Record<string, string>): Promise<string[]> {
    const answer = await ask(search, { name });
    expect(answer.errors).toEqual([]);
    expect(answer.data.subjects.totalCount).toBe(answer.data.subjects.edges.length);
    return answer.data.subjects.edges.map((edge: { node: { name: string } }) => edge.node.name).sort();
  }
  const unchanged = names.slice(1);

  it.each(['包头', '有限', '科技', '0073有限责任', '不存在的'])(
    'finds every name that contains %s, for both kinds of client alike',
    async (text) => {
      const expected = unchanged.filter((name) => name.includes(text)).sort();
      for (const ask of [department, agency]) {
        expect((await found(ask, { contains: text })).filter((name) => unchanged.includes(name))).toEqual(expected);
      }
    },
  );

  it.each(['包头', '包', '乌海达茂'])('finds every name that starts with %s', async (text) => {
    const expected = unchanged.filter((name) => name.startsWith(text)).sort();
    for (const ask of [department, agency]) {
      expect((await found(ask, { startsWith: text })).filter((name) => unchanged.includes(name))).toEqual(expected);
    }
  });

  it.each(['étoile', 'TRADING', 'É', '100%_', '%', '_有限'])(
    'takes %s as letters, whatever they mean to a pattern',
    async (text) => {
      const wanted = 'ÉTOILE Trading 100%_有限公司';
      const matches = asciiFold(wanted).includes(asciiFold(text));
      const answer = await agency(search, { name: { contains: text } });
      if ([...text].length < 2) expect(answer.errors[0]?.extensions['code']).toBe('BAD_USER_INPUT');
      else expect(answer.data.subjects.totalCount).toBe(matches ? 1 : 0);
    },
  );

  it('is not possible over natural persons, whose names are masked or unseen', async () => {
    for (const filter of ['{ name: { contains: "王明" } }', '{ name: { startsWith: "王" }, kinds: [NATURAL_PERSON] }']) {
      const answer = await department(`{ subjects(filter: ${filter}) { totalCount } }`);
      expect(answer.errors[0]?.extensions).toMatchObject({ code: 'FILTER_FORBIDDEN', items: ['150000-01-002'] });
    }
  });
});

/** Letters A to Z without regard to case, all others as they are. */
function asciiFold(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
