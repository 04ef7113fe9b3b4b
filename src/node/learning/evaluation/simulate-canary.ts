import { setImmediate } from 'node:timers/promises'
import { createActorSystem } from '../../../actors/create-actor-system.ts'
import { createRandomStream, type RandomStream } from '../../../base/random-stream.ts'
import { timestampFromMs } from '../../../base/time.ts'
import type { WatchedOutcome } from '../../../core/rollout/watch/arm-totals.ts'
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from '../../../core/rollout/rollout-rules.ts'
import { trialOf } from '../../../core/rollout/rollout-state.ts'
import type { SloName } from '../../../core/rollout/watch/watch-state.ts'
import { createPolicyService } from '../../../router/policy-service.ts'
import { createRolloutOwner } from '../../../router/rollout/rollout-owner.ts'
import { createServedPolicy } from '../../../router/served-policy.ts'
import { createMemoryEventLog } from '../../../storage/memory/memory-event-log.ts'
import { nativeSha256Hex } from '../../open-answer-cache.ts'
import type { DataWorkOptions } from '../data-progress.ts'

export type CanarySimulation = {
  /** Runs that break, and as many clean ones. */
  readonly seeds: number
  /** The first seed; each run has one of its own. */
  readonly seed: number
  /** Share of the conversations in the canary, above 0 and below 100. */
  readonly percent: number
  /** Share of bad answers of the incumbent, and of a sound candidate. */
  readonly baseBad: number
  /** Share of bad answers of a candidate that does harm. */
  readonly bad: number
  /** Canary requests within which it is to be rolled back. */
  readonly within: number
  /** Canary requests of each clean run. */
  readonly cleanRequests: number
  readonly rules?: RolloutRules
}

export type CanaryFigures = {
  /** Runs in which the candidate that does harm was rolled back in time. */
  readonly rolledBack: number
  /** Seeds of the runs in which it was not. */
  readonly lateSeeds: readonly number[]
  /** Canary requests until the rollback, over the runs with one; `null` without any. */
  readonly requestsMedian: number | null
  readonly requests95: number | null
  readonly requestsMax: number | null
  readonly bySlo: Readonly<Partial<Record<SloName, number>>>
  /** Clean runs in which a sound candidate was rolled back. */
  readonly falseAlarms: number
  readonly falseAlarmSeeds: readonly number[]
  readonly requests: number
}

/** Requests that are on their way together. */
const BATCH = 128

const CANDIDATE = 'candidate'

/** Clean runs have seeds of their own. */
const CLEAN_SEEDS_FROM = 1_000_000

/**
 * How fast a rollout takes back a candidate that answers badly, and how often one that does not. The requests are made up, all else is the service that a
 * node runs: who is in the canary, the journal, the machine, the watch, and the switch of what serves. The same seeds give the same figures.
 *
 * Throws the signal's reason.
 */
export async function simulateCanary(
  simulation: CanarySimulation,
  { signal, onProgress }: DataWorkOptions = {},
): Promise<CanaryFigures> {
  const { seeds, seed, bad, baseBad, within, cleanRequests } = simulation
  const breaches: { readonly seed: number; readonly requests: number; readonly slo: SloName | undefined }[] = []
  const lateSeeds: number[] = []
  const falseAlarmSeeds: number[] = []
  let requests = 0
  const total = 2 * seeds
  for (let run = 0; run < total; run += 1) {
    const isClean = run >= seeds
    const own = isClean ? CLEAN_SEEDS_FROM + seed + run - seeds : seed + run
    const ended = await runOnce(simulation, {
      seed: own,
      bad: isClean ? baseBad : bad,
      canaryMax: isClean ? cleanRequests : within,
    })
    requests += ended.requests
    if (isClean && ended.breach !== undefined) falseAlarmSeeds.push(own)
    if (!isClean && ended.breach !== undefined) breaches.push({ seed: own, ...ended.breach })
    if (!isClean && ended.breach === undefined) lateSeeds.push(own)
    onProgress?.({ stage: isClean ? 'clean runs' : 'bad runs', done: isClean ? run - seeds : run, total: seeds })
    await setImmediate()
    signal?.throwIfAborted()
  }
  const counts = breaches.map((breach) => breach.requests).toSorted((left, right) => left - right)
  const at = (share: number): number | null => counts[Math.ceil(share * counts.length) - 1] ?? null
  const bySlo: Partial<Record<SloName, number>> = {}
  for (const { slo } of breaches) if (slo !== undefined) bySlo[slo] = (bySlo[slo] ?? 0) + 1
  return {
    rolledBack: breaches.length,
    lateSeeds,
    requestsMedian: at(0.5),
    requests95: at(0.95),
    requestsMax: at(1),
    bySlo,
    falseAlarms: falseAlarmSeeds.length,
    falseAlarmSeeds,
    requests,
  }
}

