import { connect, type Socket } from 'node:net'

export type LoadInit = {
  readonly port: number
  readonly path: string
  /** Header lines besides host and length, each ending in CRLF. */
  readonly headerLines: string
  readonly connections: number
  /** Time that is measured. */
  readonly durationMs: number
  /** Load before that, counted and checked but not timed: what ran on these processors before was another contestant. */
  readonly settleMs: number
  /** Body of the request with this number; numbers never repeat within a run. */
  readonly nextBody: () => string
  /** Text that every complete answer holds. */
  readonly marker: string
}

export type LoadResult = {
  /** All that were answered, those before the measured time included. */
  readonly requests: number
  /** The measured time; `latenciesMs` holds its requests. */
  readonly seconds: number
  /** Milliseconds from the first byte sent to the last byte received, ascending. */
  readonly latenciesMs: Float64Array
  /** Milliseconds from the first byte sent until the first word of the answer was there, ascending; of the same requests. */
  readonly firstsMs: Float64Array
}

/** What every answer of the upstream begins with. */
const FIRST_WORD = 'Word0'

/**
 * Sends requests over keep-alive connections, each as soon as the answer before it is complete, and checks every answer. It reads just enough of
 * HTTP/1.1 to know where an answer ends: on two cores, a thorough client would be what is measured.
 *
 * Rejects when an answer is not a complete success.
 */
export async function runLoad(init: LoadInit): Promise<LoadResult> {
  const countFromMs = performance.now() + init.settleMs
  const run: Run = { latencies: [], firsts: [], requests: 0, countFromMs, endMs: countFromMs + init.durationMs }
  await Promise.all(Array.from({ length: init.connections }, () => drive(init, run)))
  const seconds = (performance.now() - countFromMs) / 1_000
  return { requests: run.requests, seconds, latenciesMs: ascending(run.latencies), firstsMs: ascending(run.firsts) }
}

function ascending(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort()
}

type Run = {
  readonly latencies: number[]
  readonly firsts: number[]
  requests: number
  readonly countFromMs: number
  readonly endMs: number
}

function drive(init: LoadInit, run: Run): Promise<void> {
  return new Promise((resolve, reject) => {
    const head = `POST ${init.path} HTTP/1.1\r\nhost: 127.0.0.1:${init.port}\r\ncontent-type: application/json\r\n${init.headerLines}content-length: `
    const socket = connect({ port: init.port, host: '127.0.0.1', noDelay: true })
    let sentMs = 0
    let received: Buffer | undefined
    let firstMs: number | undefined
    const send = (): void => {
      const body = init.nextBody()
      sentMs = performance.now()
      socket.write(`${head}${Buffer.byteLength(body)}\r\n\r\n${body}`)
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`The server closed a connection: ${preview(received)}`)))
    socket.on('data', (chunk: Buffer) => {
      received = received === undefined ? chunk : Buffer.concat([received, chunk])
      if (firstMs === undefined && received.includes(FIRST_WORD)) firstMs = performance.now() - sentMs
      if (!isComplete(received)) return
      const nowMs = performance.now()
      if (!isSuccess(received, init.marker)) {
        abandon(socket)
        reject(new Error(`An answer was not a success: ${preview(received)}`))
        return
      }
      received = undefined
      run.requests += 1
      if (nowMs >= run.countFromMs) {
        run.latencies.push(nowMs - sentMs)
        run.firsts.push(firstMs ?? nowMs - sentMs)
      }
      firstMs = undefined
      if (nowMs < run.endMs) return send()
      abandon(socket)
      resolve()
    })
  })
}

function abandon(socket: Socket): void {
  socket.removeAllListeners('close')
  socket.destroy()
}

/** Whether the bytes are a whole answer. Requests are never pipelined, so that nothing can follow it. */
function isComplete(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n')
  if (end === -1) return false
  const head = bytes.toString('latin1', 0, end).toLowerCase()
  const at = head.indexOf('content-length: ')
  if (at !== -1) return bytes.length >= end + 4 + Number.parseInt(head.slice(at + 16), 10)
  return bytes.length >= end + 9 && bytes.toString('latin1', bytes.length - 5) === '0\r\n\r\n'
}

function isSuccess(bytes: Buffer, marker: string): boolean {
  return bytes.toString('latin1', 0, 12) === 'HTTP/1.1 200' && bytes.includes(marker)
}

function preview(bytes: Buffer | undefined): string {
  return bytes === undefined ? '(nothing received)' : bytes.toString('utf8', 0, 600)
}
