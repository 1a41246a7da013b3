import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type CrossEncoder,
  loadCrossEncoderWeights,
  logitsOf,
  pairTokens,
  readCrossEncoder,
} from '../../encoder/cross-encoder/cross-encoder.js';
import { longestFirst } from '../../encoder/cross-encoder/pair-template.js';
import { scoreOf } from '../../encoder/cross-encoder/score.js';
import { batchesByLength } from '../../encoder/pack.js';
import { liveTensors, useBackend } from '../../tensor/backend.js';
import { backends } from '../support/backends.js';
import { largestDifference } from '../support/close.js';
import { crossEncoderFixture, type PairReference, pairReference } from '../support/cross-encoder.js';

// Tiny random models, and what transformers and sentence-transformers made of the same pairs: cross-encoders/make.py.
const models = ['bert', 'bert-nli', 'roberta', 'xlm-roberta', 'mpnet', 'distilbert', 'modernbert'];
function allLogits(crossEncoder: CrossEncoder, pairs: PairReference['pairs']): Float32Array {
  const weights = loadCrossEncoderWeights(crossEncoder);
  const made = logitsOf(
    crossEncoder,
    weights,
    pairs.map(([a, b]) => pairTokens(crossEncoder, a, b)),
  );
  for (const { tensor } of weights) tensor.dispose();
  return made;
}

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-cross-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** A copy of a model with one of its JSON files changed. */
function changed(model: string, file: string, change: (json: Record<string, unknown>) => object): string {
  const folder = mkdtempSync(join(scratch, 'model-'));
  cpSync(crossEncoderFixture(model), folder, { recursive: true });
  const json = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Record<string, unknown>;
  writeFileSync(join(folder, file), JSON.stringify(change(json)));
  return folder;
}

describe.each(models)('%s as a cross-encoder', (model) => {
  it('joins two texts as its own tokenizer does, the longest cut first', () => {
    const crossEncoder = readCrossEncoder(crossEncoderFixture(model));
    const { pairs, ids, types } = pairReference(model);
    for (const [i, [first, second]] of pairs.entries()) {
      const made = pairTokens(crossEncoder, first, second);
      expect([...made.ids], `${first} | ${second}`).toEqual(ids[i]);
      if (types[i]) expect([...made.types]).toEqual(types[i]);
    }
  });
});

describe.each(backends)('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  it.each(models)('%s has the logits of transformers and the scores of sentence-transformers', (model) => {
    const before = liveTensors().tensors;
    const crossEncoder = readCrossEncoder(crossEncoderFixture(model));
    const { pairs, logits, scores } = pairReference(model);
    const made = allLogits(crossEncoder, pairs);
    expect(largestDifference(made, logits.flat())).toBeLessThan(1e-5);
    const { labels } = crossEncoder.settings;
    const choices = labels.length === 1 ? [null] : labels;
    const ours = pairs.flatMap((_, i) =>
      choices.map((label) =>
        scoreOf(crossEncoder.settings, label, model)(made.subarray(i * labels.length, (i + 1) * labels.length)),
      ),
    );
    expect(largestDifference(ours, scores.flat())).toBeLessThan(1e-5);
    expect(liveTensors().tensors).toBe(before);
  });
});

