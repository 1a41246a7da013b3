import type { Addon, Argument, Handle } from '../../tensor/torch/addon.js';
import { Aten } from '../../tensor/torch/aten.js';
import { scalarTypes } from '../../tensor/torch/scalar-types.js';

/** A call of one of CUDA's attention operators. */
export interface Call {
  readonly operator: string;
  readonly positional: readonly Argument[];
  readonly named: Readonly<Record<string, Argument>>;
  /** Shapes of the tensors among the arguments, by their places. */
  readonly shapes: readonly (number[] | null)[];
  readonly offsets: readonly number[];
}

/** Any operator that was called, and with which arguments. */
export interface Operator {
  readonly operator: string;
  readonly positional: number;
  readonly named: readonly string[];
}

/** Arguments by name, as one torch version declares them; those after `*` may only be named. */
export function parseSchema(schema: string): {
  operator: string;
  positional: string[];
  named: Record<string, boolean>;
} {
  const [, operator, list] = /^([\w.]+)\((.*)\) ->/.exec(schema) as unknown as [string, string, string];
  const parts = list.split(/,\s*/);
  const star = parts.includes('*') ? parts.indexOf('*') : parts.length;
  const nameOf = (part: string): string => part.split(' ')[1]!.split('=')[0]!;
  const named = Object.fromEntries(parts.slice(star + 1).map((part) => [nameOf(part), part.includes('=')]));
  return { operator: `aten::${operator}`, positional: parts.slice(0, star).map(nameOf), named };
}

/**
 * An addon over the CPU's on which CUDA's attention operators exist as well: each sequence by the CPU's own kernels, in
 * the layouts that CUDA's take and give. Everything else is the CPU's, and what the CPU alone takes is refused: operators
 * made for it, and normalization in types that differ. It says that its float32 tensors are of `type`, which may be set
 * anew; what really is bfloat16 says so too.
 */
