import { randomBytes } from 'node:crypto'
import { CodedError } from '../../base/errors.ts'
import type { KernellNode } from '../../node/kernell-node.ts'
import { CARE, type EndpointEntry } from '../endpoint.ts'
import type { Exchange, GatewayContext } from '../exchange.ts'
import { ChangeStream } from './change-stream.ts'

/** Readers of a node at a time. */
const STREAMS_MAX = 32

export const EVENT_ENDPOINT: EndpointEntry = {
  ...CARE,
  route: '/v1/node/events',
  isPersonal: true,
  isOpenEnded: true,
  answer: answerEvents,
}

type Watched = { readonly epoch: string; streams: number; follower: AbortController | undefined }

/** Per node: how many watch it, and who follows its market for them. */
const watchedNodes = new WeakMap<KernellNode, Watched>()

/** `GET /v1/node/events`: what changes on the node, until the reader leaves or the node stops. Throws `GATEWAY_OVERLOADED`. */
async function answerEvents(exchange: Exchange, { node }: GatewayContext): Promise<void> {
  const watched = watchedOf(node)
  if (watched.streams >= STREAMS_MAX)
    throw new CodedError('GATEWAY_OVERLOADED', { message: `${STREAMS_MAX} readers follow this node already` })
  const { request, response, signal, commonHeaders } = exchange
  if (signal.aborted) return
  watched.streams += 1
  watched.follower ??= followMarket(node)
  const lastEventId = request.headers['last-event-id']
  const stream = new ChangeStream({
    node,
    response,
    headers: commonHeaders,
    epoch: watched.epoch,
    lastEventId: typeof lastEventId === 'string' ? lastEventId : undefined,
  })
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
    response.on('close', () => resolve())
  })
  stream.close()
  watched.streams -= 1
  if (watched.streams > 0) return
  watched.follower?.abort()
  watched.follower = undefined
}

function watchedOf(node: KernellNode): Watched {
  const known = watchedNodes.get(node)
  if (known !== undefined) return known
  const made: Watched = { epoch: randomBytes(6).toString('base64url'), streams: 0, follower: undefined }
  watchedNodes.set(node, made)
  return made
}

/** Tells of steps of contracts, where the node takes part in the market. */
function followMarket(node: KernellNode): AbortController {
  const ending = new AbortController()
  const follow = async (): Promise<void> => {
    const market = await node.openMarket()
    for await (const _step of market.transitions({ signal: ending.signal })) node.activity.changes.note('market')
  }
  // A node without a market has no steps, and one that closes tells of none any more.
  follow().catch(() => undefined)
  return ending
}
