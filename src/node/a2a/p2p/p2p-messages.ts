import { CodedError } from '../../../base/errors.ts'
import { BODY_BYTES_MAX } from '../../../ports/transport.ts'

/** The protocol between nodes. */
export const A2A_PROTOCOL = '/kernell/a2a/1.0.0'
/** How cards name the binding. */
export const P2P_BINDING = 'urn:kernell-os:a2a:p2p:1'

/**
 * A question: a request of JSON-RPC as A2A has it, for the next events of a stream, or that nobody listens to a stream any more. Each may be asked twice: requests are known by `call`, events by their
 * number.
 */
export type P2pQuestion =
  | { readonly kind: 'rpc'; readonly call: string; readonly request: object; readonly extensions?: readonly string[] }
  | { readonly kind: 'next'; readonly stream: string; readonly from: number }
  | { readonly kind: 'leave'; readonly stream: string }

/** An answer: that of JSON-RPC, or a piece of a stream of such answers. */
export type P2pAnswer =
  | { readonly kind: 'rpc'; readonly answer: unknown }
  | {
      readonly kind: 'events'
      readonly stream: string
      /** Number of the first of the events. */
      readonly from: number
      readonly events: readonly unknown[]
      readonly isOver: boolean
    }
  | { readonly kind: 'left' }

const NAME = /^[A-Za-z0-9-]{1,64}$/
const EXTENSIONS_MAX = 32

export function encodeP2p(message: P2pQuestion | P2pAnswer): Uint8Array {
  const bytes = new TextEncoder().encode(JSON.stringify(message))
  if (bytes.byteLength <= BODY_BYTES_MAX) return bytes
  throw new CodedError('NETWORK_BODY_TOO_LARGE', { message: `An A2A message has ${bytes.byteLength} bytes` })
}

/** Throws `REQUEST_INVALID` for bytes that are no question. */
export function decodeP2pQuestion(bytes: Uint8Array): P2pQuestion {
  const { kind, call, request, stream, from, extensions } = objectOf(bytes)
  if (kind === 'rpc' && isName(call) && typeof request === 'object' && request !== null) {
    const uris = Array.isArray(extensions) ? extensions.filter((uri) => typeof uri === 'string') : []
    return { kind, call, request, extensions: uris.slice(0, EXTENSIONS_MAX) }
  }
  if (kind === 'next' && isName(stream) && isCount(from)) return { kind, stream, from }
  if (kind === 'leave' && isName(stream)) return { kind, stream }
  throw invalid()
}

/** Throws `REQUEST_INVALID` for bytes that are no answer. */
export function decodeP2pAnswer(bytes: Uint8Array): P2pAnswer {
  const { kind, answer, stream, from, events, isOver } = objectOf(bytes)
  if (kind === 'rpc' && typeof answer === 'object' && answer !== null) return { kind, answer }
  if (kind === 'left') return { kind }
  if (kind === 'events' && isName(stream) && isCount(from) && Array.isArray(events) && typeof isOver === 'boolean')
    return { kind, stream, from, events, isOver }
  throw invalid()
}

function objectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  } catch {
    throw invalid()
  }
  throw invalid()
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && NAME.test(value)
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function invalid(): CodedError {
  return new CodedError('REQUEST_INVALID', { message: 'The message is none of the A2A protocol between nodes' })
}
