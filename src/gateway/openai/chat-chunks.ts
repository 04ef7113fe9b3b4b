import type { TokenLogprob } from '../../ports/language-model.ts'
import { type FailureDescription, formatFailure } from '../describe-failure.ts'
import type { DeltaPart, FinishPart, StreamForm, StreamSummary } from '../tasks/stream-form.ts'
import { formatFinishReason, formatUsage } from './format-chat-completion.ts'
import { formatLogprobs } from './format-logprobs.ts'

export type ChatChunksInit = {
  readonly taskId: string
  readonly modelId: string
  readonly createdS: number
  readonly isUsageWanted: boolean
  /** Place of the answer among those of its request; absent: it is the only one. */
  readonly index?: number
}

const DONE_EVENT = 'data: [DONE]\n\n'

/** What a reader is told of a failure after the first byte; no `[DONE]` follows. */
export function formatFailureEvent(description: FailureDescription): string {
  return `event: error\ndata: ${formatFailure(description)}\n\n`
}

/**
 * Formats the events of one streamed answer. What all of its chunks share is made once, since a stream has hundreds of them:
 *
 *     data: {"id":…,"choices":[{"index":0,"delta":  …  ,"logprobs":null,"finish_reason":  …  }]}
 *     └──────────── head ────────────────────────┘     └───────────── tail ───────────────────┘
 */
export class ChatChunks implements StreamForm {
  readonly #start: string
  readonly #head: string
  readonly #tail: string
  readonly #afterChoices: string
  readonly #isUsageWanted: boolean

  constructor(init: ChatChunksInit) {
    const id = JSON.stringify(`chatcmpl-${init.taskId}`)
    const model = JSON.stringify(init.modelId)
    this.#start = `data: {"id":${id},"object":"chat.completion.chunk","created":${init.createdS},"model":${model},"system_fingerprint":null,"choices":`
    this.#head = `${this.#start}[{"index":${init.index ?? 0},"delta":`
    this.#afterChoices = init.isUsageWanted ? ',"usage":null' : ''
    this.#tail = `,"logprobs":null,"finish_reason":null}]${this.#afterChoices}}\n\n`
    this.#isUsageWanted = init.isUsageWanted
  }

  /** The chunk that every stream begins with. */
  first(): string {
    return `${this.#head}{"role":"assistant","content":"","refusal":null}${this.#tail}`
  }

  delta(part: DeltaPart): string {
    if (part.type !== 'tool-call-delta' && part.logprobs !== undefined) return this.#likelyDelta(part, part.logprobs)
    if (part.type === 'text-delta') return `${this.#head}{"content":${JSON.stringify(part.text)}}${this.#tail}`
    if (part.type === 'refusal-delta') return `${this.#head}{"refusal":${JSON.stringify(part.text)}}${this.#tail}`
    const isFirstPiece = part.id !== undefined || part.name !== undefined
    const piece = {
      index: part.index,
      ...(part.id !== undefined && { id: part.id }),
      ...(isFirstPiece && { type: 'function' }),
      function: { ...(part.name !== undefined && { name: part.name }), arguments: part.argumentsText },
    }
    return `${this.#head}{"tool_calls":[${JSON.stringify(piece)}]}${this.#tail}`
  }

  /** The chunk with the finish reason, of an answer that others of its request outlast. */
  finish(finish: FinishPart): string {
    return `${this.#ending(finish)}}\n\n`
  }

  /**
   * The chunk with the finish reason, the one with the usage where it is wanted, and the end.
   *
   * @param summary  Figures of the task; the last chunk carries them as its member `kernell`.
   */
  last(finish: FinishPart, summary: StreamSummary): string {
    const kernell = `,"kernell":${JSON.stringify(summary)}}\n\n`
    const ending = this.#ending(finish)
    if (!this.#isUsageWanted) return `${ending}${kernell}${DONE_EVENT}`
    return `${ending}}\n\n${this.#start}[],"usage":${JSON.stringify(formatUsage(finish.usage))}${kernell}${DONE_EVENT}`
  }

  failure(description: FailureDescription): string {
    return formatFailureEvent(description)
  }

  #ending({ finishReason }: FinishPart): string {
    return `${this.#head}{},"logprobs":null,"finish_reason":"${formatFinishReason(finishReason)}"}]${this.#afterChoices}`
  }

  #likelyDelta(part: Exclude<DeltaPart, { type: 'tool-call-delta' }>, logprobs: readonly TokenLogprob[]): string {
    const isText = part.type === 'text-delta'
    const delta = `{"${isText ? 'content' : 'refusal'}":${JSON.stringify(part.text)}}`
    const likely = formatLogprobs(isText ? { text: logprobs, refusal: [] } : { text: [], refusal: logprobs })
    return `${this.#head}${delta},"logprobs":${likely},"finish_reason":null}]${this.#afterChoices}}\n\n`
  }
}
