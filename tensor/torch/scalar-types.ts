/** PyTorch's numbers for the scalar types that tensors here may have (c10/core/ScalarType.h). */
export const scalarTypes = { int32: 3, float32: 6, bool: 11, bfloat16: 15 } as const;
