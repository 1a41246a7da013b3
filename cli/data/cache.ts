import type { CommandModule } from 'yargs';
import { readPlan } from '../../plan/read.js';
import { plainTable } from '../../report/table.js';
import { type DataArguments, dataArguments } from '../plan-arguments.js';
import { progress, say } from '../progress.js';

/** `reasontune data cache PLAN`: makes now what the cache can hold of a plan's sources, so that training starts at once. */
export const cache: CommandModule<object, DataArguments> = {
  command: 'cache <plan>',
  describe: 'tokenize the sources into the cache that training reads, and rank them by BM25 for from: bm25',
  builder: (yargs) => dataArguments(yargs).example('$0 data cache configs/quickstart.yaml', 'before a long run'),
  handler: async ({ plan: file, set, json }) => {
    const plan = readPlan(file, set);
    const { tokenizeSource } = await import('../../data/batch.js');
    const { readSource } = await import('../../data/source.js');
    const { fetchModel } = await import('../../encoder/fetch/fetch-model.js');
    const { loadTokenizer } = await import('../../encoder/tokenizer.js');
    const { base, ...settings } = plan.model;
    // A tokenizer is checked against the model's vocabulary when the model is loaded; here there is no model.
    const tokenizer = loadTokenizer(await fetchModel(base), Number.POSITIVE_INFINITY);
    const rows: { name: string; texts: number; tokens: number; seconds: number }[] = [];
    const { negatives } = plan.data;
    const data = negatives.from === 'bm25' ? plan.data : { ...plan.data, negatives: { ...negatives, per_query: 0 } };
    for (const source of plan.data.sources) {
      const began = performance.now();
      const read = await readSource(source, data, say);
      const stores = await tokenizeSource(read, { tokenizer, settings }, (done, of) =>
        progress(`${read.name}: ${done}/${of} shards`, done === of),
      );
      const both = [stores.queries, stores.documents];
      const sum = (of: (store: (typeof both)[number]) => number): number => both.reduce((n, store) => n + of(store), 0);
      rows.push({
        name: read.name,
        texts: sum(({ length }) => length),
        tokens: sum(({ tokens }) => tokens),
        seconds: (performance.now() - began) / 1000,
      });
    }
    const columns = [
      { heading: 'source' },
      { heading: 'texts', digits: 0 },
      { heading: 'tokens', digits: 0 },
      { heading: 'seconds', digits: 1 },
    ];
    const cells = rows.map(({ name, texts, tokens, seconds }) => [name, texts, tokens, seconds]);
    console.log(json ? JSON.stringify({ sources: rows }) : plainTable(columns, cells));
  },
};
