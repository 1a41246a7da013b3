import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCollection } from '../../data/beir.js';
import { generateConcepts } from '../../data/concepts/generate.js';
import { conceptGraph } from '../../data/concepts/graph.js';
import { writeConcepts } from '../../data/concepts/write.js';
import { nearlySame, normalized } from '../../data/inspect/near-texts.js';
import { loadTokenizer } from '../../encoder/tokenizer.js';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-concepts-'));
});
afterAll(() => rmSync(scratch, { recursive: true }));

const settings = { seed: 17, concepts: 60, planted: 0.2 };
const words = (text: string): Set<string> => new Set(text.toLowerCase().match(/[a-z]+/g));

describe('the concepts benchmark', () => {
  it('is the same for the same settings, and another for another seed', () => {
    expect(generateConcepts(settings)).toEqual(generateConcepts(settings));
    expect(generateConcepts({ ...settings, seed: 18 }).documents).not.toEqual(generateConcepts(settings).documents);
    // Only negatives depend on the rate.
    const { documents, test } = generateConcepts({ ...settings, planted: 0.9 });
    expect({ documents, test }).toEqual({
      documents: generateConcepts(settings).documents,
      test: generateConcepts(settings).test,
    });
  });

  it.each([0, 0.1, 0.2, 0.4])('plants right answers among the negatives at a rate of %d', (planted) => {
    const { documents, train } = generateConcepts({ ...settings, planted });
    const marked = train.flatMap(({ concept, negatives }) => negatives.map((n) => documents[n]!.concept === concept));
    const rate = marked.filter(Boolean).length / marked.length;
    expect(Math.abs(rate - planted)).toBeLessThan(planted === 0 ? 1e-9 : 0.03);
    for (const { concept, positive, negatives } of train) {
      expect(documents[positive]!.concept).toBe(concept);
      expect(new Set([positive, ...negatives]).size).toBe(6);
    }
  });

  it('copies documents, exactly but for case and points or nearly, and nothing else changes', () => {
    const plain = generateConcepts(settings);
    const { documents, train, test } = generateConcepts({ ...settings, copies: 0.5 });
    expect({ documents: documents.slice(0, 300), train, test }).toEqual(plain);
    const copies = documents.slice(300);
    expect(Math.abs(copies.length / 300 - 0.5)).toBeLessThan(0.08);
    let exact = 0;
    for (const { id, text, concept } of copies) {
      const original = documents.find((one) => `${one.id}-copy` === id)!;
      expect(concept).toBe(original.concept);
      expect(text).not.toBe(original.text);
      if (normalized(text) === normalized(original.text)) exact++;
      expect(nearlySame(text, original.text)).toBe(true);
    }
    expect(Math.abs(exact / copies.length - 0.5)).toBeLessThan(0.1);
  });

  it('asks hard queries in words that the answers lack, and has distractors with those words', () => {
    const graph = conceptGraph(settings.concepts, settings.seed);
    const { documents, test } = generateConcepts(settings);
    for (const { kind, text, concept } of test) {
      const said = words(text);
      const { names, signs, from } = graph[concept]!;
      expect(names.some((name) => said.has(name))).toBe(kind === 'easy');
      if (kind === 'easy') continue;
      const clues = [...signs, ...from.flatMap((origin) => graph[origin]!.signs)];
      expect(clues.filter((sign) => said.has(sign)).length).toBeGreaterThan(2);
      const length = text.split(' ').length;
      if (kind === 'vl') expect(length >= 300 && length <= 2050).toBe(true);
    }
    const distractors = documents.filter(({ id }) => id.startsWith('distractor'));
    expect(distractors).toHaveLength(60);
    for (const { id, text, concept } of distractors) {
      const about = Number(id.split('-')[1]);
      expect(concept).not.toBe(about);
      expect(graph[about]!.signs.filter((sign) => words(text).has(sign)).length).toBe(3);
    }
  });

  it('is written as a collection with its truth, whole', () => {
    const folder = join(scratch, 'c');
    expect(writeConcepts(folder, settings)).toEqual({ documents: 300, train: 540, test: 180 });
    const truth = readCollection(folder, 'truth');
    expect(truth.queries).toHaveLength(540);
    expect(readCollection(folder, 'train').qrels.get('train-hq-3-1')?.size).toBe(1);
    expect(truth.qrels.get('train-hq-3-1')!.size).toBeGreaterThanOrEqual(4);
    const hq = readCollection(folder, 'hq');
    expect(hq.queries.map(({ id }) => id).every((id) => id.startsWith('train-hq-'))).toBe(true);
    expect(hq.queries).toHaveLength(180);
    expect(readFileSync(join(folder, 'vl.jsonl'), 'utf8').trim().split('\n')).toHaveLength(180);
    expect(() => writeConcepts(folder, settings)).toThrow(/Expected a new folder at .*Name one that is not there/);
  });

  it('brings an encoder to begin from, to which each of its words is one token', () => {
    const folder = join(scratch, 'e');
    writeConcepts(folder, { ...settings, concepts: 10 });
    const { vocab_size } = JSON.parse(readFileSync(join(folder, 'encoder/config.json'), 'utf8'));
    const tokenizer = loadTokenizer(join(folder, 'encoder'), vocab_size);
    for (const { text } of generateConcepts({ ...settings, concepts: 10 }).test) {
      const ids = [...tokenizer.encode(text, 4096)];
      expect(ids).toHaveLength((text.match(/[a-zA-Z]+|[^\sa-zA-Z]/g)?.length ?? 0) + 2);
      expect(ids).not.toContain(1);
    }
  });
});
