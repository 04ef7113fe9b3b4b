import { CodedError } from '../../base/errors.ts'
import type { Transport } from '../../ports/transport.ts'
import { encodeMarketPost, MARKET_PROTOCOL } from '../../wire/v1/market-frames.ts'
import type { SilentNode } from './market-init.ts'
import { formatPeerAddress, type PeerAddress } from '../../wire/v1/peer-address.ts'

/** Longest wait for a node to be there. */
const WAIT_MS = 5_000
/** Asked for nobody's offers: any answer, a refusal too, is a sign of life. */
const QUESTION = { frame: { type: 'offers-wanted', skill: 'kernell.anybody-there' } } as const

/** Which of these nodes give no answer, each with the reason. */
export async function findSilent(
  transport: Transport,
  nodes: readonly PeerAddress[],
  signal: AbortSignal,
): Promise<readonly SilentNode[]> {
  const silent = await Promise.all(nodes.map(async (node) => await silenceOf(transport, node, signal)))
  return silent.filter((each) => each !== undefined)
}

async function silenceOf(
  transport: Transport,
  node: PeerAddress,
  signal: AbortSignal,
): Promise<SilentNode | undefined> {
  const question = { protocol: MARKET_PROTOCOL, body: encodeMarketPost(QUESTION), timeoutMs: WAIT_MS }
  try {
    await transport.request(node.did, question, { signal })
    return undefined
  } catch (error: unknown) {
    if (signal.aborted) return undefined
    if (!CodedError.is(error)) throw error
    if (error.code === 'NETWORK_PROTOCOL_UNKNOWN') return undefined
    return { address: formatPeerAddress(node), code: error.code, message: reasonOf(error) }
  }
}

/** What is behind "does not answer", such as that nobody listens there. */
function reasonOf({ message, cause }: CodedError): string {
  const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
  if (code === 'ECONNREFUSED' || code === 'ENOENT') return 'nobody listens there'
  return message
}
