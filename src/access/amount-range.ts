/** Lower bounds of the ranges, in 万元 (docs/domain.md §12.4). */
const BOUNDS = [0n, 10n, 50n, 100n, 500n, 1000n, 5000n] as const;
const YUAN_PER_WAN = 10_000n;

const LOSS = '<0万元';

/** One for each lower bound, in their order; the loss last. */
const RANGES: readonly string[] = [
  ...BOUNDS.map((from, at) => {
    const to = BOUNDS[at + 1];
    return to === undefined ? `≥${from}万元` : `[${from},${to})万元`;
  }),
  LOSS,
];

const YUAN_PER: ReadonlyMap<string, bigint> = new Map([
  ['元', 1n],
  ['人民币元', 1n],
  ['千元', 1_000n],
  ['万元', 10_000n],
  ['人民币万元', 10_000n],
  ['百万元', 1_000_000n],
  ['千万元', 10_000_000n],
  ['亿元', 100_000_000n],
]);

/**
 * How many yuan one unit of the field is, by the unit at the end of its Chinese name: 执行标的金额（元） 1, 合同金额（万元） 10,000.
 * A name without a unit is in 万元, as the national templates are; `null` for a unit that is not one of yuan (万美元).
 */
export function yuanPerUnit(nameZh: string): bigint | null {
  const unit = /[（(]([^（()）]*元)[)）]\s*$/.exec(nameZh)?.[1];
  return unit === undefined ? YUAN_PER_WAN : (YUAN_PER.get(unit.trim()) ?? null);
}

/**
 * The range an amount lies in, left-closed, always in 万元: `[100,500)万元`; `≥5000万元` above the last bound and `<0万元` for a loss.
 * Exact for any number of digits: nothing passes through a float. A range is its own range. `null`: not a plain decimal number.
 */
export function amountRange(text: string, yuan: bigint | null): string | null {
  if (RANGES.includes(text)) return text;
  const [, sign, integer, fraction = ''] = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (yuan === null || integer === undefined) return null;

  // Amount and bounds are both taken as whole multiples of the amount's last decimal place of a yuan.
  const amount = BigInt(integer + fraction) * yuan;
  if (sign === '-' && amount > 0n) return LOSS;
  const place = YUAN_PER_WAN * 10n ** BigInt(fraction.length);
  const above = BOUNDS.filter((bound) => amount >= bound * place).length;
  return RANGES[above - 1] ?? null;
}
