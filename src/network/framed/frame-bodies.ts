import { CodedError, type PlainError } from '../../base/errors.ts'

/** Longest name of a protocol. */
export const PROTOCOL_LENGTH_MAX = 64
const PROTOCOL_PATTERN = /^[\x21-\x7e]{1,64}$/
/** Longest message of a failure that is sent or believed. */
const MESSAGE_LENGTH_MAX = 1_000

/** What stands before the question in the body of a request: length of the protocol's name (u8), the name. Throws `RangeError` for a name that is none. */
export function questionPrefix(protocol: string): Uint8Array {
  if (!PROTOCOL_PATTERN.test(protocol)) throw new RangeError(`Not a protocol: ${protocol}`)
  const bytes = new Uint8Array(1 + protocol.length)
  bytes[0] = protocol.length
  for (let index = 0; index < protocol.length; index += 1) bytes[1 + index] = protocol.charCodeAt(index)
  return bytes
}

/** Reads the body of a request; the question is a view of it. Throws `NETWORK_FRAME_INVALID`. */
export function readQuestion(bytes: Uint8Array): { readonly protocol: string; readonly body: Uint8Array } {
  const end = 1 + (bytes[0] ?? 0)
  const protocol = String.fromCharCode(...bytes.subarray(1, Math.min(end, 1 + PROTOCOL_LENGTH_MAX)))
  if (end > bytes.byteLength || end > 1 + PROTOCOL_LENGTH_MAX || !PROTOCOL_PATTERN.test(protocol))
    throw new CodedError('NETWORK_FRAME_INVALID', { message: 'A question without a protocol' })
  return { protocol, body: bytes.subarray(end) }
}

/** Body of a failure. Details are left out: they are for whoever runs this node. */
export function writeFailure({ code, message }: PlainError): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ code, message: message.slice(0, MESSAGE_LENGTH_MAX) }))
}

/** Reads what `writeFailure` wrote, or the other side says was one. Throws `NETWORK_FRAME_INVALID`. */
export function readFailure(bytes: Uint8Array): { readonly code: string; readonly message: string } {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (typeof value === 'object' && value !== null && 'code' in value && 'message' in value) {
      const { code, message } = value
      if (typeof code === 'string' && typeof message === 'string')
        return { code, message: message.slice(0, MESSAGE_LENGTH_MAX) }
    }
  } catch {
    // Said below.
  }
  throw new CodedError('NETWORK_FRAME_INVALID', { message: 'A failure without code and message' })
}
