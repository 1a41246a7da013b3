import type { EvalSetPlan } from '../../plan/schema.js';
import { type Collection, readCollection } from '../beir.js';
import { isPreset, presetsOf } from './presets.js';
import { readPreset } from './read-preset.js';

type NamedSet = readonly [EvalSetPlan, Collection];

/** Folders in BEIR layout, and presets; one name may stand for many. */
export async function readSets(sets: readonly EvalSetPlan[], onNote: (note: string) => void): Promise<NamedSet[]> {
  const read: NamedSet[] = [];
  for (const set of sets) {
    if (!isPreset(set.path)) read.push([set, readCollection(set.path, set.split)]);
    else {
      for (const preset of presetsOf(set.path)) {
        read.push([{ path: preset.name, split: preset.part }, await readPreset(preset, onNote)]);
      }
    }
  }
  return read;
}
