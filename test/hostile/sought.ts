/** Thousands of values looked for in thousands of texts: in time that grows with the text, and hardly with the number of values. */
export class Sought {
  /** characters that a value must have */
  static readonly SHORTEST = 8;

  readonly #byBeginning = new Map<string, string[]>();

  /** @throws Error when a value is shorter than `SHORTEST` */
  constructor(values: readonly string[]) {
    for (const value of values) {
      if (value.length < Sought.SHORTEST) throw new Error(`${value} is too short to be told from a word`);
      const beginning = value.slice(0, Sought.SHORTEST);
      this.#byBeginning.set(beginning, [...(this.#byBeginning.get(beginning) ?? []), value]);
    }
  }

  /** All values that stand in the text, in the order in which they do. */
  within(text: string): string[] {
    const found: string[] = [];
    for (let at = 0; at + Sought.SHORTEST <= text.length; at += 1) {
      const beginning = this.#byBeginning.get(text.slice(at, at + Sought.SHORTEST)) ?? [];
      found.push(...beginning.filter((value) => text.startsWith(value, at)));
    }
    return found;
  }
}
