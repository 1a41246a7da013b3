import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Folder } from '../../board/folder.js';
import { Root } from '../../board/inside.js';
import { type Board, openBoard } from '../../board/open.js';
import type { RunRow, SweptRun } from '../../board/protocol.js';
import { glanceAt } from '../../board/runs/glance.js';
import { Rows } from '../../board/runs/row.js';
import { modelOf } from '../../board/search/model.js';
import { SweepRecords } from '../../board/sweeps/records.js';
import { Watch } from '../../board/watch.js';
import { readMeans, writeResult } from '../../eval/result.js';
import { Fault } from '../../plan/fault.js';
import { linkBest } from '../../plan/run-layout.js';
import { type RunRecord, writeSweepRecord } from '../../plan/sweep/record.js';
import { stepLine } from '../report/folder.js';

const scratch = mkdtempSync(join(tmpdir(), 'reasontune-board-server-'));
const folder = join(scratch, 'runs');
let board: Board;

function ask(
  path: string,
  headers: Record<string, string> = {},
  method = 'GET',
  body = '',
): Promise<{ status: number; text: string; headers: Record<string, unknown> }> {
  const { hostname, port } = new URL(board.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      { hostname, port, path, method, headers: { host: `localhost:${port}`, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
          // What is live has no end.
          if (path === '/api/live') response.destroy();
        });
        response.on('close', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const rows = async () => JSON.parse((await ask('/api/live')).text.slice('data: '.length));

/** A result of one query. */
function writeScored(results: string, name: string, score: number): void {
  const marks = { metrics: { 'nDCG@10': score }, perQuery: { 'nDCG@10': { q: score } } };
  writeResult(results, { system: name, model: name, set: 'pep', split: 'test', queries: 1, ...marks }, new Map());
}

/** A sweep with a run in each state, two of them without a folder yet. */
function writeTold(): void {
  const states = ['done', 'failed', 'halved', 'running', 'stopped', 'waiting'] as const;
  const runs = states.map((state, i): RunRecord => {
    const [hash, named] = [`${i}`.repeat(12), `v${i}-seed1-${`${i}`.repeat(12)}`];
    if (i < 5) {
      mkdirSync(join(folder, 'told', named), { recursive: true });
      writeFileSync(join(folder, 'told', named, 'plan.yaml'), 'train:\n  duration: 3 steps\n');
      writeFileSync(join(folder, 'told', named, 'events.jsonl'), `${stepLine(i === 0 ? 3 : 2, 1)}\n`);
    }
    const spent = { steps: 2, tokens: 3, seconds: 4 };
    const scores = state === 'done' && { scores: { 'pep test nDCG@10': 0.25 } };
    const reason = state === 'failed' && { reason: 'Expected memory, got <b>none</b>.' };
    return { variant: `v${i}`, seed: 1, hash, folder: named, state, settings: {}, ...spent, ...scores, ...reason };
  });
  // Scored by hand before its end: no result of the sweep's.
  writeScored(join(folder, 'told', runs[4]!.folder, 'results'), runs[4]!.folder, 0.9);
  writeScored(join(folder, 'told/baselines'), 'BM25', 0.125);
  writeSweepRecord(join(folder, 'told'), { name: 'told', baseline: null, bases: [], baselines: 'baselines', runs });
}

beforeAll(async () => {
  const run = (id: string, plan: string, events: string): void => {
    mkdirSync(join(folder, id), { recursive: true });
    writeFileSync(join(folder, id, 'plan.yaml'), plan);
    writeFileSync(join(folder, id, 'events.jsonl'), events);
  };
  const plan =
    '# hash: 0123456789ab\nname: "a \\"b\\""\nseed: 3\nmodel:\n  base: org/tiny\ndata:\n  sources:\n    - name: pep\n      path: x\n    - name: vl\ntrain:\n  batch_size: 8\n  duration: 3 steps\n';
  run('one', plan, `${stepLine(1, 2)}\n${stepLine(2, 1)}\n`);
  run('sweep/a-seed1-0123456789ab', plan, `${stepLine(3, null)}\n`);
  run('sweep/a-seed2-0123456789ab', plan, '');
  for (const [seed, score] of [
    [1, 0.4],
    [2, 0.5],
  ] as const) {
    const name = `a-seed${seed}-0123456789ab`;
    writeScored(join(folder, 'sweep', name, 'results'), name, score);
  }
  writeTold();
  mkdirSync(join(folder, 'tables'));
  writeFileSync(join(folder, 'tables/results.csv'), '\ufeffvariant,note\n"a,\nb",0.25\n');
  // Outside, and ways to it.
  mkdirSync(join(scratch, 'secret'));
  writeFileSync(join(scratch, 'secret/plan.yaml'), 'secret: 1\n');
  writeFileSync(join(scratch, 'secret/events.jsonl'), `${stepLine(9, 9)}\n`);
  symlinkSync(join(scratch, 'secret'), join(folder, 'linked'));
  mkdirSync(join(folder, 'links'));
  for (const name of ['plan.yaml', 'events.jsonl'])
    symlinkSync(join(scratch, 'secret', name), join(folder, 'links', name));
  board = await openBoard(folder, { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await board?.close();
  rmSync(scratch, { recursive: true });
});

describe('the door', () => {
  it.each<[string, Record<string, string>, number]>([
    ['/', {}, 200],
    ['/api/sweep?id=tables', { host: '127.0.0.1' }, 200],
    ['/api/sweep?id=tables', { host: '[::1]:80' }, 200],
    ['/', { host: 'evil.example' }, 403],
    ['/api/live', { host: 'evil.example:7300' }, 403],
    ['/main.js', { host: 'localhost.evil.example' }, 403],
    ['/', { host: 'user@localhost' }, 403],
    ['/api/live', { origin: 'http://evil.example' }, 403],
    ['/api/live', { origin: 'null' }, 403],
    ['/api/live', { origin: 'http://localhost:1' }, 403],
    ['/api/live', { 'sec-fetch-site': 'cross-site' }, 403],
    ['/api/live', { 'sec-fetch-site': 'same-site' }, 403],
  ])('%s with %j: %i', async (path, headers, status) => expect((await ask(path, headers)).status).toBe(status));

  it('allows its page nothing but its own files', async () => {
    const { headers } = await ask('/');
    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
    );
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('takes questions as JSON by POST alone', async () => {
    expect((await ask('/api/search')).status).toBe(405);
    expect((await ask('/api/live', {}, 'POST')).status).toBe(405);
    const body = JSON.stringify({ question: 'why?', set: '/etc', models: ['bm25'] });
    expect((await ask('/api/search', { 'content-type': 'text/plain' }, 'POST', body)).status).toBe(400);
    expect(await ask('/api/search', { 'content-type': 'application/json' }, 'POST', body)).toMatchObject({
      status: 400,
      text: expect.stringContaining('Expected a set that a run'),
    });
    const large = await ask('/api/search', { 'content-type': 'application/json' }, 'POST', 'x'.repeat(1 << 17));
    expect(large.status).toBe(413);
  });
});

describe('the folder', () => {
  it('lists runs and sweeps, and follows no link out', async () => {
    const { rows: found, sweeps } = await rows();
    expect(found.map(({ id }: { id: string }) => id).sort()).toEqual([
      'links',
      'one',
      'sweep/a-seed1-0123456789ab',
      'sweep/a-seed2-0123456789ab',
      ...[0, 1, 2, 3, 4].map((i) => `told/v${i}-seed1-${String(i).repeat(12)}`),
    ]);
    expect(found.find(({ id }: { id: string }) => id === 'one')).toMatchObject({
      state: 'stopped',
      step: 2,
      total: 3,
      loss: 1,
      base: 'tiny',
      sources: 'pep, vl',
      seed: 3,
      batch: 8,
      hash: '0123456789ab',
    });
    expect(found.find(({ id }: { id: string }) => id === 'links')).toMatchObject({
      state: 'waiting',
      step: null,
      spark: [],
    });
    expect(sweeps).toEqual([
      { id: 'sweep', runs: 2, done: null, failed: null, changed: 0 },
      { id: 'tables', runs: 0, done: null, failed: null, changed: 0 },
      { id: 'told', runs: 6, done: 1, failed: 1, changed: expect.any(Number) },
    ]);
    expect(JSON.parse((await ask('/api/run?id=links')).text).plan).toBe('');
    expect(JSON.parse((await ask('/api/curves?id=links')).text).steps).toBe(0);
  });

  it.each(['../secret', '/etc', 'linked', 'one/../../secret', '..%2fsecret', '%00', '', 'sweep', '__proto__'])(
    'has no run %s',
    async (id) => {
      for (const path of ['run', 'curves']) {
        const { status, text } = await ask(`/api/${path}?id=${id}`);
        expect(status).toBe(404);
        expect(text).not.toContain('secret: 1');
      }
      expect((await ask(`/api/compare?a=one&b=${id}`)).status).toBe(404);
    },
  );

  it('has no other paths', async () => {
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/index.html', '/api/', '/main.ts'])
      expect((await ask(path)).status).toBe(404);
  });

  it('makes a table of scores, or takes the file that is there', async () => {
    const sweep = async (id: string) => JSON.parse((await ask(`/api/sweep?id=${id}`)).text);
    expect(await sweep('sweep')).toMatchObject({
      file: null,
      columns: ['variant', 'seeds', 'pep test nDCG@10'],
      rows: [['a', '2', '0.450 ± 0.071']],
      spreads: [{ variants: [{ name: 'a', values: [0.4, 0.5] }] }],
    });
    expect(await sweep('tables')).toMatchObject({
      file: 'results.csv',
      columns: ['variant', 'note'],
      rows: [['a,\nb', '0.25']],
    });
  });
});

it('takes from sweep.json where its runs stand, and counts the finished alone', async () => {
  const sweep = async () => JSON.parse((await ask('/api/sweep?id=told')).text);
  const found = await sweep();
  expect(found).toMatchObject({
    file: null,
    columns: ['variant', 'seeds', 'pep test nDCG@10'],
    rows: [
      ['BM25', '', '0.125'],
      ['v0', '1', '0.250'],
      ...['v1', 'v2', 'v3', 'v4', 'v5'].map((name) => [name, '0', '']),
    ],
    spreads: [{ variants: [{ name: 'v0', values: [0.25] }] }],
    notes: [],
  });
  const reason = 'Expected memory, got <b>none</b>.';
  expect(found.runs.map(({ state }: SweptRun) => state)).toEqual([
    ...['done', 'failed', 'halved', 'running', 'stopped', 'waiting'],
  ]);
  expect(found.runs[1]).toMatchObject({ name: 'v1-seed1', id: `told/v1-seed1-${'1'.repeat(12)}`, reason });
  expect(found.runs[5]).toEqual({ name: 'v5-seed1', id: null, state: 'waiting', reason: null, loss: null });
  const failed = (await rows()).rows.find(({ state }: RunRow) => state === 'failed');
  expect(failed).toMatchObject({ id: `told/v1-seed1-${'1'.repeat(12)}`, notes: [reason] });

  const [csv, record] = [join(folder, 'told/results.csv'), join(folder, 'told/sweep.json')];
  writeFileSync(csv, 'name\nfrom-the-file\n');
  expect((await sweep()).rows).toEqual([['from-the-file']]);
  // The sweep went on.
  utimesSync(csv, 1, 1);
  expect(await sweep()).toMatchObject({ file: null, notes: [expect.stringMatching(/^results\.csv is older/)] });
  writeFileSync(record, '{"runs": 3}');
  const { runs, notes } = await sweep();
  expect(runs.every(({ id }: SweptRun) => id !== null)).toBe(true);
  expect(runs).toHaveLength(5);
  expect(notes[0]).toMatch(/^Expected what `reasontune sweep` writes/);
});

it('believes a sweep that was killed for ten minutes', () => {
  writeTold();
  const root = new Root(folder);
  const [told, reader] = [new SweepRecords(root), new Rows()];
  const id = `told/v3-seed1-${'3'.repeat(12)}`;
  const saying = told.runs([{ id: 'told' }]).get(id)!;
  const run = { id, folder: Folder.at(root, id)! };
  expect(reader.read(run, saying).state).toBe('running');
  for (const file of ['plan.yaml', 'events.jsonl']) utimesSync(join(folder, id, file), 1, 1);
  expect(reader.read(run, { ...saying, changed: Date.now() - 9 * 60_000 }).state).toBe('running');
  expect(reader.read(run, { ...saying, changed: Date.now() - 11 * 60_000 }).state).toBe('stopped');
  expect(reader.read(run, { ...saying, state: 'failed', changed: 0 }).state).toBe('stopped');
  expect(reader.read(run, { ...saying, state: 'done' }).state).toBe('done');
});

it('asks the checkpoint that scored best, else the last, and none outside', () => {
  const root = new Root(folder);
  for (const step of ['step-000100', 'step-000200']) mkdirSync(join(folder, 'one', step));
  expect(modelOf(root, 'one')).toEqual({ name: 'one/step-000200', path: join(root.path, 'one/step-000200') });
  linkBest(join(folder, 'one/step-000100'));
  expect(modelOf(root, 'one').name).toBe('one/step-000100');
  symlinkSync(join(scratch, 'secret'), join(folder, 'links/step-000300'));
  expect(() => modelOf(root, 'links')).toThrow(/^Expected a run with a checkpoint, got "links"/);
  expect(modelOf(root, null)).toEqual({ name: 'BM25', path: 'bm25' });
});

it('reads means without their queries, wherever these stand', () => {
  const results = join(scratch, 'results');
  const marks = { metrics: { 'nDCG@10': 0.25 }, perQuery: { 'nDCG@10': { q: 0.25, '\n },': 0.5 } } };
  const some = { system: 'x', model: 'y', set: 'pep', split: 'test', queries: 2 };
  const file = join(results, 'pep-test/x.json');
  const whole = { ...some, ...marks, seconds: 3 };
  const { perQuery: _, ...means } = whole;
  writeResult(results, whole, new Map());
  expect(readMeans(file)).toEqual(means);
  for (const text of [JSON.stringify(whole), JSON.stringify({ ...means, perQuery: {} }, null, 1)]) {
    writeFileSync(file, text);
    expect(readMeans(file)).toEqual(means);
  }
  writeResult(results, { ...some, ...marks }, new Map());
  expect(readMeans(file)).toEqual({ ...some, metrics: marks.metrics });
});

it('tells everybody of a change that somebody’s visit brought to light', async () => {
  const watch = new Watch(new Root(folder));
  await watch.ready;
  await new Promise((wait) => setTimeout(wait, 600));
  const heard: string[] = [];
  const leave = watch.listen(({ rows: changed }) => heard.push(...changed.map(({ id }) => id)));
  writeFileSync(join(folder, 'one/events.jsonl'), `${stepLine(3, 0.5)}\n`);
  await new Promise((wait) => setTimeout(wait, 500));
  expect((await watch.fresh()).rows.find(({ id }) => id === 'one')?.step).toBe(3);
  leave();
  expect(heard).toEqual(['one']);
});

it('glances at values without reading YAML', () => {
  const glance = glanceAt(
    "a:\n  b: 'it''s'\n  c: [1, 2]\n  q: \"\\u00e9\"\nd: |\n  e: 1\nlist:\n  - name: x\n    deep:\n      er: 1\n  - name: y\n",
  );
  expect(['a.b', 'a.c', 'a.q', 'list.name', 'list.deep.er', 'no'].map((path) => glance.values(path))).toEqual([
    ["it's"],
    ['[1, 2]'],
    ['é'],
    ['x', 'y'],
    ['1'],
    [],
  ]);
});

it('says what is wrong with a folder or a port', async () => {
  await expect(openBoard(join(scratch, 'none'), { host: '127.0.0.1', port: 0 })).rejects.toThrow(
    /^Expected a folder with runs, got .*none/,
  );
  const port = Number(new URL(board.url).port);
  await expect(openBoard(folder, { host: '127.0.0.1', port })).rejects.toThrow(Fault);
});
