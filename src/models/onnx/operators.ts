/**
 * Operators of the ONNX standard (default domain, opsets 7 to 21) that an uploaded model may use: those that compute
 * tensors from tensors, give the same numbers each time, and have a CPU kernel in onnxruntime.
 * Left out on purpose: bodies of other graphs (If, Loop, Scan, SequenceMap), random numbers, text, sequences and
 * optionals, decoders of images, losses and optimizers.
 */
const OPERATORS = `
Abs Acos Acosh Add AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh AveragePool BatchNormalization BitShift BitwiseAnd
BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Celu CenterCropPad Clip Col2Im Compress Concat Constant
ConstantOfShape Conv ConvInteger ConvTranspose Cos Cosh CumSum DepthToSpace DeformConv DequantizeLinear Det DFT Div Dropout
DynamicQuantizeLinear Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor GRU Gather GatherElements GatherND Gelu Gemm
GlobalAveragePool GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HardSigmoid HardSwish
Hardmax Identity InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax
LpNormalization LpPool MatMul MatMulInteger Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization
Min Mish Mod Mul Neg NonMaxSuppression NonZero Not OneHot Or PRelu Pad Pow QLinearConv QLinearMatMul QuantizeLinear RNN
Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
ReduceSumSquare Relu Reshape Resize ReverseSequence RoiAlign Round ScatterElements ScatterND Selu Shape Shrink Sigmoid
Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToDepth Split Sqrt Squeeze Sub Sum Tan Tanh ThresholdedRelu Tile
TopK Transpose Trilu Unique Unsqueeze Upsample Where Xor`

export const ONNX_OPERATORS: ReadonlySet<string> = new Set(OPERATORS.trim().split(/\s+/))

/** Why an operator of the standard is not among them, where there is more to say than that. */
export const REFUSED_OPERATORS: ReadonlyMap<string, string> = new Map([
  ...['If', 'Loop', 'Scan', 'SequenceMap'].map(
    (name) =>
      [
        name,
        'it has graphs of its own, which are not read; export the model without control flow',
      ] as const,
  ),
  ...[
    'RandomNormal',
    'RandomNormalLike',
    'RandomUniform',
    'RandomUniformLike',
    'Multinomial',
    'Bernoulli',
  ].map(
    (name) =>
      [
        name,
        'a teacher must give the same numbers each time; export the model in evaluation mode',
      ] as const,
  ),
])
