// How well documents worth asking about are told from broken ones: by the classifier on all-MiniLM-L6-v2's vectors, and by
// the rules, as the area under the ROC curve (1 tells all, 0.5 none).
//   npm run build && node bench/quality.mjs [--documents 600] [--labelled 200] [FOLDER in BEIR layout …]
// The labels are made: every second document of the collection is spoiled, in one of four ways, and bad; the others are as
// they were, and good. The classifier learns from the first so many; both are measured on the rest.
import { parseArgs } from 'node:util';
import { Chance } from '../dist/data/concepts/chance.js';
import { vectorsOf } from '../dist/data/mining/vectors.js';
import { hash32 } from '../dist/data/permutation.js';
import { readSynthesisDocuments } from '../dist/synth/documents.js';
import { classify } from '../dist/synth/quality/classifier.js';
import { ruleScore } from '../dist/synth/quality/rules.js';
import { useBackend } from '../dist/tensor/backend.js';

const { values: given, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    documents: { type: 'string', default: '600' },
    labelled: { type: 'string', default: '200' },
    model: { type: 'string', default: 'sentence-transformers/all-MiniLM-L6-v2' },
  },
});

const wordsOf = (text) => text.match(/\S+/g) ?? [];
const sentencesOf = (text) => text.match(/[^.!?]+[.!?]*\s*/g) ?? [];

/** Ways in which crawled text is broken. */
const spoilings = {
  // Columns read across.
  'words out of order': (text, chance) => chance.some(wordsOf(text), Number.POSITIVE_INFINITY).join(' '),
  // A bad scan.
  'letters misread': (text, chance) =>
    text.replaceAll(/[a-z]/g, (letter) =>
      chance.share() < 0.15 ? 'abcdefghijklmnopqrstuvwxyz'[chance.below(26)] : letter,
    ),
  // Teasers, one after another.
  'pieces of many': (text, chance, others) =>
    sentencesOf(text)
      .map(() => chance.pick(sentencesOf(chance.pick(others))) ?? '')
      .join(''),
  // A table of contents.
  'headings alone': (text) =>
    sentencesOf(text)
      .map((sentence) => `- ${wordsOf(sentence).slice(0, 4).join(' ')} ...`)
      .join('\n'),
};
const ways = Object.keys(spoilings);

/** The area under the ROC curve: Mann and Whitney's U, ties by their mean rank. */
function auc(scores, good) {
  const order = scores.map((score, i) => ({ score, good: good[i] })).sort((a, b) => a.score - b.score);
  let [ranks, positives] = [0, 0];
  for (let i = 0; i < order.length; ) {
    let end = i;
    while (end < order.length && order[end].score === order[i].score) end++;
    for (let k = i; k < end; k++) {
      if (!order[k].good) continue;
      ranks += (i + 1 + end) / 2;
      positives++;
    }
    i = end;
  }
  return (ranks - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}

await useBackend('auto');
for (const path of positionals.length > 0 ? positionals : ['examples/scifact', 'examples/pep-citations']) {
  const { documents } = readSynthesisDocuments({ path, words: [30, 2000] });
  const texts = documents
    .toSorted((a, b) => hash32(...Buffer.from(a.id)) - hash32(...Buffer.from(b.id)))
    .slice(0, Number(given.documents))
    .map(({ text }) => text);
  const examples = texts.map((text, i) => {
    const way = i % 2 === 0 ? null : ways[((i - 1) / 2) % ways.length];
    return { text: way === null ? text : spoilings[way](text, new Chance(17, i), texts), good: way === null, way };
  });
  const labelled = examples.slice(0, Number(given.labelled));
  const rest = examples.slice(labelled.length);
  const asked = rest.map(({ text }) => text);
  const { scores, accuracy } = await classify(asked, labelled, given.model, () => {}, vectorsOf);
  const rules = asked.map(ruleScore);
  const row = (name, chosen) => {
    const of = (all) =>
      auc(
        chosen.map((i) => all[i]),
        chosen.map((i) => rest[i].good),
      );
    console.log(`  ${name.padEnd(20)} ${of(scores).toFixed(3).padStart(10)} ${of(rules).toFixed(3).padStart(6)}`);
  };
  console.log(
    `${path}: ${labelled.length} labelled, ${rest.length} to tell; five-fold accuracy ${accuracy.toFixed(3)}`,
  );
  console.log(`  ${''.padEnd(20)} classifier  rules`);
  row('all', [...rest.keys()]);
  for (const way of ways)
    row(
      way,
      [...rest.keys()].filter((i) => rest[i].good || rest[i].way === way),
    );
}
