/** One row that was found good → what will be stored: its subject, and its entry (or, for a subject item, the subject alone). */
import type { Catalog, CatalogField, CatalogItem, Role } from '../catalog/model.ts';
import { fieldWithRole, restsSealed } from '../catalog/model.ts';
import type { SubjectIdentifier, SubjectKind } from '../identifiers/index.ts';
import { subjectKindOfCode } from '../identifiers/index.ts';
import { quoted } from '../json-text.ts';
import type { KeyRing } from '../keys/index.ts';
import { ENTRY_COLUMNS, SUBJECT_COLUMNS, type RoleColumn } from '../entries/index.ts';

export type IntakeKeys = Pick<KeyRing, 'subjectId' | 'entryId' | 'seal' | 'isSealed' | 'digest'>;

export interface SubjectDraft {
  readonly id: string;
  readonly itemCode: string;
  readonly kind: SubjectKind;
  readonly person: boolean;
  /** organizations only */
  readonly creditCode: string | null;
  /** one per column of SUBJECT_COLUMNS */
  readonly columns: readonly (string | null)[];
  /** JSON object in UTF-8: field key → stored text */
  readonly content: Buffer;
  readonly digest: Buffer;
}

export interface EntryDraft {
  readonly id: string;
  readonly subjectId: string;
  readonly person: boolean;
  /** one per column of ENTRY_COLUMNS of the item's family */
  readonly columns: readonly (string | null)[];
  readonly content: Buffer;
  readonly digest: Buffer;
}

/** A row of a subject item is its subject; any other is an entry, and names its subject. */
export type RowDraft =
  | { readonly kind: 'SUBJECT'; readonly subject: SubjectDraft }
  | {
      readonly kind: 'ENTRY';
      readonly entry: EntryDraft;
      /** the subject as this row alone tells of it; made only when asked for, as most subjects are known already */
      readonly nameSubject: () => SubjectDraft;
    };

/** Values of one row by the field's place in the item; null where the cell was blank. */
export type RowValues = readonly (string | null)[];

/** The words of 主体类型; an unknown word leaves the decision to the code. */
const KIND_OF_WORD: ReadonlyMap<string, SubjectKind> = new Map<string, SubjectKind>([
  ['企业', 'ENTERPRISE'],
  ['个体工商户', 'SOLE_TRADER'],
  ['农民专业合作社', 'COOPERATIVE'],
  ['事业单位', 'PUBLIC_INSTITUTION'],
  ['机关', 'GOVERNMENT_BODY'],
  ['社会组织', 'SOCIAL_ORGANIZATION'],
  ['社会团体', 'SOCIAL_ORGANIZATION'],
  ['社会服务机构', 'SOCIAL_ORGANIZATION'],
  ['民办非企业单位', 'SOCIAL_ORGANIZATION'],
  ['基金会', 'SOCIAL_ORGANIZATION'],
]);

/** Some 10 MB. */
const REMEMBERED_IDS = 50_000;

/** Builds drafts for one item of one catalog version. */
export class RowDrafter {
  private readonly item: CatalogItem;
  private readonly keys: IntakeKeys;
  private readonly jsonKeys: readonly string[];
  private readonly keyFields: readonly number[];
  private readonly columns: readonly (number | null)[];
  private readonly subjectIds = new Map<string, string>();
  private readonly nameAt: number | null;
  private readonly kindAt: number | null;
  private readonly personItem: CatalogItem | undefined;
  private readonly organizationItem: CatalogItem | undefined;

  constructor(catalog: Catalog, item: CatalogItem, keys: IntakeKeys) {
    this.item = item;
    this.keys = keys;
    this.jsonKeys = item.fields.map((field) => `${JSON.stringify(field.key)}:`);
    const inKey = item.fields.flatMap((field, at) => (field.inKey ? [at] : []));
    // An item without key fields has nothing that tells two entries of a subject apart but the entries themselves.
    this.keyFields = inKey.length > 0 ? inKey : [...item.fields.keys()];
    this.columns = columnsOf(item).map(({ role }) => columnField(item, role));
    this.nameAt = fieldAt(item, 'SUBJECT_NAME');
    this.kindAt = fieldAt(item, 'SUBJECT_KIND');
    this.personItem = subjectItem(catalog, 'PERSON');
    this.organizationItem = subjectItem(catalog, 'ORGANIZATION');
  }

  draft(values: RowValues, identified: SubjectIdentifier): RowDraft {
    const subjectId = this.subjectId(identified.identifier);
    const json = this.contentOf(values, subjectId, identified.person);
    // Over what is stored: a field that a new catalog seals makes the same row a changed one.
    const digest = this.keys.digest([json]);
    const content = Buffer.from(json);
    const columns = this.columns.map((at) => (at === null ? null : (values[at] ?? null)));
    if (this.item.family === 'SUBJECT') {
      const subject: SubjectDraft = {
        id: subjectId,
        itemCode: this.item.code,
        kind: this.kindOf(values, identified),
        person: identified.person,
        creditCode: identified.person ? null : identified.identifier,
        columns,
        content,
        digest,
      };
      return { kind: 'SUBJECT', subject };
    }
    const keyValues = this.keyFields.map((at) => values[at] ?? '');
    const id = this.keys.entryId(this.item.code, subjectId, keyValues);
    const entry: EntryDraft = { id, subjectId, person: identified.person, columns, content, digest };
    return { kind: 'ENTRY', entry, nameSubject: () => this.unregistered(values, subjectId, identified) };
  }

