import { basename, extname, join } from 'node:path';
import type { Collection } from '../data/beir.js';
import { isPreset, type Preset, presetsOf } from '../data/presets/presets.js';
import { Fault } from '../plan/fault.js';
import { readQrels } from '../retrieval/files.js';
import type { Qrels } from '../retrieval/ranking.js';
import type { Result } from './result.js';

/** Judgements, and what a result says of them. */
export interface Judgements extends Pick<Result, 'set' | 'split' | 'folder'> {
  /** Where they were read: a file, or a preset's name. */
  readonly from: string;
  readonly qrels: Qrels;
}

/**
 * Those of a split of a folder in BEIR layout, of a preset, or of a file of their own.
 *
 * @throws Fault a file that is missing or malformed, a preset that cannot be had or is many
 */
export async function readJudgements(
  given: { readonly set: string; readonly split: string } | { readonly qrels: string },
  onNote: (note: string) => void,
): Promise<Judgements> {
  if ('qrels' in given) return { from: given.qrels, qrels: someOf(given.qrels), set: stem(given.qrels) };
  const { set: folder, split } = given;
  if (isPreset(folder)) {
    const { name, part } = onePreset(folder);
    const { qrels } = await readPresetSet(folder, onNote);
    return { from: name, qrels, set: basename(name), folder: name, split: part };
  }
  const from = judgementsFile(folder, split);
  return { from, qrels: someOf(from), set: basename(folder), folder, split };
}

/** Where a folder in BEIR layout has a split's judgements. */
export function judgementsFile(folder: string, split: string): string {
  return join(folder, 'qrels', `${split}.tsv`);
}

/** A preset that is one set. @throws Fault where it cannot be had, or is many */
export async function readPresetSet(name: string, onNote: (note: string) => void): Promise<Collection> {
  const { readPreset } = await import('../data/presets/read-preset.js');
  return readPreset(onePreset(name), onNote);
}

function onePreset(name: string): Preset {
  const [preset, ...more] = presetsOf(name);
  if (preset && more.length === 0) return preset;
  throw new Fault(
    `Expected one set for --set, got ${name}, which is ${more.length + 1}. Name one, such as ${preset?.name}.`,
  );
}

function someOf(file: string): Qrels {
  const qrels = readQrels(file);
  if (qrels.size > 0) return qrels;
  throw new Fault(`Expected judgements for ${file}, got none. Add a line for each.`);
}

function stem(path: string): string {
  return basename(path, extname(path));
}
