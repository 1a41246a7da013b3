import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../plan/places.js';

// docs/design.md, "The house": a folder imports only from folders of a lower rank.
const rank: Readonly<Record<string, number>> = {
  cli: 8,
  board: 7,
  sweep: 6,
  train: 6,
  eval: 6,
  report: 6,
  synth: 6,
  data: 5,
  encoder: 4,
  retrieval: 4,
  loss: 4,
  tensor: 3,
  endpoint: 3,
  hub: 2,
  native: 2,
  plan: 1,
};

interface Import {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(join(packageRoot, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

const imports: Import[] = Object.keys(rank).flatMap((folder) =>
  sourceFiles(folder).flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, target]) => {
      const path = normalize(join(dirname(file), target as string)).slice(packageRoot.length + 1);
      return { file: file.slice(packageRoot.length + 1), from: folder, to: path.split('/')[0] as string };
    }),
  ),
);

describe('the house', () => {
  it('has imports to look at', () => {
    expect(imports.length).toBeGreaterThan(100);
  });

  it('imports go down only', () => {
    const wrong = imports.filter(({ from, to }) => from !== to && !(rank[to]! < rank[from]!));
    expect(wrong).toEqual([]);
  });

  it('files stay under 400 lines', () => {
    const long = Object.keys(rank)
      .flatMap(sourceFiles)
      .filter((file) => readFileSync(file, 'utf8').split('\n').length > 400);
    expect(long).toEqual([]);
  });
});
