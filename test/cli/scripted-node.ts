import { createUnwatchedActivity } from '../fixtures/unwatched-activity.ts'
import { createDurableSystem } from '../fixtures/durable-system.ts'
import { createUnscriptedPolicies } from '../node/unscripted-policies.ts'
import { createToolServers } from '../../src/mcp/create-tool-servers.ts'
import { NO_WAY_OUT } from '../fixtures/no-way-out.ts'
import { createPlayedWeb } from '../fixtures/played-web.ts'
import { createNoPeers, createUnsavedA2a } from '../fixtures/unsaved-a2a.ts'
import { createUnsavedDocuments } from '../fixtures/unsaved-documents.ts'
import { createUnsavedMemory } from '../fixtures/unsaved-memory.ts'
import { createUnsavedRecords } from '../fixtures/unsaved-records.ts'
import { createUnstoppedRights } from '../fixtures/unstopped-rights.ts'
import { createUnsavedFirewall } from '../fixtures/unsaved-firewall.ts'
import { createUnsavedPlans } from '../fixtures/unsaved-plans.ts'
import { CodedError } from '../../src/base/errors.ts'
import { amountFromNanos } from '../../src/base/money.ts'
import type { TaskId } from '../../src/base/identifiers.ts'
import type { ModelEntry } from '../../src/core/models/model-entry.ts'
import type { DecisionRecord } from '../../src/core/routing/decision-record.ts'
import type { NodeConfig } from '../../src/node/config/node-config.ts'
import type {
  CacheReport,
  InjectionReport,
  CostReport,
  EvaluatingNode,
  RoutingReport,
} from '../../src/node/node-evaluations.ts'
import { createNodeRecords } from '../../src/node/node-records.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import type { RouteEstimate, RouteRequest, RouteResult } from '../../src/ports/router.ts'

/** What the scripted router does with a prompt. */
export type Script = (prompt: string, request: RouteRequest) => Partial<RouteResult> | Error

export type ScriptedNode = EvaluatingNode & { readonly requests: RouteRequest[]; isClosed: boolean; runningMax: number }

const DECISION: DecisionRecord = {
  route: 'cheap',
  confidence: 0.8,
  risk: 'low',
  riskReasons: [],
  difficulty: 2,
  domain: 'general',
  expectedTokensOut: 100,
  needsDecomposition: false,
  expectedCostNanos: amountFromNanos(150_000n),
  expectedLatencyS: 0.9,
  maxBudgetNanos: undefined,
  candidates: [
    {
      modelId: 'openai/small',
      tier: 'cheap_api',
      predictedSuccess: 0.8,
      expectedCostNanos: amountFromNanos(150_000n),
      expectedLatencyS: 0.9,
    },
    {
      modelId: 'openai/large',
      tier: 'premium_api',
      predictedSuccess: 0.95,
      expectedCostNanos: undefined,
      expectedLatencyS: 2,
      excludedBecause: 'its price is unknown',
    },
  ],
  plan: [{ modelId: 'openai/small', tier: 'cheap_api', role: 'answer' }],
  reasons: ['The cheapest route whose predicted quality meets the bound'],
  policyVersion: 'priors-1',
  priceVersion: 'abc',
  scorer: 'priors',
  featureHash: undefined,
  draw: 0.5,
  propensity: 1,
}

const ENTRY: ModelEntry = {
  id: 'openai/small',
  provider: 'openai',
  model: 'small',
  tier: 'cheap_api',
  difficultyMax: 3,
  specialties: ['general'],
  prices: [],
  contextTokens: 128_000,
  capabilities: { tools: true, vision: false, jsonSchema: true, logprobs: false, streaming: true },
  aliases: [],
}

