import { type Judgements, readJudgements } from '../eval/judgements.js';
import { Fault } from '../plan/fault.js';
import { parseMeasure } from '../retrieval/metrics.js';
import { say } from './progress.js';

/** The judgements that rankings are scored against: a file, or a split of one set. */
export async function judgementsOf(given: {
  qrels: string | undefined;
  set: readonly string[];
  split: string;
}): Promise<Judgements> {
  const { qrels, set, split } = given;
  const [folder, ...more] = set;
  if (qrels !== undefined && folder === undefined) return readJudgements({ qrels }, say);
  if (qrels === undefined && folder !== undefined && more.length === 0)
    return readJudgements({ set: folder, split }, say);
  const got = [...(qrels === undefined ? [] : ['--qrels']), ...set.map(() => '--set')].join(' and ') || 'neither';
  throw new Fault(
    `Expected one --qrels or --set to score rankings with, got ${got}. Name a file of judgements or a folder.`,
  );
}

/** Measures as the command line takes them: options repeated, names between commas. @throws Fault an unknown one */
export function metricsOf(given: readonly string[], planned?: readonly string[]): readonly string[] {
  if (given.length === 0) return planned ?? ['nDCG@10', 'R@100'];
  const names = given.flatMap((some) => some.split(',')).map((name) => name.trim());
  for (const name of names) parseMeasure(name, '--metrics');
  return names;
}
