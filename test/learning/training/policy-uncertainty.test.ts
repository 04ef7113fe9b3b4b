import { beforeAll, describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { LoggedTask, ObservedOutcome } from '../../../src/core/learning/logged-task.ts'
import { parseCivilDate } from '../../../src/core/models/civil-date.ts'
import type { ModelEntry } from '../../../src/core/models/model-entry.ts'
import type { ExplorationMethod } from '../../../src/core/policy/exploration/exploration-rule.ts'
import {
  formatPolicyArtefact,
  parsePolicyArtefact,
  type PolicyArtefact,
} from '../../../src/core/policy/policy-artefact.ts'
import { createPolicyScorer } from '../../../src/core/policy/policy-scorer.ts'
import { trainArtefact } from '../../../src/learning/training/train-artefact.ts'
import { TrainingSetBuilder } from '../../../src/learning/training/training-set.ts'
import type { PolicyKernel } from '../../../src/ports/policy-kernel.ts'
import { createPolicyService } from '../../../src/router/policy-service.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import { syntheticRows } from '../../core/learning/synthetic-rows.ts'

let kernel: PolicyKernel

beforeAll(async () => {
  kernel = await loadWasmKernel()
})

type Known = { readonly strong: number; readonly weak: number }
type Chances = (row: number) => Known

/** Tasks of which the first `known[model]` have an outcome of that model. */
function tasks(
  known: Known,
  seed: number,
  chances: Chances = () => ({ strong: 0.7, weak: 0.6 }),
): readonly LoggedTask[] {
  const random = createRandomStream(seed)
  return syntheticRows(Math.max(known.strong, known.weak), seed).map(({ prompt }, row) => {
    const text = `${prompt} (${row})`
    const outcomeOf = (model: keyof Known): ObservedOutcome => ({
      success: random.nextUnit() < chances(row)[model] ? 1 : 0,
      costUsd: model === 'strong' ? 0.01 : 0.001,
      latencyMs: 500,
      source: 'recorded',
    })
    const outcomes = { strong: outcomeOf('strong'), weak: outcomeOf('weak') }
    const observed = new Map(
      (['strong', 'weak'] as const).flatMap((model) => (row < known[model] ? [[model, outcomes[model]] as const] : [])),
    )
    return {
      taskHash: sha256Hex(text),
      timestamp: undefined,
      prompt: text,
      features: undefined,
      risk: 'low',
      policyVersion: undefined,
      candidates: [],
      action: 'weak',
      propensity: 1,
      outcome: outcomes.weak,
      observed,
    }
  })
}

type Trial = { readonly pair?: boolean; readonly family?: 'linear' | 'neighbours'; readonly seed?: number }

async function train(
  rows: readonly LoggedTask[],
  { pair = false, family = 'linear', seed = 1 }: Trial = {},
): Promise<PolicyArtefact> {
  const builder = new TrainingSetBuilder({ kernel, bucketBits: 12, seed })
  for (const row of rows) builder.add(row)
  const { artefact } = await trainArtefact(
    { kernel },
    {
      set: builder.finish(),
      family,
      seed,
      lineage: { dataCardHash: 'card', codeVersion: '0' },
      ...(pair && { pair: { strong: 'strong', weak: 'weak' } }),
    },
  )
  return parsePolicyArtefact(formatPolicyArtefact(artefact))
}

const PLAIN = 'What about the lake?\nA. oxygen\nB. seven miles\nC. a red stone\nD. nobody knows\nAnswer:'

/** Standard deviations of the calibrated chances of `strong` and `weak` for a prompt. */
function deviations(artefact: PolicyArtefact, prompt = PLAIN): readonly [number, number] {
  const scorer = createPolicyScorer({ artefact })
  const task = scorer.encode(prompt)
  const { success } = scorer.scoreEncoded(task)
  const variance = scorer.uncertaintyOf(task)
  const of = (place: number): number => {
    const chance = success[place] ?? Number.NaN
    const slope = artefact.success.calibration[2 * place] ?? Number.NaN
    return Math.sqrt(variance?.[place] ?? Number.NaN) * slope * chance * (1 - chance)
  }
  return [of(0), of(1)]
}

describe('how sure a trained policy is of itself', () => {
  it('is less sure of a model with few outcomes, and surer with more of them', async () => {
    const found: (readonly [number, number])[] = []
    for (const weak of [30, 240, 960]) found.push(deviations(await train(tasks({ strong: 960, weak }, 3))))
    const [few, some, many] = found.map(([, weak]) => weak)
    expect(few).toBeGreaterThan(1.3 * (some ?? 0))
    // Scores say nothing here, and the calibrations are flatter the surer that is.
    expect(some).toBeGreaterThan(1.1 * (many ?? 0))
    // The strong model has its 960 outcomes every time.
    expect(found[0]?.[1]).toBeGreaterThan(2 * (found[0]?.[0] ?? 0))
    expect(found[0]?.[0]).toBeLessThan(2 * (found[2]?.[0] ?? 0))
  })

  it('says about as much as policies of other rows differ, with and without a pair', async () => {
    for (const pair of [false, true]) {
      const policies: PolicyArtefact[] = []
      for (let seed = 1; seed <= 10; seed += 1)
        policies.push(await train(tasks({ strong: 150, weak: 150 }, seed), { pair, seed }))
      const chances = policies.map((artefact) => createPolicyScorer({ artefact }).score(PLAIN).success[1] ?? Number.NaN)
      const mean = chances.reduce((sum, chance) => sum + chance, 0) / chances.length
      const spread = Math.sqrt(
        chances.reduce((sum, chance) => sum + (chance - mean) * (chance - mean), 0) / (chances.length - 1),
      )
      const said = policies.map((artefact) => deviations(artefact)[1]).toSorted((a, b) => a - b)[5] ?? Number.NaN
      expect(said).toBeGreaterThan(spread / 2)
      expect(said).toBeLessThan(spread * 2)
    }
  })

  it('counts outcomes of a lopsided draw as fewer than they are', async () => {
    const even = await train(tasks({ strong: 300, weak: 300 }, 4))
    const lopsided = await train(
      tasks({ strong: 300, weak: 300 }, 4).map((task, row) => {
        const weak = task.observed.get('weak')
        const strong = task.observed.get('strong')
        if (weak === undefined || strong === undefined) return task
        const observed = new Map<string, ObservedOutcome>([
          ['strong', strong],
          ['weak', { ...weak, source: 'executed' }],
        ])
        return { ...task, propensity: row % 20 === 0 ? 0.05 : 1, observed }
      }),
    )
    expect(deviations(lopsided)[1]).toBeGreaterThan(1.3 * deviations(even)[1])
  })

  it('takes less than 35 KB per model in the file', async () => {
    const artefact = await train(tasks({ strong: 60, weak: 60 }, 5))
    const { uncertainty: _, ...without } = artefact
    const added = formatPolicyArtefact(artefact).length - formatPolicyArtefact(without).length
    expect(added).toBeGreaterThan(2 * 10_000)
    expect(added).toBeLessThan(2 * 35_000)
    expect(artefact.uncertainty?.noise.every((noise) => noise > 0.1 && noise < 0.3)).toBe(true)
  })
})

function entry(id: string, usdPerMillion: number): ModelEntry {
  return {
    id: `provider/${id}`,
    provider: 'provider',
    model: id,
    tier: 'cheap_api',
    difficultyMax: 5,
    specialties: [],
    prices: [
      {
        inputNanosPerMillion: BigInt(usdPerMillion * 1e9),
        outputNanosPerMillion: BigInt(usdPerMillion * 1e9),
        contextTiers: [],
        source: 'test',
        checkedOn: parseCivilDate('2026-01-01'),
      },
    ],
    capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true },
    aliases: [],
  } as unknown as ModelEntry
}

