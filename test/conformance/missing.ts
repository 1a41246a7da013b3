/** tfjs kernels that the torch backend does not have, by the reason why. */
export const missing: Readonly<Record<string, readonly string[]>> = {
  'Convolutions and pooling: text encoders have none.': [
    ...['AvgPool', 'AvgPool3D', 'AvgPool3DGrad', 'AvgPoolGrad', 'BatchToSpaceND', 'Conv2D', 'Conv2DBackpropFilter'],
    ...['Conv2DBackpropInput', 'Conv3D', 'Conv3DBackpropFilterV2', 'Conv3DBackpropInputV2', 'DepthToSpace'],
    ...['DepthwiseConv2dNative', 'DepthwiseConv2dNativeBackpropFilter', 'DepthwiseConv2dNativeBackpropInput'],
    ...['Dilation2D', 'Dilation2DBackpropFilter', 'Dilation2DBackpropInput', 'FusedBatchNorm', 'FusedConv2D'],
    ...['FusedDepthwiseConv2D', 'LRN', 'LRNGrad', 'MaxPool', 'MaxPool3D', 'MaxPool3DGrad', 'MaxPoolGrad'],
    ...['MaxPoolWithArgmax', 'SpaceToBatchND'],
  ],
  'Pictures: their input is not text.': [
    ...['CropAndResize', 'Draw', 'FlipLeftRight', 'FromPixels', 'NonMaxSuppressionV3', 'NonMaxSuppressionV4'],
    ...['NonMaxSuppressionV5', 'ResizeBilinear', 'ResizeBilinearGrad', 'ResizeNearestNeighbor'],
    ...['ResizeNearestNeighborGrad', 'RotateWithOffset', 'Transform'],
  ],
  'Complex numbers: the backend holds float32, int32 and bool.': [
    'Complex',
    'ComplexAbs',
    'FFT',
    'IFFT',
    'Imag',
    'Real',
  ],
  'Strings: the backend holds numbers.': [
    ...['StaticRegexReplace', 'StringNGrams', 'StringSplit', 'StringToHashBucketFast'],
  ],
  'Ragged and sparse tensors: a batch here is packed, with offsets.': [
    ...['RaggedGather', 'RaggedRange', 'RaggedTensorToTensor', 'SparseFillEmptyRows', 'SparseReshape'],
    ...['SparseSegmentMean', 'SparseSegmentSum', 'SparseToDense'],
  ],
  'Counting, drawing and sets: work for the data, not for a loss.': [
    ...['Bincount', 'DenseBincount', 'Multinomial', 'Unique'],
  ],
  'No operation of tfjs-core calls them, or only one that asks for shapes.': [
    ...['BroadcastArgs', 'BroadcastTo', 'LowerBound', 'MatrixBandPart', 'UpperBound'],
  ],
};
