// Speed, memory and exactness of training on a CUDA device, in one command:
//   npm run bench:gpu [-- --device cuda|cpu] [--model HUB-ID] [--batch 256] [--steps 10] [--json FILE]
// Each row is a process of its own (bench/gpu-run.mjs). The last columns compare with the CPU's float32: the hidden states
// of 16 texts, the loss of 8 pairs, one AdamW update, and the weights' gradients, together and of the worst weight; "cpu
// bfloat16" is what rounding alone does to them. Below, attention alone. `--device cpu` runs the same on the CPU, to try it out.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values: given } = parseArgs({
  options: {
    device: { type: 'string', default: 'cuda' },
    model: { type: 'string', default: 'sentence-transformers/all-MiniLM-L6-v2' },
    batch: { type: 'string' },
    steps: { type: 'string', default: '10' },
    json: { type: 'string' },
  },
});
if (given.device !== 'cuda' && given.device !== 'cpu') throw new Error('Expected --device cuda or cpu.');
const onGpu = given.device === 'cuda';
const scratch = mkdtempSync(join(tmpdir(), 'reasontune-gpu-'));

/** Runs one row; `parity` names the file with its hidden states and gradients. */
function run(name, settings) {
  const parity = join(scratch, `${name.replaceAll(' ', '-')}.bin`);
  const batch = Number(given.batch ?? (onGpu ? 256 : 8));
  const job = { model: given.model, batch, steps: Number(given.steps), precision: 'float32' };
  const child = spawnSync(process.execPath, [fileURLToPath(new URL('gpu-run.mjs', import.meta.url))], {
    input: JSON.stringify({ ...job, parity, ...settings }),
    stdio: ['pipe', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (child.status !== 0) return { name, failed: child.stdout.trim() || `exit code ${child.status ?? child.signal}` };
  return { name, parity, ...JSON.parse(child.stdout) };
}

/** Length of the difference over length of the reference, part by part, and the squares of both. */
function errors(row, reference) {
  const floats = (file) => new Float32Array(Uint8Array.from(readFileSync(file)).buffer);
  const [made, wanted] = [floats(row.parity), floats(reference.parity)];
  let at = 0;
  return reference.parts.map(({ name, size }) => {
    let [difference, length] = [0, 0];
    for (let i = at; i < at + size; i++) {
      difference += (made[i] - wanted[i]) ** 2;
      length += wanted[i] ** 2;
    }
    at += size;
    return { name, difference, length, relative: Math.sqrt(difference / length) };
  });
}

const total = (parts, key) => parts.reduce((sum, part) => sum + part[key], 0);

const device = onGpu ? 'torch:cuda:0' : 'torch';
const cuda = { tf32: false, deterministic: false, own_kernels: false };
const half = { backend: device, precision: 'bfloat16' };
const reference = run('cpu float32', { backend: 'torch', cuda, steps: 0 });
const rows = [
  run('float32', { backend: device, cuda }),
  run('bfloat16', { ...half, cuda }),
  ...(onGpu
    ? [
        run('cpu bfloat16', { ...half, backend: 'torch', cuda, steps: 0 }),
        run('bfloat16 deterministic', { ...half, cuda: { ...cuda, deterministic: true } }),
        run('float32 deterministic', { backend: device, cuda: { ...cuda, deterministic: true } }),
        run('float32 own kernels', { backend: device, cuda: { ...cuda, own_kernels: true } }),
        run('tf32', { backend: device, cuda: { ...cuda, tf32: true } }),
      ]
    : []),
].map((row) => {
  if (row.failed || reference.failed) return row;
  const [hidden, loss, update, ...gradients] = errors(row, reference);
  const worst = gradients.reduce((a, b) => (b.relative > a.relative ? b : a));
  return {
    ...row,
    hidden: hidden.relative,
    loss: loss.relative,
    update: update.relative,
    gradient: Math.sqrt(total(gradients, 'difference') / total(gradients, 'length')),
    worst: worst.relative,
    worstGradient: worst.name,
  };
});

/** Attention in one type by the device's kernels, against the CPU's in float32. */
function attentionRow(type, causal) {
  const name = `attention ${type}${causal ? ' causal' : ''}`;
  const exact = run(`${name} reference`, { backend: 'torch', cuda, attention: 'float32', causal, repeats: 1 });
  const row = run(name, { backend: device, cuda, attention: type, causal, repeats: onGpu ? 20 : 2 });
  if (row.failed || exact.failed) return row.failed ? row : exact;
  return { ...row, errors: Object.fromEntries(errors(row, exact).map(({ name, relative }) => [name, relative])) };
}
const attention = ['bfloat16', 'float32'].flatMap((type) => [false, true].map((causal) => attentionRow(type, causal)));
rmSync(scratch, { recursive: true });

const strip = ({ parity: _parity, parts: _parts, ...row }) => row;
const report = {
  model: given.model,
  reference: strip(reference),
  rows: rows.map(strip),
  attention: attention.map(strip),
};
function speeds({ tokensPerSecond, mfu, peakBytes, updateMilliseconds }) {
  if (tokensPerSecond === undefined) return ['-', '-', '-', '-'];
  return [
    Math.round(tokensPerSecond).toLocaleString('en'),
    mfu === null ? '-' : `${(100 * mfu).toFixed(1)} %`,
    `${(peakBytes / 2 ** 30).toFixed(2)} GiB`,
    `${updateMilliseconds.toFixed(2)} ms`,
  ];
}

const cells = rows.map((row) =>
  row.failed
    ? [row.name, `failed: ${row.failed}`]
    : [
        row.name,
        ...speeds(row),
        ...[row.hidden, row.loss, row.update, row.gradient, row.worst].map((error) => error?.toExponential(1) ?? '-'),
        row.worstGradient ?? '-',
      ],
);
const head = ['', 'tokens/s', 'MFU', 'peak memory', 'AdamW', 'hidden', 'loss', 'update', 'gradients', 'worst', 'in'];
const widths = head.map((_, i) =>
  Math.max(...[head, ...cells].map((line) => (line.length > 2 ? (line[i] ?? '').length : 0))),
);
const facts = rows.find((row) => !row.failed);
if (facts) console.log(`${given.model} on ${facts.where}, ${facts.batch} pairs a step, ${facts.tokens} tokens\n`);
if (reference.failed) console.log(`cpu float32 failed: ${reference.failed}; nothing to compare with\n`);
for (const line of [head, ...cells])
  console.log(
    line
      .map((cell, i) => cell.padEnd(widths[i]))
      .join('  ')
      .trimEnd(),
  );
console.log('');
for (const row of attention) {
  const apart = row.failed
    ? ''
    : Object.entries(row.errors).map(([part, error]) => `${part} ${error.toExponential(1)}`);
  const speed = row.failed
    ? `failed: ${row.failed}`
    : `${row.milliseconds.toFixed(2)} ms  ${row.teraflops.toFixed(2)} TFLOP/s`;
  console.log(`${row.name.padEnd(25)}  ${speed}  ${apart ? apart.join('  ') : ''}`.trimEnd());
}
if (given.json) writeFileSync(given.json, `${JSON.stringify(report, null, 2)}\n`);
process.exitCode = [...rows, ...attention].some(({ failed }) => failed) ? 1 : 0;
