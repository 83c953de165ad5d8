/**
 * What a trainer process is given and what it answers. It knows files and numbers: no queue, no database.
 * A task is one JSON document, so any task can be run again by hand: `npm run train -- task.json`.
 */
import type { Split } from '../src/domain/evaluation.ts'
import type { ForeignGraph, SavedModelPart } from '../src/domain/foreign-graph.ts'
import type { LatencyRecord } from '../src/domain/latency.ts'
import type { Method } from '../src/domain/methods/job-methods.ts'
import type { Normalization } from '../src/domain/model.ts'
import type { Network } from '../src/domain/network.ts'
import type { ResolvedTerm, Stage, SuggestWeights } from '../src/domain/objective.ts'
import type { ResolvedJob } from '../src/domain/resolved-job.ts'
import type { ScheduledNumber } from '../src/domain/term-schedule.ts'
import type { Training } from '../src/domain/training.ts'
import type { Arm, Phase } from '../src/domain/words.ts'
import type { InnerFold } from '../src/splits/inner-folds.ts'

/** A dataset as files: row-major little-endian features, and one little-endian int32 class index a row. */
export interface DatasetFiles {
  readonly rows: number
  readonly inputShape: readonly number[]
  readonly classes: number
  readonly featureType: 'uint8' | 'float32'
  readonly featuresPath: string
  readonly labelsPath: string
  /** One little-endian int32 group index a row; there only where a split has to know. */
  readonly groupsPath?: string
}

interface TaskBase {
  readonly dataset: DatasetFiles
  readonly testSet: DatasetFiles | null
  /** Folder that exists and is empty; results are written here. */
  readonly outputDirectory: string
}

/** A trained network that answers while another one is trained. */
export interface TeacherInStep {
  readonly network: Network
  /** Safetensors. */
  readonly weightsPath: string
  readonly normalization: Normalization | null | 'in-weights-file'
}

/** Trains one network on one part of the rows. */
export interface TrainTask extends TaskBase {
  readonly kind: 'train'
  readonly network: Network
  readonly arm: Arm
  /** Which member or assistant, from 0; absent for other arms. */
  readonly index?: number
  /** Null: the final training. */
  readonly fold: number | null
  readonly split: Split
  /** Of a teacher of cross-fit: the part of the training rows that it answers and is not trained on. */
  readonly innerFold?: InnerFold
  readonly objective: readonly ResolvedTerm[]
  /** Absent: one stage with the objective. Epochs of all stages are those of the training. */
  readonly stages?: readonly Stage[]
  /** Absent: the weights of terms stay as given. Else they are made comparable on so many batches. */
  readonly suggestWeights?: SuggestWeights
  readonly training: Training
  /** {@link TrainingRecord}s whose seconds this training may take together; absent: it runs the epochs it is given. */
  readonly matchSeconds?: { readonly teacher: string; readonly distilled: string }
  readonly labelledFraction: number
  /** Class indices whose rows the network does not train on; absent: none, and for every teacher. */
  readonly omittedClasses?: readonly number[]
  /** Whether the biases of omitted classes are raised after the training. */
  readonly rebalanceOmitted?: true
  readonly normalization: 'standardize' | 'none'
  /** float32 `[dataset rows, classes]`; null where no term needs a teacher. */
  readonly teacherLogitsPath: string | null
  /**
   * With cross-fit, in place of `teacherLogitsPath`: of each inner fold the answers of the teacher that did not see it, float32
   * `[rows of the inner fold, classes]` in ascending rows.
   */
  readonly outOfFoldLogits?: readonly string[]
  /** A teacher that has to answer inside the step, because rows are augmented or its layers compared; null: `teacherLogitsPath` has its answers. */
  readonly teacher: TeacherInStep | null
  /** A second student that is trained along and learns from this one as this one does from it; absent: none. */
  readonly peer?: Network
  /** Of the job. Initial weights and batch order follow from (seed, role, fold), so control and distilled share both; members and assistants have roles of their own. */
  readonly seed: number
  /** Whether the network itself is wanted, as `weights.safetensors` and `model.tfjs.zip`. */
  readonly deliver: boolean
  /** Whether other tasks of the job need the weights: `weights.safetensors`, also where nothing is delivered. */
  readonly keepWeights: boolean
  /** Written into the delivered files. */
  readonly manifest: Readonly<Record<string, unknown>>
}

