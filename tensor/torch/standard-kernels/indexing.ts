import { backend_util, type DataType, gather_util, scatter_util, type Tensor, util } from '@tensorflow/tfjs-core';
import type { Argument, Handle } from '../addon.js';
import type { Aten } from '../aten.js';
import { type KernelCall, registerTorchKernel } from '../backend.js';
import { scalarTypes } from '../scalar-types.js';
import { cast, scalarType } from './cast.js';

/** Throws where an index lies outside [0, size): libtorch only notices it on the CPU. */
function checkRange(aten: Aten, kernel: string, indices: Handle, size: number): void {
  for (const value of aten.addon.toArray(indices)) {
    if (!(value >= 0 && value < size))
      throw new Error(`${kernel}: the index value ${value} is not in [0, ${size - 1}]`);
  }
}

/** Indices of slices as the slices' numbers in a row; `strides` count slices. */
function positions(
  aten: Aten,
  kernel: string,
  indices: Handle,
  { shape, strides }: { shape: readonly number[]; strides: readonly number[] },
): Handle {
  const depth = strides.length;
  const given = aten.addon.toArray(indices);
  const flat = new Int32Array(depth === 0 ? 1 : given.length / depth);
  for (let i = 0; i < flat.length; i++) {
    for (let axis = 0; axis < depth; axis++) {
      const index = given[i * depth + axis]!;
      if (index < 0 || index >= shape[axis]!) {
        throw new Error(`${kernel}: the index ${index} of axis ${axis} does not index into ${shape}`);
      }
      flat[i]! += index * strides[axis]!;
    }
  }
  return aten.from(flat, [flat.length]);
}

const flatten = (aten: Aten, x: Handle): Handle => aten.one('aten::reshape', [x, [-1]]);
const reshape = (aten: Aten, x: Handle, shape: readonly number[]): Handle => aten.one('aten::reshape', [x, shape]);

export function registerIndexing(): void {
  registerTorchKernel('GatherV2', gatherV2);
  registerTorchKernel(
    'GatherNd',
    ({ aten, inputs: { params, indices }, shapes }: KernelCall<object, 'params' | 'indices'>) => {
      const shape = [...shapes.params];
      const [out, slices, sliceSize, strides] = gather_util.prepareAndValidate(
        { shape, rank: shape.length, size: util.sizeFromShape(shape) } as Tensor,
        { shape: [...shapes.indices], rank: shapes.indices.length, dtype: 'int32' } as Tensor,
      ) as [number[], number, number, number[]];
      if (slices === 0) return aten.one('aten::new_empty', [params, out]);
      const flat = positions(aten, 'GatherNd', indices, {
        shape,
        strides,
      });
      return reshape(aten, aten.one('aten::index_select', [reshape(aten, params, [-1, sliceSize]), 0, flat]), out);
    },
  );
  registerTorchKernel(
    'ScatterNd',
    ({ aten, inputs, attrs, shapes }: KernelCall<{ shape: number[] }, 'indices' | 'updates'>) => {
      const target = aten.one('aten::new_zeros', [inputs.updates, attrs.shape]);
      return scatter(aten, 'aten::index_add', 'ScatterNd', target, { inputs, shapes, shape: attrs.shape });
    },
  );
  registerTorchKernel(
    'TensorScatterUpdate',
    ({ aten, inputs, shapes }: KernelCall<object, 'tensor' | 'indices' | 'updates'>) =>
      scatter(aten, 'aten::index_copy', 'TensorScatterUpdate', inputs.tensor, { inputs, shapes, shape: shapes.tensor }),
  );
  // Rows whose segment is outside [0, numSegments) are left out, as tfjs does: they go to one row more, cut off after.
  registerTorchKernel(
    'UnsortedSegmentSum',
    ({ aten, inputs: { x, segmentIds }, attrs, shapes }: KernelCall<{ numSegments: number }, 'x' | 'segmentIds'>) => {
      const { numSegments } = attrs;
      const rank = shapes.segmentIds.length;
      const rest = shapes.x.slice(rank);
      const ids = flatten(aten, segmentIds);
      const inside = aten.one('aten::logical_and', [
        aten.one('aten::ge.Scalar', [ids, 0]),
        aten.one('aten::lt.Scalar', [ids, numSegments]),
      ]);
      const rows = cast(aten, aten.one('aten::where.ScalarOther', [inside, ids, numSegments]), 'int32');
      const sums = aten.one('aten::index_add', [
        aten.one('aten::new_zeros', [x, [numSegments + 1, ...rest]]),
        0,
        rows,
        reshape(aten, x, [util.sizeFromShape([...shapes.segmentIds]), ...rest]),
      ]);
      return aten.one('aten::narrow', [sums, 0, 0, numSegments]);
    },
  );
  registerTorchKernel('OneHot', ({ aten, inputs: { indices }, attrs }: KernelCall<OneHot, 'indices'>) => {
    const depths = aten.one('aten::arange', [attrs.depth], { dtype: scalarType('int32'), device: aten.device });
    const hot = aten.one('aten::eq.Tensor', [aten.one('aten::unsqueeze', [indices, -1]), depths]);
    return cast(aten, aten.one('aten::where.Scalar', [hot, attrs.onValue, attrs.offValue]), attrs.dtype);
  });
  registerTorchKernel('TopK', ({ aten, inputs: { x }, attrs }: KernelCall<{ k: number }, 'x'>) => {
    // A stable sort: of equal values the first comes first, which libtorch's own topk does not promise.
    const sorted = aten.many('aten::sort.stable', [x], { stable: true, dim: -1, descending: true });
    const [values, indices] = sorted.map((all) => aten.one('aten::narrow', [all, -1, 0, attrs.k])) as [Handle, Handle];
    return [aten.one('aten::clone', [values]), cast(aten, indices, 'int32')];
  });
  registerTorchKernel(
    'Select',
    ({ aten, inputs: { condition, t, e }, shapes }: KernelCall<object, 'condition' | 't' | 'e'>) => {
      // A condition of one dimension chooses whole rows.
      const missing = shapes.t.length - shapes.condition.length;
      const ones = Array.from({ length: missing }, () => 1);
      const wide =
        shapes.condition.length === 0 || missing === 0
          ? condition
          : reshape(aten, condition, [...shapes.condition, ...ones]);
      return aten.one('aten::where.self', [wide, t, e]);
    },
  );
  registerTorchKernel(
    'SearchSorted',
    ({ aten, inputs, attrs }: KernelCall<{ side: 'left' | 'right' }, 'sortedSequence' | 'values'>) =>
      aten.one('aten::searchsorted.Tensor', [inputs.sortedSequence, inputs.values], {
        out_int32: true,
        right: attrs.side === 'right',
      }),
  );
}

