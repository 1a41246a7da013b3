import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { readSweepRecord } from '../../plan/sweep/record.js';
import { estimateRuns } from '../../sweep/estimates.js';
import { interruptAll } from '../../sweep/process.js';
import { fakeMain, folder, logged, run, started, sweepOf, useFake } from './fake.js';

useFake();

const two = 'seeds: [1, 2]\nvariants: {whole: {}, hot: {train.optimizer.learning_rate: 0.1}}\n';

describe('a sweep', () => {
  it('makes what runs share once, trains and evaluates each, and writes down how each stands', async () => {
    const result = await run(sweepOf(`${two}baseline: base\n`));
    expect(started()).toEqual([
      'data cache whole-seed1',
      'eval bm25',
      'eval model',
      ...['whole-seed1', 'whole-seed2', 'hot-seed1', 'hot-seed2'].flatMap((name) => [`train ${name}`, `eval ${name}`]),
    ]);
    expect(result).toMatchObject({ failed: [], interrupted: false });
    expect(result.variants[1]!.scores).toHaveLength(2);
    expect(result.variants[1]!.scores[0]).toEqual({
      'one test nDCG@10': 0.1,
      'one test R@100': 1,
      'two dev nDCG@10': 0.1,
      'two dev R@100': 1,
    });
    expect(result.baselines.map(({ name }) => name)).toEqual(['bm25', 'model']);
    const record = readSweepRecord(folder);
    expect(record).toEqual(result.record);
    expect(record).toMatchObject({ name: 's', baseline: 'base', bases: ['some/model'], baselines: 'baselines' });
    const hot = record.runs[2]!;
    expect(hot).toMatchObject({ variant: 'hot', seed: 1, state: 'done', steps: 9, tokens: 900, seconds: 18 });
    expect(hot.settings).toEqual({ 'train.optimizer.learning_rate': 0.1 });
    expect(hot.folder).toBe(`hot-seed1-${hot.hash}`);
    expect(existsSync(join(folder, hot.folder, 'results'))).toBe(true);
  });

  it('repeats nothing that is done, whatever its variant is called by now', async () => {
    await run(sweepOf(two));
    started();
    const again = await run(sweepOf(two.replace('hot:', 'warm:')));
    expect(started()).toEqual([]);
    expect(again.record.runs.map(({ variant, state }) => `${variant} ${state}`)).toEqual([
      'whole done',
      'whole done',
      'warm done',
      'warm done',
    ]);
  });

  it('evaluates again, and trains nothing, where the sets are others or a result is older than its checkpoint', async () => {
    await run(sweepOf(two));
    started();
    const [one] = readdirSync(folder).filter((name) => name.startsWith('hot-seed2'));
    const result = join(folder, one!, 'results/one-test', `${one}.json`);
    utimesSync(result, 1, 1);
    await run(sweepOf(two));
    expect(started()).toEqual(['data cache hot-seed2', 'eval hot-seed2']);
    const file = join(folder, 'plans/hot-seed2.yaml');
    expect(readFileSync(file, 'utf8')).toContain('path: sets/two');
    const other = sweepOf(two);
    const sets = [{ name: 'three', path: 'x', split: 'test' }];
    const variants = other.variants.map((variant) => ({
      ...variant,
      runs: variant.runs.map((of) => ({ ...of, plan: { ...of.plan, eval: { ...of.plan.eval, sets } } })),
    }));
    expect((await run({ ...other, variants })).variants[0]!.scores[0]).toEqual({
      'three test nDCG@10': 0.00002,
      'three test R@100': 1,
    });
    expect(started().filter((words) => words.startsWith('train'))).toEqual([]);
  });

  it('reports what fails while the others go on, and tries it again the next time', async () => {
    const broken = two.replace('{whole: {}', '{broken: {train.batch_size: 500}');
    const result = await run(sweepOf(broken));
    expect(result.failed.map(({ reason }) => reason)).toEqual(Array(2).fill('Expected fewer. Lower train.batch_size.'));
    expect(readSweepRecord(folder).runs.map(({ state, reason }) => [state, reason?.slice(0, 14)])).toEqual([
      ['failed', 'Expected fewer'],
      ['failed', 'Expected fewer'],
      ['done', undefined],
      ['done', undefined],
    ]);
    started();
    await run(sweepOf(broken));
    expect(started()).toEqual(['data cache broken-seed1', 'train broken-seed1', 'train broken-seed2']);
  });

  it('goes on after Ctrl-C where it was', async () => {
    vi.stubEnv('FAKE_SLOW', 's-whole-seed2');
    const said: string[] = [];
    let asked = false;
    const going = run(sweepOf(two), () => asked, said);
    await vi.waitFor(() => expect(said).toContain('whole-seed2: training'), { timeout: 20_000 });
    asked = true;
    interruptAll();
    const result = await going;
    expect(result).toMatchObject({ interrupted: true, failed: [] });
    expect(result.record.runs.map(({ state }) => state)).toEqual(['done', 'stopped', 'waiting', 'waiting']);
    vi.stubEnv('FAKE_SLOW', '');
    started();
    const resumed = await run(sweepOf(two));
    expect(resumed.record.runs.map(({ state }) => state)).toEqual(Array(4).fill('done'));
    expect(started()).not.toContain('train whole-seed1');
    const events = readFileSync(join(folder, resumed.record.runs[1]!.folder, 'events.jsonl'), 'utf8');
    expect(events.trim().split('\n')).toHaveLength(8);
  });

  it('runs as many at once as it says, threads divided, each device its own', async () => {
    vi.stubEnv('FAKE_WAIT', '300');
    await run(sweepOf(`${two}parallel: 2\n`));
    const trains = logged().filter(({ args }) => args[0] === 'train');
    expect(trains.slice(0, 2).map(({ at }) => at)).toEqual(['start', 'start']);
    let [most, now] = [0, 0];
    for (const { at } of trains) {
      now += at === 'start' ? 1 : -1;
      most = Math.max(most, now);
    }
    expect(most).toBe(2);
    expect(new Set(trains.map(({ threads }) => threads))).toEqual(new Set(['4']));
    expect(logged().find(({ args }) => args[0] === 'data')?.threads).toBe('8');
    rmSync(folder, { recursive: true });
    started();
    vi.stubEnv('CUDA_VISIBLE_DEVICES', '5,7,GPU-x');
    await run(sweepOf(`${two}devices: [torch:cuda:0, torch:cuda:2]\n`));
    const devices = logged().filter(({ args, at }) => args[0] === 'train' && at === 'start');
    expect(new Set(devices.map(({ device }) => device))).toEqual(new Set(['5', 'GPU-x']));
    vi.stubEnv('CUDA_VISIBLE_DEVICES', undefined);
    vi.stubEnv('FAKE_WAIT', '0');
  });

  it('mines once for all that train on the same mined negatives', async () => {
    const mining = 'data.mining: {by: [bm25], folder: m}';
    const plain = `{${mining}, data.negatives: {per_query: 1, from: mined}`;
    await run(
      sweepOf(`seeds: [1, 2]
variants:
  plain: ${plain}}
  hot: ${plain}, loss.temperature: 0.1}
  far: ${plain.replace('folder: m', 'folder: n, ranks: [9, 50]')}}
`),
    );
    expect(started().filter((words) => words.startsWith('data'))).toEqual([
      'data cache plain-seed1',
      'data mine plain-seed1',
      'data mine far-seed1',
    ]);
  });

  it('estimates from finished runs that cost the same, else from a short step, once for all alike', async () => {
    const both = `seeds: [1, 2]\naxes: {loss.temperature: [0.1, 0.2], train.batch_size: [8, 16]}\n`;
    const silent = { main: fakeMain, stopped: () => false, say: () => {} };
    const fresh = await estimateRuns(sweepOf(both), folder, silent);
    expect(started()).toEqual(['train plan', 'train plan']);
    expect(existsSync(folder)).toBe(false);
    expect(fresh[0]).toMatchObject({ state: 'new', seconds: 600, from: 'a short step, 1,235 tokens/s' });
    await run(sweepOf(`seeds: [1, 2]\naxes: {loss.temperature: [0.1], train.batch_size: [8]}\n`));
    started();
    const later = await estimateRuns(sweepOf(both), folder, silent);
    expect(started()).toEqual(['train plan']);
    expect(later.map(({ state, seconds, from }) => `${state} ${seconds} ${from.split(',')[0]}`)).toEqual([
      ...Array(2).fill('done 18 2 finished runs'),
      ...Array(2).fill('new 600 a short step'),
      ...Array(2).fill('new 18 2 finished runs'),
      ...Array(2).fill('new 600 a short step'),
    ]);
    expect(later[0]!.memoryBytes).toBe(512 * 2 ** 20);
  });
});

describe('a sweep’s record', () => {
  it('is refused where it is none', () => {
    expect(() => readSweepRecord(folder)).toThrow(/sweep\.json, got ENOENT.*Name a sweep's folder\./);
    writeFileSync(join(folder, '..', 'sweep.json'), '{"name": "s", "runs": {}}');
    expect(() => readSweepRecord(join(folder, '..'))).toThrow(/got another form at baseline\. Run the sweep again\./);
  });
});
