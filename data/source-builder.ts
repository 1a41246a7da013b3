import type { SourcePlan } from '../plan/data.js';
import type { Example } from './examples.js';
import type { FaultLog } from './fault-log.js';
import { Numbering } from './numbering.js';
import { asked, type Pair, type Source } from './pairs.js';

/** Makes a source of examples, one at a time: equal texts are one text, and each positive is a pair. */
export class SourceBuilder {
  readonly #queries = new Numbering();
  readonly #documents = new Numbering();
  readonly #texts: string[] = [];
  readonly #instructions: string[] = [];
  readonly #barred: string[][] = [];
  readonly #pairs: Pair[] = [];
  readonly #places: string[] = [];
  readonly #excluded: { readonly query: number; readonly texts: readonly string[] }[] = [];

  constructor(
    readonly plan: SourcePlan,
    readonly faults: FaultLog,
  ) {}

  add({ query, positives, negatives, scores, where, excluded }: Example): void {
    const instruction = query.instruction || (this.plan.instruction ?? '');
    const number = this.#queries.of(asked(instruction, query.text));
    this.#texts[number] = query.text;
    this.#instructions[number] = instruction;
    this.#barred[number] ??= [];
    const answers = positives.map(({ instruction: before, text }) => this.#documents.of(asked(before, text)));
    const others = negatives.map(({ instruction: before, text }) => this.#documents.of(asked(before, text)));
    answers.forEach((positive, p) => {
      const own = scores && { positive: scores[p] as number, negatives: scores.slice(answers.length) };
      this.#pairs.push({ query: number, positive, negatives: others, ...(own && { scores: own }) });
      this.#places.push(where);
      this.#barred[number]?.push(String(positive));
    });
    if (excluded.length > 0) this.#excluded.push({ query: number, texts: excluded });
  }

  build(): Source {
    for (const { query, texts } of this.#excluded) {
      for (const text of texts) {
        const document = this.#documents.find(text);
        if (document !== undefined) this.#barred[query]?.push(String(document));
      }
    }
    const documents = this.#documents.texts;
    return {
      name: this.plan.name,
      weight: this.plan.weight,
      queries: this.#texts,
      instructions: this.#instructions,
      documents,
      ids: documents.map((_, i) => String(i)),
      barred: this.#barred,
      labelOf: (i) => this.#places[i] ?? '',
      pairs: this.#pairs,
      maxLength: this.plan.max_length ?? {},
      faults: this.faults,
    };
  }
}
