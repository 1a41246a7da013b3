import type { Addon, Argument, Handle } from './addon.js';

// Operators that tensor/ uses whose CPU kernels trust their arguments: with others they read or write memory that is not
// theirs. libtorch checks the arguments of all other operators used here (docs/native-door.md says how that was tried).

type Shape = readonly number[];
/** A call: its arguments by position, those by name, and what is asked of them. */
interface Call {
  readonly operator: string;
  readonly args: readonly Argument[];
  readonly named: Readonly<Record<string, Argument>>;
  /** Null for what is not a living tensor: the addon will say so. */
  shape(argument: Argument): Shape | null;
}

function show(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

function expect(call: Call, name: string, got: Shape | null, wanted: Shape | null): void {
  if (got && wanted && show(got) !== show(wanted)) {
    throw new TypeError(`Expected shape ${show(wanted)} for ${call.operator}(${name}), got ${show(got)}.`);
  }
}

/** Arguments, by name and position, that must have the shape of the one at `like`. */
function alike(call: Call, like: number, others: Readonly<Record<string, number>>): void {
  const wanted = call.shape(call.args[like]);
  for (const [name, position] of Object.entries(others)) expect(call, name, call.shape(call.args[position]), wanted);
}

const checks = new Map<string, (call: Call) => void>(
  Object.entries({
    'aten::_softmax_backward_data': (call) => alike(call, 0, { output: 1 }),
    'aten::_log_softmax_backward_data': (call) => alike(call, 0, { output: 1 }),
    'aten::unbind.int': checkParts,
    'aten::chunk': checkParts,
    // It counts the ids in a table of num_weights numbers without a look at them.
    'aten::embedding_dense_backward': ({ operator, args, named }) => {
      if ((args[4] ?? named.scale_grad_by_freq) === true) {
        throw new TypeError(`Expected false for ${operator}(scale_grad_by_freq), got true.`);
      }
    },
    'aten::native_layer_norm_backward': (call) => {
      alike(call, 1, { grad_out: 0 });
      const [input, normalized] = [call.shape(call.args[1]), call.args[2]];
      if (!input || !Array.isArray(normalized)) return;
      // One number a row; the forward pass gives them as [rows, 1].
      const rows = input.map((size, axis) => (axis < input.length - normalized.length ? size : 1));
      expect(call, 'mean', call.shape(call.args[3]), rows);
      expect(call, 'rstd', call.shape(call.args[4]), rows);
    },
    'aten::_scaled_dot_product_flash_attention_for_cpu': (call) => {
      alike(call, 1, { value: 2 });
      checkKeys(call, call.shape(call.args[0]), call.shape(call.args[1]));
    },
    'aten::_scaled_dot_product_flash_attention_for_cpu_backward': (call) => {
      alike(call, 1, { grad_out: 0, out: 4 });
      alike(call, 2, { value: 3 });
      const query = call.shape(call.args[1]);
      checkKeys(call, query, call.shape(call.args[2]));
      expect(call, 'logsumexp', call.shape(call.args[5]), query?.slice(0, 3) ?? null);
    },
    'mkldnn::_linear_pointwise': (call) => {
      const [a, b, bias] = [0, 1, 2].map((i) => call.shape(call.args[i]));
      expect(call, 'input', a ? [a.length, a.at(-1) ?? 0] : null, b ? [2, b[1] ?? 0] : null);
      expect(call, 'weight', b ?? null, b ? [b[0] ?? 0, b[1] ?? 0] : null);
      expect(call, 'bias', bias ?? null, b ? [b[0] ?? 0] : null);
    },
    'aten::_fused_adamw_': (call) => {
      const [parameters, ...others] = call.args.slice(0, 6).map((list) => (Array.isArray(list) ? list : []));
      ['grads', 'exp_avgs', 'exp_avg_sqs', '', 'state_steps'].forEach((name, i) => {
        if (name === '') return;
        expect(call, `${name}.length`, [others[i]!.length], [parameters!.length]);
        others[i]!.forEach((tensor: Argument, j) => {
          expect(call, name, call.shape(tensor), name === 'state_steps' ? [] : call.shape(parameters![j]));
        });
      });
    },
  }),
);

// A tensor without values may have any size, and libtorch makes as many tensors of it.
const mostParts = 2 ** 16;

function checkParts({ operator, args, named, shape }: Call): void {
  const sizes = shape(args[0]);
  const axis = args[operator === 'aten::chunk' ? 2 : 1] ?? named.dim ?? 0;
  const parts = typeof axis === 'number' ? (sizes?.at(axis) ?? 0) : 0;
  if (parts > mostParts) throw new TypeError(`Expected ${mostParts} parts at most for ${operator}, got ${parts}.`);
}

/** Queries and keys are [batch, heads, length, width], alike but for the length; a mask spans both or has ones. */
function checkKeys(call: Call, query: Shape | null, key: Shape | null): void {
  if (!query || !key) return;
  const [batch = 0, heads = 0, , width = 0] = query;
  const [, , keys = 0] = key;
  expect(call, 'query.dim', [query.length], [4]);
  expect(call, 'key', key, [batch, heads, keys, width]);
  // It divides by heads and lengths.
  if (query.includes(0) || key.includes(0)) {
    throw new TypeError(`Expected sizes above 0 for ${call.operator}, got ${show(query)} and ${show(key)}.`);
  }
  const mask = call.shape(call.named.attn_mask);
  if (!mask) return;
  const full = [batch, heads, query[2]!, keys].slice(-mask.length);
  expect(
    call,
    'attn_mask',
    mask,
    full.map((size, axis) => (mask[axis] === 1 ? 1 : size)),
  );
}

/** The addon, with the arguments of these operators checked before they are called. */
export function checked(addon: Addon): Addon {
  const shape = (argument: Argument): Shape | null => {
    try {
      return addon.shape(argument as Handle);
    } catch {
      return null;
    }
  };
  return {
    ...addon,
    call: (operator, positional, named) => {
      const check = checks.get(operator);
      if (!check || !Array.isArray(positional)) return addon.call(operator, positional, named);
      // Read once: what was checked is what is called.
      const args = [...(positional as readonly Argument[])];
      check({ operator, args, named: named ?? {}, shape });
      return addon.call(operator, args, named);
    },
  };
}
