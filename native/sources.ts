import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../plan/places.js';

const folder = join(packageRoot, 'native');

function sourcesEnding(suffix: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names.filter((name) => name.endsWith(suffix)).sort();
}

/** The C++ files that the addon is compiled of. */
export function addonSources(): string[] {
  return sourcesEnding('.cpp').map((name) => join(folder, name));
}

/** Identifies the addon's source, headers included, and the instructions of the processor it is compiled for. */
export function sourcesMark(): string {
  const sum = createHash('sha256').update(processorInstructions());
  for (const name of [...sourcesEnding('.cpp'), ...sourcesEnding('.h')]) {
    sum.update(`\0${name}\0`).update(readFileSync(join(folder, name)));
  }
  return sum.digest('hex');
}

// A cache on a shared disk may serve machines of several kinds.
function processorInstructions(): string {
  try {
    return /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? '';
  } catch {
    return cpus()[0]?.model ?? '';
  }
}
