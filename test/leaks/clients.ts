/** The clients of the matrix: every kind, with and without what can open more to it. */
import { randomUUID } from 'node:crypto';
import type { ClientKind, ProfileBasis } from '../../src/access/model.ts';
import type { Gateway } from '../../src/gateway.ts';
import { creditCode } from './canaries.ts';
import type { Subject } from './subjects.ts';

export const PURPOSE = '行政审批';
/** the organization whose rows are the providing department's own */
export const PROVIDER_CODE = creditCode('159900', 77);

const DEPARTMENT_HEADERS = { 'x-purpose': encodeURIComponent(PURPOSE), 'x-matter-number': 'M-1' };

/** Which of a catalog's items: by their place in it, so that it works for any catalog. */
type Some = (at: number, family: string) => boolean;

interface ClientForm {
  readonly kind: ClientKind;
  readonly provides?: boolean;
  readonly grants?: Some;
  readonly limit?: Some;
  readonly authorized?: boolean;
}

const FORMS: Readonly<Record<string, ClientForm>> = {
  department: { kind: 'DEPARTMENT' },
  'department-providing': { kind: 'DEPARTMENT', provides: true },
  'department-granted': { kind: 'DEPARTMENT', grants: (at) => at % 2 === 0 },
  'department-authorized': { kind: 'DEPARTMENT', authorized: true },
  'department-limited': {
    kind: 'DEPARTMENT',
    provides: true,
    authorized: true,
    limit: (at, family) => family !== 'SUBJECT' && at % 3 !== 0,
  },
  agency: { kind: 'CREDIT_AGENCY' },
  'agency-authorized': { kind: 'CREDIT_AGENCY', authorized: true },
  'agency-limited': { kind: 'CREDIT_AGENCY', authorized: true, limit: (at, family) => family !== 'SUBJECT' && at % 3 !== 1 },
  dashboard: { kind: 'DASHBOARD' },
  admin: { kind: 'ADMIN' },
};

export const CLIENT_IDS = Object.keys(FORMS);
/** ADMIN reads no credit data, and has a test of its own. */
export const READING_CLIENTS = CLIENT_IDS.filter((id) => id !== 'admin');

export interface MatrixClient {
  readonly id: string;
  readonly kind: ClientKind;
  readonly basis: ProfileBasis;
  readonly orgCode: string | null;
  readonly headers: Readonly<Record<string, string>>;
  /** whether a live authorization of the subject covers the item, for the purpose that the client states */
  hasConsent(subject: Subject, itemCode: string): boolean;
}

export function matrixClient(id: string, items: readonly { readonly code: string; readonly family: string }[]): MatrixClient {
  const form = FORMS[id];
  if (form === undefined) throw new Error(`No such client: ${id}`);
  const codes = (some: Some): string[] => items.filter(({ family }, at) => some(at, family)).map(({ code }) => code);
  const orgCode = form.provides === true ? PROVIDER_CODE : null;
  return {
    id,
    kind: form.kind,
    orgCode,
    basis: {
      kind: form.kind,
      items: form.limit === undefined ? null : codes(form.limit),
      grants: form.grants === undefined ? [] : codes(form.grants),
      providesData: orgCode !== null,
    },
    headers: DEPARTMENT_HEADERS,
    hasConsent: (subject, itemCode) => form.authorized === true && consentedItems(subject, items).includes(itemCode),
  };
}

/** What a subject has agreed to, with every authorized client alike. */
function consentedItems(subject: Subject, items: readonly { readonly code: string; readonly family: string }[]): string[] {
  if (subject.consent === 'ALL') return items.map(({ code }) => code);
  if (subject.consent === 'ONE')
    return items
      .filter(({ family }) => family !== 'SUBJECT')
      .slice(1, 2)
      .map(({ code }) => code);
  return [];
}

/** Enters the clients with their limits, grants and authorizations as they are for these items; what was there before is gone. */
export async function registerClients(
  { database: { prisma } }: Gateway,
  items: readonly { readonly code: string; readonly family: string }[],
  subjects: readonly Subject[],
): Promise<void> {
  const clients = CLIENT_IDS.map((id) => matrixClient(id, items));
  const authorized = clients.filter(({ id }) => FORMS[id]?.authorized === true);
  const agencies = { license: 'L-1', licenseUntil: new Date('2999-12-31T00:00:00Z') };
  await prisma.$transaction([
    prisma.authorization.deleteMany(),
    prisma.grant.deleteMany(),
    prisma.client.deleteMany(),
    prisma.client.createMany({
      data: clients.map(({ id, kind, orgCode, basis }) => ({
        ...{ id, kind, orgCode, name: id, items: [...(basis.items ?? [])], secretHash: randomUUID() },
        ...(kind === 'CREDIT_AGENCY' ? agencies : {}),
      })),
    }),
    prisma.grant.createMany({
      data: clients.flatMap(({ id, basis }) => basis.grants.map((itemCode) => ({ clientId: id, itemCode, basis: '法律' }))),
    }),
    prisma.authorization.createMany({
      data: authorized.flatMap(({ id }) => subjects.flatMap((subject) => authorizations(id, subject, items))),
    }),
    ...clients.map(({ id }) => prisma.$executeRaw`SELECT pg_notify('gateway_changes', ${`client:${id}`})`),
  ]);
}

interface AuthorizationRow {
  readonly clientId: string;
  readonly subjectId: string;
  readonly items: string[];
  readonly purpose: string;
  readonly until: Date;
  readonly revokedAt?: Date;
}

/** The live one, and for subjects who agreed to nothing, or to one item alone, three that open nothing more: lapsed, withdrawn, for another purpose. */
function authorizations(
  clientId: string,
  subject: Subject,
  items: readonly { readonly code: string; readonly family: string }[],
): AuthorizationRow[] {
  const all = { clientId, subjectId: subject.id, items: items.map(({ code }) => code) };
  const until = new Date('2999-12-31T00:00:00Z');
  const live = consentedItems(subject, items);
  if (subject.consent === 'ALL') return [{ ...all, purpose: PURPOSE, until }];
  return [
    ...(live.length === 0 ? [] : [{ ...all, items: live, purpose: PURPOSE, until }]),
    { ...all, purpose: PURPOSE, until: new Date('2020-01-01T00:00:00Z') },
    { ...all, purpose: PURPOSE, until, revokedAt: new Date('2025-01-01T00:00:00Z') },
    { ...all, purpose: '贷款审批', until },
  ];
}
