import type { ScheduledTimer, Timers } from '../../src/ports/timers.ts'
import type { CallRules } from '../../src/router/call-rules.ts'
import type { FallbackRules } from '../../src/router/fallbacks.ts'
import { DEFAULT_TENANT } from '../../src/base/identifiers.ts'
import { ZERO_AMOUNT, type Amount } from '../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../src/base/time.ts'
import type { CivilDate } from '../../src/core/models/civil-date.ts'
import { createModelRegistry } from '../../src/core/models/model-registry.ts'
import type { ModelEntry, ModelTier } from '../../src/core/models/model-entry.ts'
import type { DecisionRecord } from '../../src/core/routing/decision-record.ts'
import type { TaskOutcome } from '../../src/core/routing/task-outcome.ts'
import type { Verdict } from '../../src/core/verification/verdict.ts'
import { CodedError } from '../../src/base/errors.ts'
import type { AbortOptions } from '../../src/ports/abort-options.ts'
import type { Budgets, ReserveRequest } from '../../src/ports/budgets.ts'
import type { LanguageModel, ModelAnswer, ModelRequest, ModelStreamPart } from '../../src/ports/language-model.ts'
import type { ModelCatalog } from '../../src/ports/model-catalog.ts'
import type { Policy, PolicyInput } from '../../src/ports/policy.ts'
import type { Router, RouteRequest } from '../../src/ports/router.ts'
import { NO_OP_TRACER } from '../../src/ports/tracer.ts'
import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import type { ActorSystem } from '../../src/actors/system/actor-system.ts'
import { createAnswerCheck } from '../../src/router/check-answer.ts'
import type { CheckAnswer } from '../../src/router/execute-plan.ts'
import { createRouter, type RouterInit } from '../../src/router/router-service.ts'
import { withPeers } from '../../src/router/peers/peer-catalog.ts'
import type { PeerTier } from '../../src/router/peers/peer-tier.ts'
import type { OpenPlanGate } from '../../src/router/firewall/steps-gate.ts'
import type { TextGuard } from '../../src/router/untrusted/text-guard.ts'
import type { SemanticCache } from '../../src/router/semantic-cache.ts'
import { unaskedDecision } from '../../src/router/unasked-decision.ts'

/** What a scripted model does when it is called: an answer, an error, or something that watches the signal. */
export type Script =
  | string
  | Error
  | ModelAnswer
  | ((request: ModelRequest, signal: AbortSignal | undefined) => Promise<ModelAnswer | string>)

export type ScriptedEntry = {
  readonly id: string
  readonly tier: ModelTier
  readonly script: Script
  /** Dollars per million tokens, input and output alike; absent: unknown. */
  readonly price?: number
  readonly capabilities?: Partial<ModelEntry['capabilities']>
  /** Called when a stream of the model ends, by its end or because its reader left. */
  readonly onStreamReturn?: () => void
}

export type FixtureInit = {
  readonly models: readonly ScriptedEntry[]
  /** Order in which the policy wants them called; absent: as given. */
  readonly decide?: (input: PolicyInput) => Partial<DecisionRecord>
  readonly check?: (answer: ModelAnswer) => Partial<Verdict>
  /** Model id of the judge: then answers are checked by the product's own ladder, and `check` is not asked. */
  readonly judge?: string
  /** Who sells answers; then the judge judges and does not answer. It is told of the judge, if there is one. */
  readonly peers?: (findJudge: () => ModelEntry | undefined) => PeerTier
  /** Replaces the scripted policy. */
  readonly policy?: Policy
  readonly cache?: SemanticCache
  /** Nano-dollars that all callers together may spend; absent: no budget. */
  readonly budgetNanos?: bigint
  readonly init?: Partial<RouterInit>
  /** The time limit of every attempt; absent: none fires. */
  readonly timeoutSignal?: () => AbortSignal
  /** How models are called, in place of what nothing limits. */
  readonly rules?: Partial<CallRules>
  readonly fallbacks?: FallbackRules
  /** Absent: the time limit of `timeoutSignal` alone. */
  readonly timers?: Timers
  /** Absent: plans pass without. */
  readonly openFirewall?: OpenPlanGate
  /** Absent: no text is looked at. */
  readonly textGuard?: TextGuard
}

