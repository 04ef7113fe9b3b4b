import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { civilDateOfInstant } from '../../src/core/models/civil-date.ts'
import type { ModelEntry } from '../../src/core/models/model-entry.ts'
import type { LoggedTask } from '../../src/core/learning/logged-task.ts'
import { parsePolicyArtefact, policyVersionOf, type PolicyArtefact } from '../../src/core/policy/policy-artefact.ts'
import { createFeatureExtractor } from '../../src/core/policy/prompt-features.ts'
import { isFixedSet, withKnownPrices } from '../../src/learning/evaluation/evaluate-policies.ts'
import { readEvaluationData, rowsOfFiles } from '../../src/node/learning/evaluation/read-evaluation-data.ts'
import { createServedChoices } from '../../src/router/served-choices.ts'
import { trainPolicyOnFiles } from '../../src/node/learning/training/train-policy.ts'
import { createPolicyService } from '../../src/router/policy-service.ts'
import { loggedRows, recordedRows } from '../node/learning/judged-data.ts'

let folder = ''
let artefact: PolicyArtefact
let tasks: readonly LoggedTask[] = []

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-served-'))
  writeFileSync(join(folder, 'train.jsonl'), recordedRows({ rows: 300, seed: 1 }))
  writeFileSync(join(folder, 'test.jsonl'), recordedRows({ rows: 200, seed: 2 }))
  writeFileSync(
    join(folder, 'log.jsonl'),
    loggedRows({ rows: 200, seed: 3, premiumShare: 0.2, from: '2026-01-01T00:00:00Z' }),
  )
  const { text } = await trainPolicyOnFiles({
    files: [join(folder, 'train.jsonl')],
    family: 'linear',
    seed: 1,
    checkpointFolder: join(folder, 'training'),
    isResumed: false,
  })
  artefact = parsePolicyArtefact(text)
  tasks = withKnownPrices((await readEvaluationData([join(folder, 'test.jsonl')])).tasks)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const served = (of: PolicyArtefact | undefined): ReturnType<typeof createServedChoices> =>
  createServedChoices({ artefact: of, quality: 0.7, findEntry: () => undefined })

describe('createServedChoices', () => {
  it('predicts what the policy service predicts of the same prompt, to the last bit', () => {
    const service = createPolicyService({ artefact, quality: 0.7, explorationRate: 0 })
    const choices = served(artefact)
    for (const task of tasks.slice(0, 50)) {
      const choice = choices.choose(task)
      const success = service.scorePrompt(task.prompt ?? '')?.success
      expect(task.candidates.map(({ model }) => success?.[model])).toEqual([...(choice?.predicted ?? [])])
    }
  })

  it('begins with one model, the cheapest that keeps the bound, else the surest', () => {
    const choices = served(artefact)
    const found = tasks.map((task) => {
      const { probabilities, predicted } = choices.choose(task) ?? { probabilities: [], predicted: new Float64Array(0) }
      const chosen = [...probabilities].indexOf(1)
      return (predicted[chosen] ?? 0) >= 0.7 || predicted[chosen] === Math.max(...predicted)
    })
    expect(found.every((isRight) => isRight)).toBe(true)
  })

  it('follows a bound that is asked for', () => {
    const choices = served(artefact)
    const moved = tasks.filter((task) => {
      const [low, high] = [choices.choose(task, 0.01), choices.choose(task, 0.99)]
      return JSON.stringify(low?.probabilities) !== JSON.stringify(high?.probabilities)
    })
    expect(moved.length).toBeGreaterThan(20)
  })

  it('does not decide a task without text by a policy that reads words, and by features where it reads none', () => {
    const extractor = createFeatureExtractor()
    const blind = (task: LoggedTask): LoggedTask => ({
      ...task,
      prompt: undefined,
      features: Float64Array.from(extractor.extract(task.prompt ?? '').dense),
    })
    const [task] = tasks
    if (task === undefined) throw new Error('a task is missing')
    expect(artefact.recipe.bucketBits).toBeGreaterThan(0)
    expect(served(artefact).choose(blind(task))).toBeUndefined()
    expect(served(undefined).choose(blind(task))).toBeUndefined()
    // What this very policy predicted then, it predicts now.
    const own = {
      ...blind(task),
      policyVersion: policyVersionOf(artefact),
      candidates: task.candidates.map((each, at) => ({ ...each, predictedSuccess: at === 0 ? 0.9 : 0.1 })),
    }
    expect([...(served(artefact).choose(own)?.probabilities ?? [])]).toEqual([1, 0])
  })

  it('decides a task by its features as by its text, where the policy has no weight on words', () => {
    const extractor = createFeatureExtractor()
    const wordless = <Model extends { readonly sparse: Float32Array }>(model: Model): Model => ({
      ...model,
      sparse: new Float32Array(model.sparse.length),
    })
    const { usd, success } = artefact
    const dense = served({ ...artefact, success: wordless(success), ...(usd !== undefined && { usd: wordless(usd) }) })
    for (const task of tasks.slice(0, 50)) {
      const features = Float64Array.from(extractor.extract(task.prompt ?? '').dense)
      const [byText, byFeatures] = [dense.choose(task), dense.choose({ ...task, prompt: undefined, features })]
      expect(byFeatures?.probabilities).toEqual(byText?.probabilities)
      expect(byFeatures?.predicted).toEqual(byText?.predicted)
    }
  })
})

