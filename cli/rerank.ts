import { mkdirSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import type { CommandModule } from 'yargs';
import { isPreset } from '../data/presets/presets.js';
import { readJudgements } from '../eval/judgements.js';
import type { Effort } from '../eval/rerank/open-reranker.js';
import { type RerankReport, reportReranking } from '../eval/rerank/report.js';
import type { Malformed } from '../eval/rerank/rerank.js';
import { Fault } from '../plan/fault.js';
import { type BackendName, backendNames } from '../plan/schema.js';
import { plainTable } from '../report/table.js';
import { readQrels, readRun, writeRun } from '../retrieval/files.js';
import { parseMeasure } from '../retrieval/metrics.js';
import type { Run } from '../retrieval/ranking.js';
import { judgementsOf } from './judgements.js';
import { progress, say } from './progress.js';
import { reading, spending } from './spending.js';

interface RerankArguments {
  run: string;
  with: string | undefined;
  scores: string | undefined;
  qrels: string | undefined;
  set: string[];
  split: string;
  'dev-split': string | undefined;
  'dev-qrels': string | undefined;
  metric: string;
  out: string | undefined;
  backend: BackendName;
  json: boolean;
}

const text = { type: 'string', requiresArg: true } as const;

/** `reasontune rerank RUN`: has a model score a ranking anew, or takes its scores, and says what ties are worth. */
export const rerank: CommandModule<object, RerankArguments> = {
  command: 'rerank <run>',
  describe: 'score a ranking anew with a language model or a cross-encoder, and say how much of it is the luck of ties',
  builder: (yargs) =>
    yargs
      .positional('run', { describe: 'the retriever’s ranking', type: 'string', demandOption: true })
      .option('with', { ...text, describe: 'YAML file of a reranker, such as configs/rerank-pointwise.yaml' })
      .option('scores', { ...text, describe: 'ranking with a reranker’s scores, instead of --with' })
      .option('qrels', { ...text, describe: 'judgements' })
      .option('set', {
        ...text,
        array: true,
        nargs: 1,
        describe: 'folder in BEIR layout or preset, which --with reads',
        default: [],
      })
      .option('split', { ...text, describe: 'which judgements, with --set', default: 'test' })
      .option('dev-split', {
        ...text,
        describe: 'where the weight of the interpolation is chosen [halves of the split]',
      })
      .option('dev-qrels', { ...text, describe: 'the same, as a file' })
      .option('metric', { ...text, describe: 'the measure reported', default: 'nDCG@10' })
      .option('out', { ...text, describe: 'folder for the rankings and malformed answers' })
      .option('backend', { describe: 'what a cross-encoder runs on', choices: backendNames, default: 'auto' as const })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .conflicts('with', 'scores')
      .conflicts('dev-split', 'dev-qrels')
      .example(
        '$0 rerank bm25.run --set examples/scifact --with configs/rerank-pointwise.yaml',
        'asks a language model',
      )
      .example(
        '$0 rerank bm25.run --set examples/scifact --with configs/rerank-cross-encoder.yaml',
        'a model on this machine reads each pair',
      )
      .example('$0 rerank bm25.run --scores llm.run --qrels qrels.txt', 'takes scores that are there'),
  handler: async (given) => {
    const measure = parseMeasure(given.metric, '--metric');
    const { qrels } = await judgementsOf(given);
    const dev = await devOf(given);
    const judged = new Set([...qrels.keys(), ...(dev?.keys() ?? [])]);
    const retriever = new Map([...readRun(given.run, say)].filter(([query]) => judged.has(query)));
    if (retriever.size === 0) {
      throw new Fault(`Expected judged queries for ${given.run}, got none. Check that the two belong together.`);
    }
    const { run, malformed, effort } = await scoresOf(given, retriever);
    const report = reportReranking(run, retriever, { qrels, dev, measure });
    if (given.out) write(given.out, given.run, { run, malformed, interpolated: report.interpolated.run });
    const { run: _, ...interpolated } = report.interpolated;
    const spent = effort?.where === 'endpoint' ? effort.spent : null;
    const machine = effort?.where === 'machine' ? effort : null;
    const plain = { ...report, interpolated, malformed: malformed.length, spent, machine };
    console.log(given.json ? JSON.stringify(plain) : textOf(report, malformed.length, effort));
  },
};

interface Scores {
  readonly run: Run;
  readonly malformed: readonly Malformed[];
  readonly effort: Effort | null;
}

async function scoresOf(given: RerankArguments, retriever: Run): Promise<Scores> {
  if (given.scores !== undefined) {
    const scored = [...readRun(given.scores, () => {})].filter(([query]) => retriever.has(query));
    if (scored.length > 0) return { run: new Map(scored), malformed: [], effort: null };
    throw new Fault(`Expected scores for queries of ${given.run} in ${given.scores}, got none. Check the file.`);
  }
  const [folder] = given.set;
  if (given.with === undefined) {
    throw new Fault(
      'Expected --with or --scores, got neither. Name a reranker’s YAML file, or a ranking with its scores.',
    );
  }
  if (folder === undefined) {
    throw new Fault(
      'Expected --set beside --with, got none. Name the folder in BEIR layout or the preset that holds the texts.',
    );
  }
  const [{ readReranker }, { openReranker }, { rerank: score }, { textsFor }] = await Promise.all([
    import('../plan/reranker.js'),
    import('../eval/rerank/open-reranker.js'),
    import('../eval/rerank/rerank.js'),
    import('../eval/rerank/texts.js'),
  ]);
  const plan = readReranker(given.with);
  const candidates = new Map(Array.from(retriever, ([query, ranked]) => [query, ranked.slice(0, plan.depth)]));
  const texts = await textsFor(candidates, folder, given.split, say);
  if (plan.type === 'cross-encoder') {
    const { useBackend } = await import('../tensor/backend.js');
    await useBackend(given.backend);
  }
  const { reranker, effort, dispose } = await openReranker(plan);
  const reranked = await score(reranker, candidates, texts, (done, of) =>
    progress(`reranked ${done}/${of} ${reranker.reads}`, done === of),
  );
  dispose();
  return { ...reranked, effort: effort() };
}

async function devOf(given: RerankArguments) {
  if (given['dev-qrels'] !== undefined) return readQrels(given['dev-qrels']);
  const split = given['dev-split'];
  if (split === undefined) return null;
  const [set] = given.set;
  if (set === undefined || isPreset(set)) {
    const got = set === undefined ? 'none' : `the preset ${set}, which has one split`;
    throw new Fault(`Expected a folder for --set beside --dev-split, got ${got}. Give --dev-qrels instead.`);
  }
  return (await readJudgements({ set, split }, say)).qrels;
}

/** `<run>-reranked.run`, `<run>-interpolated.run` and, if there are any, `<run>-malformed.jsonl`. */
function write(
  out: string,
  given: string,
  { run, malformed, interpolated }: Omit<Scores, 'effort'> & { interpolated: Run },
) {
  mkdirSync(out, { recursive: true });
  const name = basename(given, extname(given));
  writeRun(join(out, `${name}-reranked.run`), run, 'reranked');
  writeRun(join(out, `${name}-interpolated.run`), interpolated, 'interpolated');
  const file = join(out, `${name}-malformed.jsonl`);
  if (malformed.length > 0) writeFileSync(file, malformed.map((one) => `${JSON.stringify(one)}\n`).join(''));
  say(`rankings are in ${out}${malformed.length > 0 ? `, malformed answers in ${file}` : ''}`);
}

function textOf(report: RerankReport, malformed: number, effort: Effort | null): string {
  const { ties, policies, interpolated, measure } = report;
  const three = (value: number): string => value.toFixed(3);
  const { interval, shuffles } = policies.random;
  const chosen = interpolated.chosen.map(({ weight }) => weight.toFixed(1)).join(' and ');
  const where = interpolated.by === 'halves' ? 'on each half of the queries for the other' : 'on the dev split';
  const rows = [
    ['retriever alone', report.retriever, ''],
    ['reranked, ties: worst', policies.worst, 'the lowest grade first'],
    ['reranked, ties: document id', policies.documentId, 'what trec_eval reports'],
    [
      'reranked, ties: random',
      policies.random.mean,
      `95 % of ${shuffles} shuffles: ${interval.map(three).join(' to ')}`,
    ],
    ['reranked, ties: retriever', policies.retriever, 'as the retriever had them'],
    ['reranked, ties: best', policies.best, 'the highest grade first'],
    ['interpolated', interpolated.test, `reranker’s weight ${chosen}, chosen ${where}`],
  ];
  const lines = [
    `${report.queries} queries, ${ties.documents.toFixed(1)} documents each: ${ties.distinct.toFixed(1)} different scores,` +
      ` ${(100 * ties.tiedPairs).toFixed(1)} % of pairs tied`,
    ...(malformed > 0
      ? [`${malformed} malformed answers, which count as the lowest score or the order as it was`]
      : []),
    ...(effort ? [effort.where === 'endpoint' ? spending(effort.spent) : reading(effort)] : []),
  ];
  return `${lines.join('\n')}\n\n${plainTable([{ heading: 'order' }, { heading: measure }, { heading: '' }], rows)}`;
}
