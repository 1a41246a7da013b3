import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Board, openBoard } from '../../board/open.js';
import { packageRoot } from '../../plan/places.js';
import { type Command, commandIn } from '../cli/command.js';
import { stepLine } from '../report/folder.js';
import { tinyPlan, writeTinyCollection, writeTinyModel } from '../support/tiny.js';
import { hasChromium, startChromium } from './browser.js';

// What would run if any text of the data were taken for markup.
const hostile = '<img src=x onerror="window.broken=1"><script>window.broken=1</script>';
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let scratch: string;
let board: Board;
let browser: Browser;
let page: Page;
let reasontune: Command;
let training: ChildProcess;
const troubles: string[] = [];

describe.skipIf(!hasChromium)('the page', () => {
  beforeAll(async () => {
    scratch = mkdtempSync(join(tmpdir(), 'reasontune-board-page-'));
    reasontune = commandIn(scratch);
    const [model, data] = [writeTinyModel(join(scratch, 'model')), writeTinyCollection(join(scratch, 'data'))];
    // Every query's text is an attempt.
    const queries = readFileSync(join(data, 'queries.jsonl'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    writeFileSync(
      join(data, 'queries.jsonl'),
      queries.map((one) => `${JSON.stringify({ ...one, text: `${one.text} ${hostile}` })}\n`).join(''),
    );
    writeFileSync(join(scratch, 'plan.yaml'), tinyPlan(model, data));
    const first = await reasontune(['train', 'plan.yaml', '--out', 'runs/first']);
    expect(first.code).toBe(0);
    // A run that somebody else made, in a folder whose name is an attempt.
    const name = join(scratch, 'runs', '<img src=x onerror=window.broken=1>');
    mkdirSync(name);
    writeFileSync(
      join(name, 'plan.yaml'),
      `name: ${JSON.stringify(hostile)}\nmodel: {base: ${JSON.stringify(hostile)}}\n`,
    );
    writeFileSync(join(name, 'events.jsonl'), `${stepLine(1, 1, hostile)}\n${stepLine(2, 2, 'b')}\n`);
    board = await openBoard(join(scratch, 'runs'), { host: '127.0.0.1', port: 0 });
    browser = await startChromium();
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('console', (message) => message.type() === 'error' && troubles.push(message.text()));
  });
  afterAll(async () => {
    training?.kill('SIGKILL');
    await browser?.close();
    await board?.close();
    rmSync(scratch, { recursive: true, force: true });
  });

  const go = async (view: string): Promise<void> => {
    await page.goto('about:blank');
    await page.goto(`${board.url}#/${view}`);
    await page.waitForSelector('main > *');
  };

  it('shows a training as it begins, and its curve grows', async () => {
    await go('runs');
    await page.waitForSelector('text=2 runs');
    const args = [
      join(packageRoot, 'dist/cli/main.js'),
      'train',
      'plan.yaml',
      '--out',
      'runs/second',
      '--set',
      'train.duration=100000 steps',
      '--set',
      'train.optimizer.learning_rate=1e-2',
    ];
    training = spawn(process.execPath, args, { cwd: scratch, stdio: 'ignore' });
    await page.waitForSelector('tr[data-row="second"] .state.running', { timeout: 60_000 });
    await page.click('text=second');
    const steps = async (): Promise<number> =>
      Number((await page.textContent('.facts div:nth-child(2) dd'))?.replaceAll(',', '').split(' ')[0]);
    const ink = async (): Promise<string> => (await page.getAttribute('.chart:first-child path.strong', 'd')) ?? '';
    await page.waitForSelector('.chart:first-child path.strong');
    const [before, drawn] = [await steps(), await ink()];
    await expect.poll(steps, { timeout: 30_000 }).toBeGreaterThan(before);
    await expect.poll(ink, { timeout: 30_000 }).not.toBe(drawn);
    const ended = new Promise((resolve) => training.on('close', resolve));
    training.kill('SIGINT');
    expect(await ended).toBe(130);
    await page.waitForSelector('.state.stopped');
  });

  it('sorts and filters, and says how it is sorted', async () => {
    await go('runs');
    await page.waitForSelector('text=3 runs');
    const names = () => page.locator('tbody th').allTextContents();
    await page.getByRole('button', { name: 'run', exact: true }).press('Enter');
    expect(await names()).toEqual(['<img src=x onerror=window.broken=1>', 'first', 'second']);
    expect(await page.getAttribute('th[data-key="run"]', 'aria-sort')).toBe('ascending');
    await page.getByRole('button', { name: 'run', exact: true }).press('Enter');
    expect(await names()).toEqual(['second', 'first', '<img src=x onerror=window.broken=1>']);
    await page.getByLabel('Filter').fill('FIR');
    expect(await names()).toEqual(['first']);
    await page.reload();
    await page.waitForSelector('text=1 of 3 runs');
  });

  it('shows many runs at once and all of them soon, in the order that is asked for meanwhile', async () => {
    const many = join(scratch, 'many');
    const names = Array.from({ length: 300 }, (_, i) => `run-${String(i).padStart(3, '0')}`);
    for (const name of names) {
      mkdirSync(join(many, name), { recursive: true });
      writeFileSync(join(many, name, 'events.jsonl'), `${stepLine(1, 1)}\n`);
    }
    const other = await openBoard(many, { host: '127.0.0.1', port: 0 });
    const page = await browser.newPage();
    // Sorts as soon as there is a row.
    await page.addInitScript(`new MutationObserver((_, observer) => {
      if (!document.querySelector('main tbody tr')) return;
      observer.disconnect();
      window.atFirst = document.querySelectorAll('tbody tr').length;
      document.querySelector('th[data-key="run"] button').click();
    }).observe(document, { childList: true, subtree: true })`);
    try {
      await page.goto(`${other.url}#/runs`);
      await page.waitForSelector('tbody tr');
      expect(await page.evaluate('window.atFirst')).toBe(60);
      await expect.poll(() => page.locator('tbody th').allTextContents()).toEqual(names);
      const [spiked] = names;
      const losses = Array.from({ length: 200 }, (_, i) => (i === 90 ? 9e4 : 1 + 6 * Math.exp(-i / 20)));
      const lines = losses.map((loss, i) => `${stepLine(i + 1, loss)}\n`);
      writeFileSync(join(many, spiked as string, 'events.jsonl'), lines.join(''));
      await page.goto(`${other.url}#/run?id=${spiked}`);
      await page.waitForSelector('.chart:first-child path.strong');
      const loss = page.locator('.chart:first-child');
      expect(await loss.locator('svg > text').allTextContents()).toEqual(expect.arrayContaining(['2', '4', '6']));
      expect(await loss.textContent()).toContain('Triangles: spikes beyond the edge, up to 90,000.');
      expect(await loss.getByRole('group').getAttribute('aria-label')).toContain('up to 90,000.');
      expect(await loss.locator('path.cut').count()).toBe(1);
      writeFileSync(join(many, 'results.csv'), 'kind,name,sd,cost USD\nvariant,a,,0.0125\nrun,a,,0.01\n');
      await page.goto(`${other.url}#/sweep?id=.`);
      await page.waitForSelector('tbody tr');
      expect(await page.locator('thead th').allTextContents()).toEqual(['name', 'kind', 'cost USD']);
      expect(await page.locator('tbody th').allTextContents()).toEqual(['a', 'a']);
      await page.goto(`${other.url}#/runs?sort=run&order=up`);
      await page.getByLabel('Filter').fill('run-29');
      expect(await page.locator('tbody th').allTextContents()).toEqual(names.slice(290));
      await page.getByLabel('Filter').fill('');
      await expect.poll(() => page.locator('tbody th').allTextContents()).toEqual(names);
    } finally {
      await page.close();
      await other.close();
    }
  });

  it('keeps the focus in the table while a run goes on', async () => {
    await go('runs');
    await page.focus('tr[data-row="first"] a');
    appendFileSync(join(scratch, 'runs/first/events.jsonl'), `${stepLine(9, 0.125)}\n`);
    await page.waitForSelector('tr[data-row="first"] >> text=0.1250');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('first');
  });

  it('compares two runs: plans, scores, and queries with their texts', async () => {
    for (const run of ['runs/first', 'runs/second']) expect((await reasontune(['eval', run])).code).toBe(0);
    await go('runs');
    await page.check('tr[data-row="first"] input');
    await page.check('tr[data-row="second"] input');
    await page.getByRole('button', { name: 'Compare two' }).click();
    const plans = page.getByRole('region', { name: 'Where the plans differ' });
    await plans.waitFor();
    expect(await plans.locator('tr[data-row="train.duration"] td').allTextContents()).toEqual([
      '8 steps',
      '100000 steps',
    ]);
    const scores = page.getByRole('region', { name: 'Scores of both' });
    expect(await scores.locator('tbody tr').count()).toBe(2);
    await page.getByRole('button', { name: 'show the queries of data, test by nDCG@10' }).click();
    await page.waitForSelector('[aria-pressed="true"]');
    const { comparisons } = JSON.parse(
      (await reasontune(['compare', 'runs/first/results', 'runs/second/results', '--json'])).out,
    );
    const { changes } = comparisons.find(({ measure }: { measure: string }) => measure === 'nDCG@10');
    const queries = page.getByRole('region', { name: /^Queries that changed/ });
    expect(changes.length).toBeGreaterThan(0);
    expect(await queries.locator('tbody tr').count()).toBe(changes.length);
    expect(await queries.locator('tbody').textContent()).toContain(hostile);
  });

  it('puts a question to two models', async () => {
    await go('search?a=second&b=bm25');
    const { text } = JSON.parse(readFileSync(join(scratch, 'data/corpus.jsonl'), 'utf8').split('\n')[3] as string);
    await page.getByLabel('Question').fill(text);
    await page.getByRole('button', { name: 'Ask' }).click();
    await page.waitForSelector('.found section:nth-child(2) li', { timeout: 60_000 });
    expect(await page.locator('.found h2').allTextContents()).toEqual([
      expect.stringMatching(/^second\/step-\d{6}$/),
      'BM25',
    ]);
    expect(await page.locator('.found section:nth-child(2) li:first-child code').textContent()).toBe('d3');
    expect(await page.locator('.found section:nth-child(2) li:first-child mark').allTextContents()).toEqual(
      text.split(' '),
    );
  });

  it.each(['runs', 'run?id=second', 'compare?a=first&b=second', 'sweeps', 'search?a=second&b=bm25'])(
    '%s has nothing that axe objects to, light or dark',
    async (view) => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await go(view);
        await page.waitForTimeout(400);
        // Injected by the debugger's door, which the page's policy does not bind.
        await page.evaluate(axe);
        const { violations } = (await page.evaluate('axe.run()')) as {
          violations: { id: string; nodes: { html: string }[] }[];
        };
        const found = violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
        );
        expect(found).toEqual([]);
      }
    },
  );

  it('runs no script of a name, a query or a plan', async () => {
    const id = encodeURIComponent('<img src=x onerror=window.broken=1>');
    for (const view of [
      `run?id=${id}`,
      `compare?a=${id}&b=first`,
      `run?id=${encodeURIComponent(hostile)}`,
      `search?a=${id}&question=${encodeURIComponent(hostile)}`,
      hostile,
    ]) {
      await go(view);
      await page.waitForTimeout(300);
      expect(await page.locator('img, main script').count()).toBe(0);
    }
    expect(await page.evaluate('window.broken')).toBeUndefined();
    // A script that got in all the same would not run.
    const broken = await page.evaluate(`(() => {
      const script = document.createElement('script');
      try {
        script.textContent = 'window.broken = 1';
        document.body.append(script);
      } catch {}
      return window.broken;
    })()`);
    expect(broken).toBeUndefined();
  });

  it('had no errors of its own', () => {
    // The board refuses the run of a name that is not there, and the policy refuses the script above.
    expect(troubles.filter((text) => !/404|Content Security Policy|TrustedScript/.test(text))).toEqual([]);
  });
});
