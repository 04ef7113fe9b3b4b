import type { JsonValue } from '../../base/canonical-json.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { CodedError } from '../../base/errors.ts'
import { amountFromNanos } from '../../base/money.ts'
import type { AgentPayer, AgentPeers, AgentPeerTask } from '../../ports/agent-peers.ts'
import {
  choiceOf,
  type ControlAnswer,
  type ControlRequest,
  invalidRequest,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import { toldLines } from '../control/told-lines.ts'
import type { KernellNode } from '../kernell-node.ts'
import type { PaymentQuote } from './payment/market-payer.ts'
import { BY_ADDRESS } from './peers/agent-at.ts'

export type AgentNode = Pick<KernellNode, 'config' | 'openA2a' | 'agentPeers' | 'withAgentAt' | 'openMarket' | 'rights'>

const OPS = ['own', 'peers', 'card', 'call'] as const

/**
 * What commands ask of agents: the node's own card, and the agents of others, each by its name in the configuration or by an address that the operator stands for.
 * A call is answered in lines: text as it comes, a beat while nothing does, and the answer at last.
 *
 * Throws `REQUEST_INVALID`, `A2A_NOT_OPEN`, and as `AgentPeers`.
 */
export async function answerAgentControl(
  node: AgentNode,
  request: ControlRequest,
  options: AbortOptions = {},
): Promise<ControlAnswer> {
  switch (choiceOf(request, 'op', OPS)) {
    case 'own':
      return json(await ownCard(node, requiredText(request, 'baseUrl')))
    case 'peers':
      return json(peersOf(node))
    case 'card':
      return json(await withAgent(node, request, async (agents, name) => await agents.card(name, options)))
    case 'call':
      return { kind: 'lines', lines: callLines(node, request, options) }
    case undefined:
      throw invalidRequest('op', `op must be one of ${OPS.join(', ')}`)
  }
}

async function ownCard(node: AgentNode, baseUrl: string): Promise<{ readonly card: unknown; readonly keys: unknown }> {
  const a2a = await node.openA2a()
  return { card: await a2a.card({ baseUrl }), keys: a2a.keys }
}

/** The agents that the configuration names, without their keys. */
export function peersOf({ config }: Pick<AgentNode, 'config'>): readonly NamedAgent[] {
  return Object.entries(config.a2a.peers).map(([name, { card, key, skills, timeoutMs }]) => ({
    name,
    card,
    isPinned: key !== undefined,
    skills: skills ?? null,
    timeoutMs,
  }))
}

export type NamedAgent = {
  readonly name: string
  readonly card: string
  readonly isPinned: boolean
  /** `null`: all that its card names. */
  readonly skills: readonly string[] | null
  readonly timeoutMs: number
}

/** By address, unless the configuration has a name like that. */
async function withAgent<Result>(
  { agentPeers, withAgentAt }: AgentNode,
  request: ControlRequest,
  work: (agents: AgentPeers, name: string) => Promise<Result>,
): Promise<Result> {
  const peer = requiredText(request, 'peer')
  if (!/^https?:\/\//i.test(peer) || agentPeers.names.includes(peer)) return await work(agentPeers, peer)
  return await withAgentAt(peer, async (agents) => await work(agents, BY_ADDRESS))
}

function callLines(node: AgentNode, request: ControlRequest, { signal }: AbortOptions): AsyncIterable<string> {
  const task = taskOf(request)
  return toldLines(async (tell, running) => {
    const onText = request['isStreaming'] === true ? (text: string) => tell({ event: 'text', text }) : undefined
    await withAgent(node, request, async (agents, name) => {
      const payer = await payerOf(node, request, (quote) => tell({ event: 'quote', ...quote }))
      const answer = await agents.call(name, task, {
        signal: running,
        ...(onText !== undefined && { onText }),
        ...(payer !== undefined && { payer }),
      })
      // Plain data.
      tell({ event: 'answer', answer: answer as unknown as JsonValue })
    })
  }, signal)
}

/** What the operator allows to be paid; `undefined`: nothing. Throws `REQUEST_INVALID`, `A2A_PAYMENT_CLOSED`, `NODE_STOPPED`. */
async function payerOf(
  node: AgentNode,
  request: ControlRequest,
  onQuote: (quote: PaymentQuote) => void,
): Promise<AgentPayer | undefined> {
  const text = optionalText(request, 'payNanos')
  if (text === undefined) return undefined
  if (!/^[1-9][0-9]{0,19}$/.test(text)) throw invalidRequest('payNanos', 'payNanos must be nano-credits above 0')
  node.rights.stop.check()
  const currency = optionalText(request, 'currency')
  const market = await node.openMarket().catch((error: unknown) => {
    if (!CodedError.is(error, 'MARKET_NOT_OPEN')) throw error
    throw new CodedError('A2A_PAYMENT_CLOSED', { message: 'This node takes no part in the market', cause: error })
  })
  const { MarketPayer } = await import('./payment/market-payer.ts')
  return new MarketPayer({
    market,
    maxNanos: amountFromNanos(BigInt(text)),
    answerBytesMax: PAID_BYTES_MAX,
    onQuote,
    ...(currency !== undefined && { currency }),
  })
}

/** Of what is bought. */
const PAID_BYTES_MAX = 1_048_576

function taskOf(request: ControlRequest): AgentPeerTask {
  const skill = optionalText(request, 'skill')
  const contextId = optionalText(request, 'contextId')
  const taskId = optionalText(request, 'taskId')
  return {
    text: requiredText(request, 'text'),
    ...(skill !== undefined && { skill }),
    ...(contextId !== undefined && { contextId }),
    ...(taskId !== undefined && { taskId }),
  }
}

/** Plain data, as all of it comes from JSON or goes there. */
function json(body: unknown): ControlAnswer {
  return { kind: 'json', body: body as JsonValue }
}
