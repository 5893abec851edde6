/** What a change of the catalog opens and closes, for which kind of client, in words (DESIGN §2, `catalog diff`). */
import type { Catalog, CatalogField, CatalogItem } from '../catalog/model.ts';
import { PERMISSION_WORDS } from '../catalog/vocabulary.ts';
import { compileProfile } from './compile-profile.ts';
import type { AccessProfile, ClientKind, RowFacts } from './model.ts';

/** A kind of client in one situation in which the catalog treats it alike. */
interface Audience {
  readonly kind: ClientKind;
  readonly consent: boolean;
  /** the row comes from the client's own organization */
  readonly own: boolean;
  /** whom the rows may be about that this audience can meet at all */
  readonly parties: readonly PartyOfRow[];
  readonly en: string;
  readonly zh: string;
}

const BOTH: readonly PartyOfRow[] = ['ORGANIZATION', 'PERSON'];

/**
 * ADMIN is not among them: it reads no credit data, whatever a catalog says. A department with a grant is treated as one
 * with the subject's consent; a dashboard has no consent. A natural person exists for an agency only with some consent of
 * that person, be it for another item.
 */
const AUDIENCES: readonly Audience[] = [
  { kind: 'DEPARTMENT', consent: false, own: false, parties: BOTH, en: 'DEPARTMENT', zh: '部门' },
  {
    kind: 'DEPARTMENT',
    consent: true,
    own: false,
    parties: BOTH,
    en: 'DEPARTMENT with consent or grant',
    zh: '有授权或依法查询事项的部门',
  },
  { kind: 'DEPARTMENT', consent: false, own: true, parties: BOTH, en: 'the providing DEPARTMENT', zh: '提供单位' },
  { kind: 'CREDIT_AGENCY', consent: false, own: false, parties: ['ORGANIZATION'], en: 'CREDIT_AGENCY', zh: '征信机构' },
  {
    kind: 'CREDIT_AGENCY',
    consent: false,
    own: false,
    parties: ['PERSON'],
    en: 'CREDIT_AGENCY with the person’s consent for another item',
    zh: '持有该自然人其他项目授权的征信机构',
  },
  { kind: 'CREDIT_AGENCY', consent: true, own: false, parties: BOTH, en: 'CREDIT_AGENCY with consent', zh: '有授权的征信机构' },
  { kind: 'DASHBOARD', consent: false, own: false, parties: BOTH, en: 'DASHBOARD', zh: '统计看板' },
];

/** From nothing to everything; a step up opens, a step down closes. */
const OUTCOMES = ['WITHHELD', 'MASKED', 'OPEN'] as const;
type Outcome = (typeof OUTCOMES)[number];

type PartyOfRow = 'ORGANIZATION' | 'PERSON';

/** One field that becomes more, or less, readable for some clients. */
export interface AccessChange {
  readonly itemCode: string;
  readonly typeName: string;
  readonly key: string;
  readonly direction: 'OPENS' | 'CLOSES';
  readonly from: Outcome;
  readonly to: Outcome;
  /** null: whomever the item's rows are about */
  readonly party: PartyOfRow | null;
  readonly kinds: readonly ClientKind[];
  readonly en: string;
  readonly zh: string;
}

/**
 * Compares what both catalogs give to every kind of client, for a current entry (a past or repaired one only narrows what
 * its item's permissions give). In the order of the later catalog, removed items last; changes that are alike for several
 * clients are one.
 */
export function accessDifference(before: Catalog, after: Catalog): readonly AccessChange[] {
  const profiles = AUDIENCES.map((audience) => ({
    audience,
    before: profileOf(before, audience),
    after: profileOf(after, audience),
  }));
  const removed = before.items.filter((item) => after.item(item.code) === undefined);
  return [...after.items, ...removed].flatMap((item) => {
    const old = before.item(item.code);
    const next = after.item(item.code);
    const parties = partiesOf(old, next);
    return keysOf(old, next).flatMap((key) => {
      const groups = new Map<string, Group>();
      for (const { audience, before: oldProfile, after: nextProfile } of profiles) {
        const steps = parties
          .filter((party) => audience.parties.includes(party))
          .map((party) => ({
            party,
            from: outcome(oldProfile, old, key, audience, party),
            to: outcome(nextProfile, next, key, audience, party),
          }));
        // Nothing is said of parties where the item has only one, or where both go the same way.
        const [first] = steps;
        const alike = steps.length === parties.length && steps.every(({ from, to }) => from === first?.from && to === first.to);
        for (const { party, from, to } of alike ? steps.slice(0, 1) : steps) {
          if (from === to) continue;
          const about = alike ? null : party;
          const name = `${from} ${to} ${about ?? ''}`;
          const group = groups.get(name) ?? { from, to, party: about, audiences: [] };
          group.audiences.push(audience);
          groups.set(name, group);
        }
      }
      return [...groups.values()].map((group) => changeOf(item, key, old, next, group));
    });
  });
}

interface Group {
  readonly from: Outcome;
  readonly to: Outcome;
  readonly party: PartyOfRow | null;
  readonly audiences: Audience[];
}

function profileOf(catalog: Catalog, audience: Audience): AccessProfile {
  return compileProfile(catalog, { kind: audience.kind, items: null, grants: [], providesData: audience.own });
}

