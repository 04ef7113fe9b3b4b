import { exp, log } from '../../src/base/deterministic-math.ts'
import type { RandomStream } from '../../src/base/random-stream.ts'
import type { LoggedTask, ObservedOutcome } from '../../src/core/learning/logged-task.ts'

/**
 * A world whose truth is known: kinds of tasks, models that solve them with known chances, and policies that choose between models.
 * Logs and fixed sets are drawn from it; what the estimators say of them is compared with the truth.
 */
export const MODELS = [
  { model: 'small', tier: 'local_small', costUsd: 0.0004, latencyMs: 700 },
  { model: 'medium', tier: 'cheap_api', costUsd: 0.004, latencyMs: 1500 },
  { model: 'large', tier: 'premium_api', costUsd: 0.03, latencyMs: 4000 },
] as const

export type Kind = {
  readonly name: string
  readonly domain: 'code' | 'general'
  /** P(right) of each model. */
  readonly success: readonly number[]
  /** Factor of length: dearer and slower for every model. */
  readonly length: number
}

/** P(policy begins with each model), by kind. */
export type WorldPolicy = readonly (readonly number[])[]

export type World = {
  readonly kinds: readonly Kind[]
  readonly incumbent: WorldPolicy
  readonly candidate: WorldPolicy
}

export type WorldInit = {
  /** How much more often the candidate is right, as a share of all tasks; may be below 0. */
  readonly gain: number
  /** Share of tasks for which the two policies choose differently, a multiple of 0.02. */
  readonly disagreement: number
}

const KINDS = 50

/**
 * Fifty kinds, equally frequent, from easy to hard. The incumbent sends the easier half to the small model, most of the rest to the
 * medium one and the hardest to the large one. The candidate swaps the model on every n-th kind, where its model is right more often by
 * exactly so much that the whole gain is `gain`.
 */
export function createWorld({ gain, disagreement }: WorldInit): World {
  const swapped = new Set(
    Array.from({ length: Math.round(disagreement * KINDS) }, (_, at) => Math.floor((at + 0.5) / disagreement)),
  )
  const kinds: Kind[] = []
  const incumbent: number[][] = []
  const candidate: number[][] = []
  for (let at = 0; at < KINDS; at += 1) {
    const hard = at / (KINDS - 1)
    const success = [0.92 - 0.6 * hard, 0.95 - 0.35 * hard, 0.97 - 0.2 * hard]
    const own = Number(at >= 25) + Number(at >= 42)
    const other = own === 1 ? 2 : 1
    if (swapped.has(at)) success[other] = Math.min(0.995, Math.max(0.005, (success[own] ?? 0) + gain / disagreement))
    kinds.push({ name: `kind-${at}`, domain: at % 3 === 0 ? 'code' : 'general', success, length: 0.5 + hard })
    incumbent.push(oneHot(own))
    candidate.push(oneHot(swapped.has(at) ? other : own))
  }
  return { kinds, incumbent, candidate }
}

function oneHot(place: number): number[] {
  return MODELS.map((_, at) => Number(at === place))
}

/** How a log came about. */
export type LoggingPolicy = 'epsilon-10' | 'epsilon-30' | 'half-half' | 'softmax'

/** Probabilities with which tasks of each kind were logged. */
export function loggingProbabilities({ kinds, incumbent, candidate }: World, logging: LoggingPolicy): WorldPolicy {
  return kinds.map(({ success }, kind) => {
    const greedy = incumbent[kind] ?? []
    if (logging === 'half-half') return mixed(greedy, candidate[kind] ?? [], 0.5)
    if (logging === 'softmax') return mixed(softmax(success), greedy, 0.5)
    return mixed(
      greedy,
      MODELS.map(() => 1 / MODELS.length),
      logging === 'epsilon-10' ? 0.1 : 0.3,
    )
  })
}

/** `share` of the second. */
function mixed(first: readonly number[], second: readonly number[], share: number): readonly number[] {
  return first.map((value, at) => (1 - share) * value + share * (second[at] ?? 0))
}

function softmax(success: readonly number[]): readonly number[] {
  const powers = success.map((value, at) => exp(4 * value - 0.5 * at))
  const sum = powers.reduce((total, power) => total + power, 0)
  return powers.map((power) => power / sum)
}

export type Figures = { readonly success: number; readonly cost: number; readonly latency: number }

