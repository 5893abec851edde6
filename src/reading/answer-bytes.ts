/**
 * An answer on its way out, as UTF-8. A thousand rows added up as one text would be put together twice (as a text, then as bytes),
 * in pieces so large that the collector has to move them; so text becomes bytes by the batch.
 */

/** In UTF-16 units: large enough that a batch costs little, small enough to be put together in the processor's cache. */
const BATCH = 16_384;

export class AnswerBytes {
  readonly #chunks: Buffer[] = [];
  #text = '';

  /** @param text whole characters: the halves of a surrogate pair come in one call */
  add(text: string): void {
    this.#text += text;
    if (this.#text.length >= BATCH) this.#settle();
  }

  append(chunks: readonly Buffer[]): void {
    this.#settle();
    this.#chunks.push(...chunks);
  }

  /** Everything that was added; call once, after the last. */
  end(): readonly Buffer[] {
    this.#settle();
    return this.#chunks;
  }

  #settle(): void {
    if (this.#text === '') return;
    this.#chunks.push(Buffer.from(this.#text));
    this.#text = '';
  }
}
