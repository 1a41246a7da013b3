// Stands in for the command line: leaves in folders what `train` and `eval` would, in milliseconds, and notes each start
// in $FAKE_LOG. A plan's learning rate is its score; a batch of 500 fails; $FAKE_SLOW names a run that waits to be stopped.
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';

const [verb, first, ...rest] = process.argv.slice(2);
const option = (name) => (rest.includes(name) ? rest[rest.indexOf(name) + 1] : undefined);
const { OMP_NUM_THREADS: threads, CUDA_VISIBLE_DEVICES: device } = process.env;
const note = (at) =>
  appendFileSync(process.env.FAKE_LOG, `${JSON.stringify({ at, args: [verb, first, ...rest], threads, device })}\n`);
const write = (file, value) => {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, JSON.stringify(value));
};
const fail = (text) => {
  console.error(text);
  process.exit(1);
};
note('start');

if (verb === 'train') {
  const plan = parse(readFileSync(first, 'utf8'));
  if (rest.includes('--dry-run')) {
    console.log(JSON.stringify({ seconds: 600, memoryBytes: 2 ** 30, tokensPerSecond: 1234.5 }));
    process.exit(0);
  }
  if (plan.train.batch_size === 500) fail('Expected fewer. Lower train.batch_size.');
  const out = option('--out');
  const total = Number.parseInt(plan.train.duration, 10);
  const steps = existsSync(out) ? readdirSync(out).filter((name) => name.startsWith('step-')) : [];
  let step = Math.max(0, ...steps.map((name) => Number(name.slice(5))));
  const save = () => {
    write(join(out, `step-${String(step).padStart(6, '0')}`, 'trainer', 'state.json'), { step, total });
    writeFileSync(join(out, 'plan.yaml'), readFileSync(first));
  };
  const until = Number.parseInt(option('--stop-at') ?? total, 10);
  if (plan.name === process.env.FAKE_SLOW) {
    process.on('SIGINT', () => {
      step += 1;
      save();
      process.exit(130);
    });
    console.error('training');
    setInterval(() => {}, 1000);
  } else {
    mkdirSync(out, { recursive: true });
    const begun = step;
    for (; step < until; step++) {
      appendFileSync(
        join(out, 'events.jsonl'),
        `${JSON.stringify({ step: step + 1, tokens: 100, seconds: 2 * (step + 1 - begun), memory_mb: 512 })}\n`,
      );
    }
    save();
    // Long enough for two to be seen at once.
    setTimeout(() => note('end'), Number(process.env.FAKE_WAIT ?? 0));
  }
} else if (verb === 'eval') {
  const sets = option('--set')
    ? [{ path: option('--set'), split: option('--split') }]
    : parse(readFileSync(option('--plan'), 'utf8')).eval.sets;
  const own = join(first, 'plan.yaml');
  const score = existsSync(own) ? parse(readFileSync(own, 'utf8')).train.optimizer.learning_rate : 0.001;
  for (const { name, path, split } of sets) {
    const set = name ?? basename(path);
    const metrics = { 'nDCG@10': score, 'R@100': 1 };
    const result = { system: basename(first), model: first, set, split, metrics };
    write(join(option('--out') ?? join(first, 'results'), `${set}-${split}`, `${basename(first)}.json`), result);
  }
}
