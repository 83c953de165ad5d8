import { expect, test } from 'vitest'
import type { Evaluation, Split } from '../../../src/domain/evaluation.ts'
import { LABELS_ONLY } from '../../../src/domain/objective.ts'
import type { Report } from '../../../src/domain/report/report.ts'
import type { ResolvedJob, ResolvedMember } from '../../../src/domain/resolved-job.ts'
import { resolveTraining } from '../../../src/domain/training.ts'
import type { Arm } from '../../../src/domain/words.ts'
import { partition } from '../../../src/splits/split.ts'
import { MeasurementError } from '../../../workers/evaluation/measurement-error.ts'
import { dataset, Fixture, HOLDOUT, K_FOLD, LATENCY, labelsOf, network } from './report-fixture.ts'

/** 40 rows, two folds of 20: distilled is wrong once a class and fold, the control three and then four times. */
function twoFolds(evaluation: Partial<Evaluation> = {}): Fixture {
  const fixture = new Fixture(40, { split: K_FOLD, ...evaluation })
  for (const fold of [0, 1]) {
    const labels = fixture.heldOut(fold)
    if (fixture.job.evaluation.teacherPerFold !== 'frozen')
      fixture.answer({ arm: 'teacher', fold, covers: 'held-out' }, labels, 0)
    fixture.answer({ arm: 'distilled', fold, covers: 'held-out' }, labels, 1)
    if (fixture.job.evaluation.control)
      fixture.answer({ arm: 'control', fold, covers: 'held-out' }, labels, 3 + fold)
  }
  return fixture
}

test('the control has the times of the student, which is the same network; recorded outputs have none', () => {
  const { arms } = twoFolds().build()
  expect(arms.distilled.latency).toEqual(LATENCY.student)
  expect(arms.control?.latency).toEqual(LATENCY.student)
  expect(arms.teacher.latency).toBeNull()
})

test('how fast the arms learned comes from the folds, and the teacher is counted apart', () => {
  const fixture = twoFolds()
  const curve = (arm: Arm, fold: number | null, seconds: number, accuracies: number[]) => {
    const path = `curve ${arm} ${fold}`
    const epochs = accuracies.map((validationAccuracy, index) => ({
      step: index + 1,
      seconds: index + 1,
      validationAccuracy,
      validationLoss: 1,
    }))
    fixture.files.set(path, new TextEncoder().encode(JSON.stringify({ seconds, epochs })))
    fixture.curves.push({ arm, fold, path })
  }
  expect(fixture.build().convergence).toBeNull()
  for (const fold of [0, 1, null]) {
    // The final is not among what is compared.
    curve('teacher', fold, fold === null ? 1000 : 5 + fold, [0.9, 1])
    curve('distilled', fold, 3, fold === null ? [0, 0] : [0.8, 0.9])
    if (fold !== null) curve('control', fold, 2, [0.5, 0.8])
  }
  const { convergence, arms } = fixture.build()
  expect(convergence?.teacherSeconds).toBe(5.5)
  expect(convergence?.speedUp).toMatchObject({ epochs: 2, seconds: 2, secondsWithTeacher: 2 / 6.5 })
  expect(arms.teacher.trainingSeconds).toBe(5.5)
  expect(arms.distilled.trainingSeconds).toBe(3)
})

test('weights that were suggested are told by fold, and only where there are some', () => {
  const fixture = twoFolds()
  const terms = [{ method: 'feature-hint', gradientNorm: 8, factor: 0.25, weight: 0.5 }]
  fixture.files.set('chosen', new TextEncoder().encode(JSON.stringify([terms])))
  fixture.suggestions.push({ fold: 1, path: 'chosen' })
  expect(fixture.build().suggestedWeights).toEqual([{ fold: 1, stages: [terms] }])
  expect(twoFolds().build()).not.toHaveProperty('suggestedWeights')
})

test('what early stopping did is told by arm and fold', () => {
  const fixture = twoFolds()
  const record = { rows: 4, epochs: 9, stoppedEpoch: 9, bestEpoch: 6, takenEpoch: 6 }
  fixture.files.set('record', new TextEncoder().encode(JSON.stringify(record)))
  fixture.validations.push({ arm: 'distilled', fold: 1, path: 'record' })
  const { arms } = fixture.build()
  expect(arms.distilled.validation).toEqual([{ fold: 1, ...record }])
  expect(arms.control?.validation).toBeNull()
})

