import { readFileSync } from 'node:fs';
import { concat, type Tensor, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { type HostTensor, readSafetensors } from '../../encoder/safetensors.js';
import { makeGuards } from '../../loss/guards.js';
import { type InfoNCE, infoNCE } from '../../loss/info-nce.js';
import type { Loss } from '../../loss/loss.js';
import { matryoshka } from '../../loss/matryoshka.js';
import type { GuardPlan } from '../../plan/guards.js';
import { gradients } from '../../tensor/autograd.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { normalize } from '../../tensor/normalize.js';
import { backends } from '../support/backends.js';
import { largestDifference } from '../support/close.js';
import { hasShared, shared } from '../support/shared.js';

interface Case extends Partial<Omit<InfoNCE, 'guards'>> {
  readonly negatives?: boolean;
  readonly dot?: boolean;
  readonly guards?: GuardPlan[];
  readonly widths?: number[];
}

const none = { ratio: null, margin: null, softness: null };
const cases: Record<string, Case> = {
  'in_batch.T0.05': {},
  'in_batch.symmetric.T0.05': { symmetric: true },
  'hard_negatives.T0.02': { temperature: 0.02, negatives: true },
  'hard_negatives_only.T0.05': { inBatch: false, negatives: true },
  'hard_negatives.dot.T1': { temperature: 1, negatives: true, dot: true },
  'guided_mask.margin0.T0.05': { negatives: true, guards: [{ type: 'guide', model: '', ...none }] },
  'score_mask.margin0.1.T0.05': { negatives: true, guards: [{ type: 'positive-margin', ...none, margin: 0.1 }] },
  'positive_aware_mask.0.95.T0.05': { negatives: true, guards: [{ type: 'positive-margin', ...none, ratio: 0.95 }] },
  'matryoshka.mean.32_16_8.T0.05': { negatives: true, widths: [32, 16, 8] },
};

describe.skipIf(!hasShared).each(backends)('losses on %s equal the reference', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(Object.entries(cases))('%s', (name, { negatives = false, dot = false, guards = [], widths, ...more }) => {
    const file = readSafetensors(shared('oracles', 'losses.safetensors'));
    const values = JSON.parse(readFileSync(shared('oracles', 'losses.json'), 'utf8')) as Record<string, number>;
    const before = liveTensors();
    const load = (key: string): Tensor2D => {
      const { values, shape } = file.get(key) as HostTensor;
      return tensor2d(values, [values.length / (shape.at(-1) as number), shape.at(-1) as number]);
    };
    const documents = (prefix: string): Tensor2D => {
      const parts = [load(`${prefix}positive`), ...(negatives ? [load(`${prefix}negatives`)] : [])];
      const whole = concat(parts);
      for (const part of parts) part.dispose();
      return whole;
    };
    const unit = (x: Tensor2D): Tensor2D => (dot ? x : normalize(x));
    const [q, d, guideQ, guideD] = [load('query'), documents(''), load('guide.query'), documents('guide.')];
    const options = { temperature: 0.05, inBatch: true, symmetric: false, debias: null, ...more };
    const plain: Loss = (input) => infoNCE(input, { ...options, guards: makeGuards(guards) });
    const loss = widths ? matryoshka(plain, widths, true) : plain;
    const made = gradients(
      () =>
        loss({
          queries: unit(q),
          documents: unit(d),
          negatives: negatives ? 3 : 0,
          scores: null,
          texts: { queries: new Int32Array(), documents: new Int32Array() },
          guides: [{ queries: normalize(guideQ), documents: normalize(guideD) }],
        }),
      [q, d],
    );
    expect(Math.abs((made.value.dataSync()[0] as number) - (values[name] as number))).toBeLessThan(1e-5);
    const [dq, dd] = made.gradients.map((g) => (g as Tensor).dataSync());
    expect(largestDifference(dq!, file.get(`${name}.grad.query`)!.values)).toBeLessThan(1e-5);
    const positives = file.get(`${name}.grad.positive`)!.values;
    expect(largestDifference(dd!.slice(0, positives.length), positives)).toBeLessThan(1e-5);
    if (negatives) {
      const rest = file.get(`${name}.grad.negatives`)!.values;
      expect(largestDifference(dd!.slice(positives.length), rest)).toBeLessThan(1e-5);
    }
    for (const t of [q, d, guideQ, guideD, made.value, ...made.gradients]) t?.dispose();
    expect(liveTensors()).toEqual(before);
  });
});
