import { asRecord, parseJson } from '../json-access.ts'
import { decodeOpenaiChunk } from './openai-response.ts'

/** Chunks from which the repetition is tried to be learnt. Some servers put something new into every chunk, and then it never is. */
const ATTEMPTS_MAX = 4

type Frame = { readonly before: string; readonly after: string }

/**
 * Reads the chunks of a stream that differ from an earlier one in their text alone, which nearly all do, without parsing them:
 *
 *     {"id":"c1",…,"choices":[{"index":0,"delta":{"content":"  Hello  "},"finish_reason":null}]}
 *     └───────────────────── before ────────────────────────┘       └──────── after ────────┘
 *
 * What lies between the two frames is taken only when it is the body of one JSON string, so that the whole could not be read in another way.
 */
export class RepeatedChunk {
  #frame: Frame | undefined
  #attemptCount = 0

  /** The text of a chunk; `undefined` when it has to be parsed. Never the empty text. */
  textOf(data: string): string | undefined {
    const frame = this.#frame
    if (frame === undefined || data.length <= frame.before.length + frame.after.length) return undefined
    if (!data.startsWith(frame.before) || !data.endsWith(frame.after)) return undefined
    return readStringBody(data.slice(frame.before.length, data.length - frame.after.length))
  }

  /** Learns the frame from a chunk that was parsed and holds this text and nothing else. */
  learn(data: string, text: string): void {
    if (this.#attemptCount >= ATTEMPTS_MAX) return
    this.#attemptCount += 1
    const literal = JSON.stringify(text)
    const at = data.indexOf(literal, data.indexOf('"content"') + '"content"'.length)
    if (at === -1) return
    const frame = { before: data.slice(0, at + 1), after: data.slice(at + literal.length - 1) }
    if (isFrameOfText(frame)) this.#frame = frame
  }
}

/** Whether a text put between the frames is the text of the chunk, and the chunk says nothing more. */
function isFrameOfText({ before, after }: Frame): boolean {
  const chunk = asRecord(parseJson(`${before}probe${after}`))
  const decoded = chunk === undefined || chunk['error'] ? undefined : decodeOpenaiChunk(chunk)
  if (decoded === undefined || decoded.finishReason !== undefined || decoded.usage !== undefined) return false
  const [part] = decoded.parts
  return decoded.parts.length === 1 && part?.type === 'text-delta' && part.text === 'probe'
}

/** The string whose JSON body this is; `undefined` when it is none. */
function readStringBody(body: string): string | undefined {
  if (isPlain(body)) return body
  const text = parseJson(`"${body}"`)
  return typeof text === 'string' ? text : undefined
}

/** Whether the body stands for itself: no quote, no escape, no control character. */
function isPlain(body: string): boolean {
  for (let index = 0; index < body.length; index += 1) {
    const unit = body.charCodeAt(index)
    if (unit === 34 || unit === 92 || unit < 32) return false
  }
  return true
}