describe('a cross-encoder', () => {
  it('is one whose parts all show in the reference', () => {
    // Without token types, the template's special tokens or the cut, logits would be others.
    const { pairs, logits } = pairReference('bert');
    const typeless = readCrossEncoder(
      changed('bert', 'tokenizer_config.json', (json) => ({ ...json, model_input_names: ['input_ids'] })),
    );
    expect(largestDifference(allLogits(typeless, pairs), logits.flat())).toBeGreaterThan(0.01);
    const shorter = readCrossEncoder(crossEncoderFixture('bert'), 16);
    expect(largestDifference(allLogits(shorter, pairs), logits.flat())).toBeGreaterThan(0.01);
  });

  it('reads a pair within the length that is asked for, or the model’s own', () => {
    expect(readCrossEncoder(crossEncoderFixture('bert')).maxLength).toBe(32);
    expect(readCrossEncoder(crossEncoderFixture('bert'), 40).maxLength).toBe(40);
    expect(
      pairTokens(readCrossEncoder(crossEncoderFixture('bert'), 10), 'stars '.repeat(9), 'dark '.repeat(9)).ids,
    ).toHaveLength(10);
    expect(() => readCrossEncoder(crossEncoderFixture('bert'), 41)).toThrow('Expected max_length of at most 40');
    expect(() => pairTokens(readCrossEncoder(crossEncoderFixture('roberta'), 5), 'a', 'b')).toThrow(
      'max_length of 6 or more',
    );
  });

  it.each<[string, string, (json: Record<string, unknown>) => object, RegExp]>([
    [
      'DeBERTa',
      'config.json',
      () => ({ model_type: 'deberta-v2', architectures: ['DebertaV2ForSequenceClassification'] }),
      /DebertaV2ForSequenceClassification"; cross-encoders are Bert/,
    ],
    [
      'ELECTRA',
      'config.json',
      () => ({ model_type: 'electra', architectures: ['ElectraForSequenceClassification'] }),
      /ElectraForSequenceClassification/,
    ],
    [
      'an encoder',
      'config.json',
      (json) => ({ ...json, architectures: ['BertModel'] }),
      /"BertModel"; cross-encoders are/,
    ],
    [
      'a model that is told what to do',
      'config.json',
      () => ({ model_type: 'qwen3', architectures: ['Qwen3ForCausalLM'] }),
      /Qwen3ForCausalLM", which reranks by an instruction/,
    ],
    ['no class', 'config.json', ({ architectures: _, ...json }) => json, /architectures: none/],
    [
      'an activation',
      'config.json',
      (json) => ({ ...json, sbert_ce_default_activation_function: 'torch.nn.Tanh', sentence_transformers: {} }),
      /Sigmoid or Identity in .*, got torch.nn.Tanh/,
    ],
    [
      'labels with a gap',
      'config.json',
      (json) => ({ ...json, id2label: { 0: 'a', 2: 'b' } }),
      /labels from 0 on for id2label .* got 0, 2/,
    ],
    [
      'other weights',
      'config.json',
      (json) => ({ ...json, id2label: { 0: 'a', 1: 'b' } }),
      /Expected shape \[2,16\] for weight classifier.weight/,
    ],
  ])('is not %s', (_what, file, change, message) => {
    const folder = changed('bert', file, change);
    expect(() => loadCrossEncoderWeights(readCrossEncoder(folder))).toThrow(message);
  });

  it.each<[string, string, object, RegExp]>([
    [
      'another module',
      'modules.json',
      [{ type: 'sentence_transformers.base.modules.Transformer' }, { type: 'x.LogitScore' }],
      /Transformer alone in .*got LogitScore/,
    ],
    [
      'an instruction',
      'config_sentence_transformers.json',
      { default_prompt_name: 'web' },
      /no instruction before each pair/,
    ],
  ])('has no %s', (_what, file, json, message) => {
    const folder = changed('mpnet', file, () => json);
    expect(() => readCrossEncoder(folder)).toThrow(message);
  });
});

describe('the longest text first', () => {
  // As tokenizers' Rust does it; the references above have these cases too.
  it.each([
    [3, 4, 10, [3, 4]],
    [3, 20, 10, [3, 7]],
    [20, 3, 10, [7, 3]],
    [20, 30, 11, [5, 6]],
    [30, 20, 11, [6, 5]],
    [20, 20, 11, [5, 6]],
    [0, 20, 10, [0, 10]],
  ])('%i and %i tokens in %i', (first, second, room, kept) => {
    expect(longestFirst(first, second, room)).toEqual(kept);
  });
});

describe('the label of several', () => {
  const settings = {
    labels: ['contradiction', 'ENTAILMENT'],
    activation: 'identity',
    maxLength: null,
    typed: true,
  } as const;

  it('is found whatever its letters, and its score is a probability', () => {
    expect(scoreOf(settings, 'entailment', 'm')([0, Math.log(3)])).toBeCloseTo(0.75, 12);
    expect(scoreOf({ ...settings, activation: 'sigmoid' }, 'entailment', 'm')([9, 0])).toBe(0.5);
  });

  it('has to be named where there are several, and is not where there is one', () => {
    expect(() => scoreOf(settings, null, 'm')).toThrow('Expected a label of m (contradiction, ENTAILMENT), got none');
    expect(() => scoreOf(settings, 'neutral', 'm')).toThrow('got neutral. Choose one of them.');
    expect(() => scoreOf({ ...settings, labels: ['LABEL_0'] }, 'neutral', 'm')).toThrow('Leave it away');
  });

  it('has scores that do not tie where float32 would', () => {
    const one = { ...settings, labels: ['LABEL_0'], activation: 'sigmoid' } as const;
    expect(scoreOf(one, null, 'm')([18])).toBeLessThan(scoreOf(one, null, 'm')([19]));
  });
});

it('batches are cut by tokens', () => {
  const lengths = [8096, 10, 96, 6000, 9000];
  expect(batchesByLength(lengths.map((length) => new Int32Array(length)))).toEqual([[4], [0], [3, 2, 1]]);
});
