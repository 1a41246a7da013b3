import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tableFromIPC } from 'apache-arrow';
import { describe, expect, test, vi } from 'vitest';
import yargs from 'yargs';
import { compare } from '../../cli/compare.js';
import { results } from '../../cli/results.js';
import { Fault } from '../../plan/fault.js';
import { readContenders } from '../../report/results/contenders.js';
import { resultsText } from '../../report/results/markdown.js';
import { resultsTable } from '../../report/results/results-table.js';
import { resultsOfRun } from '../../report/results/trained.js';
import { writeResults } from '../../report/results/write.js';
import { bootstrapInterval, holm, randomizationTest } from '../../retrieval/significance.js';
import { scratch } from './folder.js';
import { writeFiction } from './sweep-folder.js';

const variants = [
  { name: 'in-batch', gain: 0.01 },
  { name: 'bm25', gain: 0.05 },
];
const folder = writeFiction(join(scratch, 'sweep'), { variants });
const tableOf = (path: string, baseline?: string) => resultsTable(readContenders([path], baseline), null);
const rowsOf = (table: ReturnType<typeof tableOf>, kind: string) => table.rows.filter((row) => row.kind === kind);

const run = async (...words: string[]) => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const error = vi.spyOn(console, 'error').mockImplementation(() => {});
  try {
    await yargs(words).command(results).command(compare).exitProcess(false).fail(false).parseAsync();
    return log.mock.calls.map(([line]) => String(line)).join('\n');
  } finally {
    log.mockRestore();
    error.mockRestore();
  }
};

describe('the results table', () => {
  test('has a row a run and set, and one a variant: mean, deviation, tokens and time', () => {
    const table = tableOf(folder);
    expect(rowsOf(table, 'system').map(({ name }) => name)).toEqual(['BM25', 'all-MiniLM-L6-v2']);
    expect(rowsOf(table, 'run').map(({ name, seed }) => `${name} ${seed}`)).toEqual([
      'in-batch 1',
      'in-batch 2',
      'in-batch 3',
      'bm25 1',
      'bm25 2',
      'bm25 3',
    ]);
    const [, bm25] = rowsOf(table, 'variant');
    const seeds = rowsOf(table, 'run')
      .slice(3)
      .map(({ marks }) => marks['nDCG@10']?.mean as number);
    const [a, b, c] = seeds as [number, number, number];
    const mean = (a + b + c) / 3;
    expect(bm25?.marks['nDCG@10']?.mean).toBeCloseTo(mean, 12);
    expect(bm25?.marks['nDCG@10']?.sd).toBeCloseTo(
      Math.sqrt(((a - mean) ** 2 + (b - mean) ** 2 + (c - mean) ** 2) / 2),
      12,
    );
    expect(bm25).toMatchObject({ seeds: 3, tokens: 680_000, seconds: 331.2, settings: { 'train.batch_size': 1 } });
  });

  test('pairs queries, each the mean over seeds, with the model before training; Holm goes over the table', () => {
    const table = tableOf(folder);
    const read = (path: string) =>
      JSON.parse(readFileSync(path, 'utf8')).perQuery as Record<string, Record<string, number>>;
    const base = read(join(folder, 'baselines', 'pep-test', 'all-MiniLM-L6-v2.json'));
    const ps: number[] = [];
    for (const variant of ['in-batch', 'bm25']) {
      const seeds = rowsOf(table, 'run')
        .filter(({ name }) => name === variant)
        .map(({ folder: path }) => resultsOfRun(path as string)[0]?.perQuery);
      for (const measure of ['nDCG@10', 'R@100']) {
        const differences = Object.entries(base[measure] as Record<string, number>).map(
          ([query, value]) => seeds.reduce((sum, one) => sum + (one?.[measure]?.[query] as number) / 3, 0) - value,
        );
        const mark = rowsOf(table, 'variant').find(({ name }) => name === variant)?.marks[measure];
        expect(mark?.versus?.difference).toBeCloseTo(differences.reduce((x, y) => x + y) / differences.length, 12);
        const [low, high] = bootstrapInterval(differences);
        expect(mark?.versus?.interval[0]).toBeCloseTo(low, 9);
        expect(mark?.versus?.interval[1]).toBeCloseTo(high, 9);
        ps.push(randomizationTest(differences).p);
        expect(mark?.versus?.p).toBe(ps.at(-1));
      }
    }
    const corrected = rowsOf(table, 'variant').flatMap(({ marks }) =>
      Object.values(marks).map(({ versus }) => versus?.holm),
    );
    expect(table.comparisons).toBe(4);
    expect(corrected).toEqual(holm(ps));
  });

  test('is tested against what the sweep names, a variant too, and against what the user names', () => {
    const named = writeFiction(join(scratch, 'named'), { variants, baseline: 'in-batch' });
    expect(tableOf(named).baseline).toBe('in-batch');
    expect(rowsOf(tableOf(named), 'variant').map(({ marks }) => marks['R@100']?.versus === null)).toEqual([
      true,
      false,
    ]);
    expect(tableOf(named, 'base').baseline).toBe('all-MiniLM-L6-v2');
    expect(tableOf(named, 'BM25').comparisons).toBe(4);
    expect(() => tableOf(named, 'bm52')).toThrow(
      /^Expected a variant or a system with results for the baseline, got bm52\. Choose one with --baseline: in-batch, bm25, BM25, all-MiniLM-L6-v2\.$/,
    );
  });

  test('is the same without sweep.json, from the folders’ names and events', () => {
    const plain = writeFiction(join(scratch, 'plain'), { variants, record: false });
    const [with_, without] = [tableOf(folder), tableOf(plain)];
    expect(rowsOf(without, 'variant').map(({ marks }) => marks['nDCG@10']?.mean)).toEqual(
      [...rowsOf(with_, 'variant')].reverse().map(({ marks }) => marks['nDCG@10']?.mean),
    );
    expect(rowsOf(without, 'variant')[0]).toMatchObject({ name: 'bm25', seeds: 3, seconds: 40 * 8.2 });
  });

  test('takes run folders by themselves: those whose plans differ in the seed alone are one variant', () => {
    const paths = rowsOf(tableOf(folder), 'run').map((row) => row.folder as string);
    const table = resultsTable(readContenders(paths), null);
    expect(rowsOf(table, 'variant').map(({ name, seeds }) => `${name} ${seeds}`)).toEqual(['in-batch 3', 'bm25 3']);
    expect(table.baseline).toBe('in-batch');
  });

  test('names runs that are not in it, and why', () => {
    const partly = writeFiction(join(scratch, 'partly'), { variants });
    const file = join(partly, 'sweep.json');
    const sweep = JSON.parse(readFileSync(file, 'utf8'));
    Object.assign(sweep.runs[0], { state: 'failed', reason: 'out of memory' });
    rmSync(join(partly, sweep.runs[1].folder, 'results'), { recursive: true });
    writeFileSync(file, JSON.stringify(sweep));
    const table = tableOf(partly);
    expect(table.lacking).toEqual([
      { variant: 'in-batch', seed: 1, reason: 'failed: out of memory' },
      { variant: 'in-batch', seed: 2, reason: 'not evaluated' },
    ]);
    expect(rowsOf(table, 'variant')[0]).toMatchObject({ seeds: 1, marks: { 'R@100': { sd: null } } });
    expect(resultsText(table)).toContain('not in it: in-batch, seed 1: failed: out of memory');
  });

  test('is written three times alike', () => {
    const prices = { machine_per_hour: 3.6, currency: 'EUR' } as Parameters<typeof resultsTable>[1];
    const table = resultsTable(readContenders([folder]), prices);
    const paths = writeResults(join(scratch, 'written'), table);
    const arrow = tableFromIPC(readFileSync(paths.arrow));
    const [head, ...lines] = readFileSync(paths.csv, 'utf8').trimEnd().split('\r\n') as [string, ...string[]];
    expect(arrow.schema.fields.map(({ name }) => name)).toEqual(head.split(','));
    expect([arrow.numRows, lines.length]).toEqual([table.rows.length, table.rows.length]);
    const at = head.split(',').indexOf('nDCG@10');
    expect(lines.map((line) => Number(line.split(',')[at]))).toEqual([...(arrow.getChild('nDCG@10') ?? [])]);
    expect([...(arrow.getChild('cost EUR') ?? [])].slice(1, 4)).toEqual([null, 0.3312, 0.3312]);
    expect(lines[2]).toContain('"{""train.batch_size"":0}"');
    const page = readFileSync(paths.markdown, 'utf8');
    expect(page).toMatch(/\| in-batch \| 3 \| 0\.\d{3} ± 0\.\d{3} \| [+−]0\.\d{3} \([+−]0\.\d{3} to [+−]0\.\d{3}\) \|/);
    expect(page).toContain('## Runs on pep, test');
    // 680,000 tokens and 0.33 EUR a training.
    expect(page).toMatch(/tokens, thousand \| minutes \| cost, EUR \|\n.*\n(.*\n)*.*\| 680\.00 \| 5\.5 \| 0\.3312 \|/);
    const large = resultsTable(readContenders([folder]), { ...prices, machine_per_hour: 36 } as typeof prices);
    const rows = large.rows.map((row) => ({ ...row, tokens: row.tokens && 10 * row.tokens }));
    expect(resultsText({ ...large, rows })).toMatch(
      /tokens, million +minutes +cost, EUR\n(.*\n)+?.* 6\.80 +5\.5 +3\.31\n/,
    );
  });
});