const NLL_RIGHT = Math.log(1 + Math.exp(-1))

test('folds are measured one by one and summarized with mean and sample standard deviation', () => {
  const { folds, arms, gain, final } = twoFolds().build()
  expect(folds.map(({ fold }) => fold)).toEqual([0, 1])
  expect(folds[1]).toMatchObject({
    heldOutRows: 20,
    trainingRows: 20,
    teacher: { accuracy: 1, macroF1: 1, agreement: null },
    distilled: { accuracy: 0.9, agreement: 0.9 },
    control: { accuracy: 0.6, agreement: 0.6 },
  })
  expect(arms.teacher.metrics.nll.mean).toBeCloseTo(NLL_RIGHT, 14)
  expect(folds[0]?.distilled.nll).toBeCloseTo(0.9 * NLL_RIGHT + 0.1 * (1 + NLL_RIGHT), 14)
  expect(arms.control?.metrics.accuracy).toEqual({
    mean: expect.closeTo(0.65, 14),
    standardDeviation: expect.closeTo(0.1 / Math.SQRT2, 14),
    n: 2,
    interval: expect.objectContaining({ method: 'corrected-t' }),
  })
  expect(gain?.accuracy).toEqual({
    mean: expect.closeTo(0.25, 14),
    standardDeviation: expect.closeTo(0.1 / Math.SQRT2, 14),
    n: 2,
    interval: expect.objectContaining({ method: 'corrected-t' }),
  })
  expect(final).toBeNull()
})

test('sizes of the networks and the facts of the split are in the report', () => {
  const { arms, evaluation, dataset: described } = twoFolds().build()
  expect(arms.teacher).toMatchObject({ parameters: 2 * 8 + 8 + 8 * 2 + 2, weightBytes: 168 })
  expect(arms.distilled).toMatchObject({ parameters: 17, weightBytes: 68 })
  expect(evaluation).toMatchObject({
    protocol: 'k-fold',
    folds: 2,
    stratified: true,
    labelledFraction: 0.5,
    seed: 9,
  })
  expect(evaluation.splitSha256).toMatch(/^[0-9a-f]{64}$/)
  expect(described).toMatchObject({ id: 'ds_toy', rows: 40, classNames: ['no', 'yes'] })
})

test('repeats are measured fold by fold, kept apart, and averaged over all', () => {
  const split: Split = { ...K_FOLD, repeats: 2 } as Split
  const fixture = new Fixture(40, { split })
  for (const fold of [0, 1, 2, 3]) {
    const labels = fixture.heldOut(fold)
    for (const arm of ['teacher', 'distilled', 'control'] as const)
      fixture.answer({ arm, fold, covers: 'held-out' }, labels, arm === 'control' ? 1 + fold : 0)
  }
  const { folds, evaluation, arms, gain, warnings } = fixture.build()
  expect(folds.map(({ fold, repeat }) => [repeat, fold])).toEqual([
    [0, 0],
    [0, 1],
    [1, 2],
    [1, 3],
  ])
  expect(folds.every((one) => one.heldOutRows === 20 && one.trainingRows === 20)).toBe(true)
  expect(evaluation).toMatchObject({ folds: 2, repeats: 2, groups: null })
  expect(arms.control?.metrics.accuracy).toMatchObject({ mean: expect.closeTo(0.75, 14), n: 4 })
  expect(gain?.accuracy).toMatchObject({ mean: expect.closeTo(0.25, 14), n: 4 })
  // 20 rows a class are enough for 2 folds, however often they are cut.
  expect(warnings.map(({ code }) => code)).not.toContain('small-class')
})

