import type { Picture } from './charts/chart.js';
import { writeHistograms } from './charts/histograms.js';

/** How many of some texts lie in each range of lengths; all begin with the same ranges. */
export interface LengthsOf {
  readonly name: string;
  readonly count: number;
  readonly median: number;
  readonly bins: readonly { readonly from: number; readonly below: number | null; readonly count: number }[];
}

/** Draws the lengths of texts in words: the share of each kind's texts in each range. */
export function writeLengths(prefix: string, title: string, kinds: readonly LengthsOf[]): Picture {
  const [first = { bins: [] }, ...others] = kinds;
  const { bins } = others.reduce((a, b) => (b.bins.length > a.bins.length ? b : a), first);
  const last = bins.at(-1)?.below;
  return writeHistograms(prefix, {
    title: `Lengths of ${title}`,
    subtitle: 'Words of a text. Each histogram is of shares of its own texts; ranges grow by about a half.',
    x: 'Words',
    edges: [...bins.map(({ from }) => String(from)), last === null || last === undefined ? '∞' : String(last)],
    histograms: kinds.map(({ name, count, median, bins: own }, i) => ({
      name,
      counts: bins.map((_, bin) => own[bin]?.count ?? 0),
      text: `n ${count.toLocaleString('en')}, median ${median.toLocaleString('en')}`,
      second: i % 2 === 1,
    })),
  });
}