export type Fixture = {
  readonly router: Router
  readonly system: ActorSystem
  /** Model ids in the order in which they were called. */
  readonly calls: string[]
  readonly requests: ModelRequest[]
  readonly outcomes: TaskOutcome[]
  readonly budget: { heldNanos: bigint; spentNanos: bigint; reservations: number }
  readonly policyInputs: PolicyInput[]
}

export const answerOf = (text: string, extra: Partial<ModelAnswer> = {}): ModelAnswer => ({
  text,
  toolCalls: [],
  finishReason: 'stop',
  usage: { tokensIn: 100, tokensOut: 50, cachedTokensIn: 0, isEstimated: false },
  ...extra,
})

/** A router over scripted models. Everything but the models, the policy's wishes and the checks is the product's own code. */
export function createFixture(init: FixtureInit): Fixture {
  const calls: string[] = []
  const requests: ModelRequest[] = []
  const outcomes: TaskOutcome[] = []
  const policyInputs: PolicyInput[] = []
  const budget = { heldNanos: 0n, spentNanos: 0n, reservations: 0 }
  const entries = init.models.map(entryOf)
  const registry = createModelRegistry(entries)
  const scripted = new Map(init.models.map((model) => [model.id, model]))
  const catalog: ModelCatalog = {
    registry,
    available: registry.entries.filter(({ id }) => init.peers === undefined || id !== init.judge),
    priceVersion: 'test',
    premiumBaseline: registry.ofTier('premium_api')[0],
    explainAbsence: (modelId) => (modelId === undefined ? 'Set OPENAI_API_KEY.' : `There is no model ${modelId}.`),
    open: (entry) => {
      const { script = '', onStreamReturn } = scripted.get(entry.id) ?? {}
      return scriptedModel(entry, { script, onStreamReturn, calls, requests })
    },
  }
  const peers = init.peers?.(() => (init.judge === undefined ? undefined : registry.find(init.judge)))
  const calling = {
    catalog: peers === undefined ? catalog : withPeers(catalog, peers),
    budgets: fixtureBudgets(budget, init.budgetNanos),
    clock: {
      now: () => timestampFromMs(1_790_000_000_000),
      monotonicMs: () => performance.now(),
      timeoutSignal: () => new AbortController().signal,
    },
    timers: init.timers ?? {
      schedule: (_delayMs: number, callback: () => void) => scheduleBySignal(init.timeoutSignal?.(), callback),
    },
    tracer: NO_OP_TRACER,
    attemptTimeoutMs: durationFromMs(5_000),
    ...init.rules,
  }
  const system = createActorSystem()
  const scriptedCheck: CheckAnswer = (_run, { answer }) => ({
    valid: true,
    confidence: 0.9,
    checks: [],
    ...init.check?.(answer),
  })
  const router = createRouter(
    {
      ...calling,
      actors: system,
      checkAnswer:
        init.judge === undefined ? scriptedCheck : createAnswerCheck(calling, { judgeModelId: init.judge, peers }),
      peers,
      fallbacks: init.fallbacks,
      cache: init.cache,
      openFirewall: init.openFirewall,
      textGuard: init.textGuard,
      policy: init.policy ?? {
        version: 'scripted',
        decide(input) {
          policyInputs.push(input)
          return decisionOf(input, init.decide?.(input) ?? {})
        },
      },
      random: { fraction: () => 0.5, bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
      telemetry: { record: (outcome) => void outcomes.push(outcome), flush: async () => undefined, droppedCount: 0 },
    },
    { decompose: 'never', contextTokensMax: 1000, ...init.init },
  )
  return { router, system, calls, requests, outcomes, budget, policyInputs }
}

export const requestOf = (prompt: string, extra: Partial<RouteRequest> = {}): RouteRequest => ({
  caller: { tenant: DEFAULT_TENANT },
  target: { kind: 'auto' },
  request: { messages: [{ role: 'user', content: prompt }] },
  controls: {},
  ...extra,
})

function entryOf({ id, tier, price, capabilities }: ScriptedEntry): ModelEntry {
  const perMillion = price === undefined ? undefined : BigInt(Math.round(price * 1e9))
  return {
    id,
    provider: id.split('/')[0] ?? id,
    model: id.split('/')[1] ?? id,
    tier,
    difficultyMax: 5,
    specialties: [],
    prices:
      perMillion === undefined
        ? []
        : [
            {
              inputNanosPerMillion: perMillion,
              outputNanosPerMillion: perMillion,
              contextTiers: [],
              source: 'test',
              checkedOn: '2026-01-01' as CivilDate,
            },
          ],
    capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true, ...capabilities },
    aliases: [],
  }
}

