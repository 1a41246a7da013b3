// Makes examples/pep-citations and examples/scifact from the two collections in BEIR layout:
//
//   node examples/rebuild.mjs PEP_FOLDER SCIFACT_FOLDER
//
// Files are gzip level 9 without a time stamp, so the same input gives the same bytes.

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const [pepFolder, scifactFolder] = process.argv.slice(2);
if (!pepFolder || !scifactFolder) {
  console.error('usage: node examples/rebuild.mjs PEP_FOLDER SCIFACT_FOLDER');
  process.exit(1);
}

/** Rewrites a JSONL file line by line into gzip. */
function pack(from, to, change) {
  const lines = readFileSync(from, 'utf8').split('\n').filter(Boolean);
  const text = lines.map((line) => `${JSON.stringify(change(JSON.parse(line)))}\n`).join('');
  const packed = gzipSync(text, { level: 9 });
  packed.fill(0, 4, 8); // modification time: none
  packed[9] = 255; // operating system: unknown
  writeFileSync(to, packed);
}

function rebuild(name, source, readme, changeQuery) {
  const folder = join(here, name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, 'qrels'), { recursive: true });
  pack(join(source, 'corpus.jsonl'), join(folder, 'corpus.jsonl.gz'), (document) => document);
  pack(join(source, 'queries.jsonl'), join(folder, 'queries.jsonl.gz'), changeQuery);
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
  (query) => query,
);
