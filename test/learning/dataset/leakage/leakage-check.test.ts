import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../../src/base/errors.ts'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import {
  requireFeatureColumns,
  takeFeatureColumns,
  type FeatureValue,
} from '../../../../src/learning/dataset/leakage/feature-columns.ts'
import type { CheckedRow, Leak } from '../../../../src/learning/dataset/leakage/checked-row.ts'
import { contractColumns } from '../../../../src/learning/dataset/leakage/contract-columns.ts'
import { LeakageCheck, requireNoLeak } from '../../../../src/learning/dataset/leakage/leakage-check.ts'
import { isOutcomeName } from '../../../../src/learning/dataset/leakage/outcome-names.ts'
import type { DatasetCandidate, LabelRow } from '../../../../src/learning/dataset/label-row.ts'
import { labelRow, loggedFields } from '../row-builder.ts'

type World = {
  readonly label: LabelRow
  readonly tokensOut: number
  readonly unit: () => number
  readonly index: number
}
type Planting = (world: World) => Readonly<Record<string, FeatureValue>>
type RowParts = {
  readonly plant?: Planting
  readonly prompt?: (world: World) => string
  readonly answer?: string
  readonly vector?: (world: World) => readonly number[]
  readonly tier?: (world: World) => string
  /** What the contract's fields say. */
  readonly label?: (world: World) => Partial<LabelRow>
  /** What the policy expected of the model that it chose. */
  readonly expected?: (world: World) => Partial<DatasetCandidate>
}

/** Rows of tasks whose cost, time and success follow their length only loosely. */
function rowsOf(count: number, { plant, prompt, answer, vector, ...parts }: RowParts): readonly CheckedRow[] {
  const random = createRandomStream(count)
  return Array.from({ length: count }, (_, index) => {
    const tokensIn = 10 + random.nextBelow(500)
    const tokensOut = 20 + random.nextBelow(700)
    const success = random.nextUnit() < 0.7
    const label = labelRow({
      success,
      task_token_count: tokensIn,
      cost_usd: (tokensIn * 2 + tokensOut * 8) / 1e6,
      latency_s: tokensOut * 0.01 + random.nextUnit(),
      tokens_total: tokensIn + tokensOut,
      optimal_route: random.nextUnit() < 0.6 ? 'local' : 'premium',
      error_severity: random.nextUnit(),
    })
    const world = { label, tokensOut, unit: () => random.nextUnit(), index }
    const own = { ...label, ...parts.label?.(world) }
    const [small] = loggedFields().candidates
    const expected = parts.expected?.(world)
    const latencyS = { latency_s: label.latency_s, actual_route: own.actual_route }
    const named = { ...latencyS, actual_tier_used: parts.tier?.(world) ?? null }
    const logged = expected && small && loggedFields({ candidates: [{ ...small, ...expected }] })
    const columns = new Map<string, FeatureValue>([
      ['metadata.prompt_chars', tokensIn * 4 + random.nextBelow(4)],
      ['metadata.language', ['en', 'de', 'pt'][random.nextBelow(3)] ?? 'en'],
      ['metadata.has_code', random.nextUnit() < 0.5],
      ...Object.entries(plant?.(world) ?? {}),
    ])
    return {
      columns,
      contract: contractColumns({ ...own, ...(logged !== undefined && { logged }) }),
      action: own.actual_route,
      label: own,
      tokensIn,
      outcomes: {
        success,
        cost_usd: label.cost_usd,
        latency_ms: label.latency_s * 1000,
        tokens_out: tokensOut,
        ...named,
      },
      place: `f:${index + 1}`,
      ...(prompt !== undefined && { prompt: prompt(world) }),
      ...(answer !== undefined && { answer }),
      ...(vector !== undefined && { vector: vector(world) }),
    }
  })
}

function leaksOf(count: number, parts: RowParts): readonly Leak[] {
  const check = new LeakageCheck()
  for (const row of rowsOf(count, parts)) check.add(row)
  return check.report().leaks
}
const rulesOf = (count: number, parts: RowParts): readonly string[] =>
  leaksOf(count, parts).map(({ field, rule }) => `${field} ${rule}`)

