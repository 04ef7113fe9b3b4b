import { DEFAULT_FIREWALL_POLICY } from '../../src/core/firewall/firewall-policy.ts'
import { DEFAULT_TEXT_RULES } from '../../src/core/injection/text-report.ts'
import { CodedError } from '../../src/base/errors.ts'
import { createUnwatchedActivity } from '../fixtures/unwatched-activity.ts'
import { createDurableSystem } from '../fixtures/durable-system.ts'
import { createUnscriptedPolicies } from '../node/unscripted-policies.ts'
import { createToolServers } from '../../src/mcp/create-tool-servers.ts'
import { NO_WAY_OUT } from '../fixtures/no-way-out.ts'
import { createPlayedWeb } from '../fixtures/played-web.ts'
import { createNoPeers, createUnsavedA2a } from '../fixtures/unsaved-a2a.ts'
import type { A2aDocument } from '../../src/node/config/config-document.ts'
import { resolveA2a } from '../../src/node/config/resolve-a2a.ts'
import { createUnsavedDocuments } from '../fixtures/unsaved-documents.ts'
import { createUnsavedMemory } from '../fixtures/unsaved-memory.ts'
import { createUnsavedRecords } from '../fixtures/unsaved-records.ts'
import { createUnstoppedRights } from '../fixtures/unstopped-rights.ts'
import { createUnsavedFirewall } from '../fixtures/unsaved-firewall.ts'
import { createUnsavedPlans } from '../fixtures/unsaved-plans.ts'
import { createHash } from 'node:crypto'
import type { JsonValue } from '../../src/base/canonical-json.ts'
import { DEFAULT_TENANT, parseTaskId, type TaskId } from '../../src/base/identifiers.ts'
import { amountFromNanos, ZERO_AMOUNT } from '../../src/base/money.ts'
import { DEFAULT_ROLLOUT_RULES } from '../../src/core/rollout/rollout-rules.ts'
import type { ModelEntry } from '../../src/core/models/model-entry.ts'
import type { DecisionRecord } from '../../src/core/routing/decision-record.ts'
import { createGateway, type Gateway, type GatewayInit } from '../../src/gateway/index.ts'
import type { ApiKeyConfig, NodeConfig } from '../../src/node/config/node-config.ts'
import type { KernellNode } from '../../src/node/kernell-node.ts'
import { createNodeRecords } from '../../src/node/node-records.ts'
import type { AbortOptions } from '../../src/ports/abort-options.ts'
import type { ModelAnswer, ModelStreamPart } from '../../src/ports/language-model.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import type { RoutedStream, RouteRequest, RouteResult } from '../../src/ports/router.ts'

export const DECISION: DecisionRecord = {
  route: 'cheap',
  confidence: 0.8237,
  risk: 'low',
  riskReasons: [],
  difficulty: 2,
  domain: 'general',
  expectedTokensOut: 100,
  needsDecomposition: false,
  expectedCostNanos: amountFromNanos(1_500n),
  expectedLatencyS: 0.4,
  maxBudgetNanos: undefined,
  candidates: [],
  plan: [{ modelId: 'openai/small', tier: 'cheap_api', role: 'answer' }],
  reasons: [],
  policyVersion: 'scripted-1',
  priceVersion: 'p1',
  scorer: 'priors',
  featureHash: undefined,
  draw: 0.5,
  propensity: 1,
}

export const ANSWER: ModelAnswer = {
  text: 'Hello there',
  toolCalls: [],
  finishReason: 'stop',
  usage: { tokensIn: 7, tokensOut: 3, cachedTokensIn: 2, isEstimated: false },
  servedModel: 'small-2026-01-01',
}

/** A result of one cheap call; `overrides` replace whole members. */
export function resultOf(taskId: TaskId, overrides: Partial<RouteResult> = {}): RouteResult {
  return {
    taskId,
    answer: ANSWER,
    route: 'cheap',
    tier: 'cheap_api',
    modelId: 'openai/small',
    provider: 'openai',
    costNanos: amountFromNanos(1_250_000n),
    premiumCostNanos: amountFromNanos(25_000_000n),
    isCostEstimated: false,
    latencyMs: 12.4,
    attempts: [],
    overheadCalls: [],
    cache: 'miss',
    verification: { isAccepted: true, confidence: 0.9 },
    decision: DECISION,
    ...overrides,
  }
}

