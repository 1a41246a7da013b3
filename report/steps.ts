import { type Column, columns } from './step-line.js';

const index = Object.fromEntries(columns.map((name, i) => [name, i])) as Record<Column, number>;

/** A run's steps, a column of doubles for each number: some 74 bytes a step. */
export class Steps {
  length = 0;
  /** What {@link sourceOf} is an index into. */
  readonly sources: string[] = [];
  #columns = columns.map(() => new Float64Array(64));
  #source = new Uint16Array(64);
  /** All tokens up to and with a step. */
  #tokensSoFar = new Float64Array(64);

  column(name: Column): Float64Array {
    return (this.#columns[index[name]] as Float64Array).subarray(0, this.length);
  }

  sourceOf(): Uint16Array {
    return this.#source.subarray(0, this.length);
  }

  tokensSoFar(): Float64Array {
    return this.#tokensSoFar.subarray(0, this.length);
  }

  /** The number of the last step; −1 before the first. */
  get last(): number {
    return this.length === 0 ? -1 : (this.column('step')[this.length - 1] as number);
  }

  /** The same run's steps of one source, an index into {@link sources}. */
  ofSource(source: number): Steps {
    const some = new Steps();
    some.sources.push(...this.sources);
    const [values, of] = [new Float64Array(columns.length), this.sourceOf()];
    for (let at = 0; at < this.length; at++) {
      if (of[at] !== source) continue;
      for (let i = 0; i < columns.length; i++) values[i] = (this.#columns[i] as Float64Array)[at] as number;
      some.push(values, source);
    }
    return some;
  }

  /** Adds a step; where a run went on from an earlier checkpoint, it replaces those that were done before. */
  push(values: Float64Array, source: number): void {
    const [steps] = this.#columns as [Float64Array];
    const step = values[0] as number;
    while (this.length > 0 && (steps[this.length - 1] as number) >= step) this.length--;
    if (this.length === steps.length) this.#grow();
    const at = this.length++;
    for (let i = 0; i < columns.length; i++) (this.#columns[i] as Float64Array)[at] = values[i] as number;
    this.#source[at] = source;
    const tokens = values[index.tokens] as number;
    this.#tokensSoFar[at] =
      (at > 0 ? (this.#tokensSoFar[at - 1] as number) : 0) + (Number.isFinite(tokens) ? tokens : 0);
  }

  #grow(): void {
    const more = <T extends Float64Array | Uint16Array>(old: T, bigger: T): T => {
      bigger.set(old);
      return bigger;
    };
    const size = this.#source.length * 2;
    this.#columns = this.#columns.map((old) => more(old, new Float64Array(size)));
    this.#source = more(this.#source, new Uint16Array(size));
    this.#tokensSoFar = more(this.#tokensSoFar, new Float64Array(size));
  }
}