describe('a leak', () => {
  it.each([1, 12, 20, 300])('is not what belongs into features, in %s rows', (count) => {
    expect(
      leaksOf(count, { prompt: ({ index }) => `Explain cost_usd and latency_ms: ${index} of the success rate` }),
    ).toEqual([])
  })

  it.each([
    'features.success',
    'metadata.cost_usd',
    'metadata.latencyMs',
    'features.tokens_out',
    'metadata.answer',
    'features.response_text',
    'task_metadata.verifier-accepted',
    'metadata.final.route',
    'features.optimal_route',
    'metadata.was_escalated',
  ])('is seen by the name %s in a single row', (field) => {
    expect(rulesOf(1, { plant: () => ({ [field]: 'x' }) })).toEqual([`${field} name`])
  })

  it.each([
    'metadata.max_output_tokens',
    'features.expected_cost_usd',
    'features.predictedSuccess',
    'metadata.language',
    'features.accost',
    'metadata.risk_score',
  ])('is not seen in the name %s', (field) => {
    expect(isOutcomeName(field)).toBe(false)
  })

  it.each<readonly [string, number, Planting, string]>([
    ['the cost itself', 3, ({ label }) => ({ x: label.cost_usd ?? 0 }), 'x equal'],
    ['the time in milliseconds', 5, ({ label }) => ({ x: label.latency_s * 1000 }), 'x equal'],
    ['the length of the answer', 5, ({ tokensOut }) => ({ x: tokensOut }), 'x equal'],
    ['the cost in cents', 60, ({ label }) => ({ x: (label.cost_usd ?? 0) * 100 }), 'x correlated'],
    ['a rising function of the time', 60, ({ label }) => ({ x: Math.sqrt(label.latency_s) }), 'x correlated'],
    ['a falling function of the cost', 60, ({ label }) => ({ x: 1 / (label.cost_usd ?? 1) }), 'x correlated'],
    [
      'a number that is larger after a success',
      80,
      ({ label, unit }) => ({ x: (label.success ? 0.6 : 0) + unit() * 0.5 }),
      'x separates',
    ],
    ['success under another name', 30, ({ label }) => ({ flag: label.success }), 'flag tells_class'],
    ['success as a word', 30, ({ label }) => ({ flag: label.success ? 'blue' : 'red' }), 'flag tells_class'],
    ['success in a few rows', 14, ({ label }) => ({ flag: label.success ? 'blue' : 'red' }), 'flag tells_class'],
    [
      'the best route, now and then wrong',
      400,
      ({ label, unit }) => ({ kind: unit() < 0.01 ? 'a' : label.optimal_route }),
      'kind tells_class',
    ],
  ])('is seen by its values: %s', (_what, count, plant, found) => {
    expect(rulesOf(count, { plant })).toEqual([found])
  })

  it.each<readonly [string, Partial<RowParts>, string]>([
    [
      'success',
      { label: ({ label }) => ({ hardware_tier: label.success ? 'good' : 'bad' }) },
      'hardware_tier tells_class',
    ],
    ['success as a flag', { label: ({ label }) => ({ has_gpu: label.success }) }, 'has_gpu separates'],
    ['the time', { label: ({ label }) => ({ task_token_count: label.latency_s * 1000 }) }, 'task_token_count equal'],
    [
      'the length of the answer',
      { label: (world) => ({ task_token_count: world.tokensOut }) },
      'task_token_count equal',
    ],
    [
      'success as what was expected',
      { expected: ({ label, unit }) => ({ predicted_success: (label.success ? 0.5 : 0) + unit() / 2 }) },
      'predicted_success separates',
    ],
    ['the cost', { expected: ({ label }) => ({ expected_cost_usd: label.cost_usd }) }, 'expected_cost_usd equal'],
    [
      'the time in hours',
      { expected: ({ label }) => ({ expected_latency_s: label.latency_s / 3600 }) },
      'expected_latency_s correlated',
    ],
  ])('is seen in a field of the contract: %s', (_what, parts, found) => {
    expect(rulesOf(300, parts)).toEqual([found])
    expect(rulesOf(10, parts)).toEqual([])
  })

  it('is not what a policy expected of models of which one always fails', () => {
    const isLocal = ({ label }: World): boolean => label.success
    expect(
      rulesOf(300, {
        label: (world) => ({
          actual_route: isLocal(world) ? 'local' : 'premium',
          predicted_route: isLocal(world) ? 'local' : 'premium',
          has_gpu: world.unit() < 0.5,
        }),
        expected: (world) => ({ predicted_success: isLocal(world) ? 0.7 : 0.9, expected_cost_usd: 0.001 }),
      }),
    ).toEqual([])
  })

  it.each<readonly [string, Planting, string]>([
    ['success with some noise', ({ label, unit }) => ({ x: label.success !== unit() < 0.03 }), 'x tells_class'],
    ['being there', ({ label }) => (label.success ? { x: 1 } : {}), 'x presence'],
    ['the cost with its currency', ({ label }) => ({ x: `${label.cost_usd}$` }), 'x equal'],
    ['the cost after its currency', ({ label }) => ({ x: `USD ${label.cost_usd}` }), 'x equal'],
    ['the time with its unit', ({ label }) => ({ x: `${label.latency_s * 1000} ms` }), 'x equal'],
  ])('is seen by its values: %s', (_what, plant, found) => {
    expect(rulesOf(400, { plant })).toEqual([found])
  })

  it('is not a flag that success only leans to, nor a column that some rows lack', () => {
    expect(
      rulesOf(400, {
        plant: ({ label, unit, index }) => ({
          leaning: label.success !== unit() < 0.1,
          ...(index % 3 === 0 && { lacking: index }),
        }),
      }),
    ).toEqual([])
  })

  it('is not a guess that was often right, nor what follows the length of a task', () => {
    expect(
      rulesOf(300, {
        plant: ({ label, unit }) => ({
          // Planned and best are the same here, as of a good policy.
          planned_tier: unit() < 0.005 ? 'a' : label.optimal_route,
          chars: (label.task_token_count ?? 0) * 4,
        }),
      }),
    ).toEqual([])
  })

  it('is seen in a vector of features', () => {
    const vector = ({ label, unit }: World): readonly number[] => [
      unit(),
      Math.fround(label.cost_usd ?? 0),
      label.task_token_count ?? 0,
    ]
    expect(rulesOf(300, { vector })).toEqual(['features[1] correlated'])
  })

  it('is seen in a prompt that names the figures of its own task', () => {
    const prompt = ({ label }: World): string => `Do it. [latency_ms=${label.latency_s * 1000}]`
    expect(rulesOf(4, { prompt })).toEqual(['prompt: latency_ms prompt'])
    expect(rulesOf(40, { prompt: ({ label }) => `Do it. {"success": ${label.success}}` })).toEqual([
      'prompt: success prompt',
    ])
    const longest = ({ label }: World): string => `${'word '.repeat(9000)} "cost_usd": ${label.cost_usd}`
    expect(rulesOf(2, { prompt: longest })).toEqual(['prompt: cost_usd prompt'])
  })

  const cost = ({ label }: World): string => String(label.cost_usd)
  const time = ({ label }: World): number => label.latency_s * 1000

  it.each<readonly [string, (world: World) => string]>([
    ['success', ({ label }) => `Success: ${label.success ? 'True' : 'False'}`],
    ['outcome', ({ label }) => `outcome=${label.success ? 'success' : 'failure'}`],
    ['result', ({ label }) => `result: ${label.success ? 'ok' : 'failed'}`],
    ['verdict', ({ label }) => `VERDICT is ${label.success ? 'right' : 'wrong'}`],
    ['success', ({ label }) => `<success>${label.success}</success>`],
    ['success', ({ label }) => `{\\"success\\": ${label.success}}`],
    ['route', ({ label }) => `route: ${label.optimal_route}`],
    ['tier', ({ label }) => `tier=${label.optimal_route === 'local' ? 'local_small' : 'premium_api'}`],
    ['cost_usd', (world) => `COST_USD: ${cost(world)}`],
    ['cost', (world) => `cost: $${cost(world)}`],
    ['cost', (world) => `(cost was ${cost(world)} USD)`],
    ['latency', (world) => `latency: ${time(world)} ms`],
    ['duration', (world) => `Duration = **${time(world) / 1000}s**`],
  ])('is seen in a prompt however it is written: %s', (name, written) => {
    const prompt = (world: World): string => `Do ${world.index}, as before (${written(world)}), and ${world.unit()}.`
    const label = ({ label: { optimal_route: route } }: World): Partial<LabelRow> => ({ actual_route: route })
    const tier = ({ label: { optimal_route: route } }: World): string =>
      route === 'local' ? 'local_small' : 'premium_api'
    expect(rulesOf(40, { prompt, label, tier })).toEqual([`prompt: ${name} prompt`])
  })

  it.each([
    'Answer in JSON such as {"success": true, "result": "ok"}',
    'Status: OK, so go on',
    'The route: local trains first',
    'What is a cost: $0.01, or a latency: 20 ms?',
  ])('is not what every prompt says: %s', (text) => {
    expect(rulesOf(300, { prompt: ({ index }) => `${index} ${text} ${index}` })).toEqual([])
  })

  it.each<readonly [string, (world: World) => string]>([
    ['last', ({ label, index }) => `Do it ${index} [${label.success ? 'OK' : 'KO'}]`],
    ['first', ({ label, index }) => `${label.success ? '+' : '-'} do it ${index}`],
    ['last', ({ label, index }) => `Do it ${index} ${label.optimal_route === 'local' ? 'L' : 'P'}`],
  ])('is seen in the %s word of prompts in any form', (end, prompt) => {
    expect(rulesOf(200, { prompt })).toEqual([`prompt: ${end} word tells_class`])
  })

  it('is not a family of prompts that a policy sends its own way', () => {
    const prompt = ({ label, index }: World): string =>
      label.optimal_route === 'local' ? `Translate ${index}` : `Prove ${index}`
    const label = ({ label: { optimal_route: route } }: World): Partial<LabelRow> => ({
      predicted_route: route,
      actual_route: route,
    })
    expect(rulesOf(200, { prompt, label })).toEqual([])
  })

  it('is seen in prompts that hold their answers', () => {
    const answer = 'The answer is forty-two, as everybody knows.'
    expect(rulesOf(3, { prompt: () => `Q: what? A: ${answer}`, answer })).toEqual(['prompt: answer prompt'])
    expect(rulesOf(30, { prompt: ({ index }) => (index === 3 ? `Repeat: ${answer}` : 'Say it.'), answer })).toEqual([])
  })

  it('fails the work with the fields and the first place', () => {
    const check = new LeakageCheck()
    for (const row of rowsOf(2, { plant: () => ({ 'features.success': true, 'features.cost': 1 }) })) check.add(row)
    const report = check.report()
    expect(report).toMatchObject({ passed: false, rows: 2, rows_compared: 2, columns: 5 })
    try {
      requireNoLeak(report)
      expect.unreachable()
    } catch (error: unknown) {
      expect(CodedError.is(error, 'DATA_LEAKAGE') && [error.message, error.details['leaks']]).toEqual([
        'features.success leaks what came of the task: its name says that it holds an outcome (f:1), and 1 more',
        report.leaks,
      ])
    }
  })

  it('is looked for in a bounded number of rows, drawn evenly', () => {
    const check = new LeakageCheck()
    for (let round = 0; round < 3; round += 1)
      for (const row of rowsOf(3000, { plant: ({ label }) => ({ x: round === 2 ? (label.cost_usd ?? 0) : 0 }) }))
        check.add(row)
    expect(check.report()).toMatchObject({ rows: 9000, rows_compared: 4096, passed: true })
  })
})