test('a grouped split is cut by the groups that the task names', () => {
  const split: Split = { ...K_FOLD, grouped: true }
  const fixture = new Fixture(40, { split })
  const groups = Int32Array.from({ length: 40 }, (_, row) => row >> 2)
  fixture.put('groups', groups)
  fixture.groupsPath = 'groups'
  for (const fold of [0, 1]) {
    const { heldOut } = partition(split, fixture.labels, fold, groups)
    const labels = Array.from(heldOut, (row) => fixture.labels[row] ?? -1)
    for (const arm of ['teacher', 'distilled', 'control'] as const)
      fixture.answer({ arm, fold, covers: 'held-out' }, labels, arm === 'control' ? 5 : 0)
  }
  const reference = { column: 'patient', count: 10, sha256: 'g' }
  const report = fixture.build({ dataset: { ...dataset(40), groups: reference } })
  expect(report.evaluation.groups).toEqual({ column: 'patient', count: 10 })
  expect(report.folds.map(({ distilled }) => distilled.accuracy)).toEqual([1, 1])
  expect(() => new Fixture(40, { split }).build()).toThrow('needs the group of each')
})

test('which epoch is reported follows from what was asked, for teacher and student', () => {
  const epochs = (change: Partial<ResolvedJob>) => twoFolds().build(change).evaluation.reportedEpoch
  const student = (earlyStopping: object) => ({
    network: network(3),
    training: resolveTraining({ earlyStopping }, 40),
  })
  expect(epochs({})).toEqual({ teacher: 'last', student: 'last' })
  expect(epochs({ student: student({}) })).toEqual({ teacher: 'last', student: 'inner-validation' })
  expect(epochs({ student: student({ restoreBest: false }) }).student).toBe('last')
})

test('out-of-fold soft labels are told with the number of parts', () => {
  const report = twoFolds({ teacherPerFold: 'cross-fit', innerFolds: 3 }).build()
  expect(report.evaluation).toMatchObject({ teacherPerFold: 'cross-fit', innerFolds: 3 })
  expect(report.stamps).toEqual([
    expect.stringMatching(/^Soft labels are out-of-fold predictions.* cut into 3 parts/),
  ])
})

test('the same files give the same bytes', () => {
  expect(JSON.stringify(twoFolds().build())).toBe(JSON.stringify(twoFolds().build()))
})

test('logits of a retrained teacher that cover all rows are cut to the fold', () => {
  const fixture = twoFolds()
  const expected = fixture.build()
  const { heldOut } = partition(K_FOLD, fixture.labels, 1)
  const all = new Float32Array(80)
  const index = fixture.logits.findIndex(({ arm, fold }) => arm === 'teacher' && fold === 1)
  const part = fixture.files.get(fixture.logits[index]?.path ?? '')
  if (!part) throw new Error('no teacher')
  const values = new Float32Array(part.slice().buffer)
  for (const [at, row] of heldOut.entries()) all.set(values.subarray(at * 2, at * 2 + 2), row * 2)
  fixture.put('all', all)
  fixture.logits[index] = { arm: 'teacher', fold: 1, covers: 'all', path: 'all' }
  const { teacherFit, ...report } = fixture.build()
  const { teacherFit: unknown, ...rest } = expected
  expect(report).toEqual(rest)
  expect(unknown.training).toBeNull()
  expect(teacherFit.training).toMatchObject({ rows: 20 })
})

test('a frozen teacher is cut from its answers on all rows, and the report is stamped', () => {
  const fixture = twoFolds({ teacherPerFold: 'frozen' })
  fixture.answer({ arm: 'teacher', fold: null, covers: 'all' }, [...fixture.labels], 0)
  const { stamps, folds } = fixture.build()
  expect(folds.map(({ teacher }) => teacher.accuracy)).toEqual([1, 1])
  expect(stamps).toEqual([
    expect.stringMatching(/^The teacher may have seen held-out rows: it was trained once on all/),
  ])
})

test('a stored teacher is stamped under every protocol', () => {
  const fixture = twoFolds({ teacherPerFold: 'frozen' })
  fixture.answer({ arm: 'teacher', fold: null, covers: 'all' }, [...fixture.labels], 0)
  const { stamps } = fixture.build({
    teacher: {
      kind: 'model',
      modelId: 'mdl_1',
      form: {
        kind: 'network',
        weightsSha256: 'w',
        network: network(8),
        normalization: null,
      },
    },
  })
  expect(stamps).toEqual([
    expect.stringMatching(/^The teacher may have seen held-out rows: it was given/),
  ])
})

test('a teacher that is retrained for each fold needs no stamp', () => {
  expect(twoFolds().build().stamps).toEqual([])
})

