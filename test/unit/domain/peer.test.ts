import { expect, test } from 'vitest'
import { planJob } from '../../../src/domain/job-plan.ts'
import type { JobSpec } from '../../../src/domain/job-spec.ts'
import { issuesOf, resolved, spec } from '../../support/specs.ts'

const peered = (changes: Partial<JobSpec> = {}): JobSpec => {
  const { objective: _, ...rest } = spec()
  return { ...rest, teacher: { peer: {} }, ...changes }
}
const found = (changes: Partial<JobSpec>) =>
  issuesOf(peered(changes)).map(({ pointer, code }) => [pointer, code])

test('a peer is by default another student of the same layers, for labels and for each other', () => {
  const job = resolved(peered())
  expect(job.teacher).toEqual({ kind: 'peer', network: job.student.network })
  expect(job.objective.map(({ method, weight }) => [method, weight])).toEqual([
    ['mutual', 1],
    ['hard-labels', 1],
  ])
  expect(job.evaluation.teacherPerFold).toBe('retrain')
})

test('a peer has layers of its own where they are given', () => {
  const layers = [{ type: 'flatten' as const }, { type: 'dense' as const, units: 64 }]
  const { student } = resolved(peered())
  const logits = student.network.layers.at(-1)?.outputShape[0] ?? 0
  const given = { layers: [...layers, { type: 'dense' as const, units: logits }] }
  const { teacher } = resolved(peered({ teacher: { peer: { architecture: given } } }))
  expect(teacher.kind === 'peer' && teacher.network.layers).toHaveLength(3)
})

test('a mistake in its architecture is told where it is', () => {
  const architecture = { layers: [{ type: 'dense' as const, units: 1 }] }
  const issues = found({ teacher: { peer: { architecture } } })
  expect(issues.map(([pointer]) => pointer)).toContainEqual(
    expect.stringMatching(/^\/teacher\/peer\/architecture/),
  )
})

test('no task is a peer alone', () => {
  const tasks = planJob(resolved(peered({ evaluation: { folds: 2 } })))
  expect(tasks.map(({ key }) => key)).toEqual([
    'control/fold-0',
    'distilled/fold-0',
    'control/fold-1',
    'distilled/fold-1',
    'distilled/final',
    'latency',
    'report',
  ])
  expect(tasks.find(({ key }) => key === 'distilled/fold-0')?.after).toEqual([])
})

test('mutual learning needs a peer', () => {
  const terms = [{ method: 'hard-labels' }, { method: 'mutual' }] as const
  expect(issuesOf(spec({ objective: { terms } }))).toMatchObject([
    { pointer: '/objective/terms/1/method', code: 'peer-missing' },
  ])
})

test('no assistant learns from a peer', () => {
  const chain = [
    {
      architecture: { preset: 'mlp' as const },
      objective: { terms: [{ method: 'mutual' as const }, { method: 'hard-labels' as const }] },
    },
  ]
  expect(issuesOf(spec({ chain }))).toMatchObject([
    { pointer: '/chain/0/objective/terms/0/method', code: 'peer-missing' },
  ])
})

test.each<[string, Partial<JobSpec>, [string, string]]>([
  [
    'terms of layers',
    { objective: { variant: 'feature' } },
    ['/objective/variant', 'not-with-a-peer'],
  ],
  [
    'terms that ask nobody',
    { objective: { terms: [{ method: 'hard-labels' }, { method: 'mutual', weight: 0 }] } },
    ['/teacher/peer', 'peer-unused'],
  ],
  [
    'one teacher for all folds',
    { evaluation: { teacherPerFold: 'frozen' } },
    ['/evaluation/teacherPerFold', 'not-with-a-peer'],
  ],
  [
    'soft labels of cross-fit',
    { evaluation: { teacherPerFold: 'cross-fit' } },
    ['/evaluation/teacherPerFold', 'not-with-a-peer'],
  ],
  [
    'a control that has the seconds of the teacher',
    { evaluation: { controlBudget: 'matched-seconds' } },
    ['/evaluation/controlBudget', 'not-with-a-peer'],
  ],
  ['assistants', { chain: { generations: 2 } }, ['/chain', 'not-with-a-peer']],
  [
    'omitted classes',
    { transfer: { omitClasses: ['a'] } },
    ['/transfer/omitClasses', 'not-with-a-peer'],
  ],
])('a job with a peer is refused %s', (_, changes, issue) => {
  expect(found(changes)).toContainEqual(issue)
})

test('terms of logits, stages and an early end of mutual learning are possible', () => {
  expect(
    found({ objective: { terms: [{ method: 'soft-targets' }, { method: 'hard-labels' }] } }),
  ).toEqual([])
  expect(found({ objective: { distillUntilEpoch: 1 } })).toEqual([])
  const stages = [
    { epochs: 1, terms: [{ method: 'hard-labels' }] },
    { epochs: 1, terms: [{ method: 'mutual' }, { method: 'hard-labels' }] },
  ] as const
  expect(found({ objective: { stages }, training: {} })).toEqual([])
  expect(resolved(peered({ objective: { distillUntilEpoch: 1 } })).objective).toMatchObject([
    { method: 'mutual', untilEpoch: 1 },
    { method: 'hard-labels' },
  ])
})