interface ForeignFiles {
  readonly graph: ForeignGraph
  readonly normalization: Normalization | null
  /** As it was uploaded: an ONNX file, or a zip of a SavedModel. */
  readonly modelPath: string
}

/** A stored model in one of the forms of `ModelForm`, with its blobs as files. */
export type TeacherFiles =
  | {
      readonly kind: 'network'
      readonly network: Network
      readonly normalization: Normalization | null
      /** Safetensors. */
      readonly weightsPath: string
    }
  | {
      readonly kind: 'outputs'
      /** .npy with the header of `npyHeader`: float32 `[dataset rows, classes]`. */
      readonly outputsPath: string
      /** The same of the test set; null where the task has none. */
      readonly testOutputsPath: string | null
    }
  | ({ readonly kind: 'onnx' } & ForeignFiles)
  | ({ readonly kind: 'saved-model'; readonly part: SavedModelPart } & ForeignFiles)

/** Records what a given teacher answers on every row: `allLogits`, and `testLogits` where there is a test set. */
export interface PredictTask extends TaskBase {
  readonly kind: 'predict'
  readonly teacher: TeacherFiles
}

/** Times the delivered student and its teacher. */
export interface LatencyTask {
  readonly kind: 'latency'
  /** One, or the members of an ensemble, which answer one after the other; none for a peer, which is not kept. */
  readonly teacher: readonly TeacherFiles[]
  readonly student: TeacherFiles
  /** Folder that exists and is empty; results are written here. */
  readonly outputDirectory: string
}

/** Answers of one member of an ensemble, float32 `[rows, classes]`. */
export interface MemberAnswers {
  readonly logitsPath: string
  /** Of the test set; null where the task has none. */
  readonly testLogitsPath: string | null
}

/** Mixes the answers of the members of an ensemble: `allLogits`, `testLogits` where there is a test set, and `mixture`. */
export interface CombineTask {
  readonly kind: 'combine'
  readonly rows: number
  readonly classes: number
  /** Null without a test set. */
  readonly testRows: number | null
  readonly members: readonly MemberAnswers[]
  readonly weights:
    | { readonly kind: 'fixed'; readonly values: readonly number[] }
    /** Found on the rows that the trained members of this fold set aside. */
    | {
        readonly kind: 'inner-validation'
        readonly labelsPath: string
        /** Where the split is grouped. */
        readonly groupsPath?: string
        readonly fraction: number
        readonly split: Split
        readonly fold: number | null
        readonly seed: number
      }
  readonly outputDirectory: string
}

/** How the members of an ensemble were mixed. */
export interface Mixture {
  /** Of each member; they sum to 1. */
  readonly weights: readonly number[]
  /** Null where the weights were not found on rows. */
  readonly fit: {
    /** That the weights were found on. */
    readonly rows: number
    /** Mean cross-entropy of the mixture with the labels on these rows, in nats. */
    readonly nll: number
    /** The same of the plain average. */
    readonly averageNll: number
    /** No weights have a cross-entropy that is less by more than this. */
    readonly gap: number
  } | null
}

/** The {@link Mixture} of an ensemble. */
export interface MixtureFile {
  readonly fold: number | null
  readonly path: string
}

/** Logits of one arm on the rows it is measured on. */
export interface MeasuredLogits {
  readonly arm: Arm
  /** Which member or assistant, from 0; absent for other arms. */
  readonly index?: number
  readonly fold: number | null
  /** float32 `[rows, classes]`. */
  readonly path: string
  /**
   * held-out: the held-out rows of the fold in ascending order (for the final: the held-out part of holdout).
   * all: every row of the dataset, to be cut by the split.
   * test-set: every row of the test set.
   */
  readonly covers: 'held-out' | 'all' | 'test-set'
}

/** A record of a training. */
export interface TrainingFile {
  readonly arm: Arm
  /** Which member or assistant, from 0; absent for other arms. */
  readonly index?: number
  readonly fold: number | null
  readonly path: string
}

/** The {@link Rebalancing} of each omitted class by one training. */
export interface RebalancingFile {
  readonly arm: Arm
  readonly fold: number | null
  readonly path: string
}

