import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds our package.json, whether we run from the sources or from dist/. */
export const packageRoot: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
})();

/** Where compiled addons, a private libtorch, fetched models and token caches live: `$REASONTUNE_CACHE`, else `$XDG_CACHE_HOME/reasontune`. */
export function cacheFolder(...parts: string[]): string {
  const root =
    process.env.REASONTUNE_CACHE || join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'reasontune');
  return join(root, ...parts);
}
