import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Root } from './inside.js';

/**
 * A folder within the board's and what lies in it. Only of links it has to be asked where they lead, and a listing says
 * which those are: a thousand runs' files are found so in a third of the time that their real paths take.
 */
export class Folder {
  readonly #entries: ReadonlyMap<string, Dirent>;

  private constructor(
    private readonly root: Root,
    /** Its place in the board's folder; '' for that itself. */
    readonly id: string,
    readonly path: string,
  ) {
    this.#entries = new Map(listing(path).map((entry) => [entry.name, entry]));
  }

  /** A folder by its place; null where there is none, or a link on the way leads out. */
  static at(root: Root, ...parts: readonly string[]): Folder | null {
    const path = root.find(...parts);
    return path === null ? null : new Folder(root, join(...parts).replace(/^\.$/, ''), path);
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()].sort();
  }

  has(name: string): boolean {
    return this.#entries.has(name);
  }

  /** The real path of a file in it; null where there is none, or a link leads out of the board's folder. */
  file(name: string): string | null {
    const entry = this.#entries.get(name);
    if (entry?.isFile()) return join(this.path, name);
    return entry?.isSymbolicLink() ? this.root.find(this.id, name) : null;
  }

  /** A folder in it, links followed as for files. */
  folder(name: string): Folder | null {
    const entry = this.#entries.get(name);
    if (entry?.isDirectory()) return this.#inner(name);
    return entry?.isSymbolicLink() ? Folder.at(this.root, this.id, name) : null;
  }

  /** The folders in it that are no links. */
  folders(): Folder[] {
    return [...this.#entries.values()].filter((entry) => entry.isDirectory()).map(({ name }) => this.#inner(name));
  }

  #inner(name: string): Folder {
    return new Folder(this.root, this.id === '' ? name : `${this.id}/${name}`, join(this.path, name));
  }
}

function listing(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    // No folder, gone between two looks, or not ours to read.
    return [];
  }
}