/** A term whose weight was made comparable with the others'. */
export interface SuggestedWeight {
  readonly method: Method
  /** Of the term with a weight of 1, before the first step: mean over batches. */
  readonly gradientNorm: number
  readonly factor: number
  /** The given one times the factor. */
  readonly weight: ScheduledNumber
}

/** The suggested weights of a training of the distilled arm: {@link SuggestedWeight} of each term of each stage, as JSON. */
interface SuggestionFile {
  readonly fold: number | null
  readonly path: string
}

/** Linear CKA of two layers that a term compared, after the training. */
export interface TapSimilarity {
  readonly studentTap: string
  readonly teacherTap: string
  /** Held-out rows that it was measured on. */
  readonly rows: number
  /** 0 to 1; null where a layer gave every row the same. */
  readonly value: number | null
}

/** The {@link TapSimilarity} of each pair of layers by one training of the distilled arm, as JSON. */
interface SimilarityFile {
  readonly fold: number | null
  readonly path: string
}

export interface ReportTask {
  readonly kind: 'report'
  readonly job: ResolvedJob
  readonly labelsPath: string
  /** Of the dataset, where the split is grouped. */
  readonly groupsPath?: string
  readonly testLabelsPath: string | null
  readonly logits: readonly MeasuredLogits[]
  /** A {@link ValidationRecord} of each training that set rows aside. */
  readonly validations: readonly TrainingFile[]
  /** A {@link TrainingRecord} of each training. */
  readonly curves: readonly TrainingFile[]
  /** A {@link LatencyRecord}; null in jobs of versions that took no times. */
  readonly latencyPath: string | null
  /** Absent where no bias was raised. */
  readonly rebalancings?: readonly RebalancingFile[]
  /** Absent where the teacher is one network. */
  readonly mixtures?: readonly MixtureFile[]
  /** Empty where no weights were suggested. */
  readonly suggestions: readonly SuggestionFile[]
  /** Absent where no layers were compared, and in jobs of versions that did not measure it. */
  readonly similarities?: readonly SimilarityFile[]
  readonly outputDirectory: string
}

export type Task = TrainTask | PredictTask | CombineTask | LatencyTask | ReportTask

/** Names of the files a task leaves in its output directory. */
export const OUTPUT_FILES = {
  /** float32 `[held-out rows, classes]`, ascending rows, of the fold or the inner fold; absent where nothing is held out. */
  heldOutLogits: 'held-out-logits.f32',
  /** float32 `[dataset rows, classes]`; of networks that teach, but none of an inner fold. */
  allLogits: 'all-logits.f32',
  /** float32 `[test rows, classes]`; only with a test set and on a final. */
  testLogits: 'test-logits.f32',
  /** float32 `[dataset rows, classes]`, of the peer that was trained along. */
  peerLogits: 'peer-logits.f32',
  /** The same of the test rows; only with a test set and on a final. */
  peerTestLogits: 'peer-test-logits.f32',
  safetensors: 'weights.safetensors',
  tfjs: 'model.tfjs.zip',
  /** {@link TrainingRecord} as JSON; trainings only. */
  curve: 'curve.json',
  /** {@link ValidationRecord} as JSON; absent where no row was set aside. */
  validation: 'validation.json',
  /** {@link LatencyRecord} as JSON. */
  latency: 'latency.json',
  /** An array of {@link Rebalancing} as JSON; only where biases of omitted classes were raised. */
  rebalancing: 'rebalancing.json',
  /** {@link Mixture} as JSON; of ensembles. */
  mixture: 'mixture.json',
  /** {@link SuggestedWeight} of each term of each stage, as JSON; absent where they were not asked for. */
  suggestedWeights: 'suggested-weights.json',
  /** {@link TapSimilarity} of each pair of layers, as JSON; of the distilled arm where terms compare layers and rows are held out. */
  tapSimilarity: 'tap-similarity.json',
  report: 'report.json',
} as const
export type OutputFile = keyof typeof OUTPUT_FILES

export interface Progress {
  readonly phase: Phase
  /** Finished epochs and steps. */
  readonly epoch: number
  readonly epochs: number
  readonly step: number
  readonly steps: number
}

/** One term of the objective over one epoch. */
export interface TermMetrics {
  /** Mean over the epoch, unweighted. */
  readonly value: number
  /** Mean over the epoch of weight times value. */
  readonly weighted: number
  /**
   * Euclidean norm of the gradient of the weighted term over all trainable weights together, before clipping: of the first
   * batch of the epoch, before its step.
   */
  readonly gradientNorm: number
}

