import { type Tensor, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AttentionKind } from '../../encoder/architectures/architecture.js';
import { Layers } from '../../encoder/architectures/layers.js';
import { readArchitecture } from '../../encoder/architectures/read.js';
import { pack } from '../../encoder/pack.js';
import { type HostTensor, readSafetensors } from '../../encoder/safetensors.js';
import { loadWeights, weightsOf } from '../../encoder/weights.js';
import { gradients } from '../../tensor/autograd.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { backends } from '../support/backends.js';
import { largestDifference, relativeError } from '../support/close.js';
import { readIntegers } from '../support/integers.js';
import { hasShared, shared } from '../support/shared.js';

// Reference: transformers, float32, eager attention, no dropout.
const [batch, length, hidden] = [5, 23, 48];

describe.skipIf(!hasShared).each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  const encoders = ['bert', 'xlm-roberta', 'distilbert', 'mpnet', 'modernbert'].map((name) => [name, 'bidirectional']);
  const decoders = ['llama', 'mistral', 'qwen2', 'qwen3'].flatMap((name) => [
    [name, 'bidirectional'],
    [name, 'causal'],
  ]);

  it.each([...encoders, ...decoders] as [string, AttentionKind][])(
    'tiny-%s, %s, gives the reference hidden states and gradients',
    (model, attention) => {
      const name = `tiny-${model}`;
      const folder = shared('models', name);
      const architecture = readArchitecture(folder);
      const before = liveTensors().tensors;
      const { weights: parameters } = loadWeights(folder, architecture.shapes);
      const reference = readSafetensors(shared('models', name, 'fixture.safetensors'));
      const ids = readIntegers(shared('models', name, 'fixture.safetensors'), 'input_ids');
      const mask = readIntegers(shared('models', name, 'fixture.safetensors'), 'attention_mask');
      const sequences = Array.from({ length: batch }, (_, i) => {
        const tokens = mask.slice(i * length, (i + 1) * length).reduce((a, b) => a + b, 0);
        return ids.slice(i * length, i * length + tokens);
      });
      const packed = pack(sequences, 0);
      const rowsOf = (key: string): Float32Array => packedRows(reference.get(key) as HostTensor, packed);

      const dy = tensor2d(rowsOf('cotangent'), [packed.ids.length, hidden]);
      const made = gradients(
        () => architecture.forward(new Layers(weightsOf(parameters)), packed, attention),
        parameters.map((p) => p.tensor),
        dy,
      );
      expect(largestDifference(made.value.dataSync(), rowsOf(`${attention}.last_hidden_state`))).toBeLessThan(1e-5);

      parameters.forEach((p, i) => {
        const wanted = reference.get(`${attention}.grad.${p.name}`)?.values as Float32Array;
        const got = (made.gradients[i] as Tensor).dataSync();
        // A key bias moves every score of a row alike: its true gradient is 0, and only rounding is left to compare.
        if (/(key|k_lin|attn\.k|k_proj)\.bias$/.test(p.name)) expect(largestDifference(got, wanted)).toBeLessThan(1e-5);
        else expect(relativeError(got, wanted), p.name).toBeLessThan(1e-4);
      });
      for (const t of [dy, made.value, ...made.gradients]) t?.dispose();
      for (const p of parameters) p.tensor.dispose();
      expect(liveTensors().tensors).toBe(before);
    },
  );
});

/** Rows of a padded [batch, length, hidden] reference in the packed batch's order. */
function packedRows({ values }: HostTensor, packed: ReturnType<typeof pack>): Float32Array {
  const rows = new Float32Array(packed.ids.length * hidden);
  packed.rows.forEach((row, i) => {
    const [start, end] = [packed.offsets[i]!, packed.offsets[i + 1]!];
    const from = row * length * hidden;
    rows.set(values.subarray(from, from + (end - start) * hidden), start * hidden);
  });
  return rows;
}
