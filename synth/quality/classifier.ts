import { readJsonl, shown } from '../../data/jsonl.js';
import { type Progress, vectorsOf } from '../../data/mining/vectors.js';
import { permute } from '../../data/permutation.js';
import { Fault } from '../../plan/fault.js';
import type { Rows } from '../../retrieval/dense.js';
import { sourceOfTexts } from '../source-of-texts.js';
import { fitLogistic, probability } from './logistic.js';

/** A text and whether it is good. */
export interface Labelled {
  readonly text: string;
  readonly good: boolean;
}

/** Probabilities of the texts, and how well the classifier does on examples that it was not shown. */
export interface Classified {
  readonly scores: readonly number[];
  readonly examples: number;
  readonly good: number;
  /** The share of examples on which it is right, five-fold. */
  readonly accuracy: number;
}

/** Learns from examples which texts are good. @throws Fault fewer than ten examples of either kind */
export type Classify = (
  texts: readonly string[],
  examples: readonly Labelled[],
  model: string,
  onProgress: Progress,
) => Promise<Classified>;

const FOLDS = 5;

/** Reads labelled examples, `{text, good}` a line. @throws Fault a line that is not so */
export function readLabels(file: string): Labelled[] {
  return Array.from(readJsonl(file), ({ line, value }) => {
    const { text, good } = (value ?? {}) as { text?: unknown; good?: unknown };
    if (typeof text === 'string' && typeof good === 'boolean') return { text, good };
    throw new Fault(
      `Expected {"text": "…", "good": true or false} for ${file}:${line}, got ${shown(value)}. Correct it.`,
    );
  });
}

/**
 * Learns from labelled examples, by logistic regression on an encoder's vectors, which texts are good. Needs a running
 * backend.
 * @throws Fault fewer than ten examples of either kind
 */
export async function classify(
  texts: readonly string[],
  examples: readonly Labelled[],
  model: string,
  onProgress: Progress,
  load: typeof vectorsOf = vectorsOf,
): Promise<Classified> {
  const good = examples.filter((example) => example.good).length;
  if (Math.min(good, examples.length - good) < 10) {
    throw new Fault(
      `Expected ten good and ten bad examples for hard_queries.quality, got ${good} and ${examples.length - good}. ` +
        'Label more, or take type: rules.',
    );
  }
  const all = sourceOfTexts('documents', { documents: [...texts, ...examples.map(({ text }) => text)] });
  const { documents } = await load(all, model, onProgress);
  const { width, values } = documents;
  const from = texts.length;
  const places = examples.map((_, i) => from + permute(i, examples.length, 17));
  const fit = (chosen: readonly number[]) =>
    fitLogistic(
      rowsAt(documents, chosen),
      chosen.map((place) => examples[place - from]!.good),
    );
  let right = 0;
  for (let fold = 0; fold < FOLDS; fold++) {
    const held = places.filter((_, i) => i % FOLDS === fold);
    const fitted = fit(places.filter((_, i) => i % FOLDS !== fold));
    right += held.filter((place) => probability(fitted, values, place) >= 0.5 === examples[place - from]!.good).length;
  }
  const fitted = fit(places);
  const scores = texts.map((_, place) => probability(fitted, values.subarray(0, from * width), place));
  return { scores, examples: examples.length, good, accuracy: right / examples.length };
}

function rowsAt({ values, width }: Rows, places: readonly number[]): Rows {
  const rows = new Float32Array(places.length * width);
  for (const [row, place] of places.entries()) {
    rows.set(values.subarray(place * width, (place + 1) * width), row * width);
  }
  return { values: rows, width };
}
