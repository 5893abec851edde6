/** Subjects by their identifiers, alone and as the filter of a listing: a number that the client may not know must not be confirmed. */
import type { CatalogItem } from '../../../src/catalog/model.ts';
import { ENTRY_FAMILIES, ROOTS } from '../documents.ts';
import type { Findings } from '../findings.ts';
import type { Oracle } from '../oracle.ts';
import type { Answer, Scene } from '../stage.ts';
import type { Subject } from '../subjects.ts';
import { Walk } from '../walk.ts';
import { itemsOf } from '../world.ts';

type Verdict = 'FORBIDDEN' | 'ANSWERED' | 'NOT_THERE';

export async function lookUpSubjects(scene: Scene, findings: Findings, subjects: readonly Subject[]): Promise<void> {
  for (const person of [false, true]) {
    const some = subjects.filter((subject) => subject.person === person);
    await lookUp(scene, findings, person, some);
    for (const family of ENTRY_FAMILIES) await lookUpEntries(scene, findings, person, some, itemsOf(scene.world, family));
  }
}

async function lookUp(scene: Scene, findings: Findings, person: boolean, subjects: readonly Subject[]): Promise<void> {
  const { oracle } = scene;
  const roots = subjects.map((subject, at) => `s${at}: subject(by: { ${key(subject)} }) { id name creditCode idNumber }`);
  const answer = await scene.ask(findings, `{ ${roots.join('\n')} }`);
  if (saysForbidden(answer, findings, forbidden(oracle, person), `subject(by ${person ? 'idNumber' : 'creditCode'})`)) return;
  for (const [at, subject] of subjects.entries()) {
    const row = scene.world.subjectRows.get(subject);
    if (row !== undefined) new Walk(oracle, findings).single(answer.data?.[`s${at}`] ?? null, row, 'subject(by)');
  }
}

async function lookUpEntries(
  scene: Scene,
  findings: Findings,
  person: boolean,
  subjects: readonly Subject[],
  items: readonly CatalogItem[],
): Promise<void> {
  const { oracle } = scene;
  const family = items[0]?.family;
  if (family === undefined) return;
  const root = ROOTS[family];
  const roots = subjects.map(
    (subject, at) => `e${at}: ${root}(first: 50, filter: { subject: { ${key(subject)} } }) { totalCount edges { node { id } } }`,
  );
  const answer = await scene.ask(findings, `{ ${roots.join('\n')} }`);
  if (
    saysForbidden(
      answer,
      findings,
      forbidden(oracle, person, items),
      `${root}(filter.subject ${person ? 'idNumber' : 'creditCode'})`,
    )
  )
    return;
  for (const [at, subject] of subjects.entries()) {
    const rows = oracle.visible(family).filter((row) => row.subject === subject);
    const expected = verdict(oracle, subject) === 'NOT_THERE' ? [] : rows;
    new Walk(oracle, findings).connection(answer.data?.[`e${at}`], expected, `${root}(filter.subject: ${subject.state.name})`);
  }
}

/**
 * Refused where the number is not open: on the subject itself, from which every entry can be reached; or, for a client to which no subject is
 * open, on an entry in scope. A person's number is no secret to an agency that has that person's authorization, and without one
 * "an unknown number and an unauthorized one" answer alike, so an agency is never refused.
 */
function forbidden(oracle: Oracle, person: boolean, entryItems: readonly CatalogItem[] = []): boolean {
  if (person && oracle.client.kind === 'CREDIT_AGENCY') return false;
  const party = person ? 'PERSON' : 'ORGANIZATION';
  const concerned = (item: CatalogItem): boolean =>
    (item.subjectScope === 'ALL' || item.subjectScope === party) && oracle.reaches(item);
  const registers = itemsOf(oracle.world, 'SUBJECT').filter(concerned);
  const open = (item: CatalogItem): boolean =>
    person && item.family === 'SUBJECT'
      ? oracle.mayUse(item, 'SUBJECT_ID_NUMBER', party)
      : oracle.mayUse(item, 'SUBJECT_CODE', party);
  if (registers.length > 0) return !registers.every(open);
  return !entryItems
    .filter(concerned)
    .every((item) => open(item) && (!person || oracle.mayUse(item, 'SUBJECT_ID_NUMBER', party)));
}

function verdict(oracle: Oracle, subject: Subject): Verdict {
  if (!subject.person || oracle.client.kind !== 'CREDIT_AGENCY') return 'ANSWERED';
  return oracle.world.document.items.some(({ code }) => oracle.client.hasConsent(subject, code)) ? 'ANSWERED' : 'NOT_THERE';
}

function saysForbidden({ errors, data }: Answer, findings: Findings, expected: boolean, where: string): boolean {
  const got = errors[0]?.extensions['code'] === 'FILTER_FORBIDDEN' && data === null;
  if (got !== expected)
    findings.add({
      field: 'identifier',
      expected: expected ? 'FILTER_FORBIDDEN' : 'data',
      got: errors[0]?.extensions ?? data,
      where,
    });
  else if (!expected && errors.length > 0) findings.add({ field: 'identifier', expected: 'no errors', got: errors, where });
  return expected || got;
}

function key({ person, identifier }: Subject): string {
  return `${person ? 'idNumber' : 'creditCode'}: "${identifier}"`;
}
