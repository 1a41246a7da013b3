// Makes the collections here from the published ones, in BEIR layout:
//
//   node examples/rebuild.mjs PEP_FOLDER SCIFACT_FOLDER STACKEXCHANGE_FOLDER MEDQUAD_FOLDER
//
// Files are gzip level 9 without a time stamp, so the same input gives the same bytes.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const [pepFolder, scifactFolder, stackexchangeFolder, medquadFolder] = process.argv.slice(2);
if (!pepFolder || !scifactFolder || !stackexchangeFolder || !medquadFolder) {
  console.error('usage: node examples/rebuild.mjs PEP_FOLDER SCIFACT_FOLDER STACKEXCHANGE_FOLDER MEDQUAD_FOLDER');
  process.exit(1);
}

const recordsOf = (file) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** Writes records as JSONL in gzip. */
function pack(records, to) {
  const text = records.map((record) => `${JSON.stringify(record)}\n`).join('');
  const packed = gzipSync(text, { level: 9 });
  packed.fill(0, 4, 8); // modification time: none
  packed[9] = 255; // operating system: unknown
  writeFileSync(to, packed);
}

/** Judgements by split: a file's lines without its heading. */
function judgementsOf(folder) {
  const files = readdirSync(join(folder, 'qrels')).filter((file) => file.endsWith('.tsv'));
  return Object.fromEntries(
    files.sort().map((file) => [
      file,
      readFileSync(join(folder, 'qrels', file), 'utf8')
        .trim()
        .split('\n')
        .slice(1),
    ]),
  );
}

/** The same collection with some of each split's judgements, and with no text that none of these names. */
function sample(name, source, readme, keep) {
  const folder = emptied(name);
  const [queries, documents] = [new Set(), new Set()];
  for (const [file, all] of Object.entries(judgementsOf(source))) {
    const kept = all.filter((_, i) => keep(file, i));
    for (const line of kept) {
      const [query, document] = line.split('\t');
      queries.add(query);
      documents.add(document);
    }
    writeFileSync(join(folder, 'qrels', file), `${['query-id\tcorpus-id\tscore', ...kept].join('\n')}\n`);
  }
  pack(
    recordsOf(join(source, 'corpus.jsonl')).filter(({ _id }) => documents.has(_id)),
    join(folder, 'corpus.jsonl.gz'),
  );
  pack(
    recordsOf(join(source, 'queries.jsonl')).filter(({ _id }) => queries.has(_id)),
    join(folder, 'queries.jsonl.gz'),
  );
  writeFileSync(join(folder, 'README.md'), readme);
}

function emptied(name) {
  const folder = join(here, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'qrels'), { recursive: true });
  return folder;
}

function rebuild(name, source, readme, changeQuery = (query) => query) {
  const folder = emptied(name);
  pack(recordsOf(join(source, 'corpus.jsonl')), join(folder, 'corpus.jsonl.gz'));
  pack(recordsOf(join(source, 'queries.jsonl')).map(changeQuery), join(folder, 'queries.jsonl.gz'));
  for (const file of readdirSync(join(source, 'qrels')).sort()) {
    if (file.endsWith('.tsv')) copyFileSync(join(source, 'qrels', file), join(folder, 'qrels', file));
  }
  writeFileSync(join(folder, 'README.md'), readme);
}

/** A query is a proposal's own motivation: the proposal itself must not be found for it. */
function withoutItself(query) {
  const number = /^q(\d{4})$/.exec(query._id)?.[1];
  if (number === undefined) throw new Error(`expected a query id such as q0484, got ${query._id}`);
  return { ...query, excluded_ids: [`pep-${number}`] };
}

rebuild(
  'pep-citations',
  pepFolder,
  `# pep-citations

Python Enhancement Proposals (https://peps.python.org), in BEIR layout. A query is a proposal's motivation (100 to 1,200
words, PEP numbers removed); relevant are the proposals that it cites. These are links, not human judgements.
\`excluded_ids\` names the query's own proposal, which is dropped before scoring.

Licence: public domain or CC0-1.0-Universal, as each proposal says.

Made by \`node examples/rebuild.mjs\`.
`,
  withoutItself,
);

rebuild(
  'scifact',
  scifactFolder,
  `# scifact

SciFact (Wadden et al. 2020, "Fact or Fiction: Verifying Scientific Claims", https://github.com/allenai/scifact), in
BEIR layout: scientific claims to the abstracts of papers that support or refute them. Published BM25 nDCG@10 on the
test split: 0.679.

Licence: claims CC BY 4.0, abstracts ODC-By 1.0. Unchanged but for compression.

Made by \`node examples/rebuild.mjs\`.
`,
);

rebuild(
  'stackexchange-answers',
  stackexchangeFolder,
  `# stackexchange-answers

StackExchange posts of seven domains, the questions of BRIGHT (Su et al. 2024, https://github.com/xlang-ai/BRIGHT),
in BEIR layout: a post (131 words on average, up to 1,635) to its accepted answer. Questions that need reasoning; the
answers are not BRIGHT's documents.

Licence: CC BY 4.0 over CC BY-SA posts (https://stackexchange.com). Unchanged but for compression.

Made by \`node examples/rebuild.mjs\`.
`,
);

// Of eight neighbours each, so that the questions on one topic stay together.
const block = (i) => Math.floor(i / 8);

sample(
  'medquad',
  medquadFolder,
  `# medquad

A sample of MedQuAD (Ben Abacha and Demner-Fushman 2019, https://github.com/abachaa/MedQuAD), in BEIR layout: short health
questions to the NIH's answers, split by topic. Every 16th block of eight neighbouring training pairs, every third of the
test pairs, and no other documents: scores are higher than on the whole collection.

Licence: CC BY 4.0.

Made by \`node examples/rebuild.mjs\`.
`,
  (file, i) => block(i) % (file === 'train.tsv' ? 16 : 3) === 0,
);
