/**
 * What an answer shows of the rows that were read: per item the response keys in their order, and what each stands for. Plain
 * data, made by the operation check (src/graphql/plan) and compiled into writers here.
 */
import type { CatalogItem } from '../catalog/model.ts';
import type { WantedField } from './read-plan.ts';

/** Known before any row is: `__typename`, `catalogItem`, the nature of a list. */
export interface ConstantShown {
  readonly kind: 'CONSTANT';
  readonly key: string;
  /** JSON text */
  readonly json: string;
}

/** What the gateway itself knows of a row. */
export const ROW_FACTS = ['id', 'kind', 'registered', 'status', 'disputed', 'publicityEnded', 'receivedAt', 'updatedAt'] as const;
export type RowFact = (typeof ROW_FACTS)[number];

export type RowShown =
  | ConstantShown
  | { readonly kind: 'FACT'; readonly key: string; readonly fact: RowFact }
  | { readonly kind: 'VALUE'; readonly key: string; readonly wanted: WantedField }
  /** @property place index among the item's `ItemSelection.children` */
  | { readonly kind: 'SUBJECT'; readonly key: string; readonly place: number; readonly rows: RowsShape }
  | { readonly kind: 'ENTRIES'; readonly key: string; readonly place: number; readonly page: PageShape };

/** By catalog code, for every item that is in scope. */
export type RowsShape = ReadonlyMap<string, readonly RowShown[]>;

export type PageInfoShown =
  | ConstantShown
  | {
      readonly kind: 'PAGE_FACT';
      readonly key: string;
      readonly fact: 'hasNextPage' | 'hasPreviousPage' | 'startCursor' | 'endCursor';
    };

export type EdgeShown =
  | ConstantShown
  | { readonly kind: 'CURSOR'; readonly key: string }
  | { readonly kind: 'NODE'; readonly key: string; readonly rows: RowsShape };

export type PageShown =
  | ConstantShown
  | { readonly kind: 'TOTAL'; readonly key: string }
  | { readonly kind: 'PAGE_INFO'; readonly key: string; readonly fields: readonly PageInfoShown[] }
  | { readonly kind: 'EDGES'; readonly key: string; readonly fields: readonly EdgeShown[] };

export type PageShape = readonly PageShown[];

export type ChangeShown =
  | ConstantShown
  | { readonly kind: 'CHANGE_FACT'; readonly key: string; readonly fact: 'operation' | 'id' | 'changedAt' }
  /** @property json JSON text of what is selected of an item, of whatever catalog */
  | { readonly kind: 'ITEM'; readonly key: string; readonly json: (item: CatalogItem) => string }
  | { readonly kind: 'ROW'; readonly key: string; readonly rows: RowsShape };

export type ChangeEdgeShown =
  | ConstantShown
  | { readonly kind: 'CURSOR'; readonly key: string }
  | { readonly kind: 'CHANGE'; readonly key: string; readonly fields: readonly ChangeShown[] };

export type ChangesShown =
  | ConstantShown
  | { readonly kind: 'PAGE_INFO'; readonly key: string; readonly fields: readonly PageInfoShown[] }
  | { readonly kind: 'EDGES'; readonly key: string; readonly fields: readonly ChangeEdgeShown[] };

export type ChangesShape = readonly ChangesShown[];

/** The shape of one root's answer; `null` where nothing can be found. */
export type RootShape =
  | { readonly kind: 'ROW'; readonly rows: RowsShape }
  | { readonly kind: 'PAGE'; readonly page: PageShape }
  | { readonly kind: 'CHANGES'; readonly page: ChangesShape }
  | null;
