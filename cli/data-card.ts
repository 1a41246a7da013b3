import { join } from 'node:path';
import { rangeOf } from '../data/inspect/lengths.js';
import { markdownTable, plainTable } from '../report/table.js';
import { writeInParts } from '../retrieval/text-file.js';
import type { AskedGot } from '../synth/asked-got.js';
import type { Card } from '../synth/card.js';
import type { Ended } from '../synth/draw.js';
import type { Kind } from '../synth/record.js';
import { start } from './data/start.js';
import { leakCounts, type Tabulated, textCounts, whole } from './inspection-columns.js';

// The rest are in card.json.
const TASKS = 10;

export const kindNames = { hq: 'hard queries', vl: 'queries of varied length' } as const;

/** Writes a data card as `card.md` and `card.json`. */
export function writeCard(folder: string, card: Card): { markdown: string; json: string } {
  const [markdown, json] = [join(folder, 'card.md'), join(folder, 'card.json')];
  writeInParts(json, [`${JSON.stringify(card, null, 1)}\n`]);
  writeInParts(markdown, [`${page(card)}\n`]);
  return { markdown, json };
}

const inMarkdown = ({ columns, rows }: Tabulated): string => markdownTable(columns, rows);

/** The counts, for a terminal. */
export function cardText(card: Card): string {
  const rows = card.kinds.map(({ kind, wanted, records, positives, negatives: { written, mined }, leftOut, file }) => [
    kindNames[kind],
    wanted,
    records,
    positives,
    written.kept,
    mined.kept,
    (written.rejected.answers ?? 0) + (mined.rejected.answers ?? 0) + written.becamePositives + mined.becamePositives,
    sum(Object.values(leftOut)),
    file,
  ]);
  const columns = [
    ...whole(['', 'wanted', 'records', 'positives', 'negatives written', 'mined', 'false negatives', 'left out']),
    { heading: 'file' },
  ];
  const fewer = card.kinds.flatMap(({ kind, ended }) =>
    ended === 'complete' ? [] : [`Fewer ${kindNames[kind]} than are wanted: ${whyFewer(kind, ended)}.`],
  );
  return [
    ...(card.canned ? [cannedNote, ''] : []),
    plainTable(columns, rows),
    ...(fewer.length > 0 ? ['', ...fewer] : []),
  ].join('\n');
}

/** Why there are fewer records than are wanted. */
export function whyFewer(kind: Kind, ended: Exclude<Ended, 'complete'>): string {
  switch (ended) {
    case 'exhausted':
      return kind === 'hq' ? 'no document is left to ask about' : 'the model named no kind of task';
    case 'patience':
      return 'too many were lost one after another, for the reasons under "left out"';
    case 'budget':
      return 'the budget is used up';
  }
}

const cannedNote =
  'Written by the canned writer, which knows the truth of the generated benchmark: it shows that the chain works, not how good a model is.';

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function page(card: Card): string {
  return [
    `# ${card.name}`,
    ...(card.canned ? [`*${cannedNote}*`] : []),
    ...documentsPart(card),
    ...card.kinds.flatMap(kindPart),
    ...costPart(card),
  ].join('\n\n');
}

function documentsPart({ documents, quality, tasks }: Card): string[] {
  const parts: string[] = [];
  if (documents) {
    const { path, read, leftOut, used } = documents;
    const reasons = counts(leftOut);
    parts.push(`## Documents`, `${path}: ${read} read, ${used} used${reasons === '' ? '' : ` (${reasons})`}.`);
  }
  if (quality) {
    const { type, picked, below, classifier } = quality;
    const learnt = classifier
      ? ` The classifier is right on ${(100 * classifier.accuracy).toFixed(0)} % of ${classifier.examples} examples (${classifier.good} of them good), each judged by one that was not shown it.`
      : '';
    parts.push(`Worth asking about, by ${type}: ${picked}; below the bound: ${below}.${learnt}`);
  }
  if (tasks.length > 0) {
    const listed = tasks.slice(0, TASKS).map((task) => `- ${start(task)}`);
    parts.push(`Kinds of task: ${tasks.length}, the first of them:`, listed.join('\n'));
  }
  return parts;
}

