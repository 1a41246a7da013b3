import { Fault } from '../plan/fault.js';
import { readText } from './text-file.js';

/** A prompt with places to fill in: {query}, {document}, … */
export class Prompt {
  readonly #text: string;

  /** @throws Fault a file that cannot be read, or that lacks one of the places. */
  constructor(file: string, places: readonly string[]) {
    this.#text = readText(file);
    for (const place of places) {
      if (this.#text.includes(`{${place}}`)) continue;
      throw new Fault(`Expected {${place}} somewhere in ${file}, got none. Write it where the ${place} is to stand.`);
    }
  }

  /** The prompt about these; what is filled in is not looked through for places again. */
  fill(values: Readonly<Record<string, string>>): string {
    return this.#text.replaceAll(/\{(\w+)\}/g, (whole, place: string) => values[place] ?? whole);
  }
}
