import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disposeEncoder, loadEncoder } from '../../encoder/encoder.js';
import { fetchModel } from '../../encoder/fetch/fetch-model.js';
import { type HostTensor, readSafetensors, writeSafetensors } from '../../encoder/safetensors.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { writeTinyModel } from '../support/tiny.js';

let scratch: string;
let stored: Map<string, HostTensor>;
beforeAll(async () => {
  await useBackend('torch');
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-weights-'));
  stored = readSafetensors(join(writeTinyModel(join(scratch, 'model')), 'model.safetensors'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** The tiny model with its weights written otherwise. */
function model(name: string, write: (folder: string) => void): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const file of ['config.json', 'tokenizer.json']) {
    writeFileSync(join(folder, file), readFileSync(join(scratch, 'model', file)));
  }
  write(folder);
  return folder;
}

function loaded(folder: string): Map<string, number[]> {
  const encoder = loadEncoder(folder);
  const values = new Map(encoder.parameters.map((p) => [p.name, [...p.tensor.dataSync()]]));
  disposeEncoder(encoder);
  return values;
}

const renamed = (change: (name: string) => string): Map<string, HostTensor> =>
  new Map([...stored].map(([name, tensor]) => [change(name), tensor]));

/** Two shards, and an index that names them. */
function writeShards(
  folder: string,
  names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
): void {
  const weights = [...stored];
  const halves = [weights.slice(0, 7), weights.slice(7)];
  halves.forEach((half, i) => {
    writeSafetensors(join(folder, `model-0000${i + 1}-of-00002.safetensors`), new Map(half));
  });
  const map = halves.flatMap((half, i) => half.map(([name]) => [name, names[i]]));
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify({ weight_map: Object.fromEntries(map) }));
}

describe('weights as the hub has them', () => {
  const ways: [string, (folder: string) => void][] = [
    [
      'with a prefix and a head',
      (folder) => {
        const head = ['cls.predictions.bias', { shape: [2], values: new Float32Array(2) }] as const;
        writeSafetensors(join(folder, 'model.safetensors'), new Map([...renamed((name) => `bert.${name}`), head]));
      },
    ],
    [
      'with the names of TensorFlow',
      (folder) => {
        const old = renamed((name) =>
          name.replace('LayerNorm.weight', 'LayerNorm.gamma').replace('LayerNorm.bias', 'LayerNorm.beta'),
        );
        writeSafetensors(join(folder, 'model.safetensors'), old);
      },
    ],
    ['in shards', writeShards],
  ];

  it.each(ways)('are read %s', (name, write) => {
    const before = liveTensors();
    expect(loaded(model(name, write))).toEqual(loaded(join(scratch, 'model')));
    expect(liveTensors()).toEqual(before);
  });

  it('a shard that is missing, or lies elsewhere, is refused by name', async () => {
    const folder = model('a shard less', writeShards);
    rmSync(join(folder, 'model-00002-of-00002.safetensors'));
    await expect(fetchModel(folder)).rejects.toThrow(/without model-00002-of-00002\.safetensors/);
    const out = model('a shard elsewhere', (at) =>
      writeShards(at, ['model-00001-of-00002.safetensors', '../model/model.safetensors']),
    );
    expect(() => loadEncoder(out)).toThrow(/names of safetensors files in .*index\.json, got \.\.\/model/);
  });

  it('leave nothing on the backend where one is misshapen', () => {
    const before = liveTensors();
    const last = [...stored.keys()].at(-1) as string;
    const folder = model('misshapen', (at) =>
      writeSafetensors(
        join(at, 'model.safetensors'),
        new Map([...stored, [last, { shape: [1], values: new Float32Array(1) }]]),
      ),
    );
    expect(() => loadEncoder(folder)).toThrow(/shape \[16\] for weight .* got \[1\]/);
    expect(liveTensors()).toEqual(before);
  });
});
