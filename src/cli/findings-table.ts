import type { Finding } from '../catalog/index.ts';
import { table } from './table.ts';

/** All findings on a sheet in one table; the English words stand below the Chinese ones. */
export function findingsTable(findings: readonly Finding[]): string {
  const rows = findings.flatMap((finding) => [
    [String(finding.row), cell(finding), finding.code, finding.zh],
    ['', '', '', finding.en],
  ]);
  return table(['行 ROW', '列 COLUMN', '代码 CODE', '问题与改法 WHAT IS WRONG, AND THE MEND'], rows);
}

function cell({ column, letter }: Finding): string {
  return [letter, column].filter((part) => part !== null).join(' ');
}
