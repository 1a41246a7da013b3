import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { packageRoot } from '../plan/places.js';
import { readPlan } from '../plan/read.js';
import { useBackend } from '../tensor/backend.js';
import { reportFaults } from './exit.js';
import { watchInterrupt } from './interrupt.js';
import { clock, say } from './progress.js';
import { tables } from './tables.js';
import { trainAndCompare } from './train-and-compare.js';

// `npm run quickstart [-- FOLDER]`, after setup.mjs: train, evaluate, plot, and say what to do next.

// What one thread of wasm does in a few minutes.
const small = ['train.duration=6 steps', 'train.batch_size=8'];

async function quickstart(): Promise<void> {
  const began = performance.now();
  process.chdir(packageRoot);
  const [folder] = process.argv.slice(2);
  const backend = await useBackend('auto');
  const slow = backend.name === 'wasm';
  if (slow)
    say(
      'no libtorch: this runs on wasm, one thread, with fewer steps. `npx reasontune doctor` says what would make it fast.',
    );
  const model = folder ? [`model.base=${folder}`] : [];
  const plan = readPlan('configs/quickstart.yaml', [...model, ...(slow ? small : [])]);
  const run = freeFolder(join('checkpoints', plan.name));
  const { stopped } = watchInterrupt(say);

  const { trained, results, curve } = await trainAndCompare(plan, run, stopped);
  if (!results || !curve) {
    say(
      `saved ${trained.checkpoint}; go on with: npx reasontune train ${join(run, 'plan.yaml')} --out ${run} --resume`,
    );
    process.exitCode = 130;
    return;
  }
  console.log(`
${tables(results)}

checkpoint  ${trained.checkpoint}
results     ${join(run, 'results')}
loss curve  ${curve.png}, ${curve.svg}
time        ${clock((performance.now() - began) / 1000)}

Try next:
  the other set           npx reasontune eval bm25 ${plan.model.base} ${run} --set examples/scifact
  without hard negatives  npx reasontune train configs/quickstart.yaml --set data.negatives.per_query=0 --out checkpoints/in-batch
  variants × seeds        npx reasontune sweep configs/sweep-negatives.yaml`);
}

/** `quickstart`, or `quickstart-2`, … where that was done before: what is there stays. */
function freeFolder(wanted: string): string {
  if (!existsSync(wanted)) return wanted;
  let number = 2;
  while (existsSync(`${wanted}-${number}`)) number++;
  return `${wanted}-${number}`;
}

await reportFaults(quickstart);