describe('the command line', () => {
  test('results prints the table and writes beside the runs', async () => {
    const printed = await run('results', folder, '--baseline', 'in-batch');
    expect(printed).toMatch(/^pep, test: 60 queries over 736 documents\n/);
    expect(readFileSync(join(folder, 'results.md'), 'utf8')).toContain('difference: to in-batch');
    expect(JSON.parse(await run('results', folder, '--json'))).toMatchObject({ name: 'fiction', comparisons: 4 });
  });

  test('compare sets two run folders side by side, with what their plans differ in', async () => {
    const [a, , , b] = rowsOf(tableOf(folder), 'run').map((row) => row.folder as string) as [
      string,
      string,
      string,
      string,
    ];
    const printed = await run('compare', a, b, '--changes', '1');
    expect(printed).toMatch(/train\.batch_size +0 +1/);
    expect(printed).not.toMatch(/^seed/m);
    const { comparisons, plans } = JSON.parse(await run('compare', a, b, '--json'));
    expect(comparisons).toHaveLength(2);
    expect(plans[0].differences).toEqual([{ path: 'train.batch_size', values: [0, 1] }]);
  });

  test('faults say what to do', async () => {
    const [a, b] = rowsOf(tableOf(folder), 'run').map((row) => row.folder as string) as [string, string];
    const bare = join(scratch, 'bare');
    writeFiction(bare, { variants: [{ name: 'only', gain: 0 }], seeds: [1] });
    rmSync(join(bare, 'baselines'), { recursive: true });
    const only = join(bare, 'only-seed1-000000001001');
    rmSync(join(only, 'results'), { recursive: true });
    await expect(run('compare', a, only)).rejects.toThrow(
      /^Expected results of reasontune eval for .*, got none\. Run first/,
    );
    await expect(run('results', bare)).rejects.toThrow(Fault);
    await expect(run('results', a, b, '--baseline', 'nobody')).rejects.toThrow('got nobody');
  });
});
