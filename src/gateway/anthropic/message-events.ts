import { CodedError } from '../../base/errors.ts'
import type { FailureDescription } from '../describe-failure.ts'
import type { DeltaPart, FinishPart, StreamForm, StreamSummary } from '../tasks/stream-form.ts'
import { formatAnthropicFailure } from './anthropic-failure.ts'
import { CALLER, formatMessageUsage, formatStop, UNTOLD } from './format-message.ts'

export type MessageEventsInit = { readonly taskId: string; readonly modelId: string; readonly requestId: string }

/** The block that is being written: a text, or the call of this index. */
type OpenBlock = 'text' | number

/** Formats the events of one streamed message: blocks one after another, each with its beginning, its pieces and its end. */
export class MessageEvents implements StreamForm {
  readonly #init: MessageEventsInit
  #open: OpenBlock | undefined
  /** Of the block that is open, or was the last one. */
  #index = -1
  #lastCall = -1
  #hasRefused = false

  constructor(init: MessageEventsInit) {
    this.#init = init
  }

  /** How long the input is, nobody knows before the end: the last event says it. */
  first(): string {
    const message = {
      id: `msg_${this.#init.taskId}`,
      type: 'message',
      role: 'assistant',
      model: this.#init.modelId,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      ...UNTOLD,
      usage: { input_tokens: 0, output_tokens: 0, cache_read_input_tokens: 0, cache_creation_input_tokens: 0 },
    }
    return event('message_start', { message })
  }

  /** Throws `MODEL_ANSWER_MALFORMED` for a piece of a call after the next block has begun, which this interface cannot say. */
  delta(part: DeltaPart): string {
    if (part.type === 'tool-call-delta') return this.#callDelta(part)
    if (part.type === 'refusal-delta') this.#hasRefused = true
    if (part.text === '') return ''
    const begun = this.#open === 'text' ? '' : this.#begin('text', { type: 'text', text: '', citations: null })
    return `${begun}event: content_block_delta\ndata: {"type":"content_block_delta","index":${this.#index},"delta":{"type":"text_delta","text":${JSON.stringify(part.text)}}}\n\n`
  }

  last(finish: FinishPart, summary: StreamSummary): string {
    const delta = formatStop(this.#hasRefused ? { finishReason: 'content-filter' } : finish)
    const usage = formatMessageUsage(finish.usage)
    return `${this.#end()}${event('message_delta', { delta, usage })}${event('message_stop', { kernell: summary })}`
  }

  failure(description: FailureDescription): string {
    return `event: error\ndata: ${formatAnthropicFailure(description, this.#init.requestId)}\n\n`
  }

  #callDelta(part: Extract<DeltaPart, { type: 'tool-call-delta' }>): string {
    let begun = ''
    if (this.#open !== part.index) {
      if (part.index <= this.#lastCall)
        throw new CodedError('MODEL_ANSWER_MALFORMED', { message: 'The model went on with a tool call that had ended' })
      this.#lastCall = part.index
      const id = part.id ?? `toolu_${this.#init.taskId}_${part.index}`
      begun = this.#begin(part.index, { type: 'tool_use', id, name: part.name ?? '', input: {}, caller: CALLER })
    }
    if (part.argumentsText === '') return begun
    const delta = { type: 'input_json_delta', partial_json: part.argumentsText }
    return begun + event('content_block_delta', { index: this.#index, delta })
  }

  #begin(open: OpenBlock, contentBlock: object): string {
    const ended = this.#end()
    this.#open = open
    this.#index += 1
    return ended + event('content_block_start', { index: this.#index, content_block: contentBlock })
  }

  #end(): string {
    if (this.#open === undefined) return ''
    this.#open = undefined
    return event('content_block_stop', { index: this.#index })
  }
}

function event(type: string, members: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`
}
