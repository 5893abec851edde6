/** The door of the catalog: the sheet, what it compiles to, and its published versions. */
export { CatalogFollower } from './catalog-follower.ts';
export type { CatalogNotices, CatalogSource } from './catalog-follower.ts';
export { CatalogService, PUBLISH_LOCK } from './catalog-service.ts';
export type { BeforePublish, Published, VersionSummary } from './catalog-service.ts';
export { catalogFromDocument, NO_CATALOG } from './catalog.ts';
export { checkSheet } from './check-sheet.ts';
export type { CheckedSheet } from './check-sheet.ts';
export { catalogDifference, isSame, itemsConcerned } from './difference.ts';
export type { CatalogDifference, CellChange, ItemChange } from './difference.ts';
export type { Finding } from './finding.ts';
export { fieldCells, itemCells } from './sheet-cells.ts';
export { decodeSheet, readSheet } from './sheet.ts';
