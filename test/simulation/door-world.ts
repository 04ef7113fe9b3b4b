import type { RandomStream } from '../../src/base/random-stream.ts'
import type { RoutingRow } from '../../src/core/learning/routing-rows.ts'
import { trainPolicy } from '../../src/core/learning/train-policy.ts'
import { formatPolicyArtefact } from '../../src/core/policy/policy-artefact.ts'

/** A small world of files: prompts that say what kind they are of, two models of one price, and trained policies that choose by the kind. */
export const DOOR_MODELS = ['first', 'second'] as const

const KINDS =
  'amber bronze cedar desert ember falcon garnet harbor island jasper kettle lagoon marble nectar onyx pepper quartz raven saffron timber'.split(
    ' ',
  )
/** Every fifth kind is sent to the second model by the candidate: a fifth of the tasks. */
export const DOOR_DISAGREEMENT = 0.2
const COST_USD = 0.002
const FIRST_RIGHT = 0.75
const SECOND_RIGHT = 0.6
/** What the candidate is taught of the second model where it shall choose it; it believes less, as training draws predictions together. */
const SECOND_TAUGHT = 1

const isSwapped = (kind: number): boolean => kind % 5 === 0

function promptOf(kind: number, name: string): string {
  const word = KINDS[kind] ?? ''
  return `A question about ${word} and nothing but ${word}, case ${name}: what is it called?`
}

/** P(right) of both models on tasks of a kind. */
function chancesOf(kind: number, gain: number): readonly [number, number] {
  return [FIRST_RIGHT, isSwapped(kind) ? FIRST_RIGHT + gain / DOOR_DISAGREEMENT : SECOND_RIGHT]
}

/** Text of a policy that takes the first model on every task, or, as the candidate, the second on every fifth kind. Costs are no reason. */
export function doorPolicy(which: 'candidate' | 'incumbent'): string {
  const known = TRAINED.get(which) ?? trained(which)
  TRAINED.set(which, known)
  return known
}

/** Training takes longer than a run. */
const TRAINED = new Map<string, string>()

function trained(which: 'candidate' | 'incumbent'): string {
  const artefact = trainPolicy(trainingRows(which), {
    candidates: [...DOOR_MODELS],
    withCosts: false,
    lineage: { dataCardHash: `simulation-${which}`, codeVersion: '0.0.0' },
    seed: 1,
  })
  return formatPolicyArtefact({ ...artefact, operatingPoints: [{ qualityShare: 1, successPerUsd: 0 }] })
}

function trainingRows(which: 'candidate' | 'incumbent'): readonly RoutingRow[] {
  return Array.from({ length: 100 * KINDS.length }, (_, at) => {
    const kind = at % KINDS.length
    const isTaught = which === 'candidate' && isSwapped(kind)
    return {
      // The same numbers for every kind, so that nothing but its word tells it.
      prompt: promptOf(kind, `training ${which} ${Math.floor(at / KINDS.length)}`),
      isContaminated: false,
      outcomes: new Map([
        ['first', { score: isTaught ? SECOND_RIGHT : FIRST_RIGHT, costUsd: COST_USD }],
        ['second', { score: isTaught ? SECOND_TAUGHT : SECOND_RIGHT, costUsd: COST_USD }],
      ]),
    }
  })
}

/** The prompts that both policies were trained on, as a file for `--trained-on`. */
export function doorTrainingFile(): string {
  const rows = (['candidate', 'incumbent'] as const).flatMap(trainingRows)
  return linesOf(rows.map(({ prompt, outcomes }) => ({ prompt, models: modelsOf(outcomes) })))
}

function modelsOf(outcomes: RoutingRow['outcomes']): object {
  return Object.fromEntries(
    [...outcomes].map(([name, { score, costUsd }]) => [name, { score, cost_usd: costUsd ?? null }]),
  )
}

export type DoorFileInit = {
  /** `replay`: all outcomes recorded. `half-half`: a log that draws one of both policies' choices. */
  readonly data: 'replay' | 'half-half'
  readonly gain: number
  readonly rows: number
  readonly run: number
  readonly random: RandomStream
}

/** JSON Lines as an operator has them. */
export function doorFile({ data, gain, rows, run, random }: DoorFileInit): string {
  return linesOf(
    Array.from({ length: rows }, (_, at) => {
      const kind = random.nextBelow(KINDS.length)
      // Models fail together more often than by chance: half of the luck of a task is shared.
      const shared = random.nextUnit()
      const outcomes = chancesOf(kind, gain).map((chance) => {
        const luck = random.nextUnit() < 0.5 ? shared : random.nextUnit()
        return { score: Number(luck < chance), costUsd: COST_USD * (0.5 + random.nextUnit()) }
      })
      const prompt = promptOf(kind, `${run}-${at}`)
      if (data === 'replay') {
        const named = new Map(DOOR_MODELS.map((model, place) => [model, outcomes[place] ?? { score: 0, costUsd: 0 }]))
        return { prompt, models: modelsOf(named) }
      }
      const place = isSwapped(kind) && random.nextUnit() < 0.5 ? 1 : 0
      const outcome = outcomes[place] ?? { score: 0, costUsd: 0 }
      return loggedRow({ prompt, at, name: `${run}-${at}`, place, isSwapped: isSwapped(kind), outcome })
    }),
  )
}

type Logged = {
  readonly prompt: string
  readonly at: number
  readonly name: string
  readonly place: number
  readonly isSwapped: boolean
  readonly outcome: { readonly score: number; readonly costUsd: number }
}

function loggedRow({ prompt, at, name, place, isSwapped: isDrawn, outcome }: Logged): object {
  const propensities = isDrawn ? [0.5, 0.5] : [1, 0]
  const model = DOOR_MODELS[place] ?? 'first'
  return {
    task_hash: `task ${name}`,
    task_token_count: 20,
    task_domain: 'general',
    hardware_tier: null,
    has_gpu: null,
    predicted_route: 'cheap',
    actual_route: 'cheap',
    was_escalated: false,
    escalation_chain: [],
    success: outcome.score === 1,
    cost_usd: outcome.costUsd,
    latency_s: 1,
    tokens_total: 100,
    optimal_route: 'cheap',
    should_use_premium: false,
    penalty: 0,
    label_confidence: 0.9,
    label_reason: 'succeeded_at_cheap',
    error_type: 'none',
    error_severity: 0,
    timestamp: new Date(Date.UTC(2026, 0, 1) + at * 60_000).toISOString(),
    policy_version: 'simulated',
    risk: 'low',
    prompt,
    candidates: DOOR_MODELS.map((name_, index) => ({
      model: name_,
      tier: 'cheap_api',
      predicted_success: index === 0 ? FIRST_RIGHT : SECOND_RIGHT,
      expected_cost_usd: COST_USD,
      expected_latency_s: 1,
      propensity: propensities[index] ?? 0,
    })),
    action: model,
    propensity: propensities[place] ?? 1,
    reward: outcome.score,
    reward_source: 'executed',
    outcomes: { [model]: { success: outcome.score, cost_usd: outcome.costUsd, latency_ms: 1000, source: 'executed' } },
  }
}

function linesOf(rows: readonly object[]): string {
  return `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`
}
