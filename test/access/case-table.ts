import { readdirSync, readFileSync } from 'node:fs';

/** A file of cases: a title, settings as `name: \`value\`` lines, and one table. */
export interface CaseTable {
  readonly title: string;
  readonly settings: ReadonlyMap<string, string>;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** All case files of a folder beside the tests, by file name. */
export function caseTables(folder: string): CaseTable[] {
  const directory = new URL(`./${folder}/`, import.meta.url);
  return readdirSync(directory)
    .filter((file) => file.endsWith('.md'))
    .sort()
    .map((file) => parseTable(readFileSync(new URL(file, directory), 'utf8')));
}

/** One case file beside the tests. */
export function caseTable(file: string): CaseTable {
  return parseTable(readFileSync(new URL(`./${file}`, import.meta.url), 'utf8'));
}

/** @throws Error for a file without a title or a table: a case that is not read would be a case that cannot fail */
function parseTable(text: string): CaseTable {
  const lines = text.split('\n').map((line) => line.trim());
  const title = lines.find((line) => line.startsWith('# '))?.slice(2);
  const [header, , ...rows] = lines
    .filter((line) => line.startsWith('|'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  if (title === undefined || header === undefined || rows.length === 0) throw new Error('a case file needs a title and a table');
  const ragged = rows.find((row) => row.length !== header.length);
  if (ragged !== undefined)
    throw new Error(`${title}: a row has ${ragged.length} cells, not ${header.length}: ${ragged.join(' | ')}`);
  const settings = new Map<string, string>();
  for (const line of lines) {
    const [, name, value] = /^(\w+): `(.*)`$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings.set(name, value);
  }
  return { title, settings, header, rows };
}
