const stopWords = new Set('the be to of and that have with a in is for it as was are by this'.split(' '));

/**
 * Ten rules of running text, after those by which Gopher's training data (Rae et al. 2021, appendix A.1.1) and C4 were
 * picked; each is kept or not. Words are what stands between blanks; the rule on stop words is for English.
 */
const rules: readonly ((text: Text) => boolean)[] = [
  ({ words }) => between(mean(words.map(({ length }) => length)), 3, 10),
  ({ words }) => shareOf(words, (word) => /\p{L}/u.test(word)) >= 0.8,
  ({ words, text }) => count(text, /[#|{}<>\\]|\.\.\.|…/g) <= 0.1 * words.length,
  ({ lower }) => new Set(lower.filter((word) => stopWords.has(word))).size >= 2,
  ({ lines }) => shareOf(lines, (line) => /(\.\.\.|…)$/.test(line)) <= 0.3,
  ({ lines }) => shareOf(lines, (line) => /^[-*•‣◦]/.test(line)) <= 0.6,
  ({ lines }) => new Set(lines).size >= 0.7 * lines.length,
  ({ words, text }) => count(text, /[.!?。！？](?=\s|["')\]]|$)/g) >= words.length / 100,
  ({ lower }) => mostFrequentPair(lower) <= 0.2 * lower.length,
  ({ text }) => count(text, /\p{Lu}/gu) <= 0.3 * count(text, /\p{L}/gu),
];

interface Text {
  readonly text: string;
  readonly words: readonly string[];
  readonly lower: readonly string[];
  readonly lines: readonly string[];
}

/** The share of the rules that a text keeps, 0 to 1. */
export function ruleScore(text: string): number {
  const words = text.match(/\S+/g) ?? [];
  const lower = words.map((word) => word.toLowerCase());
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  const judged = { text, words, lower, lines };
  return rules.filter((keeps) => keeps(judged)).length / rules.length;
}

function between(value: number, low: number, high: number): boolean {
  return value >= low && value <= high;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}

function shareOf<T>(list: readonly T[], holds: (item: T) => boolean): number {
  return list.filter(holds).length / Math.max(1, list.length);
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

/** Words that the most frequent pair of neighbours covers. */
function mostFrequentPair(words: readonly string[]): number {
  const counts = new Map<string, number>();
  let most = 0;
  for (let i = 1; i < words.length; i++) {
    const pair = `${words[i - 1]} ${words[i]}`;
    const times = (counts.get(pair) ?? 0) + 1;
    counts.set(pair, times);
    most = Math.max(most, times);
  }
  return most < 2 ? 0 : 2 * most;
}