type Recorder = {
  readonly script: Script
  readonly onStreamReturn: (() => void) | undefined
  readonly calls: string[]
  readonly requests: ModelRequest[]
}

function scriptedModel(entry: ModelEntry, { script, onStreamReturn, calls, requests }: Recorder): LanguageModel {
  const doGenerate = async (request: ModelRequest, options: AbortOptions = {}): Promise<ModelAnswer> => {
    options.signal?.throwIfAborted()
    calls.push(entry.id)
    requests.push(request)
    const given = typeof script === 'function' ? await script(request, options.signal) : script
    if (given instanceof Error) throw given
    return typeof given === 'string' ? answerOf(given) : given
  }
  return {
    modelId: entry.id,
    provider: entry.provider,
    doGenerate,
    async *doStream(request, options): AsyncGenerator<ModelStreamPart, void> {
      const answer = await doGenerate(request, options)
      try {
        for (const word of answer.text.match(/\S+\s*|\s+/g) ?? []) {
          if (word.startsWith('!break')) throw new CodedError('ROUTER_ALL_FAILED', { message: 'the wire broke' })
          options?.signal?.throwIfAborted()
          yield { type: 'text-delta', text: word }
        }
        yield { type: 'finish', finishReason: answer.finishReason, usage: answer.usage }
      } finally {
        onStreamReturn?.()
      }
    },
  }
}

function decisionOf(input: PolicyInput, wished: Partial<DecisionRecord>): DecisionRecord {
  const candidates = input.candidates.map(({ id, tier }) => ({
    modelId: id,
    tier,
    predictedSuccess: 0.8,
    expectedCostNanos: ZERO_AMOUNT,
    expectedLatencyS: 1,
  }))
  return {
    ...unaskedDecision('scripted'),
    route: 'cheap',
    risk: 'low',
    needsDecomposition: false,
    candidates,
    plan: candidates.map(({ modelId, tier }, index) => ({
      modelId,
      tier,
      role: index === 0 ? 'answer' : 'escalation',
    })),
    policyVersion: 'scripted',
    ...wished,
  }
}

function fixtureBudgets(state: Fixture['budget'], limit: bigint | undefined): Budgets {
  return {
    isBounded: () => limit !== undefined,
    reserve({ amountNanos }: ReserveRequest) {
      if (limit !== undefined && state.heldNanos + state.spentNanos + amountNanos > limit) {
        throw new CodedError('BUDGET_EXCEEDED', { message: 'no room' })
      }
      state.heldNanos += amountNanos
      state.reservations += 1
      let isOpen = true
      const end = (spent: Amount): void => {
        if (!isOpen) return
        isOpen = false
        state.heldNanos -= amountNanos
        state.spentNanos += spent
      }
      return { settle: end, release: () => end(ZERO_AMOUNT) }
    },
  }
}

/** A time limit that is over when a test says so. */
function scheduleBySignal(signal: AbortSignal | undefined, callback: () => void): ScheduledTimer {
  signal?.addEventListener('abort', callback)
  return { cancel: () => signal?.removeEventListener('abort', callback) }
}
