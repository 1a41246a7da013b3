import {
  type BackendTimingInfo,
  type BackendValues,
  type DataId,
  DataStorage,
  type DataType,
  engine,
  KernelBackend,
  type KernelFunc,
  registerKernel,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { Addon, Handle, HostArray } from './addon.js';
import { Aten } from './aten.js';
import type { OwnKernels } from './own-kernels.js';
import { scalarTypes } from './scalar-types.js';

interface Held {
  handle: Handle;
  dtype: DataType;
  refCount: number;
}

/** What a kernel is given: the operators, its inputs as libtorch tensors, its attributes, its inputs' shapes and types. */
export interface KernelCall<A, K extends string = string> {
  readonly aten: Aten;
  readonly inputs: Readonly<Record<K, Handle>>;
  readonly attrs: A;
  readonly shapes: Readonly<Record<K, readonly number[]>>;
  readonly dtypes: Readonly<Record<K, DataType>>;
}

/** The tfjs type that stands for each of PyTorch's: floating ones of any width are float32 to tfjs. */
const dtypes: Readonly<Record<number, DataType>> = {
  [scalarTypes.int32]: 'int32',
  [scalarTypes.float32]: 'float32',
  [scalarTypes.bfloat16]: 'float32',
  [scalarTypes.bool]: 'bool',
};

/** tfjs over libtorch: a tfjs data id holds one libtorch tensor of the same shape. */
export class TorchBackend extends KernelBackend {
  readonly #held: DataStorage<Held> = new DataStorage<Held>(this, engine());
  #count = 0;
  /** Kernels of our own, where a CUDA device is to use them. */
  ownKernels: OwnKernels | null = null;

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
    return this.#hold(this.#upload(values, shape, dtype), dtype);
  }

  #upload(values: BackendValues, shape: number[], dtype: DataType): Handle {
    const handle = this.addon.fromArray(asHostArray(values, dtype), shape, this.device);
    if (dtype !== 'bool') return handle;
    // It came as bytes.
    try {
      return this.addon.call('aten::_to_copy', [handle], { dtype: scalarTypes.bool }) as Handle;
    } finally {
      this.addon.release(handle);
    }
  }

  override move(id: DataId, values: BackendValues, shape: number[], dtype: DataType, refCount: number): void {
    this.#held.set(id, { handle: this.#upload(values, shape, dtype), dtype, refCount });
    this.#count++;
  }

  override readSync(id: DataId): HostArray {
    return this.addon.toArray(this.#held.get(id).handle);
  }

  override read(id: DataId): Promise<HostArray> {
    return this.addon.read(this.#held.get(id).handle);
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
    return true;
  }

  /** Wall-clock milliseconds. On a GPU, which works on after a call returns, that is the time to give it the work. */
  override async time(work: () => void): Promise<BackendTimingInfo> {
    const began = performance.now();
    work();
    return { kernelMs: performance.now() - began };
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
  adopt(handle: Handle): TensorInfo {
    const dtype = dtypes[this.addon.scalarType(handle)];
    if (!dtype) throw new Error('A kernel made a tensor of a type that tfjs does not have.');
    return { dataId: this.#hold(handle, dtype), shape: this.addon.shape(handle), dtype };
  }
}

/** The running backend where it is torch. */
export function runningTorch(): TorchBackend | null {
  const { backend } = engine();
  return backend instanceof TorchBackend ? backend : null;
}

function asHostArray(values: BackendValues, dtype: DataType): HostArray {
  if (dtype === 'float32')
    return values instanceof Float32Array ? values : Float32Array.from(values as ArrayLike<number>);
  if (dtype === 'int32') return values instanceof Int32Array ? values : Int32Array.from(values as ArrayLike<number>);
  return values instanceof Uint8Array ? values : Uint8Array.from(values as ArrayLike<number>);
}

/** Registers a kernel of the torch backend. `run` makes its results with `aten`; what it does not return is released. */
export function registerTorchKernel<A = object, K extends string = string>(
  name: string,
  run: (call: KernelCall<A, K>) => Handle | Handle[],
): void {
  registerKernel({ kernelName: name, backendName: 'torch', kernelFunc: torchKernel(run, noStandIn) });
}

const noStandIn: KernelFunc = () => {
  throw new Error('A kernel without a stand-in returned null.');
};

/** A tfjs kernel by libtorch; where `run` returns null, `standIn` is run in its place. */
export function torchKernel<A, K extends string>(
  run: (call: KernelCall<A, K>) => Handle | Handle[] | null,
  standIn: KernelFunc,
): KernelFunc {
  return (given) => {
    const { inputs: infos, attrs, backend } = given;
    const torch = backend as TorchBackend;
    const inputs = {} as Record<K, Handle>;
    const shapes = {} as Record<K, readonly number[]>;
    const dtypes = {} as Record<K, DataType>;
    for (const key of Object.keys(infos) as K[]) {
      const info = infos[key] as TensorInfo | undefined;
      if (!info) continue;
      inputs[key] = torch.handle(info);
      shapes[key] = info.shape;
      dtypes[key] = info.dtype;
    }
    const aten = new Aten(torch.addon, torch.device);
    try {
      const made = run({ aten, inputs, shapes, dtypes, attrs: attrs as A });
      if (made === null) return standIn(given);
      return Array.isArray(made) ? made.map((handle) => torch.adopt(aten.keep(handle))) : torch.adopt(aten.keep(made));
    } finally {
      aten.close();
    }
  };
}