/** A routed stream over `parts`; its result settles when they have been read. */
export function streamOf(
  taskId: TaskId,
  parts: AsyncIterable<ModelStreamPart>,
  overrides: Partial<RoutedStream> = {},
): RoutedStream {
  const { tier, route, modelId, provider, cache, decision } = resultOf(taskId)
  return {
    taskId,
    tier,
    route,
    modelId,
    provider,
    cache,
    decision,
    isBuffered: false,
    parts,
    result: Promise.resolve(resultOf(taskId)),
    ...overrides,
  }
}

export async function* partsOf(...parts: readonly ModelStreamPart[]): AsyncGenerator<ModelStreamPart, void> {
  for (const part of parts) yield part
}

export const FINISH: ModelStreamPart = { type: 'finish', finishReason: 'stop', usage: ANSWER.usage }

export type ScriptedNodeInit = {
  readonly route?: (request: RouteRequest, signal: AbortSignal) => Promise<RouteResult>
  readonly routeStream?: (request: RouteRequest, signal: AbortSignal) => Promise<RoutedStream>
  readonly embed?: KernellNode['embed']
  readonly keys?: readonly ApiKeyConfig[]
  readonly server?: Partial<NodeConfig['server']>
  readonly isReady?: boolean
  readonly a2a?: A2aDocument
  /** Where names lead; else to a public address. */
  readonly names?: Readonly<Record<string, readonly string[]>>
}

/** A node without anything behind it: it remembers what the gateway asks and answers as told. */
export type ScriptedNode = KernellNode & { readonly requests: RouteRequest[] }

export function taskIdOf(request: RouteRequest): TaskId {
  return request.taskId ?? parseTaskId('t1') ?? DEFAULT_TASK
}

const DEFAULT_TASK = 't1' as TaskId

