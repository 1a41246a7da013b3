import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../plan/places.js';
import { readSweepRecord } from '../../plan/sweep/record.js';
import { commandLines } from '../../sweep/command-lines.js';
import { fakeMain, folder, run, started, sweepFile, sweepOf, useFake } from './fake.js';

useFake();

const execute = promisify(execFile);
const keys = 'seeds: [1, 2]\nvariants: {whole: {}, broken: {train.batch_size: 500}}\n';

describe('--launcher print', () => {
  it('gives lines that a shell runs in any order, after which the sweep has only to collect', async () => {
    const sweep = sweepOf('seeds: [1, 2]\nvariants: {whole: {}, hot: {loss.temperature: 0.1}}\n');
    const lines = commandLines(sweep, fakeMain, folder);
    expect([lines.shared.length, lines.runs.length]).toEqual([3, 4]);
    for (const line of [...lines.shared, ...lines.runs.toReversed()]) await execute('bash', ['-ec', line]);
    expect(started().slice(3, 5)).toEqual(['train hot-seed2', 'eval hot-seed2']);
    const { record } = await run(sweep);
    expect(started()).toEqual([]);
    expect(record.runs.map(({ state }) => state)).toEqual(Array(4).fill('done'));
    expect(commandLines(sweep, fakeMain, folder)).toEqual({ shared: [], runs: [] });
  });
});

const programs = ['sbatch', 'slurmctld', 'slurmd', 'munged'];
const lacking = programs.find((name) => {
  try {
    execFileSync('bash', ['-c', `command -v ${name}`], { stdio: 'ignore' });
    return false;
  } catch {
    return true;
  }
});
if (lacking) console.warn(`skipped: sweeps on Slurm, for there is no ${lacking} (apt-get install slurm-wlm munge)`);

// A real Slurm, of this machine's package, and the compiled launcher; only train and eval are stood in for.
const program = `
import { readSweep } from '${packageRoot}/dist/plan/sweep/read.js';
import { runSweep } from '${packageRoot}/dist/sweep/run.js';
let asked = false;
process.on('SIGINT', () => { asked = true; });
const [file, main, folder] = process.argv.slice(1);
const say = (line) => console.error(line);
const { failed, interrupted } = await runSweep(readSweep(file), { main, folder, launcher: 'slurm', stopped: () => asked, say, seconds: 0.2 });
console.log(JSON.stringify({ failed: failed.map(({ reason }) => reason), interrupted }));
`;

describe.skipIf(lacking)('--launcher slurm', () => {
  it('submits, polls, reports what failed; stopped, it finds its jobs again', async () => {
    sweepOf(`${keys}slurm: {time: "5:00", comment: "it's a test"}\n`);
    // The fake's waits make the first start end while jobs are in the queue.
    const start = `exec '${process.execPath}' --input-type=module -e "$PROGRAM" '${sweepFile}' '${fakeMain}' "$FOLDER"`;
    const env = { ...process.env, PROGRAM: program, FOLDER: folder, FAKE_WAIT: '1500' };
    const both = `(${start}) & pid=$!; until grep -q array "$FOLDER/slurm/jobs.json" 2>/dev/null; do sleep 0.1; done
      sleep 1; kill -INT $pid; wait $pid; ${start}`;
    const { stdout, stderr } = await execute(join(packageRoot, 'test/sweep/slurm.sh'), ['bash', '-c', both], { env });
    const [first, second] = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(first).toEqual({ failed: [], interrupted: true });
    expect(stderr).toMatch(
      /submitted 4 runs as Slurm job 2\nSlurm goes on with 1 and 2; .*scancel 1 2 ends them\nwaiting for 4/,
    );
    expect(second).toEqual({ failed: Array(2).fill('Expected fewer. Lower train.batch_size.'), interrupted: false });
    expect(readSweepRecord(folder).runs.map(({ state }) => state)).toEqual(['done', 'done', 'failed', 'failed']);
    expect(started().filter((words) => words.startsWith('train whole'))).toHaveLength(2);
    expect(readFileSync(join(folder, 'slurm/runs.sh'), 'utf8')).toContain(`#SBATCH --comment="it's a test"`);
  });
});
