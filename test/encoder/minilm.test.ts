import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { readCollection } from '../../data/beir.js';
import { encode } from '../../encoder/encode.js';
import { disposeEncoder, type Encoder, loadEncoder } from '../../encoder/encoder.js';
import { gradientNorm, zeroMoments } from '../../tensor/adamw.js';
import { useBackend } from '../../tensor/backend.js';
import { makeObjective } from '../../train/objective.js';
import { type Learner, trainStep } from '../../train/step.js';
import { largestDifference } from '../support/close.js';
import { miniLM } from '../support/minilm.js';
import { readPlanText } from '../support/plan.js';
import { hasShared, shared } from '../support/shared.js';

function oracle<T>(name: string): T {
  return JSON.parse(readFileSync(shared('oracles', name), 'utf8')) as T;
}

describe.skipIf(!hasShared)('all-MiniLM-L6-v2 on torch', () => {
  let encoder: Encoder;
  beforeAll(async () => {
    await useBackend('torch');
    encoder = loadEncoder(await miniLM());
    return () => disposeEncoder(encoder);
  });

  it('makes the reference token ids and embeddings', () => {
    const wanted = oracle<{ texts: string[]; input_ids: number[][]; embeddings: number[][]; max_length: number }>(
      'minilm-embeddings.json',
    );
    const ids = wanted.texts.map((text) => encoder.tokenizer.encode(text, wanted.max_length));
    expect(ids.map((sequence) => [...sequence])).toEqual(wanted.input_ids);
    const { values } = encode(encoder, ids, 'document');
    expect(largestDifference(values, wanted.embeddings.flat())).toBeLessThan(1e-5);
  });

  it('takes ten optimizer steps as the reference does', async () => {
    const wanted = oracle<{
      loss_by_step: number[];
      grad_norm_before_clip_by_step: number[];
      l2_norm_after_10_steps: Record<string, number>;
    }>('minilm-10-steps.json');
    const plan = readPlanText(`
name: ten-steps
model: {base: unused, max_length: {query: 128, document: 128}}
data: {sources: [{name: scifact, kind: public, path: unused}]}
loss: {temperature: 0.02}
train: {batch_size: 8, optimizer: {learning_rate: 1.0e-4, weight_decay: 0.01}, clip_norm: 1.0}
`);
    const collection = readCollection(shared('data', 'scifact'), 'train');
    const queries = new Map(collection.queries.map(({ id, text }) => [id, text]));
    const documents = new Map(collection.corpus.ids.map((id, i) => [id, collection.corpus.texts[i] as string]));
    const rows = readFileSync(shared('data', 'scifact', 'qrels', 'train.tsv'), 'utf8')
      .trim()
      .split('\n')
      .slice(1);
    const objective = await makeObjective(plan, encoder, []);
    const learner: Learner = { encoder, moments: zeroMoments(encoder.parameters) };
    for (let step = 1; step <= 10; step++) {
      const chosen = rows.slice((step - 1) * 8, step * 8).map((row) => row.split('\t') as [string, string, string]);
      const ids = (texts: (string | undefined)[]): Int32Array[] =>
        texts.map((text) => encoder.tokenizer.encode(text as string, 128));
      const batch = {
        queries: ids(chosen.map(([query]) => queries.get(query))),
        documents: ids(chosen.map(([, document]) => documents.get(document))),
        source: 'scifact',
        tokens: 0,
        scores: null,
        texts: () => ({ queries: [], documents: [] }),
        describe: () => '',
      };
      const { loss, gradientNorm: norm } = trainStep(learner, objective, batch, plan, step, 1e-4);
      const [wantedLoss, wantedNorm] = [
        wanted.loss_by_step[step - 1]!,
        wanted.grad_norm_before_clip_by_step[step - 1]!,
      ];
      expect(Math.abs(loss / wantedLoss - 1), `loss of step ${step}`).toBeLessThan(1e-3);
      expect(Math.abs(norm / wantedNorm - 1), `gradient norm of step ${step}`).toBeLessThan(1e-2);
    }
    for (const p of encoder.parameters) {
      const reference = wanted.l2_norm_after_10_steps[p.name] as number;
      // libtorch's own float32 norm, as in the reference: for the word table it is 6e-4 below the exact one.
      const difference = Math.abs(gradientNorm([p.tensor]) - reference);
      // A key bias moves every score of a row alike: its gradient is rounding alone, and AdamW makes steps of it.
      const scale = p.name.endsWith('key.bias') ? 1 : reference;
      expect(difference / scale, p.name).toBeLessThan(1e-4);
    }
  });
});
