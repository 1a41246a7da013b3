// Feeds mutated files to the readers: jsonl (plain, gzip, zstd), Parquet, Arrow, BEIR folders, hub cards and plans.
//   node bench/fuzz-readers.mjs [inputs] [seed]
// A reader that never comes back: FUZZ_LAST=file says which input it was at, and the folder of inputs is kept.
// Each input must be read, or refused with a Fault of one line (a plan: of lines), within 2 seconds of CPU time.
// Prints how many of each kind were read and refused; exits with 1 and keeps the file at the first that does otherwise.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { hash32 } from '../dist/data/permutation.js';
import { dataFiles } from '../dist/data/read/data-files.js';
import { readSource } from '../dist/data/source.js';
import { Fault } from '../dist/plan/fault.js';
import { packageRoot } from '../dist/plan/places.js';
import { readPlan } from '../dist/plan/read.js';

const inputs = Number(process.argv[2] ?? 100_000);
const seed = Number(process.argv[3] ?? 1);
const slowest = 2000;
const fixtures = join(packageRoot, 'test/data/fixtures');
const scratch = mkdtempSync(join(tmpdir(), 'reasontune-fuzz-'));

let drawn = 0;
const draw = (n) => hash32(seed, drawn++) % n;
const pick = (list) => list[draw(list.length)];

const record = (i) =>
  JSON.stringify(
    pick([
      { query: `question ${i}`, pos: [`answer ${i}`], neg: [`not ${i}`] },
      { query: ['Find.', `question ${i}`], pos: [['', `answer ${i}`]], neg: [['', `not ${i}`]] },
      { anchor: `question ${i}`, positive: `answer ${i}`, negative: `not ${i}`, score: i },
      { query: `q ${i} é漢😀`, pos: ['a'], neg: [], pos_scores: [1], neg_scores: [] },
    ]),
  );
const jsonl = Buffer.from(Array.from({ length: 6 }, (_, i) => record(i)).join('\n'));
const fixture = (path) => readFileSync(join(fixtures, path));
const seeds = {
  'a.jsonl': jsonl,
  'a.jsonl.gz': gzipSync(jsonl),
  'a.jsonl.zst': fixture('pairs.jsonl.zst'),
  'hq.parquet': fixture('reasonir-data/hq/train-00000-of-00001.parquet'),
  'vl.parquet': fixture('reasonir-data/vl/train-00001-of-00002.parquet'),
  'documents.parquet': fixture('BRIGHT/documents/biology-00000-of-00001.parquet'),
  'stream.arrow': fixture('triplets.arrow'),
  'file.arrow': fixture('triplets-file.arrow'),
  'corpus.jsonl': Buffer.from('{"_id":"d1","title":"On bees","text":"Bees fly."}\n{"_id":"d2","text":"No title."}\n'),
  'queries.jsonl': Buffer.from(
    '{"_id":"q1","text":"who flies","excluded_ids":["d2"]}\n{"_id":"q2","text":"what else"}\n',
  ),
  'train.tsv': Buffer.from('query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n'),
  'README.md': fixture('BRIGHT/README.md'),
  'plan.yaml': readFileSync(join(packageRoot, 'configs/quickstart.yaml')),
};

// What people and machines do to files.
const pieces = [
  '\0',
  '\uFEFF',
  '\r\n',
  '"',
  '\\ud800',
  '[[[[[[[[',
  '{"',
  '\n',
  '}',
  'null',
  '-1',
  '1e999',
  '\u2028',
  '*a',
  '&a ',
  '<<: ',
].map((text) => Buffer.from(text));
const bytes = [
  Buffer.from([0xff]),
  Buffer.from([0xc3, 0x28]),
  Buffer.alloc(8),
  Buffer.alloc(4, 0xff),
  Buffer.from([0xff, 0xff, 0xff, 0x7f]),
];
const mutations = [
  (b) => b.subarray(0, draw(b.length + 1)),
  (b) => splice(b, draw(b.length), 1, Buffer.from([draw(256)])),
  (b) => splice(b, draw(b.length), 1, Buffer.from([(b[draw(b.length)] ?? 0) ^ (1 << draw(8))])),
  (b) => splice(b, draw(b.length + 1), 0, pick(pieces)),
  (b) => splice(b, draw(b.length + 1), draw(9), pick(bytes)),
  (b) => splice(b, draw(b.length + 1), draw(40), Buffer.alloc(0)),
  (b) => splice(b, draw(b.length + 1), 0, b.subarray(draw(b.length), draw(b.length) + draw(60))),
  (b) => Buffer.concat([b, b]),
  (b) => Buffer.concat([b.subarray(0, draw(b.length)), pick(Object.values(seeds))]),
];
const splice = (b, at, gone, put) => Buffer.concat([b.subarray(0, at), put, b.subarray(at + gone)]);

