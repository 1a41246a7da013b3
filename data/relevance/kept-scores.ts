import { hash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../../plan/places.js';
import { writeWhole } from '../../plan/whole-file.js';

const scores = z.record(z.string(), z.number());

/**
 * A model's scores of pairs of texts on disk, a file for each first text: what is scored once is not scored again, by
 * whichever command. Two processes may write the same file: one's last scores are then lost, and made again when asked for.
 */
export class KeptScores {
  readonly #folder: string;
  readonly #known = new Map<string, Map<string, number>>();
  readonly #changed = new Set<string>();

  /** @param of a hash of all that a score depends on besides its two texts */
  constructor(of: string) {
    this.#folder = cacheFolder('scores', of);
  }

  find(first: string, second: string): number | undefined {
    return this.#of(nameOf(first)).get(nameOf(second));
  }

  /** Keeps a score in memory; {@link save} writes it. */
  keep(first: string, second: string, score: number): void {
    const name = nameOf(first);
    this.#of(name).set(nameOf(second), score);
    this.#changed.add(name);
  }

  save(): void {
    for (const name of this.#changed) {
      writeWhole(this.#file(name), JSON.stringify(Object.fromEntries(this.#of(name))));
    }
    this.#changed.clear();
  }

  #of(name: string): Map<string, number> {
    const known = this.#known.get(name) ?? readScores(this.#file(name));
    this.#known.set(name, known);
    return known;
  }

  #file(name: string): string {
    return join(this.#folder, name.slice(0, 2), `${name}.json`);
  }
}

function nameOf(text: string): string {
  return hash('sha256', text).slice(0, 32);
}

/** What a file holds; one that was damaged counts as none. */
function readScores(file: string): Map<string, number> {
  if (!existsSync(file)) return new Map();
  try {
    return new Map(Object.entries(scores.parse(JSON.parse(readFileSync(file, 'utf8')))));
  } catch {
    return new Map();
  }
}
