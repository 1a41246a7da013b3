import type { Argv, CommandModule } from 'yargs';

/** Adds a command to those that yargs knows. */
type Add = (yargs: Argv) => Promise<Argv>;

/** A verb whose module is read when it is asked for: all of them together take longer to read than most take to begin. */
const verb =
  <A>(load: () => Promise<CommandModule<object, A>>): Add =>
  async (yargs) =>
    yargs.command(await load());

const verbs: Readonly<Record<string, Add>> = {
  train: verb(async () => (await import('./train.js')).train),
  eval: verb(async () => (await import('./eval.js')).evaluate),
  compare: verb(async () => (await import('./compare.js')).compare),
  rerank: verb(async () => (await import('./rerank.js')).rerank),
  search: verb(async () => (await import('./search.js')).search),
  rag: verb(async () => (await import('./rag.js')).rag),
  sweep: verb(async () => (await import('./sweep.js')).sweep),
  synth: verb(async () => (await import('./synth.js')).synth),
  results: verb(async () => (await import('./results.js')).results),
  plot: verb(async () => (await import('./plot.js')).plot),
  board: verb(async () => (await import('./board.js')).board),
  data: verb(async () => (await import('./data/data.js')).data),
  doctor: verb(async () => (await import('./doctor.js')).doctor),
};

/** Adds the verb that the words begin with; where they begin with none, all, to list them or to find the one meant. */
export async function addVerbs(yargs: Argv, [first = '']: readonly string[]): Promise<void> {
  const wanted = Object.hasOwn(verbs, first) ? [verbs[first]] : Object.values(verbs);
  for (const add of wanted) await add?.(yargs);
}