export function createScriptedNode(init: ScriptedNodeInit = {}): ScriptedNode {
  const requests: RouteRequest[] = []
  const memory = createUnsavedMemory()
  const documents = createUnsavedDocuments()
  const durable = createDurableSystem()
  const plans = createUnsavedPlans(durable.actors)
  const config = configOf(init)
  const a2a = createUnsavedA2a(config)
  const models = scriptedModels()
  const signalOf = (options?: AbortOptions): AbortSignal => options?.signal ?? new AbortController().signal
  const node: ScriptedNode = {
    requests,
    config,
    documents,
    ...durable,
    openMemory: async () => await memory.open(),
    openPlans: async () => await plans.open(),
    routeWithTools: async () => await Promise.reject(new Error('A scripted node has no tools')),
    toolServers: createToolServers({ outbound: NO_WAY_OUT, environment: {}, version: '0' }, []),
    web: createPlayedWeb(init.names),
    openFirewall: createUnsavedFirewall(),
    carryOutPlan: async () => await Promise.reject(new Error('A scripted node carries nothing out')),
    runProgram: async () => await Promise.reject(new Error('A scripted node runs nothing')),
    explainDecision: () => undefined,
    agentPeers: createNoPeers(),
    agentTools: () => {
      throw new Error('A scripted node has no tools')
    },
    withAgentAt: async (_address, work) => await work(createNoPeers()),
    openA2a: async (skills) => await a2a.open({ router: node.router, listModels: () => models }, skills),
    activity: createUnwatchedActivity(),
    openMarket: async () => await Promise.reject(new CodedError('MARKET_NOT_OPEN', { message: 'A scripted node' })),
    backUp: async () => await Promise.reject(new Error('A scripted node has no data directory')),
    rights: createUnstoppedRights(),
    router: {
      route: async (request, options) => {
        requests.push(request)
        return init.route === undefined ? resultOf(taskIdOf(request)) : await init.route(request, signalOf(options))
      },
      routeStream: async (request, options) => {
        requests.push(request)
        if (init.routeStream !== undefined) return await init.routeStream(request, signalOf(options))
        return streamOf(
          taskIdOf(request),
          partsOf({ type: 'text-delta', text: 'Hello' }, { type: 'text-delta', text: ' there' }, FINISH),
        )
      },
      estimate: async () => await Promise.reject(new Error('not asked for over HTTP')),
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
    listModels: () => models,
    embed:
      init.embed ??
      (async (texts) => ({
        model: 'builtin',
        vectors: texts.map((text) => Float32Array.of(text.length, 0.5)),
        tokens: 4,
      })),
    decidePolicy: async (body: JsonValue) => ({
      decision: { route: 'cheap' },
      scores: { small: 0.1 + 0.2 },
      score: 1 / 3,
      explanation: { echo: body },
    }),
    metricsText: async () => 'kernell_tasks_total 3\n',
    health: () => ({ isReady: init.isReady ?? true, version: '0.1.0', uptimeS: 5, checks: [] }),
    close: async () => await a2a.close(),
    [Symbol.asyncDispose]: async () => await a2a.close(),
  }
  return node
}

function scriptedModels(): ReturnType<KernellNode['listModels']> {
  return [
    { entry: modelEntry('openai/small', 'small'), isAvailable: true },
    { entry: modelEntry('openai/gone', 'gone'), isAvailable: false, unavailableBecause: 'OPENAI_API_KEY is not set' },
  ]
}

function modelEntry(id: string, model: string): ModelEntry {
  return {
    id,
    provider: 'openai',
    model,
    tier: 'cheap_api',
    difficultyMax: 3,
    specialties: ['general'],
    prices: [],
    contextTokens: 128_000,
    capabilities: { tools: true, vision: false, jsonSchema: true, logprobs: false, streaming: true },
    aliases: ['tiny'],
  }
}

function configOf(init: ScriptedNodeInit): NodeConfig {
  return {
    dataDir: '/nowhere',
    powerLevel: 'balanced',
    isDiscovering: false,
    providers: { openai: { kind: 'openai', models: [], isLocal: false, origin: 'test' } },
    models: {},
    roles: {},
    policy: {
      quality: 0.7,
      exploration: 0,
      gate: {},
      rollout: {
        shadowShare: 0,
        shadowBudgetNanos: ZERO_AMOUNT,
        shadowBudgetWindow: 'day',
        shadowConcurrency: 1,
        rules: DEFAULT_ROLLOUT_RULES,
      },
    },
    router: { decompose: 'auto', attemptTimeoutMs: 120_000 },
    untrusted: { isEnabled: true, rules: DEFAULT_TEXT_RULES },
    firewall: DEFAULT_FIREWALL_POLICY,
    cache: { isEnabled: true, ttlMs: 1, entriesMax: 1, bytesMax: 1, embedder: 'builtin' },
    log: { level: 'info', format: 'auto', access: false },
    telemetry: {
      consent: false,
      keepText: false,
      recordsMax: 100_000,
      usageDays: 400,
      otlpSignals: ['traces', 'metrics'],
      traceContent: false,
    },
    sandbox: { directory: '/nowhere', image: 'none:none' },
    outbound: { privateHosts: [] },
    network: { listen: [], announce: [], bootstrap: [], isMdnsOn: false, isRelay: false },
    market: {
      isGossiping: false,
      isDiscovering: false,
      isCallingOpenly: false,
      models: [],
      quotas: {
        perPeer: { tasksPerMinute: 600, burst: 120, atOnce: 64, workMsPerHour: 7_200_000 },
        skills: new Map(),
      },
      artifactBytesMax: 67_108_864,
    },
    a2a: resolveA2a(init.a2a),
    budgets: [],
    keys: init.keys ?? [],
    server: {
      host: '127.0.0.1',
      port: 0,
      bodyBytesMax: 1024 * 1024,
      concurrentRequestsMax: 64,
      requestTimeoutMs: 10_000,
      ...init.server,
    },
  }
}

/** The configuration of a key whose text is `secret`. */
export function keyOf(secret: string, init: Partial<ApiKeyConfig> = {}): ApiKeyConfig {
  return { id: 'k1', sha256: createHash('sha256').update(secret).digest('hex'), tenant: 'acme', ...init }
}

export type RunningGateway = AsyncDisposable & {
  readonly gateway: Gateway
  readonly url: string
  readonly failures: unknown[]
}

/** A listening gateway that is closed at the end of the test's scope. */
export async function startGateway(node: KernellNode, init: Omit<GatewayInit, 'node'> = {}): Promise<RunningGateway> {
  const failures: unknown[] = []
  const gateway = createGateway({ node, onFailure: (error) => failures.push(error), ...init })
  const url = await gateway.listen({ port: 0 })
  return { gateway, url, failures, [Symbol.asyncDispose]: async () => await gateway.close({ deadlineMs: 0 }) }
}

export const TENANT = DEFAULT_TENANT