type Run = { readonly seed: number; readonly bad: number; readonly canaryMax: number }
type Ended = {
  readonly requests: number
  readonly breach: { readonly requests: number; readonly slo: SloName | undefined } | undefined
}

async function runOnce({ percent, baseBad, rules }: CanarySimulation, { seed, bad, canaryMax }: Run): Promise<Ended> {
  const random = createRandomStream(seed)
  const incumbent = createPolicyService({ quality: 0.7, explorationRate: 0 })
  const policies = { incumbent, [CANDIDATE]: { ...incumbent, version: CANDIDATE } }
  const served = createServedPolicy(
    { stage: 'legacy_only', percent: 0, incumbent, candidate: undefined },
    nativeSha256Hex,
  )
  let breach: Ended['breach']
  const owner = createRolloutOwner(
    {
      actors: createActorSystem(),
      log: createMemoryEventLog(),
      clock: { now: () => timestampFromMs(0), monotonicMs: () => 0, timeoutSignal: () => new AbortController().signal },
      onTransition(transition, inForce) {
        const candidate = inForce.candidate === undefined ? undefined : policies[CANDIDATE]
        served.serve({ ...inForce, incumbent, candidate })
        if (transition.cause === 'slo-breach')
          breach = { requests: transition.canary?.requests ?? 0, slo: transition.breach?.slo }
      },
      onError: throwError,
    },
    { rules: { ...(rules ?? DEFAULT_ROLLOUT_RULES), autoAdvance: false } },
  )
  await owner.start()
  const why = { by: 'simulation', reason: 'to see how it is taken back' }
  const promotion = { version: CANDIDATE, incumbent: incumbent.version, baseline: incumbent.version } as const
  await owner.change({ type: 'candidate-promoted', ...promotion, stage: 'canary', percent, ...why })
  let requests = 0
  let canary = 0
  while (breach === undefined && canary < canaryMax) {
    for (let count = 0; count < BATCH && canary < canaryMax; count += 1) {
      requests += 1
      const { arm } = served.pick({
        tenant: `tenant-${random.nextBelow(50)}`,
        conversation: `${seed} ${requests}`,
      }).served
      if (arm === 'candidate') canary += 1
      const outcome = outcomeOf(random, arm === 'candidate' ? bad : baseBad)
      owner.observe({ type: 'request-observed', candidate: CANDIDATE, arm, outcome })
    }
    await owner.flush()
  }
  const seen = trialOf(owner.state.position)?.watch.canary.requests
  await owner.stop()
  if (breach === undefined && seen !== canary) throw new Error('the watch has seen every request of the canary')
  return { requests, breach }
}

/** Costs and times are those of many kinds of tasks, the same in both arms: only the answers differ. */
function outcomeOf(random: RandomStream, bad: number): WatchedOutcome {
  const size = 0.2 + 3 * random.nextUnit() * random.nextUnit()
  return {
    isAccepted: random.nextUnit() >= bad,
    isError: false,
    costUsd: 0.002 * size,
    latencyMs: 800 * size,
    predicted: 0.9,
  }
}

function throwError(error: unknown): void {
  throw error
}