describe('data of an evaluation', () => {
  it('is a fixed set where every outcome is known, and then has prices', () => {
    expect(isFixedSet(tasks)).toBe(true)
    const costs = tasks[0]?.candidates.map(({ expectedCostUsd, tier }) => [expectedCostUsd !== undefined, tier])
    expect(costs?.map(([isKnown]) => isKnown)).toEqual([true, true])
    expect(costs?.map(([, tier]) => tier).toSorted()).toEqual(['cheap_api', 'premium_api'])
  })

  it('takes the price of a model from the configuration where that knows it, not from the rows that judge it', async () => {
    const day = civilDateOfInstant(Date.parse('2026-01-01T00:00:00Z'))
    const entry: ModelEntry = {
      id: 'coder',
      provider: 'test',
      model: 'coder',
      tier: 'cheap_api',
      difficultyMax: 5,
      specialties: [],
      prices: [
        {
          inputNanosPerMillion: 1000n,
          outputNanosPerMillion: 1000n,
          contextTiers: [],
          source: 'test',
          checkedOn: day,
        },
      ],
      capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true },
      aliases: [],
    }
    const { tasks: recorded } = await readEvaluationData([join(folder, 'test.jsonl')])
    const firstOf = (findEntry: (model: string) => ModelEntry | undefined): readonly string[] => {
      const priced = withKnownPrices(recorded, (model) => findEntry(model) !== undefined)
      const choices = createServedChoices({ artefact: undefined, quality: 0.01, today: day, findEntry })
      return [...new Set(priced.flatMap((task) => choices.choose(task)?.plan[0] ?? []))]
    }
    // By the rows the two cost nearly the same, and the coder a little less or more; by its price the other one is almost free.
    const [byRows] = firstOf(() => undefined)
    const other = byRows === 'coder' ? 'scholar' : 'coder'
    expect(firstOf((model) => (model === other ? { ...entry, id: other, model: other } : undefined))).toEqual([other])
  })

  it('is no fixed set where only what was done is known', async () => {
    const { tasks: logged, card } = await readEvaluationData([join(folder, 'log.jsonl')])
    expect(isFixedSet(logged)).toBe(false)
    expect(withKnownPrices(logged)).toEqual(logged)
    expect(card).toMatchObject({ rows: 200, tasks: 200, policyVersions: ['priors-1'], leakage: 'passed' })
  })

  it('shares tasks with other files by their hash or their text', async () => {
    expect((await rowsOfFiles(tasks, [join(folder, 'train.jsonl')])).rows.size).toBe(0)
    expect((await rowsOfFiles(tasks, [join(folder, 'train.jsonl'), join(folder, 'test.jsonl')])).rows.size).toBe(200)
    const renamed = tasks.map((task, at) => ({ ...task, taskHash: `other ${at}` }))
    expect((await rowsOfFiles(renamed, [join(folder, 'test.jsonl')])).rows.size).toBe(200)
  })

  it('leaks when a column of a row holds its outcome', async () => {
    const planted = loggedRows({ rows: 400, seed: 4, premiumShare: 0.5, from: '2026-01-01T00:00:00Z' })
      .trimEnd()
      .split('\n')
      .map((line) => {
        const row = JSON.parse(line) as { readonly reward: number }
        return JSON.stringify({ ...row, metadata: { final_answer_ok: row.reward } })
      })
      .join('\n')
    writeFileSync(join(folder, 'leaky.jsonl'), `${planted}\n`)
    const { card, leaks } = await readEvaluationData([join(folder, 'leaky.jsonl')])
    expect(card.leakage).toBe('failed')
    expect(leaks[0]).toContain('final_answer_ok')
  })
})
