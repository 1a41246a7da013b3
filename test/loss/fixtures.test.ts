import { readFileSync } from 'node:fs';
import { type Tensor, type Tensor2D, tensor2d } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { distill } from '../../loss/distill.js';
import { makeGuards } from '../../loss/guards.js';
import { infoNCE } from '../../loss/info-nce.js';
import type { Loss } from '../../loss/loss.js';
import type { GuardPlan } from '../../plan/guards.js';
import { gradients } from '../../tensor/autograd.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { normalize } from '../../tensor/normalize.js';
import { backends } from '../support/backends.js';
import { largestDifference } from '../support/close.js';

interface Fixtures {
  readonly inputs: Record<'query' | 'document' | 'guide_query' | 'guide_document' | 'scores', number[][]>;
  readonly texts: { queries: number[]; documents: number[] };
  readonly losses: Record<string, { value: number; query: number[][]; document: number[][] }>;
}

// Made by fixtures.py with PyTorch.
const fixtures = JSON.parse(readFileSync(new URL('fixtures.json', import.meta.url), 'utf8')) as Fixtures;

const none = { ratio: null, margin: null, softness: null };
const sameText: GuardPlan = { type: 'same-text' };
const margin = (bound: object): GuardPlan => ({ type: 'positive-margin', ...none, ...bound });
const guide = (bound: object): GuardPlan => ({ type: 'guide', model: '', ...none, ...bound });

interface Options {
  temperature?: number;
  inBatch?: boolean;
  symmetric?: boolean;
  debias?: number;
}

function guarded(guards: GuardPlan[], { debias, ...more }: Options = {}): Loss {
  const options = { temperature: 0.3, inBatch: true, symmetric: false, debias: debias ?? null, ...more };
  return (input) => infoNCE(input, { ...options, guards: makeGuards(guards) });
}

function distilled(temperature: number, teacherTemperature: number): Loss {
  return (input) => distill(input, input.scores as Tensor2D, { temperature, teacherTemperature });
}

const losses: Record<string, Loss> = {
  'same text': guarded([sameText]),
  'same text, both ways': guarded([sameText], { symmetric: true }),
  'margin, softly': guarded([margin({ margin: -0.2, softness: 0.1 })]),
  'ratio, softly, own documents': guarded([margin({ ratio: 0.5, softness: 0.3 })], { inBatch: false }),
  'score mask, both ways': guarded([{ type: 'score-mask', above: 0.2, softness: null }], { symmetric: true }),
  'score mask, softly': guarded([{ type: 'score-mask', above: 0.1, softness: 0.15 }]),
  'guide by ratio': guarded([guide({ ratio: 0.8 })]),
  'all guards, both ways': guarded([sameText, margin({ margin: 0.1 }), guide({ margin: 0.05, softness: 0.2 })], {
    symmetric: true,
  }),
  debiased: guarded([], { debias: 0.1 }),
  'debiased to the floor': guarded([], { debias: 0.4, temperature: 0.1 }),
  'debiased with guards, both ways': guarded([sameText, margin({ ratio: 0.9, softness: 0.2 })], {
    debias: 0.05,
    symmetric: true,
  }),
  'debiased, own documents': guarded([], { debias: 0.02, inBatch: false }),
  distill: distilled(0.3, 1),
  'distill, softer teacher': distilled(0.05, 4),
};

describe.each(backends)('losses on %s equal PyTorch’s', (backend) => {
  beforeAll(() => useBackend(backend));

  it('all that the fixtures hold', () => {
    expect(Object.keys(losses).sort()).toEqual(Object.keys(fixtures.losses).sort());
  });

  it.each(Object.keys(losses))('%s', (name) => {
    const before = liveTensors();
    const { inputs, texts } = fixtures;
    const [q, d, guideQ, guideD, scores] = [
      inputs.query,
      inputs.document,
      inputs.guide_query,
      inputs.guide_document,
      inputs.scores,
    ].map((rows) => tensor2d(rows)) as [Tensor2D, Tensor2D, Tensor2D, Tensor2D, Tensor2D];
    const { value, gradients: made } = gradients(
      () =>
        (losses[name] as Loss)({
          queries: normalize(q),
          documents: normalize(d),
          negatives: 2,
          scores,
          texts: { queries: Int32Array.from(texts.queries), documents: Int32Array.from(texts.documents) },
          guides: [{ queries: normalize(guideQ), documents: normalize(guideD) }],
        }),
      [q, d],
    );
    const wanted = fixtures.losses[name]!;
    expect(Math.abs((value.dataSync()[0] as number) - wanted.value)).toBeLessThan(1e-5);
    const [dq, dd] = made.map((gradient) => (gradient as Tensor).dataSync());
    expect(largestDifference(dq!, wanted.query.flat())).toBeLessThan(1e-5);
    expect(largestDifference(dd!, wanted.document.flat())).toBeLessThan(1e-5);
    for (const t of [q, d, guideQ, guideD, scores, value, ...made]) t?.dispose();
    expect(liveTensors()).toEqual(before);
  });
});
