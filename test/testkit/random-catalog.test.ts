import { expect, it } from '@jest/globals';
import fc from 'fast-check';

import { checkSheet, decodeSheet } from '../../src/catalog/index.ts';
import { catalogSheet } from './catalog-sheet.ts';
import { randomCatalog } from './random-catalog.ts';

it('makes catalogs that the check of the sheet accepts and that come back as they went in', async () => {
  await fc.assert(
    fc.asyncProperty(randomCatalog(), async (document) => {
      const { document: checked, findings } = checkSheet(await decodeSheet(Buffer.from(catalogSheet(document)), 'random.csv'));
      expect(findings).toEqual([]);
      expect(checked).toEqual(document);
    }),
    { numRuns: 100 },
  );
});
