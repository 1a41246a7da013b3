import { availableParallelism } from 'node:os';
import type { Sweep } from '../plan/sweep/sweep.js';

/** What runs one process at a time: its environment decides the device and how many threads compute. */
export interface Worker {
  readonly env: Readonly<Record<string, string>>;
}

/**
 * As many workers as the sweep says, with the machine's threads (or OMP_NUM_THREADS) divided among them. A device is the
 * only one that its worker's processes see, so that to them it is `torch:cuda:0` and plans and hashes name no other.
 */
export function workersOf({ parallel, devices }: Pick<Sweep, 'parallel' | 'devices'>): Worker[] {
  const count = parallel ?? 1;
  const threads = Number(process.env.OMP_NUM_THREADS) || availableParallelism();
  const shared = count === 1 ? {} : { OMP_NUM_THREADS: String(Math.max(1, Math.floor(threads / count))) };
  const visible = process.env.CUDA_VISIBLE_DEVICES?.split(',').map((name) => name.trim());
  return Array.from({ length: count }, (_, i) => {
    const number = devices?.[i]?.split(':').at(-1);
    if (number === undefined) return { env: shared };
    return { env: { ...shared, CUDA_VISIBLE_DEVICES: visible?.[Number(number)] ?? number } };
  });
}

export type Job = (worker: Worker) => Promise<void>;

/**
 * Gives each idle worker the next job, until there is none and none is running. `next` is asked again after each job that
 * ends, since its outcome may be what the next one waits for.
 */
export async function work(workers: readonly Worker[], next: () => Job | null): Promise<void> {
  const idle = [...workers];
  const busy = new Set<Promise<void>>();
  for (;;) {
    for (let job = idle.length > 0 ? next() : null; job; job = idle.length > 0 ? next() : null) {
      const worker = idle.shift() as Worker;
      const done = job(worker).finally(() => {
        busy.delete(done);
        idle.push(worker);
      });
      busy.add(done);
    }
    if (busy.size === 0) return;
    await Promise.race(busy);
  }
}