function outcome(
  profile: AccessProfile,
  item: CatalogItem | undefined,
  key: string,
  audience: Audience,
  party: PartyOfRow,
): Outcome {
  if (item === undefined || !scopeIncludes(item, party)) return 'WITHHELD';
  const person = party === 'PERSON';
  const facts: RowFacts = { own: audience.own, consent: audience.consent, person, expired: false, status: 'ACTIVE' };
  const decision = profile.decide(item.code, facts);
  return decision.visible ? decision.field(key).outcome : 'WITHHELD';
}

function keysOf(old: CatalogItem | undefined, next: CatalogItem | undefined): readonly string[] {
  return [...new Set([...(next?.fields ?? []), ...(old?.fields ?? [])].map((field) => field.key))];
}

function partiesOf(old: CatalogItem | undefined, next: CatalogItem | undefined): readonly PartyOfRow[] {
  const items = [old, next].filter((item) => item !== undefined);
  return (['ORGANIZATION', 'PERSON'] as const).filter((party) => items.some((item) => scopeIncludes(item, party)));
}

function scopeIncludes(item: CatalogItem, party: PartyOfRow): boolean {
  return item.subjectScope === 'ALL' || item.subjectScope === party;
}

function changeOf(
  item: CatalogItem,
  key: string,
  old: CatalogItem | undefined,
  next: CatalogItem | undefined,
  group: Group,
): AccessChange {
  const { from, to, party } = group;
  const was = old?.fields.find((field) => field.key === key);
  const is = next?.fields.find((field) => field.key === key);
  const opens = OUTCOMES.indexOf(to) > OUTCOMES.indexOf(from);
  const subject = `${item.typeName}.${key} ${(is ?? was)?.nameZh ?? ''}`;
  const why = reasonOf(was, is, old, next);
  const about = {
    ORGANIZATION: ['about organizations', '关于法人和非法人组织的'],
    PERSON: ['about natural persons', '关于自然人的'],
  } as const;
  const [aboutEn, aboutZh] = party === null ? ['', ''] : about[party];
  const en = `${EFFECT[from][to].en} ${group.audiences.map((audience) => audience.en).join(', ')}`;
  const zh = `${EFFECT[from][to].zh}${group.audiences.map((audience) => audience.zh).join('、')}`;
  return {
    itemCode: item.code,
    typeName: item.typeName,
    key,
    direction: opens ? 'OPENS' : 'CLOSES',
    from,
    to,
    party,
    kinds: [...new Set(group.audiences.map((audience) => audience.kind))],
    en: `${subject}: ${en}${aboutEn === '' ? '' : `, ${aboutEn}`} (${why.en})`,
    zh: `${subject}：${aboutZh}${zh}（${why.zh}）`,
  };
}

/** Reads on with the clients' names. */
const EFFECT: Readonly<Record<Outcome, Readonly<Record<Outcome, { en: string; zh: string }>>>> = {
  WITHHELD: {
    WITHHELD: { en: 'stays withheld from', zh: '仍不对其开放：' },
    MASKED: { en: 'opens, masked, to', zh: '脱敏后开放给：' },
    OPEN: { en: 'opens to', zh: '开放给：' },
  },
  MASKED: {
    WITHHELD: { en: 'closes, even masked, to', zh: '不再开放（脱敏后亦不可见）给：' },
    MASKED: { en: 'stays masked for', zh: '仍为脱敏可见：' },
    OPEN: { en: 'opens, no longer masked, to', zh: '由脱敏改为原值开放给：' },
  },
  OPEN: {
    WITHHELD: { en: 'closes to', zh: '不再开放给：' },
    MASKED: { en: 'closes, its masked form stays open, to', zh: '由原值改为脱敏开放给：' },
    OPEN: { en: 'stays open to', zh: '仍开放给：' },
  },
};

/** What in the catalog brought it about: the field's own words, or the item's. */
function reasonOf(
  was: CatalogField | undefined,
  is: CatalogField | undefined,
  old: CatalogItem | undefined,
  next: CatalogItem | undefined,
): { en: string; zh: string } {
  if (is === undefined)
    return next === undefined ? { en: 'item removed', zh: '项目删除' } : { en: 'field removed', zh: '数据项删除' };
  if (was === undefined) {
    const permission = accessWords(is);
    return old === undefined
      ? { en: `new item, ${permission}`, zh: `新项目，${permission}` }
      : { en: `new field, ${permission}`, zh: `新数据项，${permission}` };
  }
  if (accessWords(was) !== accessWords(is)) {
    const words = `${accessWords(was)} → ${accessWords(is)}`;
    return { en: words, zh: words };
  }
  if (was.mask !== is.mask) return { en: 'its mask rule changed', zh: '脱敏规则变更' };
  if (old?.personPublic !== next?.personPublic) {
    const words = `自然人公示 ${old?.personPublic === true ? '是' : '否'} → ${next?.personPublic === true ? '是' : '否'}`;
    return { en: words, zh: words };
  }
  if (old?.subjectScope !== next?.subjectScope) return { en: 'the item is about other subjects', zh: '主体范围变更' };
  return { en: 'through other fields of the item', zh: '因本项目其他数据项变更' };
}

function accessWords(field: CatalogField): string {
  const masked = field.maskedAt === null ? '' : `，脱敏可见 ${PERMISSION_WORDS.word(field.maskedAt)}`;
  return `${PERMISSION_WORDS.word(field.permission)}${masked}`;
}
