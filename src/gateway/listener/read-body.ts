import type { IncomingMessage } from 'node:http'
import { CodedError } from '../../base/errors.ts'

/** How much of a body that is too large is read and thrown away, so that the sender gets to see why it was refused. */
const DISCARDED_BYTES_MAX = 64 * 1024 * 1024

const JSON_TYPE = /^application\/json\s*(?:;|$)/i

/** Bodies that were read before their endpoint asked for them. */
const READ_BEFORE = new WeakMap<IncomingMessage, Buffer>()

/** Gives the body of a request to whoever reads it next. */
export function rememberBody(request: IncomingMessage, body: Buffer): void {
  READ_BEFORE.set(request, body)
}

/**
 * Reads the body of a request.
 *
 * @param bytesMax  Longer bodies are refused, by their declared length before a byte is read.
 * @param mediaType  What the content type has to be. Default JSON.
 *
 * Throws `GATEWAY_BODY_TOO_LARGE`, `GATEWAY_MEDIA_TYPE`, and `REQUEST_ABORTED` when the sender goes away in the middle.
 */
export function readBody(request: IncomingMessage, bytesMax: number, mediaType = JSON_TYPE): Promise<Buffer> {
  checkMediaType(request, mediaType)
  const known = READ_BEFORE.get(request)
  if (known !== undefined) return Promise.resolve(known)
  const declared = Number(request.headers['content-length'] ?? 0)
  if (declared > bytesMax + DISCARDED_BYTES_MAX) return Promise.reject(tooLarge(bytesMax))
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    const finish = (): void => {
      if (size > bytesMax) reject(tooLarge(bytesMax))
      else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks))
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= bytesMax) chunks.push(chunk)
      else chunks.length = 0
      // A body of declared length is complete with its last byte; the event that says so comes a turn later.
      if (size === declared) finish()
      if (size <= bytesMax + DISCARDED_BYTES_MAX) return
      request.pause()
      reject(tooLarge(bytesMax))
    })
    request.on('end', finish)
    const abort = (): void => {
      // The request closes after its end too.
      if (request.complete) return
      reject(new CodedError('REQUEST_ABORTED', { message: 'The sender went away before the body was complete' }))
    }
    request.on('error', abort)
    request.on('close', abort)
  })
}

function tooLarge(bytesMax: number): CodedError {
  return new CodedError('GATEWAY_BODY_TOO_LARGE', {
    message: `The body is longer than ${bytesMax} bytes`,
    details: { bytesMax },
  })
}

/** JSON only: a web page can send forms and plain text anywhere without asking, but not this type. */
function checkMediaType(request: IncomingMessage, mediaType: RegExp): void {
  const type = request.headers['content-type']
  if (type !== 'application/json' && !mediaType.test(type ?? '')) {
    throw new CodedError('GATEWAY_MEDIA_TYPE', { message: 'The content type must be application/json' })
  }
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') {
    throw new CodedError('GATEWAY_MEDIA_TYPE', { message: 'Compressed bodies are not read' })
  }
}
