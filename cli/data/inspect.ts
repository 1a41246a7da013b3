import type { CommandModule } from 'yargs';
import type { Inspection } from '../../data/inspect/inspect.js';
import { type Lengths, rangeOf } from '../../data/inspect/lengths.js';
import { readPlan } from '../../plan/read.js';
import { plainTable } from '../../report/table.js';
import { leakCounts, textCounts } from '../inspection-columns.js';
import { type DataArguments, dataArguments } from '../plan-arguments.js';
import { say } from '../progress.js';
import { start } from './start.js';

interface InspectArguments extends DataArguments {
  picture: string | undefined;
  examples: number;
}

/** `reasontune data inspect PLAN`: what is in a plan's sources, before anything is trained on them. */
export const inspect: CommandModule<object, InspectArguments> = {
  command: 'inspect <plan>',
  describe: 'counts, lengths, repeats, faults, leakage into the eval sets, examples',
  builder: (yargs) =>
    dataArguments(yargs)
      .option('picture', { describe: 'draw lengths into PATH.png, .svg and .pdf', type: 'string', requiresArg: true })
      .option('examples', { describe: 'how many of each source', type: 'number', default: 1, requiresArg: true })
      .example('$0 data inspect configs/quickstart.yaml --picture lengths', 'the page, and a picture'),
  handler: async ({ plan: file, set, picture, examples, json }) => {
    const plan = readPlan(file, set);
    const { readSource } = await import('../../data/source.js');
    const { inspect: look } = await import('../../data/inspect/inspect.js');
    const found: Inspection[] = [];
    for (const source of plan.data.sources) {
      found.push(look(await readSource(source, plan.data, say), plan.eval.sets, examples));
    }
    const paths = picture ? await draw(picture, plan.name, found) : null;
    console.log(json ? JSON.stringify({ sources: found, picture: paths }) : found.map(page).join('\n\n'));
    if (paths) say(`lengths: ${paths.png}, ${paths.svg}`);
  },
};

async function draw(prefix: string, title: string, found: readonly Inspection[]) {
  const { writeLengths } = await import('../../report/lengths.js');
  const kinds = found.flatMap(({ name, queries, documents }) => [
    { name: `${name}: queries`, ...queries },
    { name: `${name}: documents`, ...documents },
  ]);
  return writeLengths(prefix, title, kinds);
}

const number = (n: number): string => Math.round(n).toLocaleString('en');

function page(found: Inspection): string {
  const { name, queries, documents, pairs, negativesPerPair: negatives, examples, faults, leaks } = found;
  const texts = textCounts(found);
  const range = `${negatives.least} to ${negatives.most}, ${negatives.mean.toFixed(1)} in the mean`;
  return [
    `${name}: ${number(pairs)} pairs; negatives of a pair: ${range}`,
    plainTable(texts.columns, texts.rows),
    '',
    sideBySide(histogram('queries, words', queries), histogram('documents, words', documents)),
    ...(faults.length > 0 ? ['', ...faults] : []),
    ...(leaks.length > 0 ? ['', leakTable(leaks)] : []),
    ...leaks.flatMap(({ set, example }) => (example === null ? [] : [`leaked query of ${set}: ${start(example)}`])),
    ...examples.flatMap(({ query, positive, negative }) => [
      '',
      `query     ${start(query)}`,
      `positive  ${start(positive)}`,
      ...(negative === null ? [] : [`negative  ${start(negative)}`]),
    ]),
  ].join('\n');
}

function leakTable(leaks: Inspection['leaks']): string {
  const { columns, rows } = leakCounts(leaks, 'in training');
  return plainTable(columns, rows);
}

const WIDTH = 24;

function histogram(title: string, { bins }: Lengths): string[] {
  const most = Math.max(...bins.map(({ count }) => count));
  const first = bins.findIndex(({ count }) => count > 0);
  const lines = bins.slice(first).map((bin) => {
    const { count } = bin;
    const bar = '█'.repeat(Math.ceil((WIDTH * count) / most));
    return `${rangeOf(bin).padStart(9)} ${bar}${bar ? ' ' : ''}${number(count)}`;
  });
  return [title, ...lines];
}

function sideBySide(left: readonly string[], right: readonly string[]): string {
  const width = Math.max(...left.map((line) => line.length)) + 4;
  return Array.from({ length: Math.max(left.length, right.length) }, (_, i) =>
    `${(left[i] ?? '').padEnd(width)}${right[i] ?? ''}`.trimEnd(),
  ).join('\n');
}
