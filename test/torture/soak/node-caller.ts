import { Agent, type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'

/** The connection broke: the node is gone, or was ended in the middle. */
export class NodeGone extends Error {}

export type Question = {
  readonly method?: string
  readonly key?: string
  readonly body?: object | string | Buffer
  readonly headers?: Readonly<Record<string, string>>
  /** The caller leaves as soon as it has read something, or after so many milliseconds. */
  readonly leave?: 'reading' | number
}

/** `status` 0: the caller left. */
export type Told = { readonly status: number; readonly text: string; readonly headers: IncomingHttpHeaders }

/** Longest that a caller waits before it calls the node stuck. */
const PATIENCE_MS = 60_000

/** Calls a node over connections of its own, which are all closed on demand, so that what is left open is the node's. */
export class NodeCaller {
  url = ''
  #agent = new Agent({ keepAlive: true, maxSockets: 256 })

  /** Closes what is idle; nothing may be under way. */
  hangUp(): void {
    this.#agent.destroy()
    this.#agent = new Agent({ keepAlive: true, maxSockets: 256 })
  }

  /** Throws `NodeGone`. */
  async ask(path: string, question: Question = {}): Promise<Told> {
    const { method = question.body === undefined ? 'GET' : 'POST', leave } = question
    return await new Promise<Told>((resolve, reject) => {
      const asked = request(new URL(path, this.url), { method, agent: this.#agent, headers: headersOf(question) })
      const left = (): void => {
        resolve({ status: 0, text: '', headers: {} })
        asked.destroy()
      }
      const leaving = typeof leave === 'number' ? setTimeout(left, leave) : undefined
      asked.setTimeout(PATIENCE_MS, () => asked.destroy(new Error('no word for a minute')))
      asked.on('error', (error) => reject(new NodeGone(error.message)))
      asked.on('close', () => clearTimeout(leaving))
      asked.on('response', (response) => hear(response, { resolve, reject, ...(leave === 'reading' && { left }) }))
      send(asked, question)
    })
  }
}

type Hearing = {
  readonly resolve: (told: Told) => void
  readonly reject: (error: NodeGone) => void
  /** For who leaves when something was read. */
  readonly left?: () => void
}

function hear(response: IncomingMessage, { resolve, reject, left }: Hearing): void {
  const pieces: Buffer[] = []
  response.on('data', (piece: Buffer) => {
    pieces.push(piece)
    if (left !== undefined && response.statusCode === 200) left()
  })
  response.on('error', (error) => reject(new NodeGone(error.message)))
  response.on('end', () => {
    if (!response.complete) return reject(new NodeGone('the answer broke off'))
    resolve({
      status: response.statusCode ?? 0,
      text: Buffer.concat(pieces).toString(),
      headers: response.headers,
    })
  })
}

function headersOf({ key, body, headers }: Question): Record<string, string> {
  const isJson = typeof body === 'object' && !Buffer.isBuffer(body)
  return {
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
    ...((isJson || typeof body === 'string') && { 'content-type': 'application/json' }),
    ...headers,
  }
}

function send(asked: ClientRequest, { body }: Question): void {
  if (body === undefined) asked.end()
  else if (typeof body === 'string' || Buffer.isBuffer(body)) asked.end(body)
  else asked.end(JSON.stringify(body))
}

/** The answer as an object; empty for what is none. */
export function jsonOf({ text }: Pick<Told, 'text'>): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

/** The word by which an answer is counted: its code where it has one, also in the middle of a stream. */
export function wordOf(told: Told): string {
  if (told.status === 0) return 'left'
  const [, code] = /"code":"([A-Za-z_]+)"/.exec(told.text) ?? []
  return code ?? (told.status < 300 ? 'answered' : String(told.status))
}