function kindPart({
  kind,
  file,
  wanted,
  records,
  ended,
  leftOut,
  positives,
  negatives,
  lengths,
  inspection,
}: Card['kinds'][number]) {
  const judged = (['written', 'mined'] as const).map((side) => {
    const { kept, becamePositives, rejected } = negatives[side];
    return [side, kept, becamePositives, rejected.answers ?? 0, rejected.between ?? 0, others(rejected)];
  });
  const parts = [
    `## ${kindNames[kind][0]!.toUpperCase()}${kindNames[kind].slice(1)}`,
    `${file}: ${records} records of ${wanted} wanted, ${positives} positives.${
      ended === 'complete' ? '' : ` There are no more, for ${whyFewer(kind, ended)}.`
    }`,
    ...(Object.keys(leftOut).length === 0
      ? ['Nothing was left out.']
      : [
          'Left out:',
          markdownTable([{ heading: 'reason' }, { heading: 'records', digits: 0 }], Object.entries(leftOut)),
        ]),
    'Negatives, each judged:',
    markdownTable(
      [{ heading: '' }, ...whole(['kept', 'answered: now positives', 'answered: dropped', 'in between', 'other'])],
      judged,
    ),
  ];
  const measured = Object.entries(lengths).filter((entry): entry is [string, AskedGot] => entry[1] !== null);
  if (measured.length > 0) {
    parts.push('Words asked for and got:', ...measured.map(([what, one]) => lengthTable(what, one)));
  }
  if (inspection) {
    const { leaks, examples } = inspection;
    parts.push(
      'Read anew, as training reads it:',
      inMarkdown(textCounts(inspection)),
      ...(leaks.length > 0
        ? ['Of the eval sets, in these records:', inMarkdown(leakCounts(leaks, 'set'))]
        : ['No eval sets are named in the plan: leakage was not looked for.']),
      ...examples.map(({ query, positive, negative }) =>
        [
          `> **query** ${start(query)}`,
          `> **positive** ${start(positive)}`,
          ...(negative === null ? [] : [`> **negative** ${start(negative)}`]),
        ].join('\n>\n'),
      ),
    );
  }
  return parts;
}

function lengthTable(what: string, { asked, got, meanOff, within, distance }: AskedGot): string {
  const length = Math.max(asked.bins.length, got.bins.length);
  const rows = Array.from({ length }, (_, i) => {
    const bin = asked.bins[i] ?? got.bins[i]!;
    return [rangeOf(bin), asked.bins[i]?.count ?? 0, got.bins[i]?.count ?? 0];
  }).filter(([, a, b]) => a !== 0 || b !== 0);
  const off = `Off by ${(100 * meanOff).toFixed(1)} % in the mean, ${(100 * within).toFixed(0)} % within the tolerance; the two distributions differ by ${distance.toFixed(3)} at most.`;
  return `${markdownTable(whole([`${what}, words`, 'asked', 'got']), rows)}\n\n${off}`;
}

function costPart({ cost }: Card): string[] {
  const priced = cost.some(({ money }) => money !== null);
  const rows = cost.map(({ turn, model, prompt, calls, malformed, refused, tokens, unknown, money }) => [
    turn,
    model,
    prompt,
    calls,
    malformed,
    refused,
    tokens.input,
    tokens.output,
    unknown,
    ...(priced ? [money?.toFixed(4) ?? ''] : []),
  ]);
  const columns = whole([
    ...['turn', 'model', 'prompt', 'calls', 'malformed', 'refused', 'tokens in', 'tokens out', 'not told'],
    ...(priced ? ['money'] : []),
  ]);
  return ['## Calls', 'Each counted once, whether it was asked now or before.', markdownTable(columns, rows)];
}

function counts(of: Readonly<Record<string, number>>): string {
  return Object.entries(of)
    .filter(([, n]) => n > 0)
    .map(([what, n]) => `${n} ${what}`)
    .join(', ');
}

function others(rejected: Readonly<Record<string, number>>): string {
  const { answers: _, between: __, ...rest } = rejected;
  return counts(rest);
}
