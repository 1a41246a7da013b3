import {
  type BackendValues,
  type DataId,
  DataStorage,
  type DataType,
  engine,
  KernelBackend,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { Addon, Handle, HostArray } from './addon.js';
import { Aten } from './aten.js';

interface Held {
  handle: Handle;
  dtype: DataType;
  refCount: number;
}

/** What a kernel is given: the operators, its inputs as libtorch tensors, its attributes, and its inputs' shapes. */
export interface KernelCall<A> {
  readonly aten: Aten;
  readonly inputs: Readonly<Record<string, Handle>>;
  readonly attrs: A;
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** A result, with its tfjs dtype where that is not float32. */
export type Made = Handle | { handle: Handle; dtype: DataType };

/** tfjs over libtorch: a tfjs data id holds one libtorch tensor of the same shape. */
export class TorchBackend extends KernelBackend {
  readonly #held: DataStorage<Held> = new DataStorage<Held>(this, engine());
  #count = 0;

  constructor(
    readonly addon: Addon,
    readonly device: string,
  ) {
    super();
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    if (dtype !== 'float32' && dtype !== 'int32' && dtype !== 'bool') {
      throw new Error(`The torch backend holds float32, int32 and bool, not ${dtype}.`);
    }
    return this.#hold(this.addon.fromArray(asHostArray(values, dtype), shape, this.device), dtype);
  }

  override move(id: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    const handle = this.addon.fromArray(asHostArray(values, dtype), shape, this.device);
    this.#held.set(id, { handle, dtype, refCount });
    this.#count++;
  }

  override readSync(id: DataId): HostArray {
    return this.addon.toArray(this.#held.get(id).handle);
  }

  override async read(id: DataId): Promise<HostArray> {
    return this.readSync(id);
  }

  override refCount(id: DataId): number {
    return this.#held.has(id) ? this.#held.get(id).refCount : 0;
  }

  override incRef(id: DataId): void {
    this.#held.get(id).refCount++;
  }

  override disposeData(id: DataId, force = false): boolean {
    if (!this.#held.has(id)) return true;
    const held = this.#held.get(id);
    if (--held.refCount > 0 && !force) return false;
    this.addon.release(held.handle);
    this.#held.delete(id);
    this.#count--;
    return true;
  }

  override numDataIds(): number {
    return this.#count;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override dispose(): void {}

  /** The libtorch tensor behind a tfjs tensor, for operations that work in place (the optimizer). */
  handle(tensor: TensorInfo): Handle {
    return this.#held.get(tensor.dataId).handle;
  }

  #hold(handle: Handle, dtype: DataType): DataId {
    const id = {};
    this.#held.set(id, { handle, dtype, refCount: 1 });
    this.#count++;
    return id;
  }

  /** Makes a tfjs result of a libtorch tensor. */
  adopt(made: Made): TensorInfo {
    const { handle, dtype } = 'handle' in made ? made : { handle: made, dtype: 'float32' as const };
    return { dataId: this.#hold(handle, dtype), shape: this.addon.shape(handle), dtype };
  }
}

function asHostArray(values: BackendValues, dtype: DataType): HostArray {
  if (dtype === 'float32')
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
  return values instanceof Uint8Array ? values : Uint8Array.from(values as ArrayLike<number>);
}

/** Registers a kernel of the torch backend. `run` makes its results with `aten`; what it does not return is released. */
export function registerTorchKernel<A = object>(name: string, run: (call: KernelCall<A>) => Made | Made[]): void {
  registerKernel({
    kernelName: name,
    backendName: 'torch',
    kernelFunc: ({ inputs: infos, attrs, backend }) => {
      const torch = backend as TorchBackend;
      const inputs: Record<string, Handle> = {};
      const shapes: Record<string, readonly number[]> = {};
      for (const [key, given] of Object.entries(infos)) {
        const info = given as TensorInfo;
        inputs[key] = torch.handle(info);
        shapes[key] = info.shape;
      }
      const aten = new Aten(torch.addon, torch.device);
      try {
        const made = run({ aten, inputs, shapes, attrs: attrs as A });
        const results = Array.isArray(made) ? made : [made];
        const infosOut = results.map((m) => {
          aten.keep('handle' in m ? m.handle : m);
          return torch.adopt(m);
        });
        return Array.isArray(made) ? infosOut : (infosOut[0] as TensorInfo);
      } finally {
        aten.close();
      }
    },
  });
}
