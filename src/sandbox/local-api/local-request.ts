import { type IncomingMessage, request } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { CodedError } from '../../base/errors.ts'

export type LocalRequest = {
  /** Of a service of this machine. */
  readonly socketPath: string
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE'
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as they are, in the place of `body`. */
  readonly bytes?: Uint8Array
  /** Gives the answer up, and its connection with it. */
  readonly signal?: AbortSignal | undefined
  /** Until the answer is whole, milliseconds; default 30 s. */
  readonly withinMs?: number
}

export type LocalReply = {
  readonly status: number
  /** Parsed where it is JSON; else text. */
  readonly body: unknown
}

const WITHIN_MS = 30_000
const REPLY_BYTES_MAX = 4_194_304
const COMPLAINT_MAX = 500

/** Asks a service on a Unix socket of this machine. Throws `SANDBOX_UNAVAILABLE` where nobody listens, `SANDBOX_BROKEN` for an answer that is too long or late, and the signal's reason. */
export async function askLocally(init: LocalRequest): Promise<LocalReply> {
  const { response } = await open(init, {})
  return await readReply(init, response)
}

async function readReply({ signal }: LocalRequest, response: IncomingMessage): Promise<LocalReply> {
  let text = ''
  try {
    for await (const piece of response) {
      text += String(piece)
      if (text.length > REPLY_BYTES_MAX) throw new CodedError('SANDBOX_BROKEN', { message: 'an answer is too long' })
    }
  } catch (cause) {
    signal?.throwIfAborted()
    throw cause instanceof CodedError
      ? cause
      : new CodedError('SANDBOX_BROKEN', { message: 'an answer was cut off', cause })
  }
  return { status: response.statusCode ?? 0, body: parse(text) }
}

/** Asks for a connection that both sides then use as they like, as HTTP's `Upgrade` does. Throws as `askLocally`, and `SANDBOX_BROKEN` where it is refused. */
export async function connectLocally(init: LocalRequest): Promise<Duplex> {
  const { response, socket } = await open(init, { Connection: 'Upgrade', Upgrade: 'tcp' })
  if (socket === undefined) {
    const said = JSON.stringify((await readReply(init, response)).body ?? '').slice(0, COMPLAINT_MAX)
    throw new CodedError('SANDBOX_BROKEN', {
      message: `${init.path} was answered with ${response.statusCode ?? 0}: ${said}`,
    })
  }
  return socket
}

type Opened = { readonly response: IncomingMessage; readonly socket: Socket | undefined }

async function open(init: LocalRequest, headers: Readonly<Record<string, string>>): Promise<Opened> {
  init.signal?.throwIfAborted()
  const json = init.body === undefined ? undefined : JSON.stringify(init.body)
  const body = init.bytes ?? json
  const outgoing = request({
    socketPath: init.socketPath,
    method: init.method,
    path: init.path,
    agent: false,
    timeout: init.withinMs ?? WITHIN_MS,
    headers: {
      Host: 'localhost',
      Accept: 'application/json',
      ...(body !== undefined && {
        'Content-Type': init.bytes === undefined ? 'application/json' : 'application/x-tar',
        'Content-Length': Buffer.byteLength(body),
      }),
      ...headers,
    },
    ...(init.signal !== undefined && { signal: init.signal }),
  })
  outgoing.on('timeout', () =>
    outgoing.destroy(new CodedError('SANDBOX_BROKEN', { message: `${init.path} was not answered` })),
  )
  try {
    return await new Promise<Opened>((resolve, reject) => {
      outgoing.once('error', reject)
      outgoing.once('response', (response) => resolve({ response, socket: undefined }))
      outgoing.once('upgrade', (response, socket, head) => {
        socket.setTimeout(0)
        if (head.length > 0) socket.unshift(head)
        resolve({ response, socket })
      })
      outgoing.end(body)
    })
  } catch (cause) {
    init.signal?.throwIfAborted()
    if (cause instanceof CodedError) throw cause
    throw new CodedError('SANDBOX_UNAVAILABLE', { message: `nobody answers on ${init.socketPath}`, cause })
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text)
  } catch {
    return text
  }
}
