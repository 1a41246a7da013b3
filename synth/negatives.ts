import { wordCount } from '../data/inspect/lengths.js';
import { nearlySame, normalized } from '../data/inspect/near-texts.js';
import { hash32, hashText } from '../data/permutation.js';
import type { Call } from './ask.js';
import { type Desk, judged } from './desk.js';
import { between } from './lengths.js';
import {
  type Draft,
  type Finished,
  type Origin,
  type Outcome,
  type Piece,
  type Rejected,
  type Side,
  type Verdict,
  writtenBy,
} from './record.js';
import { hasControls } from './shown.js';
import * as turns from './turns.js';

/** A document that a retriever found for a query. */
export interface Candidate {
  readonly id: string;
  readonly text: string;
  /** From 1; 0 for the document that the query was made from. */
  readonly rank: number;
}

/**
 * Gives a draft its negatives, found and written, each judged: one that in fact answers is dropped or becomes a positive.
 * A draft without a positive gets the best of its candidates by their grades.
 *
 * @param candidates best first; they are judged until there are enough, or all where they are to give the positives
 */
export async function addNegatives(
  desk: Desk,
  draft: Draft,
  candidates: readonly Candidate[],
): Promise<Outcome<Finished>> {
  const work = new Assembly(desk, draft);
  const graded = draft.positives.length === 0;
  await work.judgeCandidates(candidates, graded);
  if (graded) work.positives.sort((a, b) => gradeOf(b) - gradeOf(a)).splice(desk.plan.candidates.positives);
  if (work.positives.length === 0) return work.leaveOut('no candidate answers');
  await work.writeNegatives();
  const { written, mined } = desk.plan.negatives;
  if (work.negatives.length === 0 && written + mined > 0) return work.leaveOut('no negative is left');
  const { positives, negatives, moved, rejected, calls } = work;
  return { ...draft, positives, negatives, moved, rejected, calls };
}

function gradeOf({ origin }: Piece): number {
  return origin.verdict?.grade ?? 0;
}

/** One record while it gets its negatives. */
class Assembly {
  readonly positives: Piece[];
  readonly negatives: Piece[] = [];
  readonly moved: Record<Side, number> = { written: 0, mined: 0 };
  readonly rejected: Rejected[] = [];
  readonly calls: Call[];

  constructor(
    private readonly desk: Desk,
    private readonly draft: Draft,
  ) {
    this.positives = [...draft.positives];
    this.calls = [...draft.calls];
  }

  leaveOut(reason: string): Outcome<Finished> {
    const { id, kind, query } = this.draft;
    return { id, kind, reason, query: query.text, calls: this.calls };
  }

  /** @param all judge every candidate, and take the positives from among them */
  async judgeCandidates(candidates: readonly Candidate[], all: boolean): Promise<void> {
    const { mined } = this.desk.plan.negatives;
    let found = 0;
    for (const { id: document, text, rank } of candidates) {
      if (!all && found >= mined) return;
      const origin: Origin = { from: 'document', document, rank };
      if (this.#repeats(text)) {
        this.rejected.push({ side: 'mined', reason: 'repeats another', origin });
        continue;
      }
      const verdict = await judged(this.desk, this.draft.query.text, text, this.calls);
      const piece = { text, origin: { ...origin, verdict } };
      const placed = this.#place(piece, 'mined', all || this.#keepsAnswers, found < mined);
      if (placed === 'negative') found++;
      if (placed === 'positive' && !all) this.moved.mined++;
    }
  }

  async writeNegatives(): Promise<void> {
    const { written: wanted, written_words: range } = this.desk.plan.negatives;
    const query = this.draft.query.text;
    const [{ text: positive }] = this.positives as [Piece];
    let found = 0;
    // What is rejected is asked for again, as often as there are negatives to write.
    for (let attempt = 0; attempt < 2 * wanted && found < wanted; attempt++) {
      const words = between(range, hash32(hashText(this.draft.id), attempt) / 2 ** 32);
      const { value, call } = await this.desk.write(turns.negative, { query, positive, words }, { attempt });
      this.calls.push(call);
      if (!value) {
        this.rejected.push({ side: 'written', reason: call.unusable ?? 'malformed', origin: writtenBy(call) });
        continue;
      }
      const text = value.document;
      const origin: Origin = { ...writtenBy(call), words: { asked: words, got: wordCount(text) } };
      if (hasControls(text) || this.#repeats(text)) {
        const reason = hasControls(text) ? 'unusable' : 'repeats another';
        this.rejected.push({ side: 'written', reason, origin });
        continue;
      }
      const verdict = await judged(this.desk, query, text, this.calls);
      const placed = this.#place({ text, origin: { ...origin, verdict } }, 'written', this.#keepsAnswers, true);
      if (placed === 'negative') found++;
      if (placed === 'positive') this.moved.written++;
    }
  }

  get #keepsAnswers(): boolean {
    return this.desk.plan.negatives.false_negative === 'positive';
  }

  /** Puts a judged text where its grade says; null where it is not used. */
  #place(piece: Piece, side: Side, answersToPositives: boolean, wanted: boolean): 'positive' | 'negative' | null {
    const { answers_from: answers, negative_to: most } = this.desk.plan.judging;
    const { grade } = piece.origin.verdict as Verdict;
    if (grade !== null && grade >= answers && answersToPositives) {
      this.positives.push(piece);
      return 'positive';
    }
    if (grade !== null && grade <= most) {
      if (wanted) this.negatives.push(piece);
      return wanted ? 'negative' : null;
    }
    const reason = grade === null ? 'no grade' : grade >= answers ? 'answers' : 'between';
    this.rejected.push({ side, reason, origin: piece.origin });
    return null;
  }

  /** Whether a text is that of the query, or that of a positive or negative up to small changes. */
  #repeats(text: string): boolean {
    const plain = normalized(text);
    const known = [...this.positives, ...this.negatives];
    return (
      plain === normalized(this.draft.query.text) ||
      known.some((piece) => normalized(piece.text) === plain || nearlySame(piece.text, text))
    );
  }
}
