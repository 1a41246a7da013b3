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

/** A model that has read a corpus. */
export interface Searcher {
  /** What it finds for a question: `depth` documents, `words` of each. */
  ask(question: string, depth: number, words: number): Promise<Found>;
  dispose(): void;
}

/**
 * Lets a model read a corpus, to be asked about it.
 *
 * @param options.onProgress a line on how far it is; `last` where that is done
 * @throws Fault as {@link openAskable} and keptIndex
 */
export async function openSearcher(
  model: string,
  corpus: Corpus,
  { onProgress, ...options }: SystemOptions & { readonly onProgress: (line: string, last: boolean) => void },
): Promise<Searcher> {
  const system = await openAskable(model, options);
  const index = await system.index(corpus, (done, of) =>
    onProgress(`${system.name} on ${corpus.name}: ${done}/${of} texts`, done === of),
  );
  const places = new Map(corpus.ids.map((id, place) => [id, place]));
  const textOf = (id: string): string => corpus.texts[places.get(id) as number] as string;
  return {
    ask: async (question, depth, words) => {
      const { rank } = await index.ask([{ id: '', text: question, excluded: [] }]);
      const ranked = rank(depth).get('') ?? [];
      return {
        system: system.name,
        hits: ranked.map(({ id, score }) => ({ id, score, passage: passageOf(question, textOf(id), words) })),
      };
    },
    dispose: () => system.dispose(),
  };
}