/** 80 rows of which 20 are held back. */
function holdout(control = true): Fixture {
  const fixture = new Fixture(80, { split: HOLDOUT, control })
  const labels = fixture.heldOut(null)
  fixture.answer({ arm: 'teacher', fold: null, covers: 'held-out' }, labels, 0)
  fixture.answer({ arm: 'distilled', fold: null, covers: 'held-out' }, labels, 1)
  if (control) fixture.answer({ arm: 'control', fold: null, covers: 'held-out' }, labels, 2)
  return fixture
}

test('holdout reports the final on the part that is held back, with n = 1', () => {
  const { evaluation, folds, final, arms, gain } = holdout().build()
  expect(evaluation).toMatchObject({ protocol: 'holdout', folds: 0 })
  expect(folds).toEqual([])
  expect(final).toMatchObject({ heldOutRows: 20, trainingRows: 60, distilled: { accuracy: 0.9 } })
  expect(arms.distilled.metrics.accuracy).toEqual({
    mean: 0.9,
    standardDeviation: null,
    n: 1,
    interval: null,
  })
  expect(gain?.accuracy.mean).toBeCloseTo(0.1, 14)
})

test('a test set measures the final after training on all rows', () => {
  const fixture = new Fixture(40, { split: { kind: 'none' } }, 30)
  const labels = [...labelsOf(30)]
  fixture.answer({ arm: 'teacher', fold: null, covers: 'test-set' }, labels, 0)
  fixture.answer({ arm: 'distilled', fold: null, covers: 'test-set' }, labels, 3)
  fixture.answer({ arm: 'control', fold: null, covers: 'test-set' }, labels, 6)
  const { evaluation, final, arms } = fixture.build()
  expect(evaluation).toMatchObject({ protocol: 'test-set', folds: 0, splitSha256: null })
  expect(final).toMatchObject({ heldOutRows: 30, trainingRows: 40, control: { accuracy: 0.6 } })
  expect(arms.distilled.metrics.accuracy).toMatchObject({ mean: 0.8, n: 1 })
})

test('k-fold with a test set summarizes the arms over the folds and measures the final on the test set', () => {
  const fixture = twoFolds()
  const withTest = new Fixture(40, { split: K_FOLD }, 20)
  withTest.logits.push(...fixture.logits)
  for (const { path } of fixture.logits)
    withTest.files.set(path, fixture.files.get(path) ?? new Uint8Array())
  for (const [index, arm] of (['teacher', 'distilled', 'control'] as const).entries())
    withTest.answer({ arm, fold: null, covers: 'test-set' }, [...labelsOf(20)], index)
  const { arms, final } = withTest.build()
  expect(arms.distilled.metrics.accuracy.n).toBe(2)
  expect(final).toMatchObject({ heldOutRows: 20, trainingRows: 40, control: { accuracy: 0.8 } })
})

test('a test set with the content of the dataset is stamped', () => {
  const fixture = new Fixture(40, { split: { kind: 'none' }, control: false }, 40)
  for (const arm of ['teacher', 'distilled'] as const)
    fixture.answer({ arm, fold: null, covers: 'test-set' }, [...labelsOf(40)], 0)
  expect(fixture.build({ testSet: dataset(40) }).stamps).toEqual([
    expect.stringMatching(/^The test set is the training data/),
  ])
})

test('without a control there is no gain, and a warning says so', () => {
  const report = holdout(false).build()
  expect(report.arms.control).toBeNull()
  expect(report.gain).toBeNull()
  expect(report.final?.control).toBeNull()
  expect(report.warnings.map(({ code }) => code)).toEqual(['no-control'])
})

/** Arms with the given numbers of wrong rows a class in each fold. */
function wrongs(
  rows: number,
  arms: Record<'teacher' | 'distilled' | 'control', readonly number[]>,
): Report {
  const folds = arms.teacher.length
  const fixture = new Fixture(rows, { split: { kind: 'k-fold', folds, stratified: true, seed: 1 } })
  for (const arm of ['teacher', 'distilled', 'control'] as const)
    for (let fold = 0; fold < folds; fold++)
      fixture.answer({ arm, fold, covers: 'held-out' }, fixture.heldOut(fold), arms[arm][fold] ?? 0)
  return fixture.build()
}

