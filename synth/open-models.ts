import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeConcepts } from '../data/concepts/write.js';
import type { Spent } from '../endpoint/budget.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { openStandIn, type StandIn } from '../endpoint/stand-in/stand-in.js';
import { written } from '../endpoint/stand-in/writing.js';
import { type EndpointPlan, endpoint } from '../plan/endpoint.js';
import { Fault } from '../plan/fault.js';
import { cacheFolder } from '../plan/places.js';
import type { CannedPlan, SynthesisPlan } from '../plan/synthesis.js';
import { type Ask, asker } from './ask.js';
import { slips } from './canned/slips.js';
import { cannedWriter } from './canned/writer.js';
import type { Prompts } from './prompts.js';

/** The models of a synthesis, ready to be asked. */
export interface Models {
  readonly write: Ask;
  readonly judge: Ask;
  readonly width: number;
  /** What each used up so far, by its name. */
  readonly spent: () => readonly (readonly [name: string, spent: Spent])[];
  readonly close: () => Promise<void>;
}

/**
 * Opens the plan's endpoints, or the stand-in for them. What they were asked stands in the run's folder, so that a budget
 * holds over all starts.
 */
export async function openModels(plan: SynthesisPlan, prompts: Prompts, folder: string): Promise<Models> {
  const standIn = plan.canned ? await openCanned(plan.canned, prompts) : null;
  const asked = endpointsOf(plan, folder);
  const writer = new Endpoint(asked.writer.plan, {
    run: folder,
    folder: asked.writer.answers,
    ...(standIn && { at: standIn.url }),
  });
  const other = asked.judge
    ? new Endpoint(asked.judge.plan, { run: join(folder, 'judge'), folder: asked.judge.answers })
    : null;
  const judge = other ?? writer;
  return {
    write: asker(writer, prompts, plan.temperature),
    judge: asker(judge, prompts, 0),
    width: widthOf(writer.plan, judge.plan),
    spent: () => [writer, ...(other ? [other] : [])].map((one) => [one.plan.model, one.spent] as const),
    close: async () => {
      writer.close();
      other?.close();
      await standIn?.close();
    },
  };
}

/**
 * How many records are made at once. A record waits for one answer at a time: twice as many as requests under way keep the
 * queue full. In a batch goes what waits, so that there all are.
 */
function widthOf(...plans: readonly EndpointPlan[]): number {
  if (plans.some(({ batch }) => batch !== undefined)) return Number.POSITIVE_INFINITY;
  return 2 * Math.max(...plans.map(({ concurrency }) => concurrency));
}

/** An endpoint, and the folder of its answers. */
interface Asked {
  readonly plan: EndpointPlan;
  readonly answers: string;
}

/** Who writes and, where that is another, who judges. */
export function endpointsOf(
  plan: SynthesisPlan,
  folder: string,
): { readonly writer: Asked; readonly judge: Asked | null } {
  const answers = cacheFolder('answers');
  const writer = plan.canned
    ? { plan: cannedEndpoint, answers: join(folder, 'answers') }
    : { plan: plan.endpoint as EndpointPlan, answers };
  return { writer, judge: plan.judging.endpoint ? { plan: plan.judging.endpoint, answers } : null };
}

// Answers are kept under this address wherever the stand-in listens.
const cannedEndpoint = endpoint.parse({ url: 'http://canned.invalid/v1', model: 'canned-writer', concurrency: 16 });

/** Makes the benchmark that a canned writer writes about, where it is not there. @throws Fault one of other concepts */
export function makeCannedBenchmark({ folder, concepts, seed }: CannedPlan): void {
  const file = join(folder, 'settings.json');
  if (!existsSync(file)) writeConcepts(folder, { seed, concepts, planted: 0 });
  const made = JSON.parse(readFileSync(file, 'utf8')) as { seed: number; concepts: number };
  if (made.seed === seed && made.concepts === concepts) return;
  throw new Fault(
    `Expected ${concepts} concepts of seed ${seed} in ${folder}, got ${made.concepts} of ${made.seed}. Name a new folder.`,
  );
}

function openCanned({ concepts, seed }: CannedPlan, prompts: Prompts): Promise<StandIn> {
  const writer = cannedWriter({ concepts, seed }, prompts);
  return openStandIn(written(writer, slips), { delay: 0, remember: false });
}