describe('exploration with a trained policy', () => {
  it('tries the model that is hardly known, where the best prediction would not', async () => {
    const artefact = await train(tasks({ strong: 400, weak: 25 }, 7, () => ({ strong: 0.75, weak: 0.6 })))
    const today = parseCivilDate('2026-01-01')
    if (today === undefined) throw new Error('not a date')
    const decide = (explore: { readonly method: ExplorationMethod } | undefined): ReadonlyMap<string, number> => {
      const policy = createPolicyService({
        quality: 0.99,
        explorationRate: 0,
        artefact,
        ...(explore !== undefined && { explore: { ...explore, floor: 0, contenders: 0, width: 3 } }),
      })
      const record = policy.decide({
        prompt: PLAIN,
        candidates: [entry('weak', 1), entry('strong', 1)],
        excluded: [],
        fixedRoute: 'auto',
        tokensIn: 100,
        today,
        priceVersion: 'prices-1',
        draw: 0.5,
        isCascadeAllowed: false,
        recentFailures: 0,
      })
      return new Map(record.candidates.map(({ modelId, propensity = 0 }) => [modelId, propensity]))
    }
    expect(decide(undefined).get('provider/weak')).toBe(0)
    expect(decide({ method: 'linucb' }).get('provider/weak')).toBe(1)
    expect(decide({ method: 'thompson' }).get('provider/weak')).toBeGreaterThan(0.05)
    expect(decide({ method: 'thompson' }).get('provider/weak')).toBeLessThan(0.5)
  })
})
