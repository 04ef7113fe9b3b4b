import type { ActorSystem } from 'kernell-os/actors'
import {
  createModelRegistry,
  parseAmount,
  parseCivilDate,
  ZERO_AMOUNT,
  type Amount,
  type DecisionCandidate,
  type DecisionRecord,
  type ModelEntry,
  type ModelTier,
} from 'kernell-os/core'
import {
  NO_OP_TRACER,
  type LanguageModel,
  type ModelCatalog,
  type ModelRequest,
  type Policy,
  type Router,
} from 'kernell-os/ports'
import { createAnswerCheck, createBudgetOwner, createRouter, type SemanticCache } from 'kernell-os/router'
import { createMemoryEventLog } from 'kernell-os/storage'

/** A model of an offline router: a test double that answers from a script, and where it stands in the registry. */
export type OfflineModel = {
  readonly model: LanguageModel
  readonly tier: ModelTier
  /** Dollars per million tokens, input and output alike, at most nine decimals. */
  readonly usdPerMillion: string
}

export type OfflineRouterInit = {
  /** Cheapest first: the order in which they are asked. */
  readonly models: readonly OfflineModel[]
  /** Runs the router's own actors; it is stopped after the router. */
  readonly actors: ActorSystem
  /** What everybody together may spend in total. Absent: no limit. */
  readonly budgetNanos?: Amount
  readonly cache?: SemanticCache
}

export type OfflineRouter = { readonly router: Router; stop(): Promise<void> }

/**
 * The package's own router, composed by hand as `createNode` composes it, but over scripted models and without a disk: what
 * the examples of this folder run on. A program of your own takes `node.router`.
 */
export async function createOfflineRouter(init: OfflineRouterInit): Promise<OfflineRouter> {
  const { actors, models, cache } = init
  const { clock, timers, random } = actors.environment
  const budgets = createBudgetOwner(
    { actors, clock, timers, random, log: createMemoryEventLog() },
    {
      limits: init.budgetNanos === undefined ? [] : [{ scope: 'node', window: 'total', limitNanos: init.budgetNanos }],
    },
  )
  await budgets.start()
  const calling = {
    actors,
    catalog: catalogOf(models),
    budgets,
    clock,
    timers,
    tracer: NO_OP_TRACER,
    attemptTimeoutMs: 30_000,
  }
  const router = createRouter(
    {
      ...calling,
      checkAnswer: createAnswerCheck(calling, {}),
      cache,
      policy: CHEAPEST_FIRST,
      random,
      telemetry: { record: () => undefined, flush: () => Promise.resolve(), droppedCount: 0 },
    },
    { decompose: 'never', contextTokensMax: 1_000 },
  )
  return { router, stop: () => budgets.stop() }
}

function catalogOf(models: readonly OfflineModel[]): ModelCatalog {
  const registry = createModelRegistry(models.map(entryOf))
  return {
    registry,
    available: registry.entries,
    priceVersion: 'offline',
    premiumBaseline: registry.ofTier('premium_api')[0],
    explainAbsence: () => 'Give the offline router a model.',
    open(entry) {
      const found = models.find(({ model }) => model.modelId === entry.id)
      if (found === undefined) throw new RangeError(`There is no offline model ${entry.id}`)
      return found.model
    },
  }
}

function entryOf({ model, tier, usdPerMillion }: OfflineModel): ModelEntry {
  const price = parseAmount(usdPerMillion)
  const checkedOn = parseCivilDate('2026-01-01')
  if (price === undefined || checkedOn === undefined) throw new RangeError(`${usdPerMillion} is not a price in dollars`)
  return {
    id: model.modelId,
    provider: model.provider,
    model: model.modelId,
    tier,
    difficultyMax: 5,
    specialties: [],
    prices: [
      { inputNanosPerMillion: price, outputNanosPerMillion: price, contextTiers: [], source: 'offline', checkedOn },
    ],
    capabilities: { tools: true, vision: false, jsonSchema: true, logprobs: false, streaming: true },
    aliases: [],
  }
}

type FixedRoute = Parameters<Policy['decide']>[0]['fixedRoute']

const ROUTES: Readonly<Record<FixedRoute, (tier: ModelEntry['tier']) => boolean>> = {
  auto: () => true,
  local: (tier) => tier.startsWith('local_'),
  cheap: (tier) => tier === 'cheap_api',
  premium: (tier) => tier === 'premium_api',
}

/** Asks the models in their order, each when the one before failed or was refused. */
const CHEAPEST_FIRST: Policy = {
  version: 'cheapest-first',
  decide({ candidates, fixedRoute }): DecisionRecord {
    const isMeant = ROUTES[fixedRoute]
    const meant = candidates.filter(({ tier }) => isMeant(tier))
    return {
      route: fixedRoute === 'auto' ? 'hybrid' : fixedRoute,
      confidence: 0.5,
      risk: 'low',
      riskReasons: [],
      difficulty: 3,
      domain: 'general',
      needsDecomposition: false,
      expectedCostNanos: ZERO_AMOUNT,
      expectedLatencyS: 1,
      expectedTokensOut: 100,
      maxBudgetNanos: undefined,
      candidates: candidates.map((entry) => candidateOf(entry, isMeant)),
      plan: meant.map(({ id, tier }, index) => ({
        modelId: id,
        tier,
        role: index === 0 ? 'answer' : 'escalation',
      })),
      reasons: ['The cheapest model first'],
      policyVersion: 'cheapest-first',
      priceVersion: 'offline',
      scorer: 'priors',
      featureHash: undefined,
      draw: 0,
      propensity: 1,
    }
  },
}

function candidateOf({ id, tier }: ModelEntry, isMeant: (tier: ModelEntry['tier']) => boolean): DecisionCandidate {
  return {
    modelId: id,
    tier,
    predictedSuccess: 0.8,
    expectedCostNanos: ZERO_AMOUNT,
    expectedLatencyS: 1,
    ...(!isMeant(tier) && { excludedBecause: 'the request asks for another route' }),
  }
}

/** All that a model is shown, as one text: what scripts look for. */
export function promptOf({ messages }: ModelRequest): string {
  return messages.map(({ content }) => (typeof content === 'string' ? content : '')).join('\n')
}