describe('feature columns', () => {
  it('are the members of feature fields, by path; what else the record has stays', () => {
    const json = {
      success: true,
      features: { a: 1, deep: { b: ['x', true, null] } },
      task_metadata: { c: 2 },
      metadata: 'text',
      attempts: [1],
    }
    const { record, columns } = requireFeatureColumns(json, 'f:1')
    expect(record).toEqual({ success: true, metadata: 'text', attempts: [1] })
    expect([...columns]).toEqual([
      ['features.a', 1],
      ['features.deep.b.0', 'x'],
      ['features.deep.b.1', true],
      ['task_metadata.c', 2],
    ])
    const plain = { features: 'AAAA' }
    expect(takeFeatureColumns(plain)).toEqual({ record: plain, columns: new Map() })
  })

  it('are not without end', () => {
    let deep: unknown = 1
    for (let level = 0; level < 20; level += 1) deep = { deep }
    expect(() => requireFeatureColumns({ metadata: deep }, 'f:1')).toThrow(
      'f:1: metadata.deep.deep.deep.deep.deep.deep is nested more than 6 levels deep',
    )
    const wide = Object.fromEntries(Array.from({ length: 5000 }, (_, index) => [`f${index}`, index]))
    expect(takeFeatureColumns({ features: wide })).toEqual({ problem: 'it has more than 4096 feature columns' })
  })
})
