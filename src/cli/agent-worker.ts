import type { AgentProgress } from 'kernell-os/agents'
import type { KernellNode } from '../node/kernell-node.ts'
import { CHAT_AGENT, createChatWorker } from '../node/market/chat-worker.ts'
import { createHidingWorker } from '../node/market/hiding-worker.ts'
import type { MarketWorker } from '../node/market/market-init.ts'
import { callerOfPayer } from '../node/market/payer-tenant.ts'
import { CodedError } from '../base/errors.ts'

/**
 * A packaged agent as the worker behind an offer: its input is the JSON of the task, its result the JSON of its answer. `chat` is no agent: it sells answers of the node's router.
 * Where secrets are kept from models outside, they are kept from payers as well.
 */
export async function findAgentWorker(name: string, node: KernellNode): Promise<MarketWorker | undefined> {
  const worker = await openWorker(name, node)
  const isHiding = node.config.privacy?.hidesSecrets === true
  return worker === undefined || !isHiding ? worker : createHidingWorker(worker)
}

async function openWorker(name: string, node: KernellNode): Promise<MarketWorker | undefined> {
  if (name === CHAT_AGENT) return createChatWorker(node.router)
  const { findAgent } = await import('kernell-os/agents')
  const agent = findAgent(name)
  if (agent === undefined) return undefined
  return async (bytes, { signal, progress, payer }) => {
    const onProgress = (event: AgentProgress): void => {
      const step = stepOf(event)
      if (step !== undefined) progress(step)
    }
    const { actors, router } = node
    const result = await agent.run({
      actors,
      router,
      caller: { ...callerOfPayer(payer, name), agent: agent.name },
      node,
      input: inputOf(bytes),
      signal,
      onProgress,
    })
    if (result.hasFailures)
      throw new CodedError('MARKET_ROLE_MISSING', { message: `The agent ${name} could not do the work` })
    return new TextEncoder().encode(JSON.stringify(result.document))
  }
}

type WorkProgress = Parameters<Parameters<MarketWorker>[1]['progress']>[0]

/** The name of a step, and how much is done where the agent counts that. Its other details may be what the work is paid for. */
function stepOf({ type, step, done, of }: AgentProgress): WorkProgress | undefined {
  if (type !== 'progress' || typeof step !== 'string') return undefined
  const isCounted = typeof done === 'number' && typeof of === 'number' && of > 0
  return { text: step, ...(isCounted && { donePpm: Math.floor((done / of) * 1_000_000) }) }
}

function inputOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause: unknown) {
    throw new CodedError('REQUEST_INVALID', { message: 'The input of an agent is JSON', cause })
  }
}