test('a large gain of a good teacher on large classes needs no warning', () => {
  const { warnings, verdict } = wrongs(200, {
    teacher: [0, 0, 0, 1, 0],
    distilled: [1, 1, 1, 1, 1],
    control: [3, 4, 3, 4, 4],
  })
  expect(warnings).toEqual([])
  expect(verdict).toMatchObject({ outcome: 'distilled-better', test: 'corrected-resampled-t' })
  expect(verdict.p).toBeLessThan(0.01)
})

test('a gain measured once is called so, and tested on its rows', () => {
  const { warnings, verdict, significance } = holdout().build()
  expect(warnings.map(({ code }) => code)).toEqual(['gain-measured-once', 'gain-within-noise'])
  // The control is wrong on two rows that distilled gets right, and never the other way round.
  expect(significance.comparisons[0]?.mcnemar).toMatchObject({
    rows: 20,
    onlyFirstRight: 2,
    onlySecondRight: 0,
    p: 0.5,
  })
  expect(verdict).toMatchObject({
    outcome: 'no-significant-difference',
    test: 'exact-mcnemar',
    p: 0.5,
    gain: expect.closeTo(0.1, 14),
    gainInterval: { method: 'bootstrap' },
  })
})

test('a gain inside the noise is warned about with its interval, test and folds', () => {
  const { warnings } = wrongs(40, { teacher: [0, 0], distilled: [1, 2], control: [3, 1] })
  expect(warnings).toHaveLength(1)
  expect(warnings[0]).toMatchObject({
    code: 'gain-within-noise',
    numbers: { gain: expect.closeTo(0.05, 14), level: 0.05 },
  })
  expect(warnings[0]?.message).toContain('5.0 points, 95 % CI -325.1 to 335.1')
  expect(warnings[0]?.message).toContain('corrected resampled t over 2 folds, p = 0.88')
})

test('no gain at all is inside the noise too', () => {
  const { warnings, verdict } = wrongs(40, { teacher: [0, 0], distilled: [1, 1], control: [1, 1] })
  expect(warnings.map(({ code }) => code)).toEqual(['gain-within-noise'])
  expect(verdict).toMatchObject({ outcome: 'no-significant-difference', p: 1, mcnemarP: 1 })
})

test('a gain that is the same in all folds has no known spread and is not tested', () => {
  const { verdict } = wrongs(40, { teacher: [0, 0], distilled: [1, 1], control: [3, 3] })
  expect(verdict).toMatchObject({ outcome: 'not-tested', test: null, p: null, gainInterval: null })
  expect(verdict.sentence).toMatch(
    /^Distilled is 20\.0 points of accuracy above control in each of 2 folds/,
  )
})

test('a teacher as good as the control is warned about with both accuracies', () => {
  const { warnings } = wrongs(40, { teacher: [2, 2], distilled: [1, 1], control: [2, 2] })
  expect(warnings).toMatchObject([
    {
      code: 'teacher-not-better',
      message: expect.stringContaining('80.0 % against 80.0 %'),
      numbers: { teacher: 0.8, control: 0.8 },
    },
  ])
})

test('classes with fewer than ten rows a fold are named with their rows', () => {
  const { warnings } = wrongs(39, { teacher: [0, 0], distilled: [1, 1], control: [3, 3] })
  expect(warnings).toMatchObject([
    {
      code: 'small-class',
      message: expect.stringContaining('20 rows, 10 a fold: "yes" (19)'),
      numbers: { classes: 1, needed: 20, smallest: 19 },
    },
  ])
})

const codeOf = (build: () => unknown): string | undefined => {
  try {
    build()
  } catch (error) {
    if (error instanceof MeasurementError) return error.code
    throw error
  }
  return undefined
}

test('missing, short and infinite logits and labels of another size are errors', () => {
  const missing = twoFolds()
  missing.logits.pop()
  expect(() => missing.build()).toThrow('no logits of the control on the held-out rows of fold 1')
  expect(codeOf(() => missing.build())).toBe('logits-missing')

  const short = twoFolds()
  short.put('distilled/1/held-out', new Float32Array(38))
  expect(() => short.build()).toThrow('has 152 bytes; 20 rows of 2 float32 logits need 160')

  const infinite = twoFolds()
  infinite.put('control/0/held-out', new Float32Array(40).fill(Number.NaN))
  expect(codeOf(() => infinite.build())).toBe('logits-not-finite')

  const labels = twoFolds()
  labels.put('labels', new Int32Array(39))
  expect(codeOf(() => labels.build())).toBe('labels-size')
})

