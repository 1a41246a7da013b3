import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encode } from '../../encoder/encode.js';
import { disposeEncoder, loadEncoder } from '../../encoder/encoder.js';
import { saveEncoder } from '../../encoder/save.js';
import { type EncoderSettings, readSettings } from '../../encoder/settings.js';
import { gradients } from '../../tensor/autograd.js';
import { useBackend } from '../../tensor/backend.js';
import { pool } from '../../tensor/pool.js';
import { largestDifference } from '../support/close.js';
import { writeTinyModel } from '../support/tiny.js';

let scratch: string;
let model: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-pooling-'));
  model = writeTinyModel(join(scratch, 'model'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

// Two sequences of rows 1, 2, 3 and 10, 20; the second is the caller's first.
const x = (): Tensor => tensor2d([1, 2, 3, 10, 20], [5, 1]);
const layout = { offsets: Int32Array.from([0, 3, 5]), rows: Int32Array.from([1, 0]) };

describe.each(['torch', 'wasm'] as const)('pooling on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each([
    ['mean', [0, 0], [15, 2], [1 / 3, 1 / 3, 1 / 3, 1 / 2, 1 / 2]],
    ['mean', [1, 1], [20, 2.5], [0, 1 / 2, 1 / 2, 0, 1]],
    ['mean', [2, 9], [20, 3], [0, 0, 1, 0, 1]],
    ['cls', [0, 0], [10, 1], [1, 0, 0, 1, 0]],
    ['cls', [1, 0], [10, 2], [0, 1, 0, 1, 0]],
    ['last', [1, 1], [20, 3], [0, 0, 1, 0, 1]],
  ] as const)('%s, leaving out %j', (pooling, skips, pooled, slopes) => {
    const rows = x();
    const made = gradients(() => pool(rows as never, { pooling, ...layout, skips: Int32Array.from(skips) }), [rows]);
    expect(largestDifference(made.value.dataSync(), pooled)).toBeLessThan(1e-6);
    expect(largestDifference(made.gradients[0]!.dataSync(), slopes)).toBeLessThan(1e-6);
    for (const t of [rows, made.value, ...made.gradients]) t?.dispose();
  });
});

describe('a prompt left out of the pooling', () => {
  const settings: EncoderSettings = {
    pooling: 'mean',
    attention: 'bidirectional',
    pool_prompt: false,
    normalize: false,
    max_length: { query: 16, document: 16 },
    prompt: { query: 'ask ', document: '' },
  };
  beforeAll(() => useBackend('torch'));

  it('still is attended to, and is counted with [CLS] and without [SEP]', () => {
    const encoder = loadEncoder(model, settings);
    expect(encoder.skip).toEqual({ query: 4, document: 0 });
    const ids = encoder.tokenizer.encode('ask abc', 16);
    const [asQuery, asDocument] = (['query', 'document'] as const).map((side) => encode(encoder, [ids], side).values);
    const hidden = { ...encoder, settings: { ...settings, pooling: 'cls' as const } };
    const tokens = Array.from(
      { length: ids.length },
      (_, i) => encode({ ...hidden, skip: { query: i, document: 0 } }, [ids], 'query').values,
    );
    const mean = (rows: Float32Array[]): number[] =>
      Array.from(rows[0]!, (_, j) => rows.reduce((sum, row) => sum + row[j]!, 0) / rows.length);
    expect(largestDifference(asQuery!, mean(tokens.slice(4)))).toBeLessThan(1e-6);
    expect(largestDifference(asDocument!, mean(tokens))).toBeLessThan(1e-6);
    disposeEncoder(encoder);
  });

  it('is so again when the checkpoint is read', () => {
    const encoder = loadEncoder(model, { ...settings, pooling: 'last' });
    const folder = mkdtempSync(join(scratch, 'saved-'));
    saveEncoder(encoder, folder, '');
    disposeEncoder(encoder);
    expect(readSettings(folder)).toEqual({ ...settings, pooling: 'last' });
    const pooling = JSON.parse(readFileSync(join(folder, '1_Pooling', 'config.json'), 'utf8')) as object;
    expect(pooling).toMatchObject({
      pooling_mode_lasttoken: true,
      pooling_mode_mean_tokens: false,
      include_prompt: false,
    });
  });

  it('must leave something to pool', () => {
    const prompt = { query: 'a very long question', document: '' };
    expect(() => loadEncoder(model, { ...settings, prompt })).toThrow(
      /Expected model\.max_length\.query above the 18 tokens of model\.prompt\.query, got 16/,
    );
  });

  it('an encoder is no decoder', () => {
    expect(() => loadEncoder(model, { ...settings, attention: 'causal' })).toThrow(/no decoder, got causal/);
  });
});