interface OneHot {
  readonly depth: number;
  readonly onValue: number;
  readonly offValue: number;
  readonly dtype: DataType;
}

function gatherV2({
  aten,
  inputs: { x, indices },
  attrs,
  shapes,
}: KernelCall<{ axis: number; batchDims: number }, 'x' | 'indices'>): Handle {
  const [axis] = util.parseAxisParam(attrs.axis, [...shapes.x]) as [number];
  checkRange(aten, 'GatherV2', indices, shapes.x[axis]!);
  const info = backend_util.segment_util.collectGatherOpShapeInfo(
    { shape: [...shapes.x], rank: shapes.x.length } as Tensor,
    { shape: [...shapes.indices], rank: shapes.indices.length } as Tensor,
    axis,
    attrs.batchDims,
  );
  if (info.batchSize === 1) {
    return reshape(aten, aten.one('aten::index_select', [x, axis, flatten(aten, indices)]), info.outputShape);
  }
  const { batchSize, outerSize, dimSize, sliceSize, outputShape } = info;
  const rows = reshape(aten, x, [batchSize, outerSize, dimSize, sliceSize]);
  const wide = cast64(aten, reshape(aten, indices, [batchSize, 1, -1, 1]));
  const expanded = aten.one('aten::expand', [wide, [batchSize, outerSize, -1, sliceSize]]);
  return reshape(aten, aten.one('aten::gather', [rows, 2, expanded]), outputShape);
}

interface Scatter {
  readonly inputs: Readonly<Record<'indices' | 'updates', Handle>>;
  readonly shapes: Readonly<Record<'indices' | 'updates', readonly number[]>>;
  /** Of the target. */
  readonly shape: readonly number[];
}

/** Puts the updates' slices at their places in the target with an operator of the index family. */
function scatter(
  aten: Aten,
  operator: string,
  kernel: string,
  target: Handle,
  { inputs, shapes, shape }: Scatter,
): Handle {
  const { sliceRank, numUpdates, sliceSize, strides, outputSize } = scatter_util.calculateShapes(
    { shape: [...shapes.updates] } as Tensor,
    { shape: [...shapes.indices], rank: shapes.indices.length } as Tensor,
    [...shape],
  );
  if (outputSize === 0) return aten.one('aten::new_zeros', [target, shape]);
  const flat = positions(aten, kernel, inputs.indices, {
    shape,
    strides: strides.slice(0, sliceRank),
  });
  const args: Argument[] = [
    reshape(aten, target, [-1, sliceSize]),
    0,
    cast64(aten, flat),
    reshape(aten, inputs.updates, [numUpdates, sliceSize]),
  ];
  return reshape(aten, aten.one(operator, args), shape);
}

function cast64(aten: Aten, x: Handle): Handle {
  return aten.one('aten::_to_copy', [x], { dtype: scalarTypes.int64 });
}
