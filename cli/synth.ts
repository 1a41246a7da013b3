import { join } from 'node:path';
import type { CommandModule } from 'yargs';
import { Fault } from '../plan/fault.js';
import { planHash } from '../plan/hash.js';
import type { RunPlan } from '../plan/schema.js';
import { readSynthesis, type SynthesisPlan } from '../plan/synthesis.js';
import { cardText, writeCard } from './data-card.js';
import { estimateText } from './estimate-text.js';
import { watchInterrupt } from './interrupt.js';
import { type DataArguments, dataArguments } from './plan-arguments.js';
import { progress, say } from './progress.js';
import { spending } from './spending.js';
import { tables } from './tables.js';

interface SynthArguments extends DataArguments {
  estimate: boolean;
  out: string | undefined;
}

/** `reasontune synth PLAN`: queries, positives and hard negatives by a language model. */
export const synth: CommandModule<object, SynthArguments> = {
  command: 'synth <plan>',
  describe: 'let a language model write hard and long queries, what answers them, and hard negatives',
  builder: (yargs) =>
    dataArguments(yargs, 'YAML file of a synthesis, such as configs/synth.yaml')
      .option('estimate', {
        describe: 'count calls, tokens and money, and send nothing',
        type: 'boolean',
        default: false,
      })
      .option('out', { describe: 'folder [synthetic/<name>]', type: 'string', requiresArg: true })
      .example('$0 synth configs/synth-demo.yaml', 'the whole chain without a model, trained and evaluated')
      .example('$0 synth my-synth.yaml --estimate', 'what it would take'),
  handler: async ({ plan: file, set, estimate: dry, out, json }) => {
    const plan = readSynthesis(file, set);
    const folder = out ?? join('synthetic', plan.name);
    const [{ Prompts }, { makeCannedBenchmark, openModels }] = await Promise.all([
      import('../synth/prompts.js'),
      import('../synth/open-models.js'),
    ]);
    if (plan.canned) makeCannedBenchmark(plan.canned);
    const prompts = new Prompts(plan.prompts, plan.shown_words);
    if (dry) {
      const { estimate } = await import('../synth/estimate.js');
      const counted = await estimate(plan, prompts, folder);
      console.log(json ? JSON.stringify(counted) : estimateText(counted));
      return;
    }
    if (needsEncoder(plan)) await startBackend(plan);
    const models = await openModels(plan, prompts, folder);
    try {
      const { synthesize } = await import('../synth/synthesize.js');
      const onProgress = (what: string, done: number, of: number): void =>
        progress(`${what}: ${done}/${of}`, done === of);
      const card = await synthesize(folder, { plan, prompts, ...models, onProgress });
      const files = writeCard(folder, card);
      for (const [name, spent] of models.spent()) say(`${name}: ${spending(spent)}`);
      const compared = plan.run && card.usedUp === null ? await trainOn(plan.run, folder) : null;
      if (json) console.log(JSON.stringify({ ...card, ...files, ...(compared && { run: compared }) }));
      else
        console.log(
          [
            cardText(card),
            '',
            `data card: ${files.markdown}, ${files.json}`,
            ...(compared ? [compared.text] : []),
          ].join('\n'),
        );
      if (card.usedUp !== null) throw new Fault(card.usedUp);
    } finally {
      await models.close();
    }
  },
};

function needsEncoder({ hard_queries: hard, candidates, negatives }: SynthesisPlan): boolean {
  const searches = negatives.mined > 0 || hard?.positive === 'graded';
  return hard?.quality.type === 'classifier' || (searches && candidates.by.some((by) => by !== 'bm25'));
}

async function startBackend({ run }: SynthesisPlan): Promise<void> {
  const { useBackend } = await import('../tensor/backend.js');
  await useBackend(run?.backend ?? 'auto');
}

/** Trains on what was written, into the synthesis's own folder, and evaluates. */
async function trainOn(run: RunPlan, folder: string) {
  const { trainAndCompare } = await import('./train-and-compare.js');
  const { stopped } = watchInterrupt(say);
  const { trained, results, curve } = await trainAndCompare(run, join(folder, `run-${planHash(run)}`), stopped);
  if (!results || !curve) {
    process.exitCode = 130;
    return { trained, text: `\nsaved ${trained.checkpoint}; the same command goes on where it stopped` };
  }
  const text = `\n${tables(results)}\n\ncheckpoint: ${trained.checkpoint}\nloss curve: ${curve.png}`;
  const scores = results.map(({ system, set, metrics }) => ({ system, set, metrics }));
  return { trained, results: scores, curve, text };
}
