import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageRoot } from '../../plan/places.js';
import { readEvents } from '../../report/events.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';

// The compiled command line, as a user runs it (`npm test` builds it first).

let scratch: string;
let plan: string;
let run: string;

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command line; `watch` sees standard error as it comes, and may signal. */
function reasontune(
  args: string[],
  watch?: (err: string, kill: (signal: NodeJS.Signals) => void) => void,
): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(packageRoot, 'dist/cli/main.js'), ...args], { cwd: scratch });
    let [out, err] = ['', ''];
    child.stdout.on('data', (text) => {
      out += text;
    });
    child.stderr.on('data', (text) => {
      err += text;
      watch?.(err, (signal) => child.kill(signal));
    });
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'reasontune-cli-'));
  run = join(scratch, 'run');
  plan = join(scratch, 'plan.yaml');
  writeFileSync(plan, tinyPlan(writeTinyModel(join(scratch, 'model')), writeTinyCollection(join(scratch, 'data'))));
});
afterAll(() => rmSync(scratch, { recursive: true }));

describe('the command line', () => {
  it('trains, evaluates and plots', async () => {
    const trained = await reasontune(['train', plan, '--out', run, '--json']);
    expect(trained).toMatchObject({ code: 0 });
    expect(JSON.parse(trained.out)).toMatchObject({ step: 8, checkpoint: join(run, 'step-000008') });

    const evaluated = await reasontune(['eval', 'bm25', join(scratch, 'model'), run, '--plan', plan, '--json']);
    const { results } = JSON.parse(evaluated.out) as { results: { system: string; metrics: Record<string, number> }[] };
    expect(results.map(({ system }) => system)).toEqual(['BM25', 'model', 'run']);
    for (const { metrics } of results) expect(metrics['nDCG@10']).toBeGreaterThan(0);
    expect(existsSync(join(run, 'results', 'data-test', 'run.run'))).toBe(true);
    const table = await reasontune(['eval', 'bm25', run]);
    expect(table.out).toMatch(/data, test: 6 queries over 24 documents\n.*system +nDCG@10 +R@100/);

    const plotted = await reasontune(['plot', run]);
    expect(plotted.out).toBe(`${join(run, 'loss.png')}\n${join(run, 'loss.svg')}\n`);
  });

  it('scores any ranking, in TREC or JSON form, and keeps every query', async () => {
    writeFileSync(join(scratch, 'a.run'), 'q1 Q0 x 1 2 t\nq1 Q0 y 2 1 t\nq3 Q0 x 1 1 t\n');
    writeFileSync(join(scratch, 'b.json'), '{"q1": {"x": 1, "y": 2}, "q2": {"y": 1}}');
    writeFileSync(join(scratch, 'other.json'), '{"z": {"x": 1}}');
    writeFileSync(join(scratch, 'empty.json'), '{}');
    writeFileSync(join(scratch, 'judged.tsv'), 'query-id\tcorpus-id\tscore\nq1\tx\t1\nq2\ty\t2\n');
    const args = ['eval', '--run', 'a.run', '--run', 'b.json', '--qrels', 'judged.tsv', '--metrics', 'RR,Judged@2'];
    const scored = await reasontune([...args, '--json', '--out', 'scored']);
    expect(JSON.parse(scored.out).results).toMatchObject([
      { system: 'a', set: 'judged', queries: 2, metrics: { RR: 0.5, 'Judged@2': 0.25 } },
      { system: 'b', set: 'judged', queries: 2, metrics: { RR: 0.75, 'Judged@2': 0.75 } },
    ]);
    expect(scored.err).toContain('a.run: 1 query judged but not in the run: q2');
    expect(scored.err).toContain('a.run: 1 query in the run but not judged: q3');
    const kept = JSON.parse(readFileSync(join(scratch, 'scored', 'judged', 'b.json'), 'utf8'));
    expect(kept.perQuery.RR).toEqual({ q1: 0.5, q2: 1 });
    const ranked = await reasontune([...args, '--no-complete', '--per-query', '--depth', '1', '--relevant-from', '2']);
    expect(ranked.out).toMatch(/judged: b\n.*\n.*\nq1 +0\.000 +0\.000\nq2 +1\.000 +1\.000\n/);
    const beside = await reasontune(['eval', 'bm25', 'none.run', '--set', 'data', '--run-form', 'json', '--out', 'o']);
    expect(beside).toMatchObject({ code: 1, err: expect.stringContaining('none.run') });
  });

  it('says what it would do, and does nothing', async () => {
    const dry = await reasontune([
      'train',
      plan,
      '--out',
      join(scratch, 'dry'),
      '--dry-run',
      '--set',
      'train.duration=2 epochs',
    ]);
    expect(dry).toMatchObject({ code: 0 });
    for (const word of [
      'parameters',
      'words 18',
      'steps       6 of 6 queries',
      'tokens',
      'memory',
      'time',
      'tokens/s',
    ]) {
      expect(dry.out).toContain(word);
    }
    expect(existsSync(join(scratch, 'dry'))).toBe(false);
  });

  it('saves at Ctrl-C and exits with 130; --resume gives the losses of a run that never stopped', async () => {
    const args = ['--set', 'train.duration=400 steps', '--set', 'train.checkpoint.keep=1'];
    const [whole, parts] = [join(scratch, 'whole'), join(scratch, 'parts')];
    let asked = false;
    const stopped = await reasontune(['train', plan, '--out', parts, ...args], (err, kill) => {
      if (err.includes('step ') && !asked) {
        asked = true;
        kill('SIGINT');
      }
    });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(/saved .*step-\d+ after step \d+ of 400; go on with --resume/);
    expect(await reasontune(['train', plan, '--out', parts, ...args, '--resume'])).toMatchObject({ code: 0 });
    expect(await reasontune(['train', plan, '--out', whole, ...args])).toMatchObject({ code: 0 });
    const losses = (folder: string): number[] => readEvents(folder).map(({ loss }) => loss);
    expect(losses(parts)).toEqual(losses(whole));
    const weights = (folder: string): Buffer => readFileSync(join(folder, 'step-000400', 'model.safetensors'));
    expect(weights(parts).equals(weights(whole))).toBe(true);
  });

  it('sweeps variants and seeds, keeps what is done, reports what failed', async () => {
    const sweep = join(scratch, 'sweep.yaml');
    const variants = `variants: {plain: {data.negatives.per_query: 0}, mined: {}, broken: {train.batch_size: 500}}\nseeds: [1, 2]\nbackend: wasm`;
    writeFileSync(sweep, tinyPlan(join(scratch, 'model'), join(scratch, 'data'), variants));
    const folder = join(scratch, 'sweep');
    const swept = await reasontune(['sweep', sweep, '--out', folder]);
    expect(swept.code).toBe(1);
    expect(swept.out).toMatch(/plain +2 +\d\.\d{3} ± \d\.\d{3}/);
    expect(swept.out).toMatch(/BM25/);
    expect(swept.err).toMatch(/failed: .*broken-seed1.*Lower train\.batch_size/);
    for (const file of ['table.md', 'sweep.png', 'sweep.svg']) expect(existsSync(join(folder, file)), file).toBe(true);
    const again = await reasontune(['sweep', sweep, '--out', folder]);
    expect(again.out).toBe(swept.out);
    expect(again.err).not.toMatch(/plain-seed\d.*\n.*saved/);
    expect(again.err.match(/trained \d+\/\d+/g)).toBeNull();
  });

  it.each<[string, string[], RegExp]>([
    ['a plan that is not there', ['train', 'nowhere.yaml'], /nowhere\.yaml/],
    [
      'an unknown key',
      ['train', 'plan.yaml', '--set', 'train.optimzer.learning_rate=1'],
      /train\.optimzer: unknown key\. Did you mean "optimizer"\?/,
    ],
    ['a run folder in use', ['train', 'plan.yaml', '--out', 'run'], /Continue it with --resume/],
    ['an unknown command', ['trian', 'plan.yaml'], /Did you mean train\?/],
    ['no command', [], /Expected a command/],
    ['an unknown option', ['train', 'plan.yaml', '--gpu'], /gpu/],
    ['a model that is not there', ['eval', './nowhere', '--set', 'data'], /nowhere/],
    ['a run without judgements', ['eval', '--run', 'a.run'], /qrels/],
    ['neither a model nor a run', ['eval'], /Name a model, or a ranking with --run and --qrels/],
    [
      'half a judgement',
      ['eval', '--run', 'a.run', '--qrels', 'judged.tsv', '--depth', '0.5'],
      /whole number .* --depth/,
    ],
    ['no set', ['eval', 'bm25'], /Name a folder in BEIR layout with --set/],
    ['an unknown measure', ['eval', 'bm25', '--set', 'data', '--metric', 'nDGC@10'], /Did you mean nDCG/],
    ['no new folder', ['data', 'concepts', 'model'], /Expected a new folder at model/],
    ['no share', ['data', 'concepts', 'x', '--planted', '2'], /a share from 0 to 1 for --planted, got 2/],
    ['no mining', ['data', 'mine', 'plan.yaml'], /Expected data\.mining in plan\.yaml, got none/],
    ['no command of data', ['data'], /Expected a command of data/],
    ['an unknown command of data', ['data', 'inspct', 'plan.yaml'], /Did you mean inspect\?/],
    ['no run to plot', ['plot', 'data'], /Name a run folder/],
  ])('exits with 1 and one line for %s', async (_name, args, message) => {
    const { code, err, out } = await reasontune(args);
    expect(err).toMatch(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(out).toBe('');
    expect(code).toBe(1);
  });

  it('inspects the data of a plan', async () => {
    const picture = join(scratch, 'lengths');
    const { out, code } = await reasontune(['data', 'inspect', plan, '--picture', picture]);
    expect(code).toBe(0);
    expect(out).toMatch(/words: 18 pairs; negatives of a pair: \d+ to \d+/);
    expect(out).toMatch(/queries, words.*\n +0–4 █+ 18/);
    for (const ending of ['png', 'svg']) expect(existsSync(`${picture}.${ending}`)).toBe(true);
    const { sources } = JSON.parse((await reasontune(['data', 'inspect', plan, '--json'])).out);
    expect(sources[0]).toMatchObject({
      name: 'words',
      pairs: 18,
      leaks: [{ queries: 6, leakedQueries: { exact: 0 } }],
    });
  });

  it('generates, mines, audits, caches and converts data', async () => {
    const folder = join(scratch, 'concepts');
    expect((await reasontune(['data', 'concepts', folder, '--concepts', '12', '--planted', '0.4'])).out).toMatch(
      /^60 documents, 108 training queries, 36 test queries in /,
    );
    const file = join(scratch, 'mining.yaml');
    const yaml = tinyPlan(join(scratch, 'model'), folder)
      .replace('from: bm25, choose: random, ranks: [1, 20]', 'from: mined')
      .replace(
        'negatives:',
        `mining: {by: [bm25, ${join(scratch, 'model')}], folder: ${join(scratch, 'mined')}}\n  negatives:`,
      );
    writeFileSync(file, yaml);
    expect((await reasontune(['train', file, '--dry-run'])).err).toMatch(
      /mined\/words\.jsonl, got none\. Run `reasontune data mine`/,
    );
    const mined = await reasontune(['data', 'mine', file]);
    expect(mined.out).toMatch(/words +108 +1080 +0 /);
    const audited = await reasontune(['data', 'audit', file, '--truth', folder]);
    expect(audited.out).toMatch(/words: 1080 negatives, \d+ of them right answers/);
    expect(audited.out).toMatch(/positive-margin 0\.95 +\d+ +\d+\.\d % +\d\.\d{3} +\d\.\d{3}/);
    expect((await reasontune(['data', 'cache', file])).out).toMatch(/words +\d+ +\d+ /);
    const converted = await reasontune(['data', 'convert', file, '--out', join(scratch, 'converted')]);
    expect(converted.out).toMatch(/words\.jsonl\.gz: 108 pairs/);
    expect((await reasontune(['train', file, '--out', join(scratch, 'mined-run')])).code).toBe(0);
  });

  it('helps', async () => {
    const help = await reasontune(['--help']);
    for (const verb of ['train', 'eval', 'sweep', 'plot', 'doctor']) expect(help.out).toContain(`reasontune ${verb}`);
    expect((await reasontune(['train', '--help'])).out).toContain('Examples:');
  });
});
