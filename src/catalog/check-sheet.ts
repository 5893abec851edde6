import { parseCatalogDocument } from './catalog-document.ts';
import { checkAccess } from './check-access.ts';
import { checkNames } from './check-names.ts';
import { checkRoles, checkSubjectItems } from './check-roles.ts';
import { FindingList } from './finding.ts';
import type { Finding } from './finding.ts';
import type { CatalogDocument } from './model.ts';
import { readItem } from './read-lines.ts';
import { layOut } from './sheet-layout.ts';
import type { Sheet } from './sheet.ts';

export interface CheckedSheet {
  /** null when there is any finding: a faulty sheet compiles to nothing */
  readonly document: CatalogDocument | null;
  /** everything that is wrong, in the order of the sheet */
  readonly findings: readonly Finding[];
}

/**
 * Checks a sheet whole (DESIGN §2) and compiles it. All findings come at once, one for each fault: a rule that depends on a
 * cell that could not be read stays silent, since that cell has been reported. Nothing is guessed. Never throws for what a
 * sheet says.
 */
export function checkSheet(sheet: Sheet): CheckedSheet {
  const findings = new FindingList(sheet.file, sheet.header.cells);
  const layout = layOut(sheet, findings);
  const items = layout.items.map((lines) => readItem(lines, findings.report));
  checkNames(items, findings.report);
  checkRoles(items, findings.report);
  if (layout.complete) checkSubjectItems(items, findings.report);
  checkAccess(items, findings.report);
  const sorted = findings.sorted();
  return { document: sorted.length > 0 ? null : parseCatalogDocument({ items }), findings: sorted };
}