  /** A file names the same subjects again and again. */
  private subjectId(identifier: string): string {
    let id = this.subjectIds.get(identifier);
    if (id === undefined) {
      id = this.keys.subjectId(identifier);
      if (this.subjectIds.size >= REMEMBERED_IDS) this.subjectIds.clear();
      // A copy: the engine's substring would keep the whole piece of the file that it was cut from.
      this.subjectIds.set(Buffer.from(identifier, 'latin1').toString('latin1'), id);
    }
    return id;
  }

  /** What an entry tells of its subject: who it is and its name, under the keys of the catalog's subject item. */
  private unregistered(values: RowValues, id: string, identified: SubjectIdentifier): SubjectDraft {
    const { person, identifier } = identified;
    const item = person ? this.personItem : this.organizationItem;
    const nameField = item === undefined ? undefined : fieldWithRole(item, 'SUBJECT_NAME');
    const codeField =
      item === undefined
        ? undefined
        : ((person ? fieldWithRole(item, 'SUBJECT_ID_NUMBER') : undefined) ?? fieldWithRole(item, 'SUBJECT_CODE'));
    const name = this.nameAt === null ? null : (values[this.nameAt] ?? null);
    const content: Record<string, string> = {};
    if (codeField !== undefined) content[codeField.key] = person ? this.keys.seal(identifier, id) : identifier;
    if (nameField !== undefined && name !== null)
      content[nameField.key] = restsSealed(nameField) ? this.keys.seal(name, id) : name;
    const json = JSON.stringify(content);
    return {
      id,
      // A catalog without a subject item can still take entries; their subject is then a name without a page.
      itemCode: item?.code ?? '',
      kind: person ? 'NATURAL_PERSON' : subjectKindOfCode(identifier),
      person,
      creditCode: person ? null : identifier,
      columns: SUBJECT_COLUMNS.map(({ role }) =>
        role === 'SUBJECT_NAME' && (nameField === undefined || !restsSealed(nameField)) ? name : null,
      ),
      content: Buffer.from(json),
      digest: this.keys.digest([json]),
    };
  }

  /** A text that looks like a seal is sealed as well, so that reading gives back what was delivered. */
  private mustSeal(field: CatalogField, person: boolean, value: string): boolean {
    return restsSealed(field) || (person && field.role === 'SUBJECT_CODE') || this.keys.isSealed(value);
  }

  /** The JSON object of the row's fields, as stored. Joined from parts: a text grown piece by piece is a tree that lives with the batch. */
  private contentOf(values: RowValues, subjectId: string, person: boolean): string {
    const parts: string[] = [];
    for (let at = 0; at < this.jsonKeys.length; at += 1) {
      const value = values[at];
      const field = this.item.fields[at];
      if (typeof value !== 'string' || field === undefined) continue;
      const stored = this.mustSeal(field, person, value) ? this.keys.seal(value, subjectId) : value;
      parts.push(parts.length === 0 ? '{' : ',', this.jsonKeys[at] ?? '', quoted(stored));
    }
    parts.push(parts.length === 0 ? '{}' : '}');
    return parts.join('');
  }

  private kindOf(values: RowValues, identified: SubjectIdentifier): SubjectKind {
    if (identified.person) return 'NATURAL_PERSON';
    const word = this.kindAt === null ? null : (values[this.kindAt] ?? null);
    return (word === null ? undefined : KIND_OF_WORD.get(word)) ?? subjectKindOfCode(identified.identifier);
  }
}

function columnsOf(item: CatalogItem): readonly RoleColumn[] {
  return item.family === 'SUBJECT' ? SUBJECT_COLUMNS : ENTRY_COLUMNS[item.family];
}

/** A sealed field fills no column: a copy in the clear would undo the seal. */
function columnField(item: CatalogItem, role: Role): number | null {
  const at = fieldAt(item, role);
  const field = at === null ? undefined : item.fields[at];
  return field === undefined || restsSealed(field) ? null : at;
}

function fieldAt(item: CatalogItem, role: Role): number | null {
  const at = item.fields.findIndex((field) => field.role === role);
  return at < 0 ? null : at;
}

function subjectItem(catalog: Catalog, scope: 'PERSON' | 'ORGANIZATION'): CatalogItem | undefined {
  const subjects = catalog.items.filter((item) => item.family === 'SUBJECT');
  return subjects.find((item) => item.subjectScope === scope) ?? subjects.find((item) => item.subjectScope === 'ALL');
}
