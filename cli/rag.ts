import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { type Accuracy, accuracy } from '../eval/rag/accuracy.js';
import type { Evidence, RagReport, Read } from '../eval/rag/rag.js';
import { type BackendName, backendNames } from '../plan/schema.js';
import { signed } from '../report/signed.js';
import { plainTable } from '../report/table.js';
import { writeInParts } from '../retrieval/text-file.js';
import { wholeNumber } from './numbers.js';
import { progress, say } from './progress.js';
import { reading, spending } from './spending.js';

interface RagArguments {
  model: string;
  corpus: string;
  tasks: string;
  with: string | undefined;
  entailment: string | undefined;
  k: number;
  limit: number | undefined;
  seed: number;
  index: string | undefined;
  out: string | undefined;
  backend: BackendName;
  json: boolean;
}

const text = { type: 'string', requiresArg: true } as const;

/** `reasontune rag MODEL CORPUS`: whether what is retrieved holds the answer, and whether a language model uses it. */
export const rag: CommandModule<object, RagArguments> = {
  command: 'rag <model> <corpus>',
  describe: 'say whether what a model retrieves holds the answers, and what a language model makes of it',
  builder: (yargs) =>
    yargs
      .positional('model', { describe: 'as in search', type: 'string', demandOption: true })
      .positional('corpus', {
        describe: 'folder in BEIR layout, or a corpus.jsonl',
        type: 'string',
        demandOption: true,
      })
      .option('tasks', {
        ...text,
        describe: 'questions: {question, choices, answer} or {question, answers} a line, or GPQA’s .csv',
        demandOption: true,
      })
      .option('with', { ...text, describe: 'YAML file of a language model, such as configs/reader.yaml' })
      .option('entailment', {
        ...text,
        describe: 'inference model, a folder or a hub id, that says whether what is retrieved entails the answer',
      })
      .option('k', { describe: 'documents a question', type: 'number', default: 5, requiresArg: true })
      .option('limit', { describe: 'only the first so many questions', type: 'number', requiresArg: true })
      .option('seed', { describe: 'of the order of GPQA’s answers', type: 'number', default: 17, requiresArg: true })
      .option('index', { ...text, describe: 'folder that keeps encoders’ vectors' })
      .option('out', { ...text, describe: 'folder for questions, passages and answers' })
      .option('backend', { choices: backendNames, default: 'auto' as const })
      .option('json', { describe: 'print one JSON object', type: 'boolean', default: false })
      .example('$0 rag bm25 my-corpus --tasks mmlu/test.jsonl', 'retrieval’s share alone')
      .example(
        '$0 rag bm25 my-corpus --tasks mmlu/test.jsonl --with configs/reader.yaml',
        'closed-book beside retrieved',
      )
      .example(
        '$0 rag bm25 my-corpus --tasks mmlu/test.jsonl --entailment models/nli',
        'also answers that stand there in other words',
      ),
  handler: async (given) => {
    const [
      { readDocuments },
      { isEncoder, openAskable },
      { readTasks },
      { readGpqa },
      { answer, reportRag, retrieve },
    ] = await Promise.all([
      import('../data/beir.js'),
      import('../eval/system.js'),
      import('../eval/rag/tasks.js'),
      import('../eval/rag/gpqa.js'),
      import('../eval/rag/rag.js'),
    ]);
    const k = wholeNumber('--k', given.k);
    const limit = given.limit === undefined ? null : wholeNumber('--limit', given.limit);
    const reader = given.with === undefined ? null : await openReader(given.with);
    const seed = wholeNumber('--seed', given.seed, 0);
    const tasks = given.tasks.endsWith('.csv') ? readGpqa(given.tasks, limit, seed) : readTasks(given.tasks, limit);
    const corpus = readDocuments(given.corpus);
    if (isEncoder(given.model) || given.entailment !== undefined) {
      const { useBackend } = await import('../tensor/backend.js');
      await useBackend(given.backend);
    }
    const system = await openAskable(given.model, { keep: given.index ?? null });
    const judge = given.entailment === undefined ? null : await openJudge(given.entailment);
    const found = await retrieve(system, corpus, tasks, k, (done, of) =>
      progress(`${system.name} on ${corpus.name}: ${done}/${of} texts`, done === of),
    );
    system.dispose();
    const evidence = judge === null ? found : await judge.ask(found);
    judge?.dispose();
    const read =
      reader &&
      (await answer(reader.plan, reader.endpoint, evidence, (done, of) =>
        progress(`asked ${done}/${of} questions`, done === of),
      ));
    const report = read && reportRag(read);
    const holds = accuracy(evidence.map((one) => one.holds));
    const entailed = judge && {
      by: judge.name,
      ...accuracy(evidence.map((one) => one.entails === true)),
      held: evidence.filter((one) => one.holds && one.entails).length,
    };
    const spent = reader?.endpoint.spent ?? null;
    if (given.out !== undefined) keep(given.out, read ?? evidence);
    if (given.json) console.log(JSON.stringify({ system: system.name, k, holds, entailed, report, spent }));
    else {
      const efforts = [...(judge ? [reading(judge.effort)] : []), ...(spent ? [spending(spent)] : [])];
      console.log(textOf(system.name, k, { holds, entailed }, report, efforts));
    }
  },
};