/** Means over one epoch of training; norms of gradients, of its first batch. */
export interface EpochMetrics {
  /** From 1. */
  readonly epoch: number
  readonly step: number
  readonly learningRate: number
  /** Weighted sum of the terms. */
  readonly loss: number
  /** In the order of the objective, or of the stage that the epoch belongs to. */
  readonly terms: readonly TermMetrics[]
  /** Share of the training rows with a usable label that were right, measured while training. */
  readonly trainAccuracy: number | null
  /** The same as of a term, of all of them together. */
  readonly gradientNorm: number
  /** Mean cross-entropy with the labels on the inner validation rows, in nats; null without them. */
  readonly validationLoss: number | null
  /** Share of the inner validation rows that were right; null without them. */
  readonly validationAccuracy: number | null
  readonly seconds: number
}

/** How the steps of a training were carried out. */
export interface Execution {
  /** graph: recorded once and run by TensorFlow on its own. eager: op by op. */
  readonly mode: 'graph' | 'eager'
  /** Who compiled the graph; null for eager. */
  readonly compiler: 'xla' | 'tensorflow' | null
  /** Why there is no graph; null where there is one. */
  readonly reason: string | null
  /** Whether a graph was wanted and could not be made: slower than it should be, which is worth a warning. */
  readonly isFallback: boolean
  /** At the end of the training. */
  readonly stepsPerCall: number
  /** Of the training loop, compiling included. */
  readonly samplesPerSecond: number
}

/** How long a training took, and what its inner validation rows said after each epoch. */
export interface TrainingRecord {
  /** Of the training loop, compiling included. */
  readonly seconds: number
  readonly epochs: readonly {
    /** Steps so far. */
    readonly step: number
    /** So far; with measuring, without compiling. */
    readonly seconds: number
    /** Null without inner validation rows. */
    readonly validationAccuracy: number | null
    /** In nats; null without inner validation rows. */
    readonly validationLoss: number | null
  }[]
}

/** What an inner validation part did to a training. */
export interface ValidationRecord {
  /** Set aside of the training rows. */
  readonly rows: number
  /** That were run. */
  readonly epochs: number
  /** The last epoch, where early stopping ended the training before its time; else null. */
  readonly stoppedEpoch: number | null
  /** By what early stopping monitors; null without early stopping, or when no epoch had a finite loss. */
  readonly bestEpoch: number | null
  /** Whose weights are measured and delivered. */
  readonly takenEpoch: number
}

/** What was done to the bias of one omitted class; shares are of the training rows, omitted ones included. */
export interface Rebalancing {
  /** Index. */
  readonly class: number
  /** Added to the bias; 0 where enough rows were taken for the class already. */
  readonly biasShift: number
  /** Of the rows that belong to the class. */
  readonly targetShare: number
  /** Of the rows that were taken for the class by the network as it was trained. */
  readonly shareBefore: number
  readonly shareAfter: number
}

export interface TaskResult {
  readonly files: readonly OutputFile[]
  readonly normalization: Normalization | null
  readonly trainingRows: number
  readonly heldOutRows: number
  readonly steps: number
  /** Of the training loop alone. */
  readonly trainSeconds: number
  readonly samplesPerSecond: number
  readonly peakMemoryBytes: number
  /** Null where nothing was trained. */
  readonly execution: Execution | null
  /** Null where no row was set aside. */
  readonly validation: ValidationRecord | null
  /** Of ensembles only. */
  readonly mixture?: Mixture
  /** Of each term of each stage; absent where they were not asked for. */
  readonly suggestedWeights?: readonly (readonly SuggestedWeight[])[]
}

/** user: the spec or the data must change. system: trying again may help. */
export interface TaskFailure {
  readonly code: string
  readonly class: 'user' | 'system'
  readonly message: string
  /** What the message says, for programs; null where there is no more to it. */
  readonly details: Readonly<Record<string, unknown>> | null
}

export type TrainerMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'epoch'; readonly metrics: EpochMetrics }
  | { readonly type: 'result'; readonly result: TaskResult }
  | { readonly type: 'failure'; readonly failure: TaskFailure }
