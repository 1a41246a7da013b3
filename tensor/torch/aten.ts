import type { Addon, Argument, Handle } from './addon.js';

/**
 * Operators of PyTorch by name, with an owner for what they make: every tensor made through an `Aten` is released by
 * `close`, except those handed to `keep`. One is opened for each kernel, so no kernel can leak an intermediate.
 */
export class Aten {
  readonly #made = new Set<Handle>();

  constructor(
    readonly addon: Addon,
    readonly device: string,
  ) {}

  /** One operator that returns one tensor. `named` gives arguments by their schema name. */
  one(operator: string, positional: readonly Argument[], named?: Readonly<Record<string, Argument>>): Handle {
    const made = this.addon.call(operator, positional, named) as Handle;
    this.#made.add(made);
    return made;
  }

  /** One operator that returns several tensors; undefined ones (gradients not asked for) come as null. */
  many(operator: string, positional: readonly Argument[], named?: Readonly<Record<string, Argument>>): Handle[] {
    const made = this.addon.call(operator, positional, named) as Handle[];
    for (const handle of made) if (typeof handle === 'object' && handle !== null) this.#made.add(handle);
    return made;
  }

  /** A host array as a tensor on the device. */
  from(values: Float32Array | Int32Array, shape: readonly number[]): Handle {
    const made = this.addon.fromArray(values, shape, this.device);
    this.#made.add(made);
    return made;
  }

  /** x in the storage type of `like`: x itself where it has that. */
  as(x: Handle, like: Handle): Handle {
    const dtype = this.addon.scalarType(like);
    return this.addon.scalarType(x) === dtype ? x : this.one('aten::_to_copy', [x], { dtype });
  }

  keep(handle: Handle): Handle {
    this.#made.delete(handle);
    return handle;
  }

  close(): void {
    for (const handle of this.#made) this.addon.release(handle);
    this.#made.clear();
  }
}
