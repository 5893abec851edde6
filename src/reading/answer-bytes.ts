/**
 * An answer on its way out, as UTF-8. A thousand rows added up as one text would be put together twice (as a text, then as bytes),
 * in pieces so large that the collector has to move them; so text becomes bytes by the batch.
 */

/** In UTF-16 units: large enough that a batch costs little, small enough to be put together in the processor's cache. */
const BATCH = 16_384;

/** A batch becomes bytes here, and is copied at its length: that is not known before, and counting it costs as much as the writing. */
const SCRATCH = Buffer.allocUnsafeSlow(4 * BATCH);

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
    // A UTF-16 unit takes 3 bytes at most.
    const fits = this.#text.length * 3 <= SCRATCH.length;
    this.#chunks.push(fits ? Buffer.from(SCRATCH.subarray(0, SCRATCH.write(this.#text))) : Buffer.from(this.#text));
    this.#text = '';
  }
}