test('a frozen teacher is not measured on the held-out answers of its final', () => {
  const fixture = twoFolds({ teacherPerFold: 'frozen' })
  fixture.answer({ arm: 'teacher', fold: null, covers: 'held-out' }, fixture.heldOut(0), 0)
  expect(() => fixture.build()).toThrow('no logits of the teacher')
})

test('a test set with other classes is refused', () => {
  const fixture = new Fixture(40, { split: { kind: 'none' } }, 30)
  const testSet = { ...dataset(30), classNames: ['yes', 'no'] }
  expect(codeOf(() => fixture.build({ testSet }))).toBe('classes-differ')
})

test('files may lie at any offset of their buffer', () => {
  const fixture = twoFolds()
  const expected = fixture.build()
  for (const [path, bytes] of fixture.files) {
    const shifted = new Uint8Array(bytes.length + 1)
    shifted.set(bytes, 1)
    fixture.files.set(path, shifted.subarray(1))
  }
  expect(fixture.build()).toEqual(expected)
})

test('members of an ensemble and assistants are measured each on its own, on the rows of the fold', () => {
  const fixture = twoFolds()
  const member = { kind: 'train', network: network(8), training: resolveTraining({}, 40) } as const
  const given: ResolvedMember = {
    kind: 'model',
    modelId: 'mdl_t',
    form: { kind: 'network', network: network(4), normalization: null, weightsSha256: 'w' },
  }
  for (const fold of [0, 1]) {
    const labels = fixture.heldOut(fold)
    fixture.answer({ arm: 'member', index: 0, fold, covers: 'held-out' }, labels, 1)
    fixture.answer({ arm: 'assistant', index: 0, fold, covers: 'held-out' }, labels, 2 + fold)
    fixture.answer({ arm: 'assistant', index: 1, fold, covers: 'held-out' }, labels, 5)
    const mixture = {
      weights: [0.75 + fold / 8, 0.25 - fold / 8],
      fit: { rows: 4, nll: 0.5, averageNll: 0.6, gap: 0 },
    }
    fixture.files.set(`mixture ${fold}`, new TextEncoder().encode(JSON.stringify(mixture)))
  }
  fixture.answer({ arm: 'member', index: 1, fold: null, covers: 'all' }, [...fixture.labels], 0)
  const report = fixture.build(
    {
      teacher: {
        kind: 'ensemble',
        members: [member, given],
        weights: { kind: 'inner-validation', fraction: 0.1 },
      },
      chain: [5, 6].map((units) => ({
        network: network(units),
        training: resolveTraining({}, 40),
        objective: LABELS_ONLY,
      })),
    },
    { mixtures: [0, 1].map((fold) => ({ fold, path: `mixture ${fold}` })) },
  )
  const [trained, stored] = report.ensemble?.members ?? []
  expect(trained).toMatchObject({
    index: 0,
    isGiven: false,
    parameters: 42,
    weight: { mean: 0.8125, n: 2 },
    metrics: { accuracy: { mean: 0.9, n: 2 } },
    final: null,
  })
  expect(stored).toMatchObject({
    isGiven: true,
    weight: { mean: 0.1875 },
    folds: [{ fold: 0, metrics: { accuracy: 1, agreement: 1 } }, { metrics: { accuracy: 1 } }],
  })
  expect(report.ensemble?.fits).toEqual(
    [0, 1].map((fold) => ({ fold, rows: 4, nll: 0.5, averageNll: 0.6 })),
  )
  expect(report.chain).toMatchObject([
    {
      index: 0,
      parameters: 27,
      folds: [{ metrics: { accuracy: 0.8 } }, { metrics: { accuracy: 0.7 } }],
    },
    {
      index: 1,
      parameters: 32,
      folds: [{ metrics: { accuracy: 0.5 } }, { metrics: { accuracy: 0.5 } }],
    },
  ])
  expect(report.arms.teacher.parameters).toBe(42 + 22)
  expect(report.stamps).toEqual([expect.stringMatching(/of its members, 1 \(from 0\) was given/)])
})
