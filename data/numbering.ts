/** Gives equal texts one number, in order of first appearance. */
export class Numbering {
  readonly texts: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  /** The number of a text that has one. */
  find(text: string): number | undefined {
    return this.#numbers.get(text);
  }
}
