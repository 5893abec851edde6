import { createHash } from 'node:crypto';
import { z } from 'zod';
import { FAMILIES, FORMATS, MASK_RULES, PERMISSIONS, ROLES } from './model.ts';
import type { CatalogDocument } from './model.ts';

const Field = z.object({
  key: z.string(),
  nameZh: z.string(),
  nameEn: z.string(),
  role: z.enum(ROLES).nullable(),
  inKey: z.boolean(),
  officialCode: z.string().nullable(),
  format: z.enum(FORMATS),
  length: z.int().positive(),
  required: z.boolean(),
  values: z.array(z.string()).nullable(),
  permission: z.enum(PERMISSIONS),
  maskedAt: z.enum(PERMISSIONS).nullable(),
  mask: z.enum(MASK_RULES).nullable(),
  securityLevel: z.enum(['L1', 'L2', 'L3', 'L4']),
});

const Item = z.object({
  code: z.string(),
  typeName: z.string(),
  nameZh: z.string(),
  nameEn: z.string(),
  category: z.string(),
  family: z.enum(FAMILIES),
  subjectScope: z.enum(['ORGANIZATION', 'PERSON', 'ALL']),
  listNature: z.enum(['RED', 'BLACK', 'WATCH']).nullable(),
  personPublic: z.boolean(),
  provider: z.string(),
  collectionScope: z.string(),
  collectionProcedure: z.string(),
  collectionPath: z.string(),
  collectionDeadlineDays: z.int().nonnegative(),
  publicationMethod: z.string(),
  updateCycle: z.string(),
  fields: z.array(Field),
});

const Document = z.object({ items: z.array(Item) });

/**
 * A document as it comes back from the database, its attributes in one fixed order.
 * @throws z.ZodError when it is not a catalog document of this program's version
 */
export function parseCatalogDocument(json: unknown): CatalogDocument {
  return Document.parse(json);
}

/** The document as JSON to be stored: its own attributes and no others, in one fixed order. */
export function documentJson(document: CatalogDocument): z.infer<typeof Document> {
  return Document.parse(document);
}

/** SHA-256 over the document's JSON, hex: the same for equal documents, whatever order their attributes came in. */
export function documentDigest(document: CatalogDocument): string {
  return createHash('sha256').update(JSON.stringify(documentJson(document))).digest('hex');
}
