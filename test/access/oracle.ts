/**
 * Who may see what, a second time: written from the text of DESIGN §3, sentence by sentence, and from nothing in src/access.
 * Slow, naive, and meant to be checked against the text by reading.
 */
import type { ProfileBasis, RowFacts } from '../../src/access/model.ts';
import type { CatalogField, CatalogItem, Permission, Role } from '../../src/catalog/model.ts';

type Channel = 'PUBLIC' | 'GOV' | 'CONSENT' | 'PROVIDER';
type Verdict = 'OPEN' | 'MASKED' | 'WITHHELD';

/** "社会公开 opens to every channel; 政务共享 to GOV and PROVIDER; 授权查询 to CONSENT and PROVIDER; 不予共享 to PROVIDER only." */
const OPENS: Readonly<Record<Permission, readonly Channel[]>> = {
  PUBLIC: ['PUBLIC', 'GOV', 'CONSENT', 'PROVIDER'],
  GOV_SHARED: ['GOV', 'PROVIDER'],
  AUTHORIZED: ['CONSENT', 'PROVIDER'],
  PROVIDER_ONLY: ['PROVIDER'],
};

/** The table of clients. */
function channelsOfClient(item: CatalogItem, basis: ProfileBasis, row: RowFacts): Channel[] {
  if (basis.items !== null && !basis.items.includes(item.code)) return [];
  const channels: Channel[] = [];
  if (basis.kind === 'DEPARTMENT') {
    channels.push('PUBLIC', 'GOV');
    if (basis.grants.includes(item.code) || row.consent) channels.push('CONSENT');
    if (basis.providesData && row.own) channels.push('PROVIDER');
  }
  if (basis.kind === 'CREDIT_AGENCY') {
    channels.push('PUBLIC');
    if (row.consent) channels.push('CONSENT');
  }
  if (basis.kind === 'DASHBOARD') channels.push('PUBLIC', 'GOV');
  return channels;
}

/** The table of states, but for its line on natural persons. */
function passes(channel: Channel, row: RowFacts): boolean {
  if (channel === 'PROVIDER') return true;
  if (row.status === 'REPAIRED' || row.status === 'WITHDRAWN') return false;
  if (row.expired) return channel === 'GOV';
  return true;
}

/** "about a natural person, item not 自然人公示: 社会公开, and a masked form at 社会公开, count as 授权查询 [in PUBLIC and CONSENT]; GOV: as the field says; PROVIDER: yes" */
function levelFor(channel: Channel, level: Permission, item: CatalogItem, row: RowFacts): Permission {
  const narrowed = row.person && !item.personPublic && (channel === 'PUBLIC' || channel === 'CONSENT');
  return narrowed && level === 'PUBLIC' ? 'AUTHORIZED' : level;
}

function verdict(item: CatalogItem, field: CatalogField, basis: ProfileBasis, row: RowFacts): Verdict {
  const channels = channelsOfClient(item, basis, row).filter((channel) => passes(channel, row));
  const opens = (level: Permission): boolean =>
    channels.some((channel) => OPENS[levelFor(channel, level, item, row)].includes(channel));
  const hasMask = field.mask !== null && field.mask !== 'NONE';
  // "A dashboard's field that has a mask rule is masked even where its level is open."
  if (opens(field.permission)) return basis.kind === 'DASHBOARD' && hasMask ? 'MASKED' : 'OPEN';
  // "Else, if the masked form's level is open: the masked value." The rule 不脱敏 leaves the value as it is.
  if (field.maskedAt !== null && field.mask !== null && opens(field.maskedAt)) return hasMask ? 'MASKED' : 'OPEN';
  return 'WITHHELD';
}

export interface Expected {
  readonly outcome: Verdict;
  /** absent where the value is open */
  readonly reason?: 'PERMISSION' | 'NO_AUTHORIZATION' | 'NATURAL_PERSON';
  readonly required?: Permission;
}

export function expectedDecision(item: CatalogItem, field: CatalogField, basis: ProfileBasis, row: RowFacts): Expected {
  const outcome = verdict(item, field, basis, row);
  if (outcome === 'OPEN') return { outcome };
  const narrowed = row.person && !item.personPublic;
  const required = narrowed && field.permission === 'PUBLIC' ? 'AUTHORIZED' : field.permission;

  const worth: readonly Verdict[] = ['WITHHELD', 'MASKED', 'OPEN'];
  const forOrganization = verdict(item, field, basis, { ...row, person: false });
  if (worth.indexOf(forOrganization) > worth.indexOf(outcome)) return { outcome, reason: 'NATURAL_PERSON', required };
  if (verdict(item, field, basis, { ...row, consent: true }) === 'OPEN') return { outcome, reason: 'NO_AUTHORIZATION', required };
  return { outcome, reason: 'PERMISSION', required };
}

/** "An entry none of whose item's fields is open to the caller, even masked (by decision, whatever the values), does not exist for it" */
export function expectedVisible(item: CatalogItem, basis: ProfileBasis, row: RowFacts): boolean {
  return item.fields.some((field) => verdict(item, field, basis, row) !== 'WITHHELD');
}

/** Every row there can be: own rows only for departments with a code, consent only for those who can have it, dates only where there is one. */
export function possibleRows(item: CatalogItem, basis: ProfileBasis): RowFacts[] {
  const department = basis.kind === 'DEPARTMENT';
  return everyRow().filter(
    (row) =>
      (!row.own || (department && basis.providesData)) &&
      (!row.consent || department || basis.kind === 'CREDIT_AGENCY') &&
      (!row.expired || item.fields.some((field) => field.role === 'PUBLIC_UNTIL')) &&
      !(row.person && item.subjectScope === 'ORGANIZATION') &&
      !(!row.person && item.subjectScope === 'PERSON'),
  );
}

export function everyRow(): RowFacts[] {
  const either = [false, true];
  const statuses = ['ACTIVE', 'REPAIRED', 'WITHDRAWN'] as const;
  return either.flatMap((own) =>
    either.flatMap((consent) =>
      either.flatMap((person) =>
        either.flatMap((expired) => statuses.map((status) => ({ own, consent, person, expired, status }))),
      ),
    ),
  );
}

/** "A filter or order on a role that is not fully open for some item in scope is refused" */
export function expectedMayFilter(item: CatalogItem, role: Role, basis: ProfileBasis, rows: readonly RowFacts[]): boolean {
  // A person exists for an agency with any authorization of that person (DESIGN §3), also with one that opens no field of this item.
  const agency = basis.kind === 'CREDIT_AGENCY' && item.family === 'SUBJECT';
  const exist = rows.filter((row) => expectedVisible(item, basis, agency && row.person ? { ...row, consent: true } : row));
  return item.fields.every((field) => field.role !== role || exist.every((row) => verdict(item, field, basis, row) === 'OPEN'));
}