/** What a policy is worth in this world, exactly. */
export function truthOf({ kinds }: World, policy: WorldPolicy): Figures {
  const total = { success: 0, cost: 0, latency: 0 }
  for (const [at, { success, length }] of kinds.entries()) {
    for (const [place, probability] of (policy[at] ?? []).entries()) {
      const model = MODELS[place]
      total.success += (probability * (success[place] ?? 0)) / kinds.length
      total.cost += (probability * (model?.costUsd ?? 0) * length) / kinds.length
      total.latency += (probability * (model?.latencyMs ?? 0) * length) / kinds.length
    }
  }
  return total
}

export type DrawInit = {
  readonly world: World
  readonly logging: LoggingPolicy
  readonly rows: number
  readonly random: RandomStream
  /** True: what every model would have done is recorded, as in a fixed evaluation set. */
  readonly isFixedSet?: boolean
}

/** Tasks drawn from the world with the kind of each. */
export type Drawn = { readonly tasks: readonly LoggedTask[]; readonly kinds: Int32Array }

export function drawTasks({ world, logging, rows, random, isFixedSet = false }: DrawInit): Drawn {
  const probabilities = loggingProbabilities(world, logging)
  const kinds = new Int32Array(rows)
  const tasks = Array.from({ length: rows }, (_, row): LoggedTask => {
    const at = random.nextBelow(world.kinds.length)
    kinds[row] = at
    const chances = probabilities[at] ?? []
    const place = drawPlace(chances, random.nextUnit())
    const outcomes = drawOutcomes(world.kinds[at], random)
    const outcome = outcomes[place] ?? { success: 0, costUsd: 0, latencyMs: 0, source: 'executed' }
    const chosen = MODELS[place]?.model ?? ''
    return {
      taskHash: `${row}`,
      timestamp: '2026-01-01T00:00:00.000Z',
      prompt: undefined,
      features: undefined,
      risk: 'low',
      policyVersion: 'incumbent',
      candidates: MODELS.map(({ model, tier, costUsd, latencyMs }, index) => ({
        model,
        tier,
        propensity: chances[index] ?? 0,
        predictedSuccess: predictionOf(world.kinds[at], at, index),
        expectedCostUsd: costUsd * (world.kinds[at]?.length ?? 1),
        expectedLatencyS: (latencyMs * (world.kinds[at]?.length ?? 1)) / 1000,
      })),
      action: chosen,
      propensity: chances[place] ?? 0,
      outcome,
      observed: new Map(
        isFixedSet ? MODELS.map(({ model }, index) => [model, outcomes[index] ?? outcome]) : [[chosen, outcome]],
      ),
    }
  })
  return { tasks, kinds }
}

/** Off by up to a tenth, differently for every kind and model: predictions are never right. */
function predictionOf(kind: Kind | undefined, at: number, place: number): number {
  const error = (((at * 7 + place * 13) % 21) - 10) / 100
  return Math.min(1, Math.max(0, (kind?.success[place] ?? 0) + error))
}

function drawPlace(chances: readonly number[], draw: number): number {
  let rest = draw
  for (const [place, chance] of chances.entries()) {
    rest -= chance
    if (rest < 0) return place
  }
  return chances.findLastIndex((chance) => chance > 0)
}

/** Models fail together more often than by chance: half of the luck of a task is shared. Costs and times are log-normal. */
function drawOutcomes(kind: Kind | undefined, random: RandomStream): readonly ObservedOutcome[] {
  const shared = random.nextUnit()
  return MODELS.map(({ costUsd, latencyMs }, place) => {
    const luck = random.nextUnit() < 0.5 ? shared : random.nextUnit()
    return {
      success: Number(luck < (kind?.success[place] ?? 0)),
      costUsd: costUsd * (kind?.length ?? 1) * logNormal(0.6, random),
      latencyMs: latencyMs * (kind?.length ?? 1) * logNormal(0.5, random),
      source: 'executed',
    }
  })
}

/** Mean 1. */
function logNormal(spread: number, random: RandomStream): number {
  return exp(spread * normal(random) - (spread * spread) / 2)
}

/** Marsaglia's polar method. */
function normal(random: RandomStream): number {
  for (;;) {
    const [u, v] = [2 * random.nextUnit() - 1, 2 * random.nextUnit() - 1]
    const s = u * u + v * v
    if (s > 0 && s < 1) return u * Math.sqrt((-2 * log(s)) / s)
  }
}

/** A policy of the world on tasks of these kinds. */
export function probabilitiesOf(policy: WorldPolicy, kinds: Int32Array): readonly Float64Array[] {
  const byKind = policy.map((probabilities) => Float64Array.from(probabilities))
  return Array.from(kinds, (kind) => byKind[kind] ?? new Float64Array(0))
}
