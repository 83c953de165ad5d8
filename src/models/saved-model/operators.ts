/** Which operations of TensorFlow an uploaded SavedModel may use. */

/** Compute tensors from tensors and variables, the same numbers each time, and touch nothing else. */
export const COMPUTING: ReadonlySet<string> = new Set(
  `
Abs Acos Acosh Add AddN AddV2 All Any ArgMax ArgMin Asin Asinh Assert Atan Atan2 Atanh AvgPool AvgPool3D BatchMatMul BatchMatMulV2
BatchMatMulV3 BatchToSpaceND BiasAdd BiasAddV1 Bitcast BroadcastArgs BroadcastTo Cast Ceil CheckNumerics ClipByValue Concat ConcatV2
Const Conv2D Conv2DBackpropInput Conv3D Cos Cosh Cumprod Cumsum DepthToSpace DepthwiseConv2dNative Div DivNoNan Einsum Elu
EnsureShape Equal Erf Erfc Exp ExpandDims Expm1 Fill Floor FloorDiv FloorMod FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3
Gather GatherNd GatherV2 Greater GreaterEqual Identity IdentityN InTopKV2 InvertPermutation IsFinite IsInf IsNan L2Loss LRN
LeakyRelu Less LessEqual LinSpace Log Log1p LogSoftmax LogicalAnd LogicalNot LogicalOr MatMul Max MaxPool MaxPool3D MaxPoolV2
Maximum Mean Min Minimum MirrorPad Mod Mul MulNoNan Neg NoOp NotEqual OneHot OnesLike Pack Pad PadV2
PartitionedCall Placeholder PlaceholderWithDefault Pow PreventGradient Prod Range Rank ReadVariableOp RealDiv Reciprocal
Relu Relu6 Reshape ResizeBilinear ResizeNearestNeighbor ResizeBicubic ResizeArea ResourceGather ReverseV2 Rint Round Rsqrt
ScatterNd SelectV2 Select Selu Shape ShapeN Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign SpaceToBatchND
SpaceToDepth Split SplitV Sqrt Square SquaredDifference Squeeze StatefulPartitionedCall StopGradient StridedSlice Sub Sum Tan
Tanh TensorScatterUpdate Tile TopK TopKV2 Transpose TruncateDiv TruncateMod Unpack VarHandleOp VarIsInitializedOp
VariableShape VariableV2 Variable Where Xdivy Xlogy ZerosLike`
    .trim()
    .split(/\s+/),
)

/** Beside those, while the variables are read from the files that came with the model. */
export const RESTORING: ReadonlySet<string> = new Set([
  'RestoreV2',
  'AssignVariableOp',
  'Assign',
  'DisableCopyOnRead',
])

/** Why an operation is refused wherever it stands, even where it would not be reached. */
export const FORBIDDEN: readonly { readonly pattern: RegExp; readonly why: string }[] = [
  { pattern: /^(Eager)?PyFunc(Stateless)?$/, why: 'calls Python, of which nothing is in the file' },
  {
    pattern:
      /^(ReadFile|WriteFile|MatchingFiles|PrintV2|Print|Save|SaveSlices|Restore|RestoreSlice|.*Reader(V2)?|.*Summary.*|.*SummaryWriter|Experimental.*Dataset|.*Dataset(V\d+)?)$/,
    why: 'reads or writes files',
  },
  {
    pattern:
      /^(Rpc|TryRpc|.*Rpc.*|.*Socket.*|BigQuery.*|.*Distribute.*|Send|Recv|_Send|_Recv|_HostSend|_HostRecv|Collective.*)$/,
    why: 'speaks to other machines',
  },
  {
    pattern: /^(LookupTable.*|InitializeTable.*|.*HashTable.*)$/,
    why: 'uses a lookup table; give the model numbers instead of text',
  },
  {
    pattern: /^(XlaLaunch.*|TPU.*|RemoteCall|TRTEngineOp|Xla.*CustomCall.*|TfLite.*)$/,
    why: 'hands work to another runtime',
  },
]

export const RANDOM = /^(Stateful|Stateless|Parameterized)?(Random|TruncatedNormal|Multinomial)/
