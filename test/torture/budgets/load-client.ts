import { setTimeout as sleep } from 'node:timers/promises'
import { secretOf } from './load-world.ts'

export type LoadRequest = {
  readonly key: string
  readonly model: string
  /** Tells requests apart, and decides with the seed what becomes of this one. */
  readonly line: number
  readonly outputMax: number
  readonly isStreaming?: boolean
  /** The caller goes away as soon as it has read something. */
  readonly isLeaving?: boolean
  readonly signal?: AbortSignal
}

/** `gone`: the connection broke, or the caller left. */
export type LoadAnswer = {
  readonly status: number | 'gone'
  readonly text: string
  readonly retryAfterS: number | undefined
}

/** One request over HTTP. Never rejects. */
export async function askServer(url: string, request: LoadRequest): Promise<LoadAnswer> {
  const leaving = new AbortController()
  const signals = [leaving.signal, ...(request.signal === undefined ? [] : [request.signal])]
  try {
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${secretOf(request.key)}` },
      body: JSON.stringify(bodyOf(request)),
      signal: AbortSignal.any(signals),
    })
    const retryAfter = response.headers.get('retry-after')
    const decoder = new TextDecoder()
    let text = ''
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece as Uint8Array, { stream: true })
      if (request.isLeaving === true && response.ok) leaving.abort()
    }
    return { status: response.status, text, retryAfterS: retryAfter === null ? undefined : Number(retryAfter) }
  } catch {
    return { status: 'gone', text: '', retryAfterS: undefined }
  }
}

/** Tries of a patient caller at most. */
const PATIENT_TRIES = 8

/** Asks again while a model is left alone, each time as late as the answer says. */
export async function askPatiently(url: string, request: LoadRequest): Promise<LoadAnswer> {
  for (let tried = 1; ; tried += 1) {
    const answer = await askServer(url, request)
    if (wordOf(answer) !== 'MODEL_CIRCUIT_OPEN' || tried === PATIENT_TRIES) return answer
    await sleep((answer.retryAfterS ?? 0) * 1_000)
  }
}

function bodyOf({ key, model, line, outputMax, isStreaming = false }: LoadRequest): object {
  return {
    model: `up/${model}`,
    stream: isStreaming,
    max_tokens: outputMax,
    messages: [{ role: 'user', content: `Say line ${line} for ${key} about the sea` }],
  }
}

/** The word by which an answer is counted: `answered`, or the code that it was refused or broken off with. */
export function wordOf({ status, text }: LoadAnswer): string {
  if (status === 'gone') return 'gone'
  const code = /"code":"([A-Za-z_]+)"/.exec(text)?.[1]
  const breaker = text.includes('MODEL_CIRCUIT_OPEN') ? 'MODEL_CIRCUIT_OPEN' : code
  return breaker ?? (status === 200 ? 'answered' : String(status))
}

const PROBE_TOKENS = 10_000_000

/** What a key's outermost budget has left, as the refusal of a call says that is too dear for it; `gone` where the server does not answer, `admitted` where it refuses nothing. */
export async function roomOf(url: string, key: string, model: string): Promise<bigint | 'gone' | 'admitted'> {
  const { text, status } = await askServer(url, { key, model, line: 0, outputMax: PROBE_TOKENS })
  if (status === 'gone') return 'gone'
  const [, room] = /"availableNanos":"([0-9]+)"/.exec(text) ?? []
  return room === undefined ? 'admitted' : BigInt(room)
}
