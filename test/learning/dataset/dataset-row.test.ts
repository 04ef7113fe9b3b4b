import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { promptFeatureSet } from '../../../src/core/policy/prompt-feature-set.ts'
import { PROMPT_FEATURES } from '../../../src/core/policy/prompt-features.ts'
import {
  formatDatasetRow,
  parseDatasetRow,
  readDatasetRow,
  readLoggedTasks,
} from '../../../src/learning/dataset/dataset-row.ts'
import { datasetRow, labelRow } from './row-builder.ts'

/** The contract's order: readers of columns rely on it. */
const CONTRACT_FIELDS =
  'task_hash task_token_count task_domain hardware_tier has_gpu predicted_route actual_route was_escalated escalation_chain success cost_usd latency_s tokens_total optimal_route should_use_premium penalty label_confidence label_reason error_type error_severity'.split(
    ' ',
  )

const refusal = (line: string): string => {
  try {
    parseDatasetRow(line, 'f.jsonl:7')
  } catch (error: unknown) {
    if (CodedError.is(error, 'TRAINING_DATA_INVALID')) return error.message
    throw error
  }
  return 'accepted'
}

describe('a row of a dataset', () => {
  it('is read back as it was written, with and without what was logged', () => {
    const features = Buffer.from(new Float32Array(PROMPT_FEATURES.length).fill(0.5).buffer).toString('base64')
    const full = datasetRow({ cost_usd: null }, { prompt: 'a\n"b"', features, feature_set: promptFeatureSet() })
    expect(readDatasetRow(formatDatasetRow(full), 'x')).toEqual(full)
    expect(readDatasetRow(formatDatasetRow(labelRow()), 'x')).toEqual(labelRow())
    expect(Object.keys(JSON.parse(formatDatasetRow(labelRow())) as object)).toEqual(CONTRACT_FIELDS)
    expect(formatDatasetRow(full)).not.toContain('\n')
  })

  it('becomes a task of the log: candidates, action, outcome and what single models did', () => {
    const features = Buffer.from(new Float32Array(PROMPT_FEATURES.length).fill(0.5).buffer).toString('base64')
    const task = parseDatasetRow(
      formatDatasetRow(datasetRow({ cost_usd: 0.25 }, { features, feature_set: promptFeatureSet() })),
      'x',
    )
    expect(task).toMatchObject({
      taskHash: 'a'.repeat(64),
      timestamp: '2026-01-31T08:00:00.000Z',
      prompt: undefined,
      risk: 'low',
      policyVersion: 'priors-1',
      action: 'small',
      propensity: 0.9,
      outcome: { success: 1, costUsd: 0.25, latencyMs: 400, source: 'executed' },
    })
    expect(task?.candidates[1]).toEqual({
      model: 'large',
      tier: 'premium_api',
      propensity: 0.1,
      predictedSuccess: 0.9,
      expectedCostUsd: undefined,
      expectedLatencyS: 2,
    })
    expect(task?.observed.get('small')).toEqual({ success: 1, costUsd: 0, latencyMs: 400, source: 'executed' })
    expect(task?.features).toEqual(new Float64Array(PROMPT_FEATURES.length).fill(0.5))
  })

  it('has no features where they are not those of this version', () => {
    const whole = Buffer.from(new Float32Array(PROMPT_FEATURES.length).buffer).toString('base64')
    const sets: readonly (readonly [string, string])[] = [
      ['AAAA', promptFeatureSet()],
      ['!', promptFeatureSet()],
      ['A'.repeat(100_000), promptFeatureSet()],
      [whole, '0'.repeat(12)],
    ]
    for (const [features, feature_set] of sets)
      expect(
        parseDatasetRow(formatDatasetRow(datasetRow({}, { features, feature_set })), 'x')?.features,
      ).toBeUndefined()
  })

  it('of the compatibility mode has routes for actions', () => {
    const chain = labelRow({
      was_escalated: true,
      escalation_chain: ['local_small', 'cheap_api'],
      actual_route: 'cheap',
    })
    const task = parseDatasetRow(formatDatasetRow(chain), 'x')
    expect([task?.action, task?.propensity, task?.observed.get('local_small')?.success]).toEqual(['local_small', 1, 0])
    expect(parseDatasetRow(formatDatasetRow(labelRow()), 'x')?.action).toBe('local')
  })

  it('of the evaluation format has the recorded outcomes of all models, and an action that the hash draws', () => {
    const row = { prompt: 'Why?', models: { b: { score: 1, cost_usd: 0.2 }, a: { score: 0, cost_usd_est: 0.1 } } }
    const task = parseDatasetRow(JSON.stringify(row), 'x')
    expect(task).toMatchObject({ taskHash: sha256Hex('Why?'), prompt: 'Why?', propensity: 0.5 })
    expect([...(task?.observed ?? [])]).toEqual([
      ['b', { success: 1, costUsd: 0.2, latencyMs: undefined, source: 'recorded' }],
      ['a', { success: 0, costUsd: 0.1, latencyMs: undefined, source: 'recorded' }],
    ])
    expect(task?.candidates.map(({ model, propensity }) => [model, propensity])).toEqual([
      ['a', 0.5],
      ['b', 0.5],
    ])
    expect(parseDatasetRow(JSON.stringify({ ...row, contaminated: true }), 'x')).toBeUndefined()
  })

  it('of the evaluation format draws each model about as often as the others', () => {
    const counts = new Map<string, number>()
    for (let index = 0; index < 3000; index += 1) {
      const row = { prompt: `question ${index}`, models: { a: { score: 1 }, b: { score: 0 }, c: { score: 0 } } }
      const action = parseDatasetRow(JSON.stringify(row), 'x')?.action ?? ''
      counts.set(action, (counts.get(action) ?? 0) + 1)
    }
    expect(counts.size).toBe(3)
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(110)
  })

  it.each([
    ['{', 'f.jsonl:7: not JSON'],
    ['[]', 'f.jsonl:7: a row is an object'],
    ['{}', 'f.jsonl:7: task_hash is not a text'],
    [JSON.stringify({ ...labelRow(), success: 'false' }), 'f.jsonl:7: success is neither true nor false'],
    [
      JSON.stringify({ ...labelRow(), optimal_route: 'hybrid' }),
      'f.jsonl:7: optimal_route is not one of local, cheap, premium',
    ],
    [JSON.stringify({ ...labelRow(), error_type: undefined }), 'f.jsonl:7: error_type is missing'],
    [JSON.stringify({ ...labelRow(), label_confidence: 1.5 }), 'f.jsonl:7: label_confidence is out of range'],
    [formatDatasetRow(datasetRow({}, { propensity: 0 })), 'f.jsonl:7: propensity is 0: what was done had some chance'],
    ['{"prompt":"x","models":{"a":{"score":2}}}', 'f.jsonl:7: the score of a must be a number from 0 to 1'],
  ])('is refused with place and field: %s', (line, message) => {
    expect(refusal(line)).toBe(message)
  })

  it('is one of a file, whose blank and contaminated lines count for the number of the line only', () => {
    const text = `\n{"prompt":"p","contaminated":true,"models":{"a":{"score":1}}}\n${formatDatasetRow(labelRow())}\n`
    expect(readLoggedTasks({ name: 'f', text }).map(({ taskHash }) => taskHash)).toEqual(['a'.repeat(64)])
    expect(() => readLoggedTasks({ name: 'f', text: `${text}{}` })).toThrow('f:4: task_hash is not a text')
  })
})
