import { describe, expect, it } from 'vitest'
import { pooledPriorOf } from '../../../src/core/learning/online/online-learner.ts'
import type { LoggedTask, ObservedOutcome } from '../../../src/core/learning/logged-task.ts'
import { formatPolicyArtefact, parsePolicyArtefact } from '../../../src/core/policy/policy-artefact.ts'
import type { FeatureRecipe } from '../../../src/core/policy/feature-recipe.ts'
import { PROMPT_FEATURES } from '../../../src/core/policy/prompt-features.ts'
import { createOnlineLearning } from '../../../src/learning/online/online-learning.ts'
import { formatOnlineState, parseOnlineState } from '../../../src/learning/online/online-state.ts'

const RECIPE: FeatureRecipe = {
  centre: new Float64Array(PROMPT_FEATURES.length),
  scale: new Float64Array(PROMPT_FEATURES.length).fill(1),
  difficultyCentre: 0,
  difficultyScale: 1,
  templates: [],
  templateCount: 1,
  bucketBits: 0,
}
const SIZE = pooledPriorOf(RECIPE).common.length
const LINEAGE = { dataCardHash: 'card', codeVersion: 'test', metrics: {} }

const seen = (success: number, change: Partial<ObservedOutcome> = {}): ObservedOutcome => ({
  success,
  costUsd: 0.001,
  latencyMs: 100,
  source: 'executed',
  ...change,
})

function task(
  taskHash: string,
  observed: Readonly<Record<string, ObservedOutcome>>,
  change: Partial<LoggedTask> = {},
): LoggedTask {
  return {
    taskHash,
    timestamp: undefined,
    prompt: undefined,
    features: new Float64Array(PROMPT_FEATURES.length).fill(0.1),
    risk: 'low',
    policyVersion: 'policy-1',
    candidates: [],
    action: 'cheap',
    propensity: 0.5,
    outcome: seen(1),
    observed: new Map(Object.entries(observed)),
    ...change,
  }
}

function start() {
  const registered: string[] = []
  const learning = createOnlineLearning(
    { recipe: RECIPE, candidates: ['cheap', 'dear'], priorWeights: [new Float64Array(SIZE), new Float64Array(SIZE)] },
    {
      async register(text) {
        registered.push(text)
        return { version: `policy-${registered.length}` }
      },
    },
  )
  return { learning, registered }
}

describe('learning while a node runs', () => {
  it('learns what the first model did, and shadows; a model that answered after another had failed it leaves out', () => {
    const { learning } = start()
    const observed = { cheap: seen(0), dear: seen(1) }
    expect(learning.learn([task('a', observed)])).toEqual({ learned: 1, revised: 0, skipped: 1 })
    expect(learning.learn([task('b', { cheap: seen(0), dear: seen(1, { source: 'shadow' }) })])).toEqual({
      learned: 2,
      revised: 0,
      skipped: 0,
    })
    expect(learning.weight).toBe(3)
  })

  it('leaves out tasks without features and models that it does not know', () => {
    const { learning } = start()
    expect(learning.learn([task('a', { cheap: seen(1) }, { features: undefined })]).skipped).toBe(1)
    expect(learning.learn([task('a', { other: seen(1) }, { action: 'other' })]).skipped).toBe(1)
  })

  it('corrects an outcome that a person has judged since: the policy is as if the first word had never been said', () => {
    const [corrected, plain] = [start(), start()]
    corrected.learning.learn([task('a', { cheap: seen(1) })])
    expect(corrected.learning.learn([task('a', { cheap: seen(0, { source: 'feedback' }) })]).revised).toBe(1)
    expect(corrected.learning.learn([task('a', { cheap: seen(0, { source: 'feedback' }) })])).toEqual({
      learned: 0,
      revised: 0,
      skipped: 0,
    })
    plain.learning.learn([task('a', { cheap: seen(0) })])
    const level = ({ learning }: ReturnType<typeof start>): number =>
      Math.round(1e6 * (learning.artefact(LINEAGE).success.dense[SIZE - 1] ?? 0))
    expect(level(corrected)).toBe(level(plain))
    expect(corrected.learning.weight).toBe(1)
  })

  it('registers what it proposes, and does nothing else with it', async () => {
    const { learning, registered } = start()
    learning.learn([task('a', { cheap: seen(1) })])
    expect(registered).toEqual([])
    expect(await learning.propose({ ...LINEAGE, parent: 'policy-0' })).toBe('policy-1')
    expect(parsePolicyArtefact(registered[0] ?? '').lineage.parent).toBe('policy-0')
  })
})

