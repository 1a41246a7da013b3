import { type Passage, passageOf } from './passage.js';
import { type Corpus, openAskable, type SystemOptions } from './system.js';

/** One document found. */
export interface Hit {
  readonly id: string;
  readonly score: number;
  readonly passage: Passage;
}

export interface Found {
  readonly system: string;
  /** Best first. */
  readonly hits: readonly Hit[];
}

/**
 * What a model finds for one question.
 *
 * @param options.depth how many documents
 * @param options.words of each document that is shown
 * @throws Fault as {@link openAskable} and keptIndex
 */
export async function search(
  model: string,
  corpus: Corpus,
  question: string,
  {
    depth,
    words,
    onProgress,
    ...options
  }: SystemOptions & {
    readonly depth: number;
    readonly words: number;
    readonly onProgress: (line: string, last: boolean) => void;
  },
): Promise<Found> {
  const system = await openAskable(model, options);
  const index = await system.index(corpus, (done, of) =>
    onProgress(`${system.name} on ${corpus.name}: ${done}/${of} texts`, done === of),
  );
  const { rank } = await index.ask([{ id: '', text: question, excluded: [] }]);
  const ranked = rank(depth).get('') ?? [];
  system.dispose();
  const places = new Map(corpus.ids.map((id, place) => [id, place]));
  const textOf = (id: string): string => corpus.texts[places.get(id) as number] as string;
  return {
    system: system.name,
    hits: ranked.map(({ id, score }) => ({ id, score, passage: passageOf(question, textOf(id), words) })),
  };
}