/** A node whose router answers from a script; everything that was asked of it is in `requests`. */
export function createScriptedNode(config: NodeConfig, script: Script): ScriptedNode {
  const requests: RouteRequest[] = []
  const memory = createUnsavedMemory()
  const documents = createUnsavedDocuments()
  const durable = createDurableSystem()
  const plans = createUnsavedPlans(durable.actors)
  const a2a = createUnsavedA2a(config)
  let running = 0
  const node: ScriptedNode = {
    requests,
    documents,
    isClosed: false,
    runningMax: 0,
    config,
    ...durable,
    openMemory: async () => await memory.open(),
    openPlans: async () => await plans.open(),
    routeWithTools: async () => await Promise.reject(new Error('A scripted node has no tools')),
    toolServers: createToolServers({ outbound: NO_WAY_OUT, environment: {}, version: '0' }, []),
    web: createPlayedWeb(),
    openFirewall: createUnsavedFirewall(),
    carryOutPlan: async () => await Promise.reject(new Error('A scripted node carries nothing out')),
    runProgram: async () => await Promise.reject(new Error('A scripted node runs nothing')),
    explainDecision: () => undefined,
    agentPeers: createNoPeers(),
    agentTools: () => {
      throw new Error('A scripted node has no tools')
    },
    withAgentAt: async (_address, work) => await work(createNoPeers()),
    openA2a: async (skills) => await a2a.open({ router: node.router, listModels: node.listModels }, skills),
    activity: createUnwatchedActivity(),
    openMarket: async () => await Promise.reject(new CodedError('MARKET_NOT_OPEN', { message: 'A scripted node' })),
    backUp: async () => await Promise.reject(new Error('A scripted node has no data directory')),
    rights: createUnstoppedRights(),
    router: {
      route: async (request) => {
        requests.push(request)
        running += 1
        node.runningMax = Math.max(node.runningMax, running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        const prompt = promptOf(request)
        const scripted = script(prompt, request)
        if (scripted instanceof Error) throw scripted
        return { ...resultOf(prompt), ...scripted }
      },
      routeStream: () => Promise.reject(new CodedError('ROUTER_NO_MODEL', { message: 'not scripted' })),
      estimate: async (request) => {
        requests.push(request)
        return await Promise.resolve(ESTIMATE)
      },
    },
    policies: createUnscriptedPolicies(),
    records: createNodeRecords({
      ...createUnsavedRecords(),
      agentTasks: a2a,
      planFiles: { erase: async () => await Promise.resolve() },
      cache: undefined,
      answerStore: createMemoryKeyValueStore(),
      documents,
      memory,
      plans,
      compact: async () => undefined,
    }),
    listModels: () => [
      { entry: ENTRY, isAvailable: true },
      {
        entry: { ...ENTRY, id: 'anthropic/other', provider: 'anthropic', model: 'other' },
        isAvailable: false,
        unavailableBecause: 'no provider',
      },
    ],
    embed: () => Promise.reject(new CodedError('MODEL_NOT_FOUND', { message: 'not scripted' })),
    decidePolicy: () => Promise.reject(new CodedError('REQUEST_INVALID', { message: 'not scripted' })),
    metricsText: async () => await Promise.resolve(''),
    health: () => ({
      isReady: true,
      version: '0.0.0',
      uptimeS: 1,
      checks: [{ name: 'models', state: 'ok', detail: '1 callable' }],
    }),
    evaluateRouting: async (init, options) => {
      options?.onProgress?.({ stage: 'training', done: 1, total: 2 })
      return await Promise.resolve({
        report: { ...ROUTING_REPORT, n: init.test.length },
        artefact: `policy ${init.strong} ${init.seed}\n`,
      })
    },
    evaluateCost: async () => await Promise.resolve({ report: COST_REPORT, artefact: 'costs\n' }),
    evaluateCache: async () => await Promise.resolve({ report: CACHE_REPORT, artefact: 'calibration\n' }),
    evaluateInjection: async () => await Promise.resolve({ report: INJECTION_REPORT, artefact: 'injection model\n' }),
    close: async () => {
      node.isClosed = true
      await Promise.resolve()
    },
    [Symbol.asyncDispose]: async () => await node.close(),
  }
  return node
}

const ESTIMATE: RouteEstimate = {
  decision: DECISION,
  expectedTokensIn: 12,
  expectedTokensOut: 100,
  expectedCostNanos: amountFromNanos(150_000n),
  expectedLatencyS: 0.9,
  premiumCostNanos: amountFromNanos(1_500_000n),
  deterministicTool: undefined,
}

export const ROUTING_REPORT: RoutingReport = {
  n: 1,
  strong: 0.85,
  weak: 0.62,
  oracle_apgr: 1.08,
  routers: [
    {
      name: 'kernell',
      apgr: 0.63,
      apgr_ci95: [0.6, 0.66],
      cpt50: 0.31,
      cpt80: 0.6,
      us_per_decision: 21.5,
      us_scoring: 1.25,
    },
  ],
  vs_prompt_length: { difference: 0.02, ci95: [0.01, 0.03] },
}

export const COST_REPORT: CostReport = {
  n: 3,
  best_single: { name: 'large', score: 0.8, usd: 1.5 },
  left_out: ['unpriced'],
  rows_left_out: 0,
  points: [
    {
      quality_share: 0.95,
      kernell: 0.33,
      ci95: [0.3, 0.36],
      achieved: 0.97,
      best_random_mix: 0.58,
      best_random_mix_achieved: 0.95,
    },
    { quality_share: 1, kernell: null, ci95: null, achieved: 0.96, best_random_mix: 1, best_random_mix_achieved: 1 },
  ],
}

const INJECTION_FIGURES = {
  auc: 0.99,
  recall: 0.93,
  false_alarm_rate: 0.01,
  benign_false_alarm_rate: 0.002,
  indirect: { n: 10, recall: 0.5, false_alarm_rate: 0, carriers: 16 },
}

export const INJECTION_REPORT: InjectionReport = {
  ...INJECTION_FIGURES,
  n: 100,
  by_source: { garak: { n: 10, recall: 0.9 }, notinject: { n: 20, false_alarm_rate: 0 } },
  benign: { n: 500, left_out: 3, by_file: {} },
  left_out: null,
  us_per_text: 80,
  alone: { rules: INJECTION_FIGURES, model: INJECTION_FIGURES },
}

export const CACHE_REPORT: CacheReport = {
  requests: 100,
  hits: 20,
  wrong: 0,
  hit_rate: 0.2,
  wrong_rate: 0,
  recall: 0.5,
  exact_hits: 12,
  similar_hits: 8,
  similar_wrong: 0,
  similar_recall: 0.3,
  us_per_lookup: 40,
  pair_auc: 0.87,
}

function promptOf(request: RouteRequest): string {
  const content = request.request.messages.at(-1)?.content
  return typeof content === 'string' ? content : ''
}

function resultOf(prompt: string): RouteResult {
  return {
    taskId: 'task-1' as TaskId,
    answer: {
      text: `answer to ${prompt}`,
      toolCalls: [],
      finishReason: 'stop',
      usage: { tokensIn: 10, tokensOut: 20, cachedTokensIn: 0, isEstimated: false },
    },
    route: 'cheap',
    tier: 'cheap_api',
    modelId: 'openai/small',
    provider: 'openai',
    costNanos: amountFromNanos(100_000n),
    premiumCostNanos: amountFromNanos(1_000_000n),
    isCostEstimated: false,
    latencyMs: 12.5,
    attempts: [
      {
        modelId: 'openai/small',
        provider: 'openai',
        tier: 'cheap_api',
        outcome: 'accepted',
        tokensIn: 10,
        tokensOut: 20,
        isUsageEstimated: false,
        costNanos: amountFromNanos(100_000n),
        latencyMs: 12.5,
        confidence: 0.9,
      },
    ],
    overheadCalls: [],
    cache: 'miss',
    verification: { isAccepted: true, confidence: 0.9 },
    decision: DECISION,
  }
}
