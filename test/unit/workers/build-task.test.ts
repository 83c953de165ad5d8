import { expect, test } from 'vitest'
import type { Architecture } from '../../../src/domain/architecture.ts'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import type { Model } from '../../../src/domain/model.ts'
import type { ClaimedTask } from '../../../src/domain/task.ts'
import { buildTask } from '../../../workers/build-task.ts'
import type { EarlierFile } from '../../../workers/earlier-files.ts'
import { dataset, references, resolved, spec } from '../../support/specs.ts'

function build(
  changes: Partial<JobSpec>,
  task: Pick<ClaimedTask, 'key' | 'kind' | 'arm' | 'index' | 'fold'>,
  earlier: EarlierFile[] = [],
  refs = references(),
) {
  const job = resolved(spec(changes), refs)
  const needed: string[] = []
  const built = buildTask(
    { id: 't', attempt: 1, jobId: 'job_1', job, ...task },
    {
      earlier,
      outputDirectory: 'out',
      fileOf: (sha256) => {
        needed.push(sha256)
        return `cache/${sha256}`
      },
    },
  )
  return { built, needed }
}
const distilled = { key: 'distilled/fold-1', kind: 'train', arm: 'distilled', fold: 1 } as const
const control = { key: 'control/fold-1', kind: 'train', arm: 'control', fold: 1 } as const
const TIMES = { taskKey: 'latency', name: 'latency', sha256: 'times' }
const teacherFile = { taskKey: 'teacher/fold-1', name: 'allLogits', sha256: 'teacher-1' }

test('a student learns from the teacher of its own fold, the control from labels alone', () => {
  expect(build({}, distilled, [teacherFile]).built).toMatchObject({
    teacherLogitsPath: 'cache/teacher-1',
    objective: [{ method: 'soft-targets' }, { method: 'hard-labels' }],
  })
  const { built, needed } = build({}, control, [teacherFile])
  expect(built).toMatchObject({
    teacherLogitsPath: null,
    objective: [{ method: 'hard-labels', weight: 1 }],
  })
  expect(needed).not.toContain('teacher-1')
})

test('control and distilled differ in nothing that is random', () => {
  const fields = ['seed', 'fold', 'split', 'network', 'training', 'labelledFraction'] as const
  const [one, other] = [build({}, distilled, [teacherFile]).built, build({}, control).built]
  for (const field of fields)
    expect((one as unknown as Record<string, unknown>)[field]).toEqual(
      (other as unknown as Record<string, unknown>)[field],
    )
})

test('a fold never gets the test set; a final does', () => {
  const refs = references({ testSet: dataset({ id: 'ds_test_set', featuresSha256: 'test-rows' }) })
  const changes = { evaluation: { testSet: { id: 'ds_test_set' } } }
  expect(build(changes, control, [], refs).needed).not.toContain('test-rows')
  const final = { key: 'control/final', kind: 'train', arm: 'control', fold: null } as const
  expect(build(changes, final, [], refs).needed).toContain('test-rows')
})

test('a task knows the groups where its split must not divide them, and only there', () => {
  const groups = { column: 'patient', count: 12, largest: 20, ofClass: [9, 8, 8] }
  const refs = references({ dataset: dataset({ groups, groupsSha256: 'the-groups' }) })
  const changes = { evaluation: { groups: true } }
  expect(build(changes, control, [], refs).built).toMatchObject({
    dataset: { groupsPath: 'cache/the-groups' },
    split: { grouped: true },
  })
  const { built, needed } = build({}, control, [], refs)
  expect(needed).not.toContain('the-groups')
  expect(built).not.toHaveProperty('dataset.groupsPath')
})

