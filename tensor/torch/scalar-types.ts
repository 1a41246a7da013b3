/** PyTorch's numbers for the scalar types that tensors here may have (c10/core/ScalarType.h). */
export const scalarTypes = { int32: 3, int64: 4, float32: 6, float64: 7, bool: 11, bfloat16: 15 } as const;
