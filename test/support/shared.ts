import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../plan/places.js';

/** The folder of reference numbers beside the project; tests that compare with it are skipped where it is absent. */
const sharedFolder = join(packageRoot, '..', 'shared');
export const hasShared = existsSync(sharedFolder);

if (!hasShared)
  console.warn('skipped: tests against reference numbers, for want of a folder "shared" beside the project');

export function shared(...parts: string[]): string {
  return join(sharedFolder, ...parts);
}
