import type { Addon, Argument, Handle, HostArray } from '../../tensor/torch/addon.js';
import { attentionCall } from './attention.js';
import { columnSumsCall } from './column-sums.js';
import { linearCall } from './linear.js';
import { operators } from './operators.js';

interface Fuzz {
  readonly seed: number;
  readonly calls: number;
  /** Told of each call before it is made, so that a crash can be laid to it. */
  readonly before: (call: string) => void;
}

export interface Outcome {
  readonly calls: number;
  readonly succeeded: number;
  readonly refused: number;
  /** Calls of our own kernels, and how many of them succeeded. */
  readonly own: { readonly calls: number; readonly succeeded: number };
  /** Messages that do not name the function or the operator that was called. */
  readonly nameless: string[];
  /** Handles left when everything that was made has been released. */
  readonly leaked: number;
}

/** Marsaglia's xorshift32: the same calls for the same seed. */
function random(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

// Sizes either small or past any memory: what lies between would only be slow.
const integers = [0, 1, 2, 3, 4, 5, 8, 17, -1, -2, -3, -100, 2 ** 42, 2 ** 50, -(2 ** 53), 2 ** 53];
const numbers = [0, 1, -1, 0.5, 1e-30, -3.5, 1e30, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const shapes = [
  [],
  [0],
  [1],
  [3],
  [8],
  [17],
  [2, 3],
  [3, 2],
  [4, 4],
  [0, 4],
  [8, 8],
  [2, 3, 4],
  [1, 2, 4, 8],
  [2, 2, 4, 8],
  [2, 2, 0, 4],
  [2, 0, 3, 4],
];
const equations = ['ij,jk->ik', 'i,i', 'ij->ji', 'ii', '...i', 'i->', ',', '->', 'ij,kl,mn', '\0', 'aa->b', ''];
const poolSize = 64;
const largest = 512;

/** Calls every function of the addon with right and wrong arguments; throws when anything but an Error comes out. */
export function fuzzDoor(addon: Addon, { seed, calls, before }: Fuzz): Outcome {
  const next = random(seed);
  const below = (n: number): number => Math.floor(next() * n);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const started = addon.liveTensors();
  const pool: Handle[] = [];
  const released: Handle[] = [];

  const hostArray = (size: number): HostArray => {
    const kind = below(3);
    const fill = (): number => (below(6) === 0 ? pick(numbers) : below(9) - 2);
    if (kind === 0) return Float32Array.from({ length: size }, fill);
    return kind === 1 ? Int32Array.from({ length: size }, fill) : Uint8Array.from({ length: size }, fill);
  };
  const keep = (made: unknown): void => {
    if (Array.isArray(made)) for (const one of made) keep(one);
    if (typeof made !== 'object' || made === null || Array.isArray(made)) return;
    const handle = made as Handle;
    const shape = addon.shape(handle);
    const small = Math.max(0, ...shape) <= largest && shape.reduce((a, b) => a * b, 1) <= largest;
    if (small && pool.length < poolSize) pool.push(handle);
    else {
      const [out] = small ? pool.splice(below(pool.length), 1, handle) : [handle];
      addon.release(out as Handle);
      if (released.length < 8) released.push(out as Handle);
    }
  };
  const fresh = (): Handle => {
    const shape = pick(shapes);
    const made = addon.fromArray(hostArray(shape.reduce((a, b) => a * b, 1)), shape, 'cpu');
    keep(made);
    return made;
  };
  const tensor = (): Handle => (pool.length < 8 || below(8) === 0 ? fresh() : pick(pool));
  const many = <T>(make: () => T): T[] => Array.from({ length: below(5) }, make);

  const odd: readonly (() => unknown)[] = [
    () => undefined,
    () => null,
    () => Symbol('odd'),
    () => 10n ** 30n,
    () => 'aten::add.Tensor',
    () => ({}),
    () => [],
    () => {
      const cyclic: unknown[] = [];
      cyclic.push(cyclic);
      return cyclic;
    },
    () =>
      Object.defineProperty([1, 2], 0, {
        get: () => {
          throw new Error('a getter of the caller');
        },
      }),
    // Releases a tensor, and shortens the list, while the list is being read.
    () => {
      const list: unknown[] = [0, tensor(), tensor()];
      return Object.defineProperty(list, 0, {
        get: () => {
          addon.release(list[1] as Handle);
          const i = pool.indexOf(list[1] as Handle);
          if (i >= 0) pool.splice(i, 1);
          const first = list[1];
          list.length = 2;
          return first;
        },
      });
    },
    () => new Proxy([tensor()], {}),
    () =>
      new Proxy(
        {},
        {
          get: () => {
            throw new Error('a trap of the caller');
          },
        },
      ),
    () => (released.length > 0 ? pick(released) : null),
    () => [released[0], tensor()],
    () => new Float64Array(3),
    () => new DataView(new ArrayBuffer(8)),
    () => structuredClone(new Float32Array(4).buffer, {}),
    () => {
      const array = new Float32Array(4);
      structuredClone(array.buffer, { transfer: [array.buffer] });
      return array;
    },
    () => new Float32Array(new SharedArrayBuffer(16)),
    () => () => 1,
    () => true,
    () => pick(integers),
    () => pick(numbers),
    () => tensor(),
    () => many(tensor),
    () => many(() => pick(integers)),
    () => 'x'.repeat(below(2000)),
  ];
  // In half of the calls all tensors have one shape and are float32, so that whole operators are gone through.
  let common: readonly number[] | null = null;
  const ofShape = (shape: readonly number[]): Handle => {
    const values = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => next() - 0.5);
    const made = addon.fromArray(values, shape, 'cpu');
    keep(made);
    return made;
  };
  const alike = (): Handle => (common && below(16) > 0 ? ofShape(common) : tensor());
  const right: Readonly<Record<string, () => unknown>> = {
    T: alike,
    S: () => (common && below(6) > 0 ? ofShape(common.slice(0, -1)) : tensor()),
    R: () => (common && below(6) > 0 ? ofShape([...common.slice(0, -1), 1]) : tensor()),
    W: () => (common && below(6) > 0 ? common.slice(-1) : many(() => below(4))),
    '?': () => (below(2) === 0 ? null : tensor()),
    L: () => (common && below(4) > 0 ? [alike(), alike()] : many(tensor)),
    i: () => (below(3) > 0 ? below(5) - 1 : pick(integers)),
    I: () => many(() => (below(3) > 0 ? below(4) : pick(integers))),
    f: () => (below(2) === 0 ? next() : pick(numbers)),
    b: () => below(2) === 0,
    B: () => Array.from({ length: below(6) === 0 ? below(5) : 3 }, () => below(2) === 0),
    d: () => (below(4) > 0 ? pick([3, 4, 5, 6, 7, 11, 15]) : pick(integers)),
    s: () => pick(equations),
  };

  const names = Object.keys(operators);
  const call = (): [string, () => unknown] => {
    const name = pick(names);
    const operator = `aten::${name}`;
    const kinds = [...(operators[name] as string)];
    common = below(2) === 0 ? pick(shapes) : null;
    if (below(40) === 0) kinds.push('T');
    if (below(40) === 0) kinds.pop();
    // Half of all calls are as they should be but for their shapes, types and values.
    const wrong = below(3) === 0 ? below(kinds.length) : -1;
    const args = kinds.map((kind, i) => (i === wrong ? pick(odd)() : (right[kind] as () => unknown)()));
    const named =
      below(10) === 0 ? { dtype: right.d!(), device: pick(['cpu', 'cuda:0', 'meta', 'abacus', 7, null]) } : undefined;
    return [operator, () => keep(addon.call(operator, args as Argument[], named as Record<string, Argument>))];
  };
  const others: readonly (() => [string, () => unknown])[] = [
    () => {
      const [values, shape, device] = [
        below(3) > 0 ? hostArray(below(20)) : pick(odd)(),
        below(2) > 0 ? right.I!() : pick(odd)(),
        below(4) > 0 ? 'cpu' : pick(['meta', 'cuda:9', '', pick(odd)()]),
      ];
      return ['fromArray', () => keep(addon.fromArray(values as HostArray, shape as number[], device as string))];
    },
    () => {
      const x = below(2) === 0 ? tensor() : pick(odd)();
      return ['toArray', () => addon.toArray(x as Handle)];
    },
    () => {
      const x = pick(odd)();
      return ['shape', () => addon.shape(x as Handle)];
    },
    () => {
      const x = pick(odd)();
      return ['scalarType', () => addon.scalarType(x as Handle)];
    },
    () => {
      const given = pick([-1, 0, 2 ** 40, Number.NaN, 'two', undefined]);
      return ['setThreads', () => addon.setThreads(given as number)];
    },
    () => {
      const x = pick(odd)();
      return [
        'release',
        () => {
          if (!pool.includes(x as Handle)) addon.release(x as Handle);
        },
      ];
    },
    () => {
      const args = many(() => pick(odd)());
      const name = typeof args[0] === 'string' ? args[0] : 'call';
      return [name, () => keep(addon.call(...(args as [string, Argument[]])))];
    },
  ];

  const own = { calls: 0, succeeded: 0 };
  const ownCall = (): [string, () => unknown] => {
    const make = pick([
      linearCall,
      linearCall,
      linearCall,
      columnSumsCall,
      attentionCall,
      attentionCall,
      attentionCall,
    ]);
    const { operator, args, made } = make(addon, { below, pick, odd: () => pick(odd)() });
    const act = (): void => {
      own.calls++;
      try {
        keep(addon.call(operator, args));
        own.succeeded++;
      } finally {
        for (const handle of made) addon.release(handle);
      }
    };
    return [operator, act];
  };

  let succeeded = 0;
  const nameless = new Set<string>();
  for (let i = 0; i < calls; i++) {
    const kind = below(6);
    const [name, act] = kind === 0 ? pick(others)() : kind === 1 ? ownCall() : call();
    before(`${i} ${name.slice(0, 80)}`);
    try {
      act();
      succeeded++;
    } catch (error) {
      if (!(error instanceof Error)) throw new Error(`Call ${i} of ${name} threw ${String(error)}`);
      if (!error.message.includes(name) && !error.message.endsWith('of the caller'))
        nameless.add(`${name}: ${error.message}`);
    }
  }
  for (const handle of pool) addon.release(handle);
  return {
    calls,
    succeeded,
    refused: calls - succeeded,
    own,
    nameless: [...nameless],
    leaked: addon.liveTensors() - started,
  };
}
