import { CodedError } from '../base/errors.ts'
import { amountFromUsd, type Amount } from '../base/money.ts'
import type { ExecutionTier } from '../core/routing/task-outcome.ts'
import { type DecisionDocument, usdOrNull } from '../node/decision-document.ts'
import type { RunningNode, RunningNodeAnswer, RunningNodeClient } from '../node/running-node.ts'
import { TIER_ORDER } from './batch-report.ts'
import { isFlagSet, numberFlag, textFlag, usageError, type Flags } from './flags.ts'
import { formatExplanation, reasonsOf } from './format-explanation.ts'
import type { DecisionSummary } from './format-result.ts'
import { lockedBy } from './locked-directory.ts'
import { controlHeaders, readTarget } from './route-flags.ts'
import type { TaskAnswer, TaskFigures, TaskRunner } from './task-answer.ts'

/** Flags that change what a node is, which a node that runs already does not take from a caller. */
const FLAGS_OF_THE_NODE = ['policy', 'cache-calibration', 'injection-model', 'tenant'] as const

const CACHE_WORDS = ['exact', 'similar', 'miss', 'off'] as const

export type RemoteRunnerInit = {
  readonly client: RunningNodeClient
  readonly node: RunningNode
  readonly flags: Flags
  readonly apiKey: string | undefined
  /** Opens the node's control interface, which tells why a task went where it went. */
  readonly controlToken: string | undefined
  /** Longest that the node works on one request. */
  readonly timeoutMs: number
}

/**
 * Runs tasks on the node that has the data directory open, over its HTTP interface. With --explain it is asked for the decision too; the attempts
 * stay there, in its records.
 *
 * Throws `STORE_LOCKED` for flags that the node would have to be started with, `COMMAND_INVALID` for flags that cannot be read.
 */
export function createRemoteRunner(init: RemoteRunnerInit): TaskRunner {
  const { client, node, flags, apiKey, timeoutMs } = init
  for (const name of FLAGS_OF_THE_NODE) {
    if (textFlag(flags, name) !== undefined)
      throw lockedBy(node, { what: `has the data directory open, and takes no --${name} from a caller` })
  }
  const target = readTarget(flags)
  const model = target.kind === 'model' ? target.modelId : `kernell${target.kind === 'auto' ? '' : `-${target.route}`}`
  const system = textFlag(flags, 'system')
  const outputTokens = numberFlag(flags, 'max-output-tokens', { min: 1, max: 10_000_000, isWhole: true })
  const headers = controlHeaders(flags)
  return async (prompt, signal) => {
    const messages = [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: prompt },
    ]
    const body = { model, messages, ...(outputTokens !== undefined && { max_completion_tokens: outputTokens }) }
    const startedMs = performance.now()
    const answer = await client
      .ask({ path: '/v1/chat/completions', body, headers, apiKey, timeoutMs, signal })
      .catch((error: unknown) => {
        if (CodedError.is(error, 'REQUEST_INVALID')) throw usageError(error.message.replaceAll('x-kernell-', '--'))
        throw error
      })
    const latencyMs = performance.now() - startedMs
    const decision = isFlagSet(flags, 'explain') ? await askDecision(init, answer, signal) : undefined
    return taskAnswerOf({ answer, node, latencyMs, decision })
  }
}

/** The decision as the node remembers it; `undefined` where it does not, as one of an older version. */
async function askDecision(
  { client, controlToken, timeoutMs }: RemoteRunnerInit,
  answer: RunningNodeAnswer,
  signal: AbortSignal,
): Promise<DecisionDocument | undefined> {
  const task = answer.header('x-kernell-task-id')
  if (task === undefined || controlToken === undefined) return undefined
  const headers = { 'x-kernell-control': controlToken }
  const question = { path: '/control/decisions', body: { op: 'explain', task }, headers, apiKey: undefined }
  try {
    const { body } = await client.ask({ ...question, timeoutMs, signal })
    return readDecision(body)
  } catch (error: unknown) {
    if (CodedError.is(error) && error.code !== 'REQUEST_ABORTED') return undefined
    throw error
  }
}

