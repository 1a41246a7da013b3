import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { vectorsOf } from '../data/mining/vectors.js';
import type { SynthesisPlan } from '../plan/synthesis.js';
import { writeInParts } from '../retrieval/text-file.js';
import { candidateFinder } from './candidates.js';
import { type Card, makeCard } from './card.js';
import { readSynthesisDocuments } from './documents.js';
import { type Hands, type Made, makeRecords } from './make-records.js';
import { decisive, Outcomes } from './outcomes.js';
import { classify } from './quality/classifier.js';
import { isLeftOut, kindsOf, type LeftOut, lineOf, recordsOf } from './record.js';
import { Screen } from './screen.js';

/**
 * Makes the records that a plan asks for, into `<folder>/hq.jsonl` and `vl.jsonl`, with what was left out beside them
 * (`left-out.jsonl`). Every outcome goes into a journal at once, and the files are written from it in the order of the
 * plan: stopped anywhere and begun again, it gives the same files. Where the budget is used up, they have what was made by
 * then, and the card says so. Encoders need a running backend.
 * @param load in the place of an encoder, for tests
 * @throws Fault what cannot be read, a server that fails; what was done is kept
 */
export async function synthesize(folder: string, hands: Hands, load: typeof vectorsOf = vectorsOf): Promise<Card> {
  const { plan, prompts, onProgress } = hands;
  const documents = plan.documents ? readSynthesisDocuments(plan.documents) : null;
  const screen = new Screen(plan.eval_sets);
  const outcomes = new Outcomes(folder, decisive(plan, prompts, documents));
  try {
    const made = await makeRecords(hands, {
      documents,
      objects: (query) => screen.objects(query),
      once: (key, make) => outcomes.once(key, make),
      find: candidateFinder(documents?.documents ?? [], plan, onProgress, load),
      classify: (texts, examples, model, progress) => classify(texts, examples, model, progress, load),
    });
    write(folder, plan, made);
    return await makeCard(plan, folder, { documents, ...made });
  } finally {
    outcomes.close();
  }
}

function write(folder: string, plan: SynthesisPlan, { drawn }: Made): void {
  writeFileSync(join(folder, 'plan.yaml'), stringify(plan));
  const leftOut: LeftOut[] = [];
  for (const kind of kindsOf(plan)) {
    const outcomes = drawn[kind]?.outcomes ?? [];
    leftOut.push(...outcomes.filter(isLeftOut));
    writeInParts(
      join(folder, `${kind}.jsonl`),
      lines(recordsOf(outcomes), (record) => lineOf(record, plan.instruction)),
    );
  }
  const brief = ({ calls, ...one }: LeftOut): object => ({ ...one, calls: calls.map(({ id }) => id) });
  writeInParts(join(folder, 'left-out.jsonl'), lines(leftOut, brief));
}

function* lines<T>(items: readonly T[], of: (item: T) => object): Generator<string, void> {
  for (const item of items) yield `${JSON.stringify(of(item))}\n`;
}
