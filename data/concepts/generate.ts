import { Chance } from './chance.js';
import { type Concept, conceptGraph } from './graph.js';
import { copyOf, passage, statement } from './language.js';
import { type QueryKind, queryKinds, queryText } from './queries.js';

/** What is generated: the same settings give the same benchmark, byte for byte. */
export interface ConceptsSettings {
  readonly seed: number;
  readonly concepts: number;
  /** The share of training negatives that are in truth right answers. */
  readonly planted: number;
  /** The share of documents of which there is a second one, the same but for case and points, or for a sentence [0]. */
  readonly copies?: number;
}

interface Query {
  readonly id: string;
  readonly kind: QueryKind;
  readonly text: string;
  readonly concept: number;
}

interface TrainingQuery extends Query {
  /** Places of documents. */
  readonly positive: number;
  readonly negatives: readonly number[];
}

/** The benchmark, with its truth: a document answers a query exactly when both are of one concept. */
export interface Concepts {
  readonly documents: readonly { readonly id: string; readonly text: string; readonly concept: number }[];
  readonly train: readonly TrainingQuery[];
  readonly test: readonly Query[];
}

const DOCUMENTS = 4;
const TRAINING_QUERIES = 3;
const NEGATIVES = 5;

/**
 * Generates the benchmark. Documents call a concept by its names. Easy queries use the same names; hard ones (`hq`)
 * describe it by its signs, or by those of the two concepts that lead to it, and share no word with its documents; long
 * ones (`vl`, 300 to 2,000 words) hide the signs in a story. For each concept there are distractors: documents that use
 * its signs and are about another concept. Training knows one right answer of a query; its negatives are distractors,
 * documents of the concepts nearby, and, as often as `planted` says, right answers that nobody marked. Copies stand in the
 * corpus alone, after all else.
 */
export function generateConcepts({ seed, concepts: size, planted, copies = 0 }: ConceptsSettings): Concepts {
  const graph = conceptGraph(size, seed);
  const documents = graph.flatMap((concept, c) => [
    ...Array.from({ length: DOCUMENTS }, (_, i) => {
      const chance = new Chance(seed, 1, c, i);
      const said = [chance.some(concept.names, 4), chance.some(concept.names, 3)].map((w) => statement(w, chance));
      return { id: `c${c}-${i}`, text: passage(said, 40 + chance.below(80), chance), concept: c };
    }),
    distractor(graph, c, seed),
  ]);
  const byConcept: number[][] = graph.map(() => []);
  documents.forEach(({ concept }, place) => {
    byConcept[concept]!.push(place);
  });
  const places = new Map(documents.map(({ id }, place) => [id, place]));
  const ask =
    (split: number) =>
    (c: number, kind: QueryKind, i: number): Query => ({
      id: `${split === 2 ? 'train' : 'test'}-${kind}-${c}-${i}`,
      kind,
      text: queryText(graph, c, kind, new Chance(seed, split, c, queryKinds.indexOf(kind), i)),
      concept: c,
    });
  const all = (queries: number, of: (c: number, kind: QueryKind, i: number) => Query): Query[] =>
    graph.flatMap((_, c) => queryKinds.flatMap((kind) => Array.from({ length: queries }, (_q, i) => of(c, kind, i))));
  const train = all(TRAINING_QUERIES, ask(2)).map((query, q): TrainingQuery => {
    const chance = new Chance(seed, 4, q);
    const [positive, ...unmarked] = chance.some(byConcept[query.concept]!, DOCUMENTS + 1) as [number, ...number[]];
    const { from } = graph[query.concept]!;
    const own = places.get(`distractor-${query.concept}`) as number;
    const nearby = chance.some(
      from.flatMap((c) => byConcept[c]!).filter((place) => place !== own),
      NEGATIVES,
    );
    const wrong = [own, ...nearby];
    const right = chance.some(unmarked, unmarked.length);
    const negatives = Array.from({ length: NEGATIVES }, () =>
      chance.share() < planted && right.length > 0 ? right.pop()! : wrong.shift()!,
    );
    return { ...query, positive, negatives };
  });
  const copied = documents.flatMap(({ id, text, concept }, place) => {
    const chance = new Chance(seed, 6, place);
    return chance.share() < copies ? [{ id: `${id}-copy`, text: copyOf(text, chance), concept }] : [];
  });
  return { documents: [...documents, ...copied], train, test: all(1, ask(3)) };
}

/** About another concept, by its names, with the signs of this one strewn in. */
function distractor(graph: readonly Concept[], c: number, seed: number): Concepts['documents'][number] {
  const chance = new Chance(seed, 5, c);
  const other = (c + 1 + chance.below(graph.length - 1)) % graph.length;
  const said = [
    statement(chance.some(graph[other]!.names, 4), chance),
    statement(chance.some(graph[c]!.signs, 3), chance),
  ];
  return { id: `distractor-${c}`, text: passage(said, 40 + chance.below(80), chance), concept: other };
}
