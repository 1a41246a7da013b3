/** Round numbers between two ends, about so many: what an axis is marked with. */
export function ticks(low: number, high: number, about: number): number[] {
  if (!(high > low)) return [low];
  const rough = (high - low) / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  // One mark alone says nothing of the scale.
  if (last - first < 1 && about < 16) return ticks(low, high, 2 * about);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Marks of an axis as texts, all with as many digits as the finest needs; thousands and millions in short. */
export function tickTexts(values: readonly number[]): string[] {
  const largest = Math.max(...values.map(Math.abs), 0);
  if (largest !== 0 && largest < 1e-3)
    return values.map((value) => (value === 0 ? '0' : value.toExponential().replace('e-', 'e−')));
  const [size, word] =
    largest >= 1e9 ? [1e9, 'G'] : largest >= 1e6 ? [1e6, 'M'] : largest >= 1e4 ? [1e3, 'k'] : [1, ''];
  const scaled = values.map((value) => value / size);
  const digits = Math.max(
    0,
    ...scaled.map((value) => (String(Number(value.toPrecision(6))).split('.')[1] ?? '').length),
  );
  return scaled.map((value) => (value === 0 ? '0' : `${value.toFixed(digits).replace('-', '−')}${word}`));
}

/** The smallest and the largest of finite numbers, with a little room; null where there are none. */
export function extent(values: Iterable<number | null>, room = 0.04): readonly [low: number, high: number] | null {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value === null || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return null;
  const more = (high - low || Math.abs(high) || 1) * room;
  return [low - more, high + more];
}
