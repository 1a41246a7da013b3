import { Fault } from '../../plan/fault.js';
import type { Picture } from '../charts/chart.js';
import { type Row, writeRows } from '../charts/rows.js';
import { type Choice, readScored } from './scored.js';

/** Draws what ranking another retriever's candidates alone hides: each system over the whole corpus, and within the pool. */
export function writePool(prefix: string, paths: readonly string[], choice: Choice): Picture {
  const { title, measure, systems } = readScored(paths, choice);
  const rows = systems.flatMap(({ result: { system, metrics, pool } }): Row[] => {
    const [whole, within] = [metrics[measure], pool?.metrics[measure]];
    if (!pool || whole === undefined || within === undefined) return [];
    const { neverHeld, hits, cutoff } = pool;
    const text = `${whole.toFixed(3)} → ${within.toFixed(3)}   ${neverHeld} of ${hits} hits in ${cutoff} never in pool`;
    return [{ name: system, value: whole, other: within, text }];
  });
  const pool = systems.find(({ result }) => result.pool)?.result.pool;
  if (!pool || rows.length === 0) {
    throw new Fault(`Expected results with a pool for ${paths.join(' ')}, got none. Run eval with --pool first.`);
  }
  return writeRows(prefix, {
    title: 'The whole corpus, and a pool of it',
    subtitle:
      `${title}, ${systems[0]?.result.queries} queries. Point: over the whole corpus. Diamond: within the best ${pool.depth} of ` +
      `${pool.file}, which hold ${(100 * pool.ceiling).toFixed(1)} % of what is relevant.`,
    measure,
    rows,
    references: [],
  });
}