export function fakeCuda(
  cpu: Addon,
  type: keyof typeof scalarTypes,
): { addon: Addon; calls: Call[]; operators: Operator[]; said: { type: keyof typeof scalarTypes } } {
  const calls: Call[] = [];
  const operators: Operator[] = [];
  // Owns what the stand-ins make on the way.
  const own = new Aten(cpu, 'cpu');
  const one = (operator: string, args: Argument[], named?: Record<string, Argument>): Handle =>
    own.one(operator, args, named);
  /** [1?, tokens, heads, width] → a sequence's [1, heads, length, width], key heads repeated up to `heads`. */
  const sequence = (x: Handle, start: number, end: number, heads: number): Handle => {
    const [count, width] = cpu.shape(x).slice(-2) as [number, number];
    const rows = one('aten::narrow', [one('aten::reshape', [x, [-1, count, width]]), 0, start, end - start]);
    const all = one('aten::repeat_interleave.self_int', [rows, heads / count, 1]);
    return one('aten::unsqueeze', [one('aten::transpose.int', [all, 0, 1]), 0]);
  };
  /** Which keys a query does not see, as −∞ to add; null when it sees all. */
  const hidden = (length: number, causal: boolean, left: number, right: number): Handle | null => {
    if (!causal && left < 0 && right < 0) return null;
    const values = Float32Array.from({ length: length * length }, (_, at) => {
      const [i, j] = [Math.floor(at / length), at % length];
      const out = (left >= 0 && i - j > left) || (right >= 0 && j - i > right) || (causal && j > i);
      return out ? Number.NEGATIVE_INFINITY : 0;
    });
    return own.from(values, [length, length]);
  };
  const back = (parts: Handle[], batched: boolean): Handle => {
    const tokens = one('aten::cat', [parts.map((part) => one('aten::transpose.int', [part, 1, 2])), 1]);
    return batched ? tokens : one('aten::squeeze.dim', [tokens, 0]);
  };
  const offsetsOf = (handle: Argument): [number, number][] => {
    const values = [...cpu.toArray(handle as Handle)];
    return values.slice(1).map((end, i) => [values[i]!, end]);
  };
  const forward = (
    x: Argument[],
    offsets: Argument,
    causal: boolean,
    [left, right]: [number, number],
    batched: boolean,
  ) => {
    const heads = cpu.shape(x[0] as Handle).at(-2)!;
    const parts = offsetsOf(offsets).map(([start, end]) => {
      const [q, k, v] = x.map((t) => sequence(t as Handle, start, end, heads));
      return own.many('aten::_scaled_dot_product_flash_attention_for_cpu', [q, k, v, 0, false], {
        attn_mask: hidden(end - start, causal, left, right),
      }) as [Handle, Handle];
    });
    const logSums = one('aten::cat', [parts.map(([, logSum]) => one('aten::squeeze.dim', [logSum, 0])), 1]);
    return [
      back(
        parts.map(([out]) => out),
        batched,
      ),
      logSums,
      null,
      one('aten::zeros', [[2]]),
      null,
    ];
  };
  const backward = (
    [dy, q, k, v, out]: Argument[],
    logSums: Argument,
    offsets: Argument,
    causal: boolean,
    [left, right]: [number, number],
    batched: boolean,
  ): Handle[] => {
    const heads = cpu.shape(q as Handle).at(-2)!;
    const [kvHeads, width] = cpu.shape(k as Handle).slice(-2) as [number, number];
    const parts = offsetsOf(offsets).map(([start, end]) => {
      const [dys, qs, ks, vs, outs] = [dy, q, k, v, out].map((t) => sequence(t as Handle, start, end, heads));
      const logSum = one('aten::unsqueeze', [one('aten::narrow', [logSums, 1, start, end - start]), 0]);
      const made = own.many(
        'aten::_scaled_dot_product_flash_attention_for_cpu_backward',
        [dys, qs, ks, vs, outs, one('aten::contiguous', [logSum]), 0, false],
        { attn_mask: hidden(end - start, causal, left, right) },
      ) as Handle[];
      // Only the flash kernel takes grouped heads, and it gives their sums.
      return made.map((grad, i) =>
        i === 0
          ? grad
          : one('aten::sum.dim_IntList', [
              one('aten::reshape', [grad, [1, kvHeads, heads / kvHeads, end - start, width]]),
              [2],
            ]),
      );
    });
    return [0, 1, 2].map((i) =>
      back(
        parts.map((part) => part[i]!),
        batched,
      ),
    );
  };
  const window = (named: Readonly<Record<string, Argument>>): [number, number] => [
    (named.window_size_left ?? -1) as number,
    (named.window_size_right ?? -1) as number,
  ];
  const attend = (operator: string, p: readonly Argument[], named: Call['named']): (Handle | null)[] => {
    switch (operator) {
      case 'aten::_flash_attention_forward':
        return forward([...p.slice(0, 3)], p[3], p[8] as boolean, window(named), false);
      case 'aten::_flash_attention_backward':
        return backward([...p.slice(0, 5)], p[5], p[6], p[11] as boolean, window(named), false);
      case 'aten::_efficient_attention_forward':
        return forward([...p.slice(0, 3)], p[4], p[9] === 1, [-1, -1], true);
      case 'aten::_efficient_attention_backward':
        return backward([...p.slice(0, 4), p[5]], p[10], p[6], p[14] === 1, [-1, -1], true);
      default:
        throw new Error(`no such operator: ${operator}`);
    }
  };
  // Where float32 is said to be bfloat16, so is what is converted to it.
  const held = (dtype: Argument): Argument =>
    dtype === scalarTypes.bfloat16 && said.type === 'bfloat16' ? scalarTypes.float32 : dtype;
  /** CUDA's kernel takes rows, gain, bias and gradient of one type alone (layer_norm_kernel.cu of PyTorch). */
  const refuseMixedTypes = (operator: string, p: readonly Argument[]): void => {
    const places = { 'aten::native_layer_norm': [0, 2, 3], 'aten::native_layer_norm_backward': [0, 1, 5, 6] }[operator];
    const types = places?.flatMap((i) => (p[i] ? [cpu.scalarType(p[i] as Handle)] : []));
    if (new Set(types).size > 1) throw new Error(`${operator} got types ${types} on CUDA`);
  };
  const call: Addon['call'] = (operator, positional, given = {}) => {
    const p = operator === 'aten::to.dtype' ? [positional[0], held(positional[1])] : positional;
    const onCpu = 'device' in given ? { ...given, device: 'cpu' } : given;
    const named = 'dtype' in onCpu ? { ...onCpu, dtype: held(onCpu.dtype) } : onCpu;
    operators.push({ operator, positional: p.length, named: Object.keys(named) });
    if (!operator.includes('_efficient_attention_') && !operator.includes('_flash_attention_')) {
      // What names the CPU has no CUDA kernel, nor have oneDNN's operators and our own.
      if (/cpu|^(mkldnn|reasontune)::/.test(operator)) throw new Error(`${operator} was called on CUDA`);
      refuseMixedTypes(operator, p);
      return cpu.call(operator, p, named);
    }
    const places = { forward: operator.includes('flash') ? 3 : 4, backward: 6 };
    const offsets = p[operator.endsWith('forward') ? places.forward : places.backward] as Handle;
    const shapes = p.map((x) => (typeof x === 'object' && x !== null ? cpu.shape(x as Handle) : null));
    calls.push({ operator, positional: p, named, shapes, offsets: [...cpu.toArray(offsets)] });
    const made = attend(operator, p, named);
    for (const handle of made) if (handle) own.keep(handle);
    own.close();
    return made;
  };
  const fromArray: Addon['fromArray'] = (values, shape) => cpu.fromArray(values, shape, 'cpu');
  const said = { type };
  const addon = {
    ...cpu,
    call,
    fromArray,
    scalarType: (handle: Handle) =>
      cpu.scalarType(handle) === scalarTypes.float32 ? scalarTypes[said.type] : cpu.scalarType(handle),
  };
  return { addon, calls, operators, said };
}
