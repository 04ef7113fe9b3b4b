import { randomUUID } from 'node:crypto'
import { CodedError } from '../../../base/errors.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { Transport } from '../../../ports/transport.ts'
import type { ClientFetch } from '../peers/peer-fetch.ts'
import { A2A_PROTOCOL, decodeP2pAnswer, encodeP2p, type P2pAnswer, type P2pQuestion } from './p2p-messages.ts'

/** Longest wait for an answer; the other side answers a question for events sooner. */
const TIMEOUT_MS = 60_000

/**
 * The transport in the form that the library's client for JSON-RPC calls: its requests go to a node as questions, and a stream comes back as server-sent events, asked
 * for piece by piece. The address that it is given does not matter.
 */
export function p2pFetch(transport: Transport, peer: Did): ClientFetch {
  const ask = async (question: P2pQuestion, signal: AbortSignal | undefined): Promise<P2pAnswer> => {
    const sent = { protocol: A2A_PROTOCOL, body: encodeP2p(question), timeoutMs: TIMEOUT_MS }
    return decodeP2pAnswer(await transport.request(peer, sent, signal === undefined ? {} : { signal }))
  }
  return async (input, options) => {
    const request = new Request(input, options)
    const signal = options?.signal ?? undefined
    const extensions = request.headers.get('a2a-extensions')
    const body = JSON.parse(await request.text()) as object
    const question: P2pQuestion = {
      kind: 'rpc',
      call: randomUUID(),
      request: body,
      ...(extensions !== null && { extensions: extensions.split(',').map((uri) => uri.trim()) }),
    }
    const answer = await ask(question, signal)
    if (answer.kind === 'rpc') return jsonOf(answer.answer)
    if (answer.kind === 'left') throw unexpected()
    return new Response(
      eventsOf(answer.stream, (next) => ask(next, signal)),
      {
        headers: { 'content-type': 'text/event-stream' },
      },
    )
  }
}

function jsonOf(value: unknown): Response {
  return new Response(JSON.stringify(value), { headers: { 'content-type': 'application/json' } })
}

function eventsOf(stream: string, ask: (question: P2pQuestion) => Promise<P2pAnswer>): ReadableStream<Uint8Array> {
  let from = 0
  const encoder = new TextEncoder()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      // A question may be answered with nothing: it waited long enough.
      for (let isTold = false; !isTold;) {
        const answer = await ask({ kind: 'next', stream, from })
        if (answer.kind !== 'events' || answer.from !== from) throw unexpected()
        for (const event of answer.events) controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`))
        from += answer.events.length
        isTold = answer.events.length > 0
        if (!answer.isOver) continue
        controller.close()
        return
      }
    },
    async cancel() {
      await ask({ kind: 'leave', stream }).catch(() => undefined)
    },
  })
}

function unexpected(): CodedError {
  return new CodedError('A2A_PEER_FAILED', { message: 'The node answered something else than was asked' })
}
