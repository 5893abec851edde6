/** The kinds of subjects (信用主体) that the API tells apart; the database has the same words. */
export type SubjectKind =
  | 'ENTERPRISE'
  | 'SOLE_TRADER'
  | 'COOPERATIVE'
  | 'PUBLIC_INSTITUTION'
  | 'GOVERNMENT_BODY'
  | 'SOCIAL_ORGANIZATION'
  | 'OTHER_ORGANIZATION'
  | 'NATURAL_PERSON';

/**
 * By the first two characters of the unified social credit code: the registering department and its category
 * (GB 32100-2015, with the later additions for the army and for rural collectives).
 */
const KIND_OF_PREFIX: ReadonlyMap<string, SubjectKind> = new Map([
  ['11', 'GOVERNMENT_BODY'],
  ['12', 'PUBLIC_INSTITUTION'],
  ['51', 'SOCIAL_ORGANIZATION'],
  ['52', 'SOCIAL_ORGANIZATION'],
  ['53', 'SOCIAL_ORGANIZATION'],
  ['91', 'ENTERPRISE'],
  ['92', 'SOLE_TRADER'],
  ['93', 'COOPERATIVE'],
  ['A1', 'PUBLIC_INSTITUTION'],
]);

/**
 * The kind that a unified social credit code stands for. Mass organizations, committees, law firms, venues, unions, rural
 * collectives and every prefix not listed are OTHER_ORGANIZATION; NATURAL_PERSON never comes out.
 */
export function subjectKindOfCode(code: string): SubjectKind {
  return KIND_OF_PREFIX.get(code.slice(0, 2)) ?? 'OTHER_ORGANIZATION';
}
