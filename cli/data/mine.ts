import type { CommandModule } from 'yargs';
import type { Mined } from '../../data/mining/mine.js';
import { Fault } from '../../plan/fault.js';
import { readPlan } from '../../plan/read.js';
import { modelName } from '../../plan/run-layout.js';
import { plainTable } from '../../report/table.js';
import { type DataArguments, dataArguments } from '../plan-arguments.js';
import { progress, say } from '../progress.js';
import { readsHere } from './guards-backend.js';

/** `reasontune data mine PLAN`: hard negatives for a plan's sources, into files that training reads. */
export const mine: CommandModule<object, DataArguments> = {
  command: 'mine <plan>',
  describe: 'mine hard negatives as data.mining says, into files for from: mined',
  builder: (yargs) =>
    dataArguments(yargs).example(
      '$0 data mine my.yaml --set data.mining.ranks=[20,100]',
      'again to go on after a stop',
    ),
  handler: async ({ plan: file, set, json }) => {
    const plan = readPlan(file, set);
    const { mining } = plan.data;
    if (!mining) {
      throw new Fault(`Expected data.mining in ${file}, got none. Write data: {mining: {by: [bm25]}}, for example.`);
    }
    const { readSource } = await import('../../data/source.js');
    const { mineSource } = await import('../../data/mining/mine.js');
    if (mining.by.some((by) => by !== 'bm25') || mining.guards.some(readsHere)) {
      const { useBackend } = await import('../../tensor/backend.js');
      await useBackend(plan.backend);
    }
    const mined: Mined[] = [];
    for (const source of plan.data.sources) {
      const read = await readSource(source, { ...plan.data, negatives: { ...plan.data.negatives, per_query: 0 } }, say);
      mined.push(await mineSource(read, mining, (what, done, of) => progress(`${what}: ${done}/${of}`, done === of)));
    }
    console.log(json ? JSON.stringify({ sources: mined }) : table(mined, mining.number));
  },
};

function table(mined: readonly Mined[], number: number): string {
  const guards = [...new Set(mined.flatMap(({ leftOut }) => Object.keys(leftOut)))];
  const models = [...new Set(mined.flatMap(({ recall }) => Object.keys(recall)))];
  const moved = mined.some(({ positives }) => positives > 0);
  const headings = [
    ...['source', 'queries', 'negatives', `fewer than ${number}`, ...guards.map((guard) => `− ${guard}`)],
    ...(moved ? ['new positives'] : []),
  ].map((heading) => ({ heading, digits: 0 }));
  const recalls = models.map((model) => ({ heading: `recall ${modelName(model)}`, digits: 3 }));
  const lines = mined
    .filter(({ unjudged }) => unjudged > 0)
    .map(({ source, unjudged }) => `${source}: ${unjudged} candidates stay for want of an answer with a score`);
  const rows = mined.map(({ source, path, queries, negatives, short, leftOut, positives, recall }) => [
    ...[source, queries, negatives, short, ...guards.map((guard) => leftOut[guard] ?? 0)],
    ...(moved ? [positives] : []),
    ...models.map((model) => recall[model] ?? Number.NaN),
    path,
  ]);
  return [plainTable([...headings, ...recalls, { heading: 'file' }], rows), ...lines].join('\n');
}