const folder = join(scratch, 'beir');
mkdirSync(join(folder, 'qrels'), { recursive: true });
const places = { 'corpus.jsonl': 'corpus.jsonl', 'queries.jsonl': 'queries.jsonl', 'train.tsv': 'qrels/train.tsv' };
for (const [name, path] of Object.entries(places)) writeFileSync(join(folder, path), seeds[name]);
const negatives = { per_query: 0, from: 'source', ranks: [1, 10], choose: 'first' };
const source = { name: 'fuzz', kind: 'public', split: 'train', weight: 1 };
const hq = join(fixtures, 'reasonir-data/hq/train-00000-of-00001.parquet');
const documents = { path: join(fixtures, 'BRIGHT'), config: 'documents' };

async function read(name, content) {
  const data = { faults: pick(['stop', 'skip']), negatives };
  if (name === 'README.md')
    return dataFiles(
      ['documents/biology-0.parquet', 'train.jsonl'],
      content.toString(),
      { config: pick(['documents', null]), split: 'biology' },
      'it',
    );
  const path = name in places ? join(folder, places[name]) : join(scratch, name);
  writeFileSync(path, content);
  try {
    if (name === 'plan.yaml') return readPlan(path);
    if (name === 'documents.parquet') return await readSource({ ...source, path: hq, documents: { path } }, data);
    if (name in places) return await readSource({ ...source, path: folder }, data);
    return await readSource({ ...source, path, ...(draw(4) === 0 && { documents }) }, data);
  } finally {
    if (name in places) writeFileSync(path, seeds[name]);
  }
}

const counts = Object.fromEntries(Object.keys(seeds).map((name) => [name, { read: 0, refused: 0 }]));
let [worst, worstHeap] = [0, 0];
function fail(name, content, why) {
  const kept = join(tmpdir(), `fuzz-${seed}-${basename(name)}`);
  writeFileSync(kept, content);
  console.error(`${kept}: ${why}`);
  process.exit(1);
}

for (let i = 0; i < inputs; i++) {
  const name = pick(Object.keys(seeds));
  let content = seeds[name];
  for (let times = draw(4); times >= 0; times--) content = pick(mutations)(content);
  const began = process.cpuUsage();
  try {
    if (process.env.FUZZ_LAST) writeFileSync(process.env.FUZZ_LAST, name);
    await read(name, content);
    counts[name].read++;
  } catch (error) {
    if (!(error instanceof Fault)) fail(name, content, error.stack);
    if (name !== 'plan.yaml' && /[\r\n]/.test(error.message)) fail(name, content, `lines: ${error.message}`);
    counts[name].refused++;
  }
  const { user, system } = process.cpuUsage(began);
  const took = (user + system) / 1000;
  if (took > slowest) fail(name, content, `${Math.round(took)} ms`);
  worst = Math.max(worst, took);
  if (i % 1000 === 0) worstHeap = Math.max(worstHeap, process.memoryUsage().rss);
}
rmSync(scratch, { recursive: true });
console.log(
  `${inputs} inputs; the slowest took ${Math.round(worst)} ms; at most ${Math.round(worstHeap / 2 ** 20)} MiB resident`,
);
for (const [name, { read: good, refused }] of Object.entries(counts))
  console.log(`${name.padEnd(18)} ${good} read, ${refused} refused`);