describe('the state of learning', () => {
  const many = (from: number, to: number): readonly LoggedTask[] =>
    Array.from({ length: to - from }, (_, at) => {
      const row = from + at
      const features = Float64Array.from(PROMPT_FEATURES, (_name, place) => Math.fround(Math.sin(row * 7 + place)))
      const cost = row % 5 === 0 ? undefined : 0.001 * (1 + (row % 3))
      return task(
        `task ${row}`,
        { [row % 2 === 0 ? 'cheap' : 'dear']: seen(row % 3 === 0 ? 0 : 1, { costUsd: cost }) },
        {
          action: row % 2 === 0 ? 'cheap' : 'dear',
          features,
        },
      )
    })
  const INIT = {
    recipe: RECIPE,
    candidates: ['cheap', 'dear'],
    priorWeights: [new Float64Array(SIZE).fill(0.01), new Float64Array(SIZE)],
  }
  const noRegister = { register: async () => await Promise.resolve({ version: '' }) }

  it('goes on from where it was, to the same policy and the same corrections', () => {
    const whole = createOnlineLearning(INIT, noRegister)
    whole.learn(many(0, 1_300))
    const before = createOnlineLearning(INIT, noRegister)
    before.learn(many(0, 700))
    const saved = parseOnlineState(JSON.stringify(formatOnlineState({ init: INIT, state: before.state() })))
    if (saved === undefined) throw new Error('not read')
    const after = createOnlineLearning(saved.init, noRegister, saved.state)
    after.learn(many(700, 1_300))
    expect(after.weight).toBe(1_300)
    expect(formatPolicyArtefact(after.artefact(LINEAGE))).toBe(formatPolicyArtefact(whole.artefact(LINEAGE)))
    expect(after.learn(many(0, 700))).toEqual({ learned: 0, revised: 0, skipped: 0 })
    const [first] = many(4, 5)
    if (first === undefined) throw new Error('no task')
    expect(after.learn([{ ...first, observed: new Map([['cheap', seen(0)]]) }]).revised).toBe(1)
    expect(after.weight).toBe(1_300)
  })

  it('holds no hash of a task', () => {
    const learning = createOnlineLearning(INIT, noRegister)
    learning.learn([task('a'.repeat(64), { cheap: seen(1) })])
    expect(JSON.stringify(formatOnlineState({ init: INIT, state: learning.state() }))).not.toContain('a'.repeat(13))
  })

  it.each([
    ['no JSON', () => '{'],
    ['other features', (text: string) => text.replace('"prompt_features":["', '"prompt_features":["x')],
    ['a cut sum', (text: string) => text.replace('"cost_gram":"', '"cost_gram":"AAAAAAAAAAA')],
    ['a model that is none', (text: string) => text.replace('"candidates":["cheap","dear"]', '"candidates":["cheap"]')],
    ['another kind', (text: string) => text.replace('kernell-online-state', 'kernell-policy')],
  ])('is not read with %s', (_, change) => {
    const learning = createOnlineLearning(INIT, noRegister)
    learning.learn(many(0, 5))
    const text = JSON.stringify(formatOnlineState({ init: INIT, state: learning.state() }))
    expect(parseOnlineState(text)).toBeDefined()
    expect(parseOnlineState(change(text))).toBeUndefined()
  })
})
