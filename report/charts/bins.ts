/** Bins of one width over values: where they begin, and the last ends. */
export interface Bins {
  readonly edges: readonly number[];
  readonly labels: readonly string[];
}

/** Round bins over a range: some eight labelled places, each divided in four. */
export function roundBins(low: number, high: number): Bins {
  const range = high - low || Math.abs(high) || 1;
  const rough = range / 8;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * size >= rough) as number) * size;
  const first = Math.floor(low / step + 1e-9);
  const count = Math.max(1, Math.ceil(high / step - 1e-9) - first);
  const digits = Math.max(
    0,
    -Math.floor(Math.log10(step)) + (Number.isInteger(Math.round((step / size) * 10) / 10) ? 0 : 1),
  );
  const edges = Array.from({ length: 4 * count + 1 }, (_, i) => (first + i / 4) * step);
  return { edges, labels: edges.map((edge, i) => (i % 4 === 0 ? edge.toFixed(digits) : '')) };
}

/** How many values lie in each bin; the last one has its end too. */
export function countIn({ edges }: Bins, values: Iterable<number>): number[] {
  const [low, high] = [edges[0] as number, edges.at(-1) as number];
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const value of values) {
    const at = Math.floor(((value - low) / (high - low)) * counts.length + 1e-9);
    counts[Math.min(counts.length - 1, Math.max(0, at))]!++;
  }
  return counts;
}
