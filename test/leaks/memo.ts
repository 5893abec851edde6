/** Answers that are asked for many times over and never change: a planted catalog and its clients stand still. */
export class Memo {
  readonly #known = new Map<unknown, Map<string, unknown>>();

  /** @param question names one kind of answer about `about`; the same question always has answers of the same type */
  once<T>(about: object, question: string, answer: () => T): T {
    const known = this.#known.get(about) ?? new Map<string, unknown>();
    this.#known.set(about, known);
    if (!known.has(question)) known.set(question, answer());
    return known.get(question) as T;
  }
}
