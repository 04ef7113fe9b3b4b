import { DEFAULT_TENANT, parseTenantId } from '../../base/identifiers.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { RouteCaller, RouteRequest, RouteTarget } from '../../ports/router.ts'
import type { ToolTaskResult } from '../../router/tools/route-with-tools.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import { parseRouteControls } from '../control/parse-route-controls.ts'
import { toldLines } from '../control/told-lines.ts'
import { decisionDocument, type DecisionDocument } from '../decision-document.ts'
import type { KernellNode } from '../kernell-node.ts'

export type ToolTaskNode = Pick<KernellNode, 'config' | 'routeWithTools' | 'listModels'>

/** One call that a model asked for. */
export type ToolTaskCall = ToolTaskResult['calls'][number]

/** How a task with tools has ended, as its last line says it; amounts are nano-dollars as decimal text, `null` where nobody knows. */
export type ToolTaskAnswer = {
  readonly event: 'answer'
  readonly taskId: string
  readonly text: string
  readonly route: string
  readonly tier: string
  readonly model: string
  readonly provider: string
  readonly cache: string
  /** Of all answers together. */
  readonly costNanos: string | null
  /** What one call of the premium model would have cost for the last answer. */
  readonly premiumCostNanos: string | null
  readonly isCostEstimated: boolean
  readonly latencyMs: number
  readonly isVerified: boolean | null
  readonly calls: readonly ToolTaskCall[]
  /** That of the last answer. */
  readonly decision: DecisionDocument
}

const ROUTES = ['local', 'cheap', 'premium'] as const
const TOKENS_MAX = 10_000_000

/**
 * Runs a task whose models may call the tools that an operator names, and tells of each call as it was made, and of the answer at last. Throws `REQUEST_INVALID` before
 * anything is done; what comes after is a line.
 */
export function toolTaskLines(
  node: ToolTaskNode,
  asked: ControlRequest,
  { signal }: AbortOptions,
): AsyncIterable<string> {
  const request = requestOf(node, asked)
  const tools = asked['tools']
  if (!isTexts(tools)) throw invalidRequest('tools', 'tools must be a list of texts')
  return toldLines(async (tell, running) => {
    const startedMs = performance.now()
    const done = await node.routeWithTools(request, {
      tools,
      onCall: (call) => tell({ event: 'call', ...call }),
      signal: running,
    })
    const answer: ToolTaskAnswer = {
      event: 'answer',
      ...answerOf(done, node),
      latencyMs: performance.now() - startedMs,
    }
    tell(answer)
  }, signal)
}

function answerOf(
  { result, costNanos, calls }: ToolTaskResult,
  { config }: ToolTaskNode,
): Omit<ToolTaskAnswer, 'event' | 'latencyMs'> {
  return {
    taskId: result.taskId,
    text: result.answer.text,
    route: result.route,
    tier: result.tier,
    model: result.modelId,
    provider: result.provider,
    cache: result.cache,
    costNanos: costNanos?.toString() ?? null,
    premiumCostNanos: result.premiumCostNanos?.toString() ?? null,
    isCostEstimated: result.isCostEstimated,
    isVerified: result.verification?.isAccepted ?? null,
    calls,
    decision: decisionDocument(result.decision, config.peers),
  }
}

function requestOf(node: ToolTaskNode, asked: ControlRequest): RouteRequest {
  const system = optionalText(asked, 'system')
  const maxOutputTokens = optionalNumber(asked, 'maxOutputTokens')
  if (maxOutputTokens !== undefined && !isCount(maxOutputTokens))
    throw invalidRequest('maxOutputTokens', `maxOutputTokens must be a whole number from 1 to ${TOKENS_MAX}`)
  const providers = new Set([
    ...Object.keys(node.config.providers),
    ...node.listModels().map(({ entry }) => entry.provider),
  ])
  return {
    caller: callerOf(asked),
    target: targetOf(asked),
    controls: parseRouteControls(headersOf(asked), { providers, keyTiers: undefined }),
    request: {
      messages: [
        ...(system === undefined ? [] : [{ role: 'system' as const, content: system }]),
        { role: 'user', content: requiredText(asked, 'prompt') },
      ],
      ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    },
  }
}

function callerOf(asked: ControlRequest): RouteCaller {
  const tenant = parseTenantId(optionalText(asked, 'tenant') ?? DEFAULT_TENANT)
  if (tenant === undefined) throw invalidRequest('tenant', 'tenant must be the name of a tenant')
  return { tenant }
}

function targetOf(asked: ControlRequest): RouteTarget {
  const modelId = optionalText(asked, 'model')
  if (modelId !== undefined) return { kind: 'model', modelId }
  const route = choiceOf(asked, 'route', ROUTES)
  return route === undefined ? { kind: 'auto' } : { kind: 'route', route }
}

/** The controls by the names that they have as headers. */
function headersOf({ controls }: ControlRequest): Readonly<Record<string, string>> {
  if (controls === undefined || controls === null) return {}
  const members = typeof controls === 'object' ? Object.entries(controls) : []
  const headers = members.filter((member): member is [string, string] => typeof member[1] === 'string')
  if (typeof controls !== 'object' || headers.length !== members.length)
    throw invalidRequest('controls', 'controls must be an object of texts')
  return Object.fromEntries(headers)
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1 && value <= TOKENS_MAX
}
