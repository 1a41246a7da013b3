import { countIn, roundBins } from '../charts/bins.js';
import type { Picture } from '../charts/chart.js';
import { type Histogram, writeHistograms } from '../charts/histograms.js';
import { type Choice, judgementsFor, rankingOf, readScored, type Scored } from './scored.js';

/** Draws how a measure is spread over the queries, system by system. */
export function writeQueryHistogram(prefix: string, paths: readonly string[], choice: Choice): Picture {
  const { title, measure, systems } = readScored(paths, choice);
  const values = systems.map(({ result }) => Object.values(result.perQuery[measure] ?? {}));
  const all = values.flat();
  const [low, high] = endsOf([0, 1, ...all]);
  const bins = roundBins(low, high);
  return writeHistograms(prefix, {
    title: `${measure} query by query`,
    subtitle: `${title}, ${values[0]?.length} queries. Each histogram is of shares of its system’s queries.`,
    x: measure,
    edges: bins.labels,
    histograms: systems.map(({ result }, i) => ({
      name: result.system,
      counts: countIn(bins, values[i] as number[]),
      text: `mean ${(result.metrics[measure] as number).toFixed(3)}`,
    })),
  });
}

/** Draws the scores that systems gave to relevant documents and to all others that they ranked. */
export function writeScoreHistogram(prefix: string, paths: readonly string[], choice: Choice): Picture {
  const { title, systems } = readScored(paths, choice);
  const spread = systems.map((system) => ({ name: system.result.system, ...scoresOf(system) }));
  // Cosines and BM25's sums have no scale in common.
  const several = spread.length > 1;
  const ends = spread.map(({ relevant, others }) => endsOf([...relevant, ...others]));
  const [low, high] = several ? [0, 1] : (ends[0] as [number, number]);
  const bins = roundBins(low, high);
  const depth = Math.round(Math.max(...spread.map(({ perQuery }) => perQuery)));
  return writeHistograms(prefix, {
    title: 'Scores of relevant and of other documents',
    subtitle:
      `${title}, the best ${depth} of each query. ` +
      (several
        ? '0 is the lowest and 1 the highest score that a system gave.'
        : 'Filled: relevant. Outlined: all others.'),
    x: several ? 'Score, by its place between the system’s lowest and highest' : 'Score',
    edges: bins.labels,
    histograms: spread.flatMap(({ name, relevant, others }, i): Histogram[] => {
      const [from, to] = ends[i] as [number, number];
      const place = (score: number): number => (several ? (score - from) / (to - from || 1) : score);
      const text = several ? `, ${rangeText(from, to)}` : '';
      return [
        { name: `${name}: relevant`, counts: countIn(bins, relevant.map(place)), text: `n ${count(relevant)}${text}` },
        { name: `${name}: others`, counts: countIn(bins, others.map(place)), text: `n ${count(others)}`, second: true },
      ];
    }),
  });
}

function scoresOf(system: Scored): { relevant: number[]; others: number[]; perQuery: number } {
  const [run, qrels] = [rankingOf(system), judgementsFor(system)];
  const [relevant, others]: [number[], number[]] = [[], []];
  for (const [query, grades] of qrels) {
    for (const { id, score } of run.get(query) ?? []) ((grades.get(id) ?? 0) > 0 ? relevant : others).push(score);
  }
  return { relevant, others, perQuery: (relevant.length + others.length) / Math.max(1, qrels.size) };
}

function endsOf(values: readonly number[]): [number, number] {
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}

/** `0.12 to 0.87`: as many digits as tell the ends apart. */
function rangeText(from: number, to: number): string {
  const digits = Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(to - from || Math.abs(to) || 1))));
  return [from, to]
    .map((end) =>
      end
        .toFixed(digits)
        .replace(/^-(?=[0.]+$)/, '')
        .replace('-', '−'),
    )
    .join(' to ');
}

function count(values: readonly number[]): string {
  return values.length.toLocaleString('en');
}