test('only the final student and teacher are delivered, and nothing that differs between equal jobs goes into their files', () => {
  const final = { ...distilled, key: 'distilled/final', fold: null }
  const file = { ...teacherFile, taskKey: 'teacher/final' }
  const { built } = build({}, final, [file])
  expect(built).toMatchObject({ deliver: true })
  expect(build({}, distilled, [teacherFile]).built).toMatchObject({ deliver: false })
  expect(JSON.stringify(built.kind === 'train' && built.manifest)).not.toMatch(/job_1|ds_test"/)
})

test('a teacher knows every label, whatever share the student knows', () => {
  const teacher = { key: 'teacher/fold-1', kind: 'train', arm: 'teacher', fold: 1 } as const
  const changes = { transfer: { labelledFraction: 0.5 } }
  expect(build(changes, teacher).built).toMatchObject({ labelledFraction: 1 })
  expect(build(changes, control).built).toMatchObject({ labelledFraction: 0.5 })
})

test('a file that an earlier task should have left and did not is named', () => {
  expect(() => build({}, distilled)).toThrow('teacher/fold-1 left no allLogits')
})

test('the report finds a frozen teacher once, under the final that it was trained for', () => {
  const report = { key: 'report', kind: 'report', arm: null, fold: null } as const
  const evaluation = { folds: 2, control: false, teacherPerFold: 'frozen' } as const
  const earlier = [
    { taskKey: 'teacher/final', name: 'allLogits', sha256: 'teacher' },
    { taskKey: 'distilled/fold-0', name: 'heldOutLogits', sha256: 'zero' },
    { taskKey: 'distilled/fold-1', name: 'heldOutLogits', sha256: 'one' },
    TIMES,
  ]
  expect(build({ evaluation }, report, earlier).built).toMatchObject({
    logits: [
      { arm: 'teacher', fold: null, covers: 'all', path: 'cache/teacher' },
      { arm: 'distilled', fold: 0, covers: 'held-out', path: 'cache/zero' },
      { arm: 'distilled', fold: 1, covers: 'held-out', path: 'cache/one' },
    ],
  })
})

test('the report on a test set gets what the teacher says on the rows it taught', () => {
  const report = { key: 'report', kind: 'report', arm: null, fold: null } as const
  const evaluation = {
    protocol: 'test-set',
    control: false,
    testSet: { id: 'ds_test_set' },
  } as const
  const refs = references({ testSet: dataset({ id: 'ds_test_set' }) })
  const earlier = [
    { taskKey: 'teacher/final', name: 'allLogits', sha256: 'lessons' },
    { taskKey: 'teacher/final', name: 'testLogits', sha256: 'teacher' },
    { taskKey: 'distilled/final', name: 'testLogits', sha256: 'student' },
    { taskKey: 'latency', name: 'latency', sha256: 'times' },
  ]
  expect(build({ evaluation }, report, earlier, refs).built).toMatchObject({
    logits: [
      { arm: 'teacher', fold: null, covers: 'all', path: 'cache/lessons' },
      { arm: 'teacher', fold: null, covers: 'test-set', path: 'cache/teacher' },
      { arm: 'distilled', fold: null, covers: 'test-set', path: 'cache/student' },
    ],
  })
})

test('recorded outputs are files for the rows they belong to; their students say which outputs they are', () => {
  const recorded = (sha256: string) => ({ contentSha256: 'c'.repeat(64), rows: 100, sha256 })
  const teacher: Model = {
    id: 'mdl_t',
    name: 'teacher',
    source: 'upload',
    form: {
      kind: 'outputs',
      represents: 'logits',
      dataset: recorded('main-1'),
      testSet: recorded('test-1'),
    },
    classes: 3,
    classNames: null,
    files: {},
    lineage: null,
    createdAt: new Date(0),
  }
  const predict = { key: 'teacher/final', kind: 'predict', arm: 'teacher', fold: null } as const
  const changes = { teacher: { model: 'mdl_t' } }
  expect(build(changes, predict, [], references({ teacher })).built).toMatchObject({
    teacher: { kind: 'outputs', outputsPath: 'cache/main-1', testOutputsPath: null },
  })
  const measured = { ...changes, evaluation: { testSet: { id: 'x' } } }
  const both = references({ teacher, testSet: dataset() })
  expect(build(measured, predict, [], both).built).toMatchObject({
    teacher: { testOutputsPath: 'cache/test-1' },
  })
  const file = { ...teacherFile, taskKey: 'teacher/final' }
  expect(build(changes, distilled, [file], references({ teacher })).built).toMatchObject({
    manifest: { teacher: { outputsSha256: 'main-1' } },
  })
})

test('a student of augmented rows gets the teacher itself, which keeps its weights for it', () => {
  const changes = { training: { augmentation: { noise: { standardDeviation: 0.1 } } } }
  const weights = { taskKey: 'teacher/fold-1', name: 'safetensors', sha256: 'weights-1' }
  expect(build(changes, distilled, [weights]).built).toMatchObject({
    teacherLogitsPath: null,
    teacher: { weightsPath: 'cache/weights-1', normalization: 'in-weights-file' },
    keepWeights: false,
  })
  expect(build(changes, control).built).toMatchObject({ teacher: null, keepWeights: false })
  const teacher = { key: 'teacher/fold-1', kind: 'train', arm: 'teacher', fold: 1 } as const
  expect(build(changes, teacher).built).toMatchObject({ keepWeights: true, deliver: false })
  expect(build({}, teacher).built).toMatchObject({ keepWeights: false })
})

test('a student that compares layers gets the teacher itself, whose logits come with it', () => {
  const changes = {
    objective: { terms: [{ method: 'feature-hint' }, { method: 'soft-targets' }] },
  } as const
  const weights = { taskKey: 'teacher/fold-1', name: 'safetensors', sha256: 'weights-1' }
  expect(build(changes, distilled, [weights]).built).toMatchObject({
    teacherLogitsPath: null,
    teacher: { weightsPath: 'cache/weights-1' },
    objective: [{ taps: { student: 'dense_2' } }, {}],
  })
  const teacher = { key: 'teacher/fold-1', kind: 'train', arm: 'teacher', fold: 1 } as const
  expect(build(changes, teacher).built).toMatchObject({ keepWeights: true, teacher: null })
  expect(build(changes, control).built).toMatchObject({ teacher: null })
})

test('suggested weights are for students, and the report is given what was chosen', () => {
  const changes = {
    objective: { variant: 'category', suggestWeights: { steps: 3 } },
    evaluation: { protocol: 'holdout' as const },
  } as const
  const keys = ['teacher/final', 'control/final', 'distilled/final']
  const earlier = keys.flatMap((taskKey) =>
    ['heldOutLogits', 'allLogits', 'suggestedWeights'].map((name) => ({
      taskKey,
      name,
      sha256: `${taskKey} ${name}`,
    })),
  )
  const report = { key: 'report', kind: 'report', arm: null, fold: null } as const
  expect(build(changes, report, [...earlier, TIMES]).built).toMatchObject({
    suggestions: [{ fold: null, path: 'cache/distilled/final suggestedWeights' }],
  })
  const student = { ...distilled, key: 'distilled/final', fold: null }
  expect(build(changes, student, earlier).built).toMatchObject({
    suggestWeights: { steps: 3 },
    manifest: { suggestWeights: { steps: 3 } },
  })
  const teacher = { key: 'teacher/final', kind: 'train', arm: 'teacher', fold: null } as const
  expect(build(changes, teacher).built).not.toHaveProperty('suggestWeights')
  const plain = { evaluation: changes.evaluation }
  expect(build(plain, report, [...earlier, TIMES]).built).toMatchObject({ suggestions: [] })
})

test('the report is given the validation record of each training that set rows aside', () => {
  const changes = {
    training: { validationFraction: 0.2 },
    evaluation: { protocol: 'holdout' as const },
  }
  const keys = ['teacher/final', 'control/final', 'distilled/final']
  const earlier = keys.flatMap((taskKey) =>
    ['heldOutLogits', 'allLogits', 'validation'].map((name) => ({
      taskKey,
      name,
      sha256: `${taskKey} ${name}`,
    })),
  )
  earlier.push(TIMES, {
    taskKey: 'distilled/final',
    name: 'curve',
    sha256: 'distilled/final curve',
  })
  const report = { key: 'report', kind: 'report', arm: null, fold: null } as const
  expect(build(changes, report, earlier).built).toMatchObject({
    curves: [{ arm: 'distilled', fold: null, path: 'cache/distilled/final curve' }],
    validations: [
      { arm: 'control', fold: null, path: 'cache/control/final validation' },
      { arm: 'distilled', fold: null, path: 'cache/distilled/final validation' },
    ],
  })
})

test('the delivered student and its teacher are timed, each from the weights of its final training', () => {
  const latency = { key: 'latency', kind: 'latency', arm: null, fold: null } as const
  const earlier = ['teacher', 'distilled'].map((arm) => ({
    taskKey: `${arm}/final`,
    name: 'safetensors',
    sha256: arm,
  }))
  expect(build({}, latency, earlier).built).toMatchObject({
    teacher: [{ kind: 'network', weightsPath: 'cache/teacher' }],
    student: { kind: 'network', weightsPath: 'cache/distilled' },
  })
  expect(() => build({}, latency, earlier.slice(1))).toThrow('teacher/final left no safetensors')
})

test('a control of matched seconds gets the records of the teacher and the student of its fold', () => {
  const curves = ['teacher/fold-1', 'distilled/fold-1'].map((taskKey) => ({
    taskKey,
    name: 'curve',
    sha256: taskKey,
  }))
  const changes = { evaluation: { controlBudget: 'matched-seconds' as const } }
  expect(build(changes, control, curves).built).toMatchObject({
    matchSeconds: { teacher: 'cache/teacher/fold-1', distilled: 'cache/distilled/fold-1' },
  })
  expect(build(changes, distilled, [teacherFile]).built).not.toHaveProperty('matchSeconds')
})

test('students alone leave classes out: the task of a teacher stays one that earlier jobs may have done', () => {
  const changes = { transfer: { omitClasses: ['c', 'a'], rebalanceOmitted: true } }
  const teacher = { key: 'teacher/fold-1', kind: 'train', arm: 'teacher', fold: 1 } as const
  expect(build(changes, teacher).built).toEqual(build({}, teacher).built)
  const told = { omittedClasses: [0, 2], rebalanceOmitted: true, manifest: changes }
  expect(build(changes, control).built).toMatchObject(told)
  expect(build(changes, distilled, [teacherFile]).built).toMatchObject(told)
  expect(build({}, control).built).not.toHaveProperty('omittedClasses')
})

test('the report is given what was done to the biases of each student', () => {
  const changes = {
    transfer: { omitClasses: ['a'], rebalanceOmitted: true },
    evaluation: { protocol: 'holdout' as const },
  }
  const keys = ['teacher/final', 'control/final', 'distilled/final']
  const file = (taskKey: string, name: string) => ({ taskKey, name, sha256: `${taskKey} ${name}` })
  const earlier = [
    ...keys.flatMap((key) =>
      ['heldOutLogits', 'allLogits', 'rebalancing'].map((name) => file(key, name)),
    ),
    file('latency', 'latency'),
  ]
  const report = { key: 'report', kind: 'report', arm: null, fold: null } as const
  expect(build(changes, report, earlier).built).toMatchObject({
    rebalancings: [
      { arm: 'control', fold: null, path: 'cache/control/final rebalancing' },
      { arm: 'distilled', fold: null, path: 'cache/distilled/final rebalancing' },
    ],
  })
  const plain = { ...changes, transfer: { omitClasses: ['a'] } }
  expect(build(plain, report, earlier).built).not.toHaveProperty('rebalancings')
})

const assistant = (index: number) =>
  ({ key: `assistant-${index}/fold-1`, kind: 'train', arm: 'assistant', index, fold: 1 }) as const
const fileOf = (taskKey: string, name = 'allLogits') => ({
  taskKey,
  name,
  sha256: `${taskKey} ${name}`,
})

test('each of a chain learns from the one before it in its own fold, and no more labels than the student', () => {
  const architecture: Architecture = { preset: 'mlp', hiddenUnits: [16] }
  const chain = [{ architecture, training: { epochs: 3 } }, { architecture }]
  const changes = { chain, transfer: { labelledFraction: 0.5 } }
  expect(build(changes, assistant(0), [teacherFile]).built).toMatchObject({
    teacherLogitsPath: 'cache/teacher-1',
    labelledFraction: 0.5,
    training: { epochs: 3 },
    deliver: false,
  })
  const first = fileOf('assistant-0/fold-1')
  expect(build(changes, assistant(1), [first]).built).toMatchObject({
    teacherLogitsPath: `cache/${first.sha256}`,
    index: 1,
  })
  const last = fileOf('assistant-1/fold-1')
  const { built } = build(changes, distilled, [last])
  expect(built).toMatchObject({ teacherLogitsPath: `cache/${last.sha256}` })
  expect(built.kind === 'train' && built.manifest).toMatchObject({ assistants: [{}, {}] })
})

test('an assistant keeps its weights where the next one compares layers, and only then', () => {
  const architecture: Architecture = { preset: 'mlp', hiddenUnits: [16] }
  const objective = { variant: 'category' } as const
  const chain = [
    { architecture, objective },
    { architecture, objective: { variant: 'feature' } },
  ] as const
  const changes = { chain: [...chain], objective }
  const keeps = (index: number, earlier: EarlierFile[]) => {
    const { built } = build(changes, assistant(index), earlier)
    return built.kind === 'train' && built.keepWeights
  }
  expect(keeps(0, [teacherFile])).toBe(true)
  const weights = fileOf('assistant-0/fold-1', 'safetensors')
  expect(keeps(1, [weights])).toBe(false)
  expect(build(changes, assistant(1), [weights]).built).toMatchObject({
    teacher: { weightsPath: `cache/${weights.sha256}` },
  })
  const teacher = { key: 'teacher/fold-1', kind: 'train', arm: 'teacher', fold: 1 } as const
  expect(build(changes, teacher).built).toMatchObject({ keepWeights: false })
})

test('an ensemble mixes the members of its own fold, and finds weights on training rows of that fold', () => {
  const train = { architecture: { preset: 'mlp' } } as const
  const members = [{ train }, { train }]
  const combine = { key: 'teacher/fold-1', kind: 'combine', arm: 'teacher', fold: 1 } as const
  const earlier = [0, 1].flatMap((index) => [
    fileOf(`member-${index}/fold-0`),
    fileOf(`member-${index}/fold-1`),
  ])
  const refs = references({ members: [null, null] })
  const built = (weights: 'inner-validation' | 'average') =>
    build({ teacher: { ensemble: { members, weights } } }, combine, earlier, refs)
  expect(built('average').built).toMatchObject({
    kind: 'combine',
    members: [
      { logitsPath: 'cache/member-0/fold-1 allLogits' },
      { logitsPath: 'cache/member-1/fold-1 allLogits' },
    ],
    weights: { kind: 'fixed', values: [0.5, 0.5] },
  })
  expect(built('inner-validation').built).toMatchObject({
    weights: { kind: 'inner-validation', fold: 1, fraction: 0.1, split: { kind: 'k-fold' } },
  })
  expect(built('inner-validation').needed).not.toContain('f'.repeat(64))
})

test('an ensemble is timed as its members, one after the other', () => {
  const latency = { key: 'latency', kind: 'latency', arm: null, fold: null } as const
  const train = { architecture: { preset: 'mlp' } } as const
  const earlier = ['member-0', 'member-1', 'distilled'].map((arm) =>
    fileOf(`${arm}/final`, 'safetensors'),
  )
  const teacher = { ensemble: { members: [{ train }, { train }] } }
  expect(
    build({ teacher }, latency, earlier, references({ members: [null, null] })).built,
  ).toMatchObject({
    teacher: [
      { weightsPath: 'cache/member-0/final safetensors' },
      { weightsPath: 'cache/member-1/final safetensors' },
    ],
  })
})
