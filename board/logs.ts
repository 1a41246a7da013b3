import { EventLog } from './events/log.js';
import type { Root } from './inside.js';

// 72 bytes a step: some 300 MB at the most.
const MOST_STEPS = 4_000_000;

/** The runs whose steps are held, the one that was looked at last at the end. */
export class Logs {
  readonly #held = new Map<string, EventLog>();

  constructor(private readonly root: Root) {}

  /** A run's events, read up to now. Of a run without any: none. */
  async read(id: string): Promise<EventLog> {
    const file = this.root.find(id, 'events.jsonl');
    const key = file ?? '';
    const log = this.#held.get(key) ?? new EventLog(key);
    this.#held.delete(key);
    this.#held.set(key, log);
    await log.look();
    this.#drop();
    return log;
  }

  #drop(): void {
    let steps = 0;
    for (const [file, log] of [...this.#held].reverse()) {
      steps += log.steps.length;
      if (steps > MOST_STEPS && file !== [...this.#held.keys()].at(-1)) this.#held.delete(file);
    }
  }
}
