import type { CatalogField, MaskRule, Permission } from '../catalog/model.ts';
import { NO_CHANNEL, opensTo } from './levels.ts';
import type { ChannelSet } from './levels.ts';
import type { FieldDecision, WithheldReason } from './model.ts';
import type { RowClass } from './row-class.ts';

const OPEN: FieldDecision = Object.freeze({ outcome: 'OPEN' });

/** For a key that the item does not have, for an item that the catalog does not have, and for a permission that is none. */
export const UNKNOWN_FIELD: FieldDecision = Object.freeze({
  outcome: 'WITHHELD',
  required: 'PROVIDER_ONLY',
  reason: 'PERMISSION',
});

/** Nothing of the value; the masked value; the value: each gives more than the one before. */
type Extent = 0 | 1 | 2;
const WITHHELD: Extent = 0;
const MASKED: Extent = 1;
const CLEAR: Extent = 2;

/**
 * The field decision of DESIGN §3 for one class of rows.
 *
 * `masksAlways` is a dashboard's: what has a mask rule is masked even where its level is open. The rule NONE (不脱敏) hides
 * nothing: it is no mask rule for a dashboard, and a masked form made by it is the value.
 */
export function decideField(field: CatalogField, row: RowClass, masksAlways: boolean): FieldDecision {
  if (opensTo(field.permission) === NO_CHANNEL) return UNKNOWN_FIELD;
  const extent = extentOf(field, row.channels, masksAlways);
  if (extent === CLEAR) return OPEN;

  const required: Permission = row.narrowed && field.permission === 'PUBLIC' ? 'AUTHORIZED' : field.permission;
  const reason = reasonFor(field, row, extent, masksAlways);
  return extent === MASKED && field.mask !== null
    ? Object.freeze({ outcome: 'MASKED', mask: field.mask, required, reason })
    : Object.freeze({ outcome: 'WITHHELD', required, reason });
}

function extentOf(field: CatalogField, channels: ChannelSet, masksAlways: boolean): Extent {
  if (meet(opensTo(field.permission), channels)) return masksAlways && hides(field.mask) ? MASKED : CLEAR;
  if (field.mask !== null && meet(opensTo(field.maskedAt), channels)) return hides(field.mask) ? MASKED : CLEAR;
  return WITHHELD;
}

/** The first that holds: the subject is a person; the subject could authorize it; the caller's kind or the entry's state does not allow it. */
function reasonFor(field: CatalogField, row: RowClass, extent: Extent, masksAlways: boolean): WithheldReason {
  if (extentOf(field, row.asOrganization, masksAlways) > extent) return 'NATURAL_PERSON';
  const authorized = row.channels | row.byAuthorization;
  if (authorized !== row.channels && extentOf(field, authorized, masksAlways) === CLEAR) return 'NO_AUTHORIZATION';
  return 'PERMISSION';
}

function meet(level: ChannelSet, channels: ChannelSet): boolean {
  return (level & channels) !== NO_CHANNEL;
}

function hides(mask: MaskRule | null): boolean {
  return mask !== null && mask !== 'NONE';
}
