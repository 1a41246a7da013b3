import { realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

/** What a request may not have, or what is not there. */
export class Refused extends Error {
  constructor(
    readonly status: 400 | 403 | 404 | 405 | 413,
    message: string,
  ) {
    super(message);
  }
}

/** The folder that the board shows. Nothing of a run is read but through it. */
export class Root {
  readonly path: string;

  constructor(folder: string) {
    this.path = realpathSync.native(folder);
  }

  /**
   * The real path of something in the folder, links followed; null where it is not there, or a link leads out.
   *
   * @param parts of the path, as they stand in requests and listings
   */
  find(...parts: readonly string[]): string | null {
    if (parts.some((part) => part.includes('\0'))) return null;
    let real: string;
    try {
      real = realpathSync.native(join(this.path, ...parts));
    } catch {
      return null;
    }
    return this.#holds(real) ? real : null;
  }

  /** As {@link find}, for a folder that a request names. @throws Refused where there is none */
  folder(id: string): string {
    const found = id.startsWith('/') ? null : this.find(id);
    if (found && statSync(found).isDirectory()) return found;
    throw new Refused(404, `Expected a folder of the board, got ${JSON.stringify(id.slice(0, 200))}. Reload the page.`);
  }

  #holds(real: string): boolean {
    return real === this.path || real.startsWith(this.path.endsWith(sep) ? this.path : this.path + sep);
  }
}
