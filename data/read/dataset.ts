import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { openHubDataset } from '../../hub/dataset.js';
import type { PlacePlan } from '../../plan/data.js';
import { Fault } from '../../plan/fault.js';
import { dataFiles } from './data-files.js';

/** Where a source's files come from: their paths on this machine, each fetched when it is asked for. */
export type FileSequence = AsyncGenerator<string, void>;

/**
 * The files of a place, in order: one file, a folder laid out as the hub's data sets are, or a data set of the hub. Files
 * of the hub are fetched one by one, so a reader that stops early fetches no more.
 * @throws Fault a place, config or split that is not there
 */
export async function* filesOf(place: PlacePlan, say: (line: string) => void): FileSequence {
  const part = { config: place.config ?? null, split: place.split ?? null };
  if (place.hub !== undefined) {
    const revision = place.revision ?? 'main';
    const dataset = await openHubDataset(place.hub, revision, say);
    if (dataset.commit !== revision) say(`${place.hub}: ${revision} is ${dataset.commit}; revision: pins it`);
    const readme = dataset.paths.includes('README.md') ? readFileSync(await dataset.fetch('README.md'), 'utf8') : null;
    for (const file of dataFiles(dataset.paths, readme, part, place.hub)) yield await dataset.fetch(file);
    return;
  }
  const path = place.path as string;
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) {
    throw new Fault(
      `Expected a file or a folder at ${path}, found nothing. Check data.sources; a data set of the hub is named by hub.`,
    );
  }
  if (!found.isDirectory()) {
    yield path;
    return;
  }
  const readme = existsSync(join(path, 'README.md')) ? readFileSync(join(path, 'README.md'), 'utf8') : null;
  const paths = readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)).split(sep).join('/'));
  for (const file of dataFiles(paths, readme, part, path)) yield join(path, file);
}
