import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { packageRoot } from '../plan/places.js';
import { Prompt } from '../retrieval/prompt.js';
import { readText } from '../retrieval/text-file.js';
import { shown } from './shown.js';
import { placesOf, type TurnName, turnNames, type Values } from './turns.js';

/** The prompts of a synthesis: a folder with a file for each turn, and what stands before all of them. */
export class Prompts {
  readonly system: string;
  readonly #prompts: ReadonlyMap<TurnName, { readonly prompt: Prompt; readonly text: string; readonly hash: string }>;

  /** @throws Fault a file that cannot be read, or lacks a place */
  constructor(
    folder: string | undefined,
    /** Words of a text that are shown at most. */
    readonly shownWords: number,
  ) {
    const fileOf = (name: string): string => join(folder ?? join(packageRoot, 'configs/synth'), `${name}.txt`);
    this.system = readText(fileOf('system')).trim();
    this.#prompts = new Map(
      turnNames.map((name) => {
        const file = fileOf(name);
        const text = readText(file);
        const sum = createHash('sha256')
          .update(JSON.stringify([this.system, text]))
          .digest('hex');
        return [name, { prompt: new Prompt(file, placesOf[name]), text, hash: sum.slice(0, 16) }];
      }),
    );
  }

  /** A turn's prompt, filled: the one place where texts come into prompts. */
  fill(name: TurnName, values: Values): string {
    const texts = Object.entries(values).map(([place, value]) => [
      place,
      typeof value === 'number' ? String(value) : shown(value, this.shownWords),
    ]);
    return this.#prompts.get(name)!.prompt.fill(Object.fromEntries(texts)).trim();
  }

  /** A turn's prompt as its file has it. */
  templateOf(name: TurnName): string {
    return this.#prompts.get(name)!.text;
  }

  /** SHA-256 (a quarter) of the system's text and the turn's. */
  hashOf(name: TurnName): string {
    return this.#prompts.get(name)!.hash;
  }

  /** All prompts by their hashes. */
  get hashes(): Readonly<Record<string, string>> {
    return Object.fromEntries(turnNames.map((name) => [name, this.hashOf(name)]));
  }
}
