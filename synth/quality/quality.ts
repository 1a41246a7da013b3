import type { Progress } from '../../data/mining/vectors.js';
import { hash32, hashText } from '../../data/permutation.js';
import type { QualityPlan } from '../../plan/synthesis.js';
import type { Ask, Call } from '../ask.js';
import type { Document } from '../documents.js';
import { inTurn } from '../in-turn.js';
import * as turns from '../turns.js';
import { type Classified, type Classify, readLabels } from './classifier.js';
import { ruleScore } from './rules.js';

/** Documents worth asking about, best first; equals in an order that the seed draws. */
export interface Picked {
  readonly documents: readonly Document[];
  /** Those below the bound, or without a grade. */
  readonly below: number;
  readonly classifier: Omit<Classified, 'scores'> | null;
  readonly calls: readonly Call[];
}

interface Picking {
  readonly seed: number;
  /** For what a language model grades. */
  readonly ask: Ask;
  readonly width: number;
  readonly onProgress: Progress;
  readonly classify: Classify;
}

// What a language model calls good, for a classifier to learn.
const GOOD = 3;

/** Picks the documents to ask about, as a plan says. @throws Fault as {@link Classify} and {@link Ask} */
export async function pickDocuments(
  documents: readonly Document[],
  plan: QualityPlan,
  picking: Picking,
): Promise<Picked> {
  const calls: Call[] = [];
  const { scores, classifier } = await scoresOf(documents, plan, picking, calls);
  const scoreOf = new Map(documents.map((document, i) => [document, scores[i] ?? Number.NaN]));
  const order = inChance(documents, picking.seed)
    .filter((document) => scoreOf.get(document)! >= plan.at_least)
    .sort((a, b) => scoreOf.get(b)! - scoreOf.get(a)!);
  return { documents: order, below: documents.length - order.length, classifier, calls };
}

/** In an order that the seed draws: of two documents the same comes first whatever others there are. */
function inChance(documents: readonly Document[], seed: number): Document[] {
  const keyed = documents.map((document) => ({ document, key: hash32(seed, hashText(document.id)) }));
  return keyed.sort((a, b) => a.key - b.key).map(({ document }) => document);
}

async function scoresOf(
  documents: readonly Document[],
  plan: QualityPlan,
  picking: Picking,
  calls: Call[],
): Promise<{ scores: readonly (number | null)[]; classifier: Picked['classifier'] }> {
  switch (plan.type) {
    case 'rules':
      return { scores: documents.map(({ text }) => ruleScore(text)), classifier: null };
    case 'language-model':
      return { scores: await grades(documents, picking, calls), classifier: null };
    case 'classifier': {
      const examples =
        plan.labels === undefined
          ? await gradedSample(documents, plan.sample, picking, calls)
          : readLabels(plan.labels);
      const texts = documents.map(({ text }) => text);
      const { scores, ...classifier } = await picking.classify(texts, examples, plan.model, picking.onProgress);
      return { scores, classifier };
    }
  }
}

async function gradedSample(documents: readonly Document[], size: number, picking: Picking, calls: Call[]) {
  const sample = inChance(documents, picking.seed + 1).slice(0, size);
  const given = await grades(sample, picking, calls);
  return sample.flatMap(({ text }, i) => (given[i] == null ? [] : [{ text, good: given[i] >= GOOD }]));
}

function grades(
  documents: readonly Document[],
  { ask, width, onProgress }: Picking,
  calls: Call[],
): Promise<(number | null)[]> {
  let done = 0;
  return inTurn(documents, width, async ({ text }) => {
    const { value, call } = await ask(turns.quality, { document: text });
    calls.push(call);
    onProgress('graded documents', ++done, documents.length);
    return value?.grade ?? null;
  });
}