async function openReader(file: string) {
  const [{ readReader }, { Endpoint }] = await Promise.all([
    import('../plan/reader.js'),
    import('../endpoint/endpoint.js'),
  ]);
  const plan = readReader(file);
  return { plan, endpoint: new Endpoint(plan.endpoint) };
}

async function openJudge(model: string) {
  const [{ openPairScorer }, { entailmentLabel: label, judgeEntailment }] = await Promise.all([
    import('../data/relevance/pair-scorer.js'),
    import('../eval/rag/entailment.js'),
  ]);
  const scorer = await openPairScorer({ model, label, max_length: null });
  return {
    ...scorer,
    ask: (evidence: readonly Evidence[]) =>
      judgeEntailment(scorer, evidence, (done, of) =>
        progress(`${scorer.name}: passages of ${done}/${of} questions`, done === of),
      ),
  };
}

/** Of how many questions a document holds an answer or entails it, and of how many both. */
interface Share {
  readonly holds: Accuracy;
  readonly entailed: (Accuracy & { readonly by: string; readonly held: number }) | null;
}

/** `rag.jsonl`: a question a line, with its passages and what was said. */
function keep(out: string, all: readonly (Evidence | Read)[]): void {
  mkdirSync(out, { recursive: true });
  const file = join(out, 'rag.jsonl');
  writeInParts(
    file,
    all.map((one) => `${JSON.stringify(one)}\n`),
  );
  say(`questions, passages and answers are in ${file}`);
}

function textOf(
  system: string,
  k: number,
  { holds, entailed }: Share,
  report: RagReport | null,
  efforts: readonly string[],
): string {
  const row = (what: string, one: Accuracy | null) =>
    one ? [[what, one.share, one.interval.map((end) => end.toFixed(3)).join(' to '), one.right, one.of]] : [];
  const rows = [
    ...row(`an answer stands in ${system}'s best ${k}`, holds),
    ...row(`one of them entails an answer, says ${entailed?.by}`, entailed),
    ...(report
      ? [
          ...row('right, closed-book', report.closed),
          ...row('right, with passages', report.retrieved),
          ...row('  where they hold an answer', report.byEvidence.held),
          ...row('  where they do not', report.byEvidence.notHeld),
          ...row('  where they entail an answer', report.byEvidence.entailed),
          ...row('  where they do not', report.byEvidence.notEntailed),
        ]
      : []),
  ];
  const columns = [
    { heading: 'questions' },
    { heading: 'share' },
    { heading: '95 % interval' },
    { heading: 'number', digits: 0 },
    { heading: 'of', digits: 0 },
  ];
  const beside = entailed && [
    `held and entailed: ${entailed.held} questions; held alone: ${holds.right - entailed.held}; ` +
      `entailed alone: ${entailed.right - entailed.held}`,
  ];
  const lines = report
    ? [
        `passages against closed-book: ${signed(report.difference)}, 95 % bootstrap interval ` +
          `${report.interval.map((end) => signed(end)).join(' to ')}, paired randomisation test p ${report.test.p.toFixed(4)}`,
        `answers that could not be read, counted as wrong: ${report.unread.closed} closed-book, ${report.unread.retrieved} with passages`,
      ]
    : [];
  return [plainTable(columns, rows), [...(beside ?? []), ...lines, ...efforts].join('\n')].filter(Boolean).join('\n\n');
}
