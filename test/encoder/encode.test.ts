import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tidy } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { hash32 } from '../../data/permutation.js';
import { encode } from '../../encoder/encode.js';
import { embedPacked, loadEncoder } from '../../encoder/encoder.js';
import { pack } from '../../encoder/pack.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { backends } from '../support/backends.js';
import { largestDifference } from '../support/close.js';
import { writeTinyModel } from '../support/tiny.js';

describe.each(backends)('encoding on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(['mean', 'cls', 'last'] as const)(
    'a text has the same vector alone and among others (%s pooling)',
    (pooling) => {
      const scratch = mkdtempSync(join(tmpdir(), 'reasontune-encode-'));
      const folder = writeTinyModel(join(scratch, 'model'));
      const encoder = loadEncoder(folder, {
        pooling,
        attention: 'bidirectional',
        pool_prompt: true,
        normalize: true,
        max_length: { query: 32, document: 32 },
        prompt: { query: '', document: '' },
      });
      // Several batches of 8,192 tokens, lengths 1 to 32 in no order.
      const texts = Array.from({ length: 1200 }, (_, i) =>
        Int32Array.from({ length: 1 + (hash32(i) % 32) }, (_, j) => hash32(i, j) % 57),
      );
      const before = liveTensors();
      const progress: number[] = [];
      const { values, width } = encode(encoder, texts, 'document', (done) => progress.push(done));
      expect(progress.at(-1)).toBe(1200);
      expect(progress.length).toBeGreaterThan(2);
      for (const i of [0, 17, 1199]) {
        const alone = encode(encoder, [texts[i] as Int32Array], 'document').values;
        expect(largestDifference(alone, values.subarray(i * width, (i + 1) * width))).toBeLessThan(1e-6);
      }
      expect(liveTensors()).toEqual(before);
      rmSync(scratch, { recursive: true });
    },
  );
});

it('encodes in bfloat16 with weights stored once as with weights that each projection takes over', async () => {
  await useBackend('torch');
  const scratch = mkdtempSync(join(tmpdir(), 'reasontune-encode-'));
  const folder = writeTinyModel(join(scratch, 'model'));
  const encoder = loadEncoder(folder, undefined, null, 'bfloat16');
  const texts = [9, 4, 17].map((length, s) => Int32Array.from({ length }, (_, j) => hash32(s, j) % 57));
  const before = liveTensors();
  const { values } = encode(encoder, texts, 'document');
  expect(liveTensors()).toEqual(before);
  expect([...values]).toEqual([...tidy(() => embedPacked(encoder, pack(texts, 0)).dataSync())]);
  rmSync(scratch, { recursive: true });
});
