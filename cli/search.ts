import pc from 'picocolors';
import type { CommandModule } from 'yargs';
import type { Found, Hit } from '../eval/search.js';
import { Fault } from '../plan/fault.js';
import { type BackendName, backendNames, type Precision } from '../plan/schema.js';
import type { VectorSearch } from '../plan/vector-search.js';
import { precisionOption, searchOption } from './encoder-options.js';
import { wholeNumber } from './numbers.js';
import { progress } from './progress.js';

// Where CI is set, picocolors colours what goes into a pipe too.
const colours = pc.createColors(pc.isColorSupported && process.stdout.isTTY === true);

interface SearchArguments {
  model: string;
  corpus: string;
  question: string;
  beside: string | undefined;
  depth: number;
  words: number;
  chunk: number | undefined;
  index: string | undefined;
  search: VectorSearch;
  precision: Precision;
  backend: BackendName;
  json: boolean;
}

/** `reasontune search MODEL CORPUS "question"`: what a model finds, or two side by side. */
export const search: CommandModule<object, SearchArguments> = {
  command: 'search <model> <corpus> <question>',
  describe: 'print what a model finds for a question, or two models side by side',
  builder: (yargs) =>
    yargs
      .positional('model', {
        describe: 'bm25, bm25:bright, a run folder, a checkpoint, a folder, a hub id, or a YAML file of a server',
        type: 'string',
        demandOption: true,
      })
      .positional('corpus', {
        describe: 'folder in BEIR layout, or a corpus.jsonl',
        type: 'string',
        demandOption: true,
      })
      .positional('question', { type: 'string', demandOption: true })
      .option('beside', { describe: 'another model, to compare with', type: 'string', requiresArg: true })
      .option('depth', { describe: 'how many documents', type: 'number', default: 10, requiresArg: true })
      .option('words', { describe: 'of each document, at most', type: 'number', default: 40, requiresArg: true })
      .option('chunk', {
        describe: 'encoders embed documents in pieces of so many words, and score each by its best',
        type: 'number',
        requiresArg: true,
      })
      .option('index', {
        describe: 'folder that keeps encoders’ vectors, so that the next search need not embed the corpus',
        type: 'string',
        requiresArg: true,
      })
      .option('search', { ...searchOption, default: 'exact' as const })
      .option('precision', precisionOption)
      .option('backend', { choices: backendNames, default: 'auto' as const })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 search bm25 examples/scifact "Do statins lower cholesterol?"', 'ranked passages')
      .example('$0 search checkpoints/mine my-docs "why?" --beside bm25 --index indexes', 'two models side by side'),
  handler: async (given) => {
    const { corpus: path, question, beside, backend, precision, index: keep = null } = given;
    if (question.trim() === '')
      throw new Fault('Expected a question to search for, got none. Write it between quotes.');
    const [{ readDocuments }, { isEncoder }, { openSearcher }] = await Promise.all([
      import('../data/beir.js'),
      import('../eval/system.js'),
      import('../eval/search.js'),
    ]);
    const depth = wholeNumber('--depth', given.depth);
    const words = wholeNumber('--words', given.words);
    const chunk = given.chunk === undefined ? null : wholeNumber('--chunk', given.chunk);
    const models = beside === undefined ? [given.model] : [given.model, beside];
    const corpus = readDocuments(path);
    if (models.some(isEncoder)) {
      const { useBackend } = await import('../tensor/backend.js');
      await useBackend(backend);
    }
    const approximate = given.search === 'approximate' ? { depth } : null;
    const found: Found[] = [];
    for (const model of models) {
      const searcher = await openSearcher(model, corpus, { chunk, keep, precision, approximate, onProgress: progress });
      found.push(await searcher.ask(question, depth, words));
      searcher.dispose();
    }
    if (given.json) console.log(JSON.stringify({ question, corpus: path, found: found.map(jsonOf) }));
    else console.log(textOf(found));
  },
};

function jsonOf({ system, hits }: Found) {
  return {
    system,
    hits: hits.map(({ id, score, passage }, i) => ({
      rank: i + 1,
      id,
      score,
      passage: passage.words.map(({ text }) => text).join(' '),
      marked: [...new Set(passage.words.filter(({ marked }) => marked).map(({ text }) => text))],
    })),
  };
}

const gap = 3;

function textOf(found: readonly Found[]): string {
  const screen = Math.min(process.stdout.columns || 110, 110 * found.length);
  const width = Math.floor((screen - gap * (found.length - 1)) / found.length);
  const columns = found.map(({ system, hits }, at) => [
    [{ text: system, marked: true }],
    [],
    ...(hits.length === 0 ? [[{ text: 'nothing found', marked: false }]] : []),
    ...hits.flatMap((hit, i) => [heading(hit, i, found[1 - at]), ...wrapped(hit, width - 3), []]),
  ]);
  const rows = Math.max(...columns.map((lines) => lines.length));
  return Array.from({ length: rows }, (_, row) =>
    columns
      .map((lines) => lines[row] ?? [])
      .map((words, at) => (at < columns.length - 1 ? padded(words, width) : painted(words)))
      .join(' '.repeat(gap))
      .trimEnd(),
  )
    .join('\n')
    .trimEnd();
}

interface Word {
  readonly text: string;
  readonly marked: boolean;
}

/** ` 1. d12  0.731`, and where the other model has it. */
function heading({ id, score }: Hit, i: number, other: Found | undefined): Word[] {
  const there = other?.hits.findIndex((hit) => hit.id === id) ?? -1;
  const note = other === undefined ? '' : there < 0 ? '  only here' : `  there ${there + 1}.`;
  return [
    { text: `${String(i + 1).padStart(2)}.`, marked: false },
    { text: `${id}  ${score.toFixed(3)}${note}`, marked: false },
  ];
}

/** A passage in lines of at most `width` characters. */
function wrapped({ passage: { words, more } }: Hit, width: number): Word[][] {
  const [before, after] = more.map((is) => (is ? [{ text: '…', marked: false }] : [])) as [Word[], Word[]];
  const lines: Word[][] = [];
  let left = 0;
  for (const word of [...before, ...words, ...after]) {
    if (word.text.length + 1 > left) {
      lines.push([{ text: '  ', marked: false }]);
      left = width;
    }
    lines.at(-1)!.push(word);
    left -= word.text.length + 1;
  }
  return lines;
}

function painted(words: readonly Word[]): string {
  return words.map(({ text, marked }) => (marked ? colours.bold(colours.yellow(text)) : text)).join(' ');
}

/** Cut or filled to a width, colours not counted. */
function padded(words: readonly Word[], width: number): string {
  const plain = words.map(({ text }) => text).join(' ');
  return plain.length > width ? `${plain.slice(0, width - 1)}…` : painted(words) + ' '.repeat(width - plain.length);
}
