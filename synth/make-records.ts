import type { Progress } from '../data/mining/vectors.js';
import { hash32, hashText } from '../data/permutation.js';
import type { Call } from './ask.js';
import type { Finder } from './candidates.js';
import type { Desk } from './desk.js';
import type { Document, Documents } from './documents.js';
import { type Drawn, draw } from './draw.js';
import { askHardQuery } from './hard-queries.js';
import { inTurn } from './in-turn.js';
import { brainstorm, type LongQueryDraw, writeLongQuery } from './long-queries.js';
import { addNegatives } from './negatives.js';
import type { Classify } from './quality/classifier.js';
import { type Picked, pickDocuments } from './quality/quality.js';
import { type Draft, type Finished, isLeftOut, type Kind, kindsOf, type Outcome } from './record.js';

/** Who does the work. */
export interface Hands extends Desk {
  /** Records in the making at once. */
  readonly width: number;
  readonly onProgress: Progress;
}

/** What the work is done with. */
export interface Materials {
  readonly documents: Documents | null;
  /** Why a query stays out, or null. */
  readonly objects: (query: string) => string | null;
  /** What was made for a key before, else what is made now. */
  readonly once: <T extends { readonly calls: readonly Call[] }>(key: string, make: () => Promise<T>) => Promise<T>;
  readonly find: Finder;
  readonly classify: Classify;
}

export interface Made {
  readonly picked: Picked | null;
  /** Kinds of task that long queries were written for. */
  readonly tasks: Awaited<ReturnType<typeof brainstorm>> | null;
  readonly drawn: Readonly<Partial<Record<Kind, Drawn>>>;
}

/**
 * Draws records of each kind that the plan has, each a query with its positives and then its negatives, until there are as
 * many as it wants. After a budget that is used up no further kind is begun.
 */
export async function makeRecords(hands: Hands, materials: Materials): Promise<Made> {
  const maker = new Maker(hands, materials);
  const drawn: Partial<Record<Kind, Drawn>> = {};
  let usedUp: string | null = null;
  for (const kind of kindsOf(hands.plan)) {
    const made: Drawn =
      usedUp !== null
        ? { outcomes: [], ended: 'budget', usedUp }
        : await (kind === 'hq' ? maker.hardQueries() : maker.longQueries());
    drawn[kind] = made;
    usedUp = made.usedUp;
  }
  return { picked: maker.picked, tasks: maker.tasks, drawn };
}

class Maker {
  picked: Picked | null = null;
  tasks: Made['tasks'] = null;

  constructor(
    private readonly hands: Hands,
    private readonly materials: Materials,
  ) {}

  /** About documents, best first. */
  hardQueries(): Promise<Drawn> {
    const { plan } = this.hands;
    const hard = plan.hard_queries!;
    let taken = 0;
    return draw<Document>({
      wanted: hard.number,
      next: async ({ length }) => {
        this.picked ??= await this.#pick();
        const next = this.picked.documents.slice(taken, taken + length);
        taken += next.length;
        return next;
      },
      make: (documents, settle) =>
        this.#make(
          documents,
          (document) => {
            const share = hash32(plan.seed, hashText(document.id)) / 2 ** 32;
            return this.materials.once(`ask hq-${document.id}`, () => askHardQuery(this.hands, hard, document, share));
          },
          settle,
        ),
    });
  }

  /** For the kinds of task in turn. */
  longQueries(): Promise<Drawn> {
    const { plan, write } = this.hands;
    const varied = plan.varied_length!;
    let drawn = 0;
    return draw<LongQueryDraw>({
      wanted: varied.number,
      next: async (open) => {
        this.tasks ??= await this.materials.once('tasks', () => brainstorm(write, varied));
        return this.tasks.tasks.length === 0 ? [] : open.map((place) => ({ i: drawn++, place }));
      },
      make: (queries, settle) => {
        const tasks = this.tasks?.tasks ?? [];
        const ask = (query: LongQueryDraw): Promise<Outcome<Draft>> =>
          this.materials.once(`ask vl-${query.i}`, () => writeLongQuery(this.hands, varied, tasks, query));
        return this.#make(queries, ask, settle);
      },
    });
  }

  #pick(): Promise<Picked> {
    const { plan, judge: ask, width, onProgress } = this.hands;
    const { documents, classify } = this.materials;
    const how = { seed: plan.seed, ask, width, onProgress, classify };
    return pickDocuments(documents?.documents ?? [], plan.hard_queries!.quality, how);
  }

  /** Queries with their positives for all; then negatives for those that are let in. */
  async #make<T>(
    items: readonly T[],
    ask: (item: T) => Promise<Outcome<Draft>>,
    settle: (item: number, outcome: Outcome<Finished>) => void,
  ): Promise<void> {
    const { plan, width, onProgress } = this.hands;
    let done = 0;
    const asked = await inTurn(items, width, async (item) => {
      const outcome = await ask(item);
      onProgress('queries', ++done, items.length);
      return outcome;
    });
    const drafts: { readonly item: number; readonly draft: Draft }[] = [];
    for (const [item, outcome] of asked.map((one) => this.#admitted(one)).entries()) {
      if (isLeftOut(outcome)) settle(item, outcome);
      else drafts.push({ item, draft: outcome });
    }
    let finished = 0;
    // Looked for when a record wants them: where all are made already, no encoder is started.
    let found: ReturnType<Finder> | undefined;
    await inTurn(drafts, width, async ({ item, draft }, place) => {
      const outcome = await this.materials.once(`finish ${draft.id}`, async () => {
        if (plan.negatives.mined === 0 && draft.positives.length > 0) return addNegatives(this.hands, draft, []);
        found ??= this.materials.find(drafts.map((one) => one.draft));
        return addNegatives(this.hands, draft, (await found)(place));
      });
      settle(item, outcome);
      onProgress('records', ++finished, drafts.length);
    });
  }

  #admitted(outcome: Outcome<Draft>): Outcome<Draft> {
    if (isLeftOut(outcome)) return outcome;
    const { id, kind, query, calls } = outcome;
    const reason = this.materials.objects(query.text);
    return reason === null ? outcome : { id, kind, reason, query: query.text, calls };
  }
}
