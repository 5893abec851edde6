/** Random numbers that are the same in every run: sfc32, seeded from a text. */
import { createHash } from 'node:crypto';

/**
 * @param {string} seed
 * @returns {{ unit(): number; below(n: number): number; chance(p: number): boolean; pick<T>(from: readonly T[]): T }}
 */
export function randomOf(seed) {
  const digest = createHash('sha256').update(seed).digest();
  let [a, b, c, d] = [0, 4, 8, 12].map((at) => digest.readInt32LE(at));
  const unit = () => {
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  const below = (n) => Math.floor(unit() * n);
  return { unit, below, chance: (p) => unit() < p, pick: (from) => from[below(from.length)] };
}
