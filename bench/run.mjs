// Speed and memory against sentence-transformers, in the same run: npm run bench
//   node bench/run.mjs [--only NAME] [--pairs 3] [--json]      ($PYTHON, else a Python that it sets up)
// Each row runs ours, then the peer's, three times over, and takes the median of the ratios.
import { parseArgs } from 'node:util';
import { median, rows } from './rows.mjs';

const { values: given } = parseArgs({
  options: {
    only: { type: 'string' },
    pairs: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const chosen = rows.filter(({ name }) => !given.only || name === given.only);
if (chosen.length === 0) {
  console.error(`Expected one of ${rows.map(({ name }) => name).join(', ')} for --only, got ${given.only}.`);
  process.exit(1);
}

const results = [];
for (const { name, unit, target, share, measure } of chosen) {
  const pairs = [];
  for (let i = 0; i < Number(given.pairs); i++) {
    pairs.push(await measure());
    const { ours, peer, note } = pairs.at(-1);
    console.error(`${name}: ${ours.toFixed(3)} against ${peer.toFixed(3)} ${unit}${note ? `, ${note}` : ''}`);
  }
  const ratio = median(pairs.map(({ ours, peer }) => (target ? peer / ours : ours / peer)));
  results.push({
    name,
    unit,
    ours: median(pairs.map(({ ours }) => ours)),
    peer: median(pairs.map(({ peer }) => peer)),
    ratio,
    target: target ?? share,
    met: target ? ratio >= target : ratio <= share,
  });
}

if (given.json) console.log(JSON.stringify(results));
else {
  console.log(`${'row'.padEnd(34)}${'ours'.padStart(9)}${'peer'.padStart(9)}  ratio  asked`);
  for (const { name, unit, ours, peer, ratio, target, met } of results) {
    const numbers = `${ours.toFixed(3).padStart(9)}${peer.toFixed(3).padStart(9)}`;
    console.log(
      `${name.padEnd(34)}${numbers}  ${ratio.toFixed(2).padStart(5)}  ${target.toFixed(2)} ${met ? 'met' : 'missed'}  (${unit})`,
    );
  }
}
