// A process of its own that searches, so that embedding a corpus holds up nothing on the page.
import type { Searcher } from '../../eval/search.js';
import { Fault, reasonOf } from '../../plan/fault.js';
import type { SearchLine } from '../protocol.js';

/** A question to models, each `bm25` or a checkpoint's folder. */
export interface Asked {
  readonly number: number;
  readonly question: string;
  /** Folder in BEIR layout. */
  readonly set: string;
  readonly models: readonly { readonly path: string; readonly name: string }[];
}

export type Said = { readonly number: number } & SearchLine;

const DEPTH = 10;
const WORDS = 60;
// Vectors of a corpus of 5,000 texts are 8 MiB; a few of them are kept, the last asked first.
const KEPT = 6;

const searchers = new Map<string, Searcher>();
let last: Promise<void> = Promise.resolve();

process.on('message', (asked: Asked) => {
  // One after the other: an encoder takes all cores.
  last = last.then(() => answer(asked));
});
process.on('disconnect', () => process.exit());

async function answer({ number, question, set, models }: Asked): Promise<void> {
  const say = (line: SearchLine): void => void process.send?.({ number, ...line } satisfies Said);
  try {
    const found = [];
    for (const { path, name } of models) {
      const searcher = await searcherFor(path, set, (progress) => say({ progress }));
      const { hits } = await searcher.ask(question, DEPTH, WORDS);
      found.push({ system: name, hits: hits.map(({ id, score, passage }) => ({ id, score, ...passage })) });
    }
    say({ found });
  } catch (error) {
    say({ fault: error instanceof Fault ? error.message : `A bug in reasontune: ${reasonOf(error)}` });
  }
}

async function searcherFor(model: string, set: string, say: (progress: string) => void): Promise<Searcher> {
  const key = JSON.stringify([model, set]);
  const known = searchers.get(key);
  searchers.delete(key);
  const searcher = known ?? (await open(model, set, say));
  searchers.set(key, searcher);
  const [[oldest, old] = []] = searchers;
  if (searchers.size > KEPT && oldest !== undefined && old) {
    searchers.delete(oldest);
    old.dispose();
  }
  return searcher;
}

async function open(model: string, set: string, say: (progress: string) => void): Promise<Searcher> {
  const [{ readDocuments }, { isEncoder }, { openSearcher }] = await Promise.all([
    import('../../data/beir.js'),
    import('../../eval/system.js'),
    import('../../eval/search.js'),
  ]);
  say(`reading ${set}`);
  const corpus = readDocuments(set);
  if (isEncoder(model)) {
    const { useBackend } = await import('../../tensor/backend.js');
    await useBackend('auto');
  }
  return openSearcher(model, corpus, { onProgress: say });
}
