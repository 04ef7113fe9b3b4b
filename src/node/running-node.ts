import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ERROR_CODES, type ErrorCode } from '../base/error-codes.ts'
import { CodedError } from '../base/errors.ts'
import { createOutboundFetch } from '../guard/outbound-fetch.ts'
import type { OutboundResponse } from '../ports/outbound-fetch.ts'
import { isProcessAlive } from './is-process-alive.ts'

/** A node that serves from a data directory: its process, and where it is reached from this machine. */
export type RunningNode = { readonly pid: number; readonly url: string }

/** File of the data directory that says who serves from it; only its owner can read it. */
const FILE = 'serve.json'

/** Where a data directory says who serves from it, and with which control token. */
export function announcementFile(dataDir: string): string {
  return join(dataDir, FILE)
}

/** Largest answer of a node: a million records, or the largest policy. */
const ANSWER_BYTES_MAX = 16 * 1024 ** 3

/**
 * Says in the data directory that this process serves at `url`, with the secret that its control endpoint asks for. Throws what the file system
 * throws.
 */
export function announceRunningNode(dataDir: string, url: string, controlToken?: string): void {
  const file = join(dataDir, FILE)
  const draft = `${file}.${process.pid}.tmp`
  const announcement = { pid: process.pid, url, ...(controlToken !== undefined && { control_token: controlToken }) }
  writeFileSync(draft, `${JSON.stringify(announcement)}\n`, { mode: 0o600 })
  renameSync(draft, file)
}

/** The secret of the node that serves from this data directory; kept apart from what is shown of it. `undefined` when it has none. */
export function readControlToken(dataDir: string): string | undefined {
  const value = readFile(dataDir)
  const isGiven = typeof value === 'object' && value !== null && 'control_token' in value
  return isGiven && typeof value.control_token === 'string' ? value.control_token : undefined
}

/** Takes back what `announceRunningNode` said, unless another process has said something since. Never throws. */
export function withdrawRunningNode(dataDir: string): void {
  if (readAnnouncement(dataDir)?.pid !== process.pid) return
  try {
    rmSync(join(dataDir, FILE), { force: true })
  } catch {
    // A file that stays names a process that is gone, and is not believed.
  }
}

/** The node that serves from this data directory; `undefined` when none says so, or the process that did is gone. */
export function findRunningNode(dataDir: string): RunningNode | undefined {
  const announced = readAnnouncement(dataDir)
  return announced !== undefined && isProcessAlive(announced.pid) ? announced : undefined
}

function readAnnouncement(dataDir: string): RunningNode | undefined {
  const value = readFile(dataDir)
  if (typeof value !== 'object' || value === null || !('pid' in value) || !('url' in value)) return undefined
  const { pid, url } = value
  const isSound = Number.isSafeInteger(pid) && Number(pid) > 0 && typeof url === 'string' && URL.canParse(url)
  return isSound ? { pid: Number(pid), url } : undefined
}

function readFile(dataDir: string): unknown {
  try {
    return JSON.parse(readFileSync(join(dataDir, FILE), 'utf8'))
  } catch {
    return undefined
  }
}

export type RunningNodeQuestion = {
  /** Path and query, for example `/v1/chat/completions`. */
  readonly path: string
  readonly body: unknown
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** Key for the node's gateway; absent: none is sent. */
  readonly apiKey: string | undefined
  /** Longest wait for the answer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

export type RunningNodeAnswer = {
  /** Parsed JSON. */
  readonly body: unknown
  header(name: string): string | undefined
}

/** Asks a running node over HTTP; `close` ends its connections. */
export type RunningNodeClient = {
  /** Throws the coded error that the node answered with, `OUTBOUND_UNREACHABLE`, `OUTBOUND_TIMEOUT`, or the signal's reason. */
  ask(question: RunningNodeQuestion): Promise<RunningNodeAnswer>
  /** The same for an answer of JSON lines, as they come; each line without its line break. */
  lines(question: RunningNodeQuestion): AsyncIterable<string>
  close(): Promise<void>
}

/** Whether a failure of its client means that the node has gone, or knows nothing of what was asked; what it could not reach itself is another matter. */
export function isNodeGone(error: unknown, { url }: RunningNode): boolean {
  if (CodedError.is(error, 'GATEWAY_PATH_UNKNOWN')) return true
  return CodedError.is(error, 'OUTBOUND_UNREACHABLE') && error.details['url'] !== url
}

/** Connects to nothing but the node. */
export function createRunningNodeClient(node: RunningNode): RunningNodeClient {
  const outbound = createOutboundFetch({ allowedOrigins: [node.url] })
  const request = async (question: RunningNodeQuestion): Promise<OutboundResponse> => {
    const { path, body, headers, apiKey, timeoutMs, signal } = question
    const known = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
    const response = await outbound.request({
      url: `${node.url}${path}`,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...Object.fromEntries(known),
      },
      body: JSON.stringify(body),
      headersTimeoutMs: timeoutMs,
      idleTimeoutMs: timeoutMs,
      responseBytesMax: ANSWER_BYTES_MAX,
      signal,
    })
    if (response.status >= 400) throw failureOf(parseAnswer(await response.text()), node, apiKey !== undefined)
    return response
  }
  return {
    async ask(question) {
      const response = await request(question)
      return { body: parseAnswer(await response.text()), header: (name) => response.header(name) }
    },
    async *lines(question) {
      const { body } = await request(question)
      const decoder = new TextDecoder()
      let rest = ''
      for await (const piece of body) {
        const lines = `${rest}${decoder.decode(piece, { stream: true })}`.split('\n')
        rest = lines.pop() ?? ''
        yield* lines
      }
      if (rest !== '') yield rest
    },
    close: async () => await outbound.close(),
  }
}

function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** What OpenAI's interface calls some of our codes. */
const CODE_OF_WORD: ReadonlyMap<string, ErrorCode> = new Map([
  ['invalid_api_key', 'GATEWAY_KEY_INVALID'],
  ['rate_limit_exceeded', 'GATEWAY_OVERLOADED'],
  ['model_not_found', 'ROUTER_MODEL_UNKNOWN'],
  ['insufficient_quota', 'BUDGET_EXCEEDED'],
])

function failureOf(answer: unknown, node: RunningNode, hasKey: boolean): CodedError {
  const { message, code: word, details } = errorMembersOf(answer)
  const code = CODE_OF_WORD.get(word) ?? (isErrorCode(word) ? word : 'INTERNAL_ERROR')
  if (code === 'GATEWAY_KEY_INVALID') {
    const remedy = 'Set KERNELL_API_KEY to a key of that node.'
    const what = hasKey
      ? 'does not know the key in KERNELL_API_KEY'
      : 'wants an API key, and KERNELL_API_KEY is not set'
    return new CodedError(code, {
      message: `The node at ${node.url} ${what}`,
      details: { url: node.url, remedy },
    })
  }
  return new CodedError(code, { message, details: { ...details, url: node.url } })
}

type ErrorMembers = { readonly message: string; readonly code: string; readonly details: object }

function errorMembersOf(answer: unknown): ErrorMembers {
  const error: unknown = typeof answer === 'object' && answer !== null && 'error' in answer ? answer.error : undefined
  const members: { readonly message?: unknown; readonly code?: unknown; readonly details?: unknown } =
    typeof error === 'object' && error !== null ? error : {}
  return {
    message: typeof members.message === 'string' ? members.message : 'The running node failed without saying why',
    code: typeof members.code === 'string' ? members.code : '',
    details: typeof members.details === 'object' && members.details !== null ? members.details : {},
  }
}

function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(ERROR_CODES, word)
}
