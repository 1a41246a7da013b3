import { ask, onPath } from './command.js';

/**
 * The shared libraries that the loader would not find for a library. ldd resolves as the loader will: RPATH,
 * LD_LIBRARY_PATH, ld.so.cache. Where ldd is absent, loading is the test.
 */
export async function missingLibraries(library: string): Promise<string[]> {
  if (onPath('ldd') === null) return [];
  const { code, output } = await ask(['ldd', library]);
  if (code !== 0) return ['what it needs (not a library of this machine)'];
  return [...output.matchAll(/^\s*(\S+) => not found/gm)].map((match) => match[1]!);
}