function readDecision(body: unknown): DecisionDocument | undefined {
  const { decision }: { readonly decision?: unknown } = typeof body === 'object' && body !== null ? body : {}
  // Made by `decisionDocument` of the same package.
  return typeof decision === 'object' && decision !== null ? (decision as DecisionDocument) : undefined
}

type Answered = {
  readonly answer: RunningNodeAnswer
  readonly node: RunningNode
  readonly latencyMs: number
  readonly decision: DecisionDocument | undefined
}

function taskAnswerOf({ answer, node, latencyMs, decision: known }: Answered): TaskAnswer {
  const figures = figuresOf(answer, node, latencyMs)
  const text = answerText(answer.body)
  const decision = summaryOf(answer.header('x-kernell-decision') ?? '')
  return {
    text,
    figures,
    reasons: known === undefined ? [decision.summary] : reasonsOf(known),
    explain: (width) =>
      known === undefined
        ? `${decision.summary}\nThe node at ${node.url} does not tell the candidates and their figures.`
        : formatExplanation(known, width),
    document: {
      task_id: answer.header('x-kernell-task-id') ?? '',
      output: text,
      route: answer.header('x-kernell-route') ?? '',
      tier: figures.tier,
      model: figures.modelId,
      provider: answer.header('x-kernell-provider') ?? '',
      cost_usd: usdOrNull(figures.costNanos),
      premium_usd: usdOrNull(figures.premiumCostNanos),
      latency_ms: Math.round(latencyMs * 1000) / 1000,
      attempts: [],
      overhead: [],
      was_cached: figures.cache === 'exact' || figures.cache === 'similar',
      verified: null,
      decision: known ?? decision,
      served_by: node.url,
    },
  }
}

function figuresOf(answer: RunningNodeAnswer, node: RunningNode, latencyMs: number): TaskFigures {
  const tier: ExecutionTier | undefined = TIER_ORDER.find((known) => known === answer.header('x-kernell-tier'))
  const cache = CACHE_WORDS.find((known) => known === answer.header('x-kernell-cache'))
  const modelId = answer.header('x-kernell-model')
  if (tier === undefined || cache === undefined || modelId === undefined)
    throw new CodedError('MODEL_ANSWER_MALFORMED', {
      message: `What answers at ${node.url} does not answer as a kernell node`,
      details: { url: node.url, remedy: 'Stop the process that has the data directory open, and run this again.' },
    })
  return {
    tier,
    cache,
    modelId,
    costNanos: amountOf(answer.header('x-kernell-cost-usd')),
    premiumCostNanos: amountOf(answer.header('x-kernell-premium-cost-usd')),
    isCostEstimated: false,
    latencyMs,
    verification: undefined,
    attempts: [],
  }
}

function amountOf(usd: string | undefined): Amount | undefined {
  return usd === undefined ? undefined : amountFromUsd(usd)
}

type ChatBody = {
  readonly choices?: readonly { readonly message?: { readonly content?: unknown; readonly refusal?: unknown } }[]
}

function answerText(body: unknown): string {
  const { choices }: ChatBody = typeof body === 'object' && body !== null ? body : {}
  const message = choices?.[0]?.message
  const text = message?.content ?? message?.refusal
  return typeof text === 'string' ? text : ''
}

const SUMMARY = /^route=(\S+) confidence=(\S+) risk=(\S+) difficulty=(\S+) plan=(.*) policy=(.*)$/

/** The header's line in parts; a line that was cut short stays whole. */
function summaryOf(line: string): DecisionSummary {
  const [, route, confidence, risk, difficulty, plan, policy] = SUMMARY.exec(line) ?? []
  if (route === undefined || risk === undefined || policy === undefined) return { summary: line }
  return {
    summary: line,
    route,
    confidence: Number(confidence),
    risk,
    difficulty: Number(difficulty),
    plan: (plan ?? '').split(',').flatMap((model) => (model === '' ? [] : [{ model }])),
    policy_version: policy,
  }
}
