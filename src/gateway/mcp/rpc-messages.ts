import { isUtf8 } from 'node:buffer'
import type { JsonValue } from '../../base/canonical-json.ts'
import { type Exchange, respondJson } from '../exchange.ts'

export type RpcError = { readonly status: number; readonly code: number; readonly message: string }

export type ReadMessage =
  | { readonly kind: 'read'; readonly value: JsonValue }
  | ({ readonly kind: 'invalid' } & RpcError)

/** The body of a request as JSON, whatever it says. */
export function readMessage(body: Buffer): ReadMessage {
  if (!isUtf8(body)) return unreadable('The body is not valid UTF-8')
  try {
    return { kind: 'read', value: JSON.parse(body.toString('utf8')) as JsonValue }
  } catch {
    return unreadable('The body is not valid JSON')
  }
}

function unreadable(why: string): ReadMessage {
  return { kind: 'invalid', status: 400, code: -32_700, message: `Parse error: ${why}` }
}

/** Answers with an error of JSON-RPC that is about no request in particular. */
export function respondRpcError(exchange: Exchange, { status, code, message }: RpcError): void {
  respondJson(exchange, JSON.stringify({ jsonrpc: '2.0', error: { code, message }, id: null }), { status })
}
