import { CodedError } from '../../base/errors.ts'
import type { TokenLogprob } from '../../ports/language-model.ts'
import type { FailureDescription } from '../describe-failure.ts'
import type { JsonObject } from '../listener/parse-json-body.ts'
import { nowS } from '../tasks/now-seconds.ts'
import type { DeltaPart, FinishPart, StreamForm, StreamSummary } from '../tasks/stream-form.ts'
import {
  callItem,
  endedResponse,
  failedResponse,
  type ItemStatus,
  listLogprobs,
  messageItem,
  openResponse,
  reasonOfIncompleteness,
  refusalPart,
  type ResponseBody,
  type ResponseHead,
  textPart,
} from './response-body.ts'

type TextKind = 'text' | 'refusal'

/** The item that is being written. */
type OpenItem =
  | {
      readonly kind: 'call'
      readonly call: number
      readonly id: string
      readonly callId: string
      name: string
      arguments: string
    }
  | {
      readonly kind: 'message'
      readonly id: string
      readonly parts: JsonObject[]
      part: { readonly kind: TextKind; text: string; readonly logprobs: TokenLogprob[] } | undefined
    }

/** Formats the events of one streamed response: items one after another, each with its beginning, its pieces and its end, between snapshots of the whole. */
export class ResponseEvents implements StreamForm {
  readonly #head: ResponseHead
  readonly #open: ResponseBody
  readonly #output: JsonObject[] = []
  #item: OpenItem | undefined
  #lastCall = -1
  #sequence = 0
  /** The response as it ended. */
  ended: ResponseBody | undefined

  constructor(head: ResponseHead) {
    this.#head = head
    this.#open = openResponse(head, 'in_progress')
  }

  first(): string {
    return (
      this.#event('response.created', { response: this.#open }) +
      this.#event('response.in_progress', { response: this.#open })
    )
  }

  /** Throws `MODEL_ANSWER_MALFORMED` for a piece of a call after the next item has begun. */
  delta(part: DeltaPart): string {
    if (part.type === 'tool-call-delta') return this.#callDelta(part)
    if (part.text === '' && part.logprobs === undefined) return ''
    return this.#textDelta(part.type === 'text-delta' ? 'text' : 'refusal', part)
  }

  last(finish: FinishPart, summary: StreamSummary): string {
    const isWhole = reasonOfIncompleteness(finish.finishReason) === undefined
    const closed = this.#endItem(isWhole ? 'completed' : 'incomplete')
    const ended = endedResponse(this.#open, { ...finish, output: this.#output, endedS: nowS() })
    this.ended = ended
    return closed + this.#event(`response.${ended.status}`, { response: ended, kernell: summary })
  }

  failure(description: FailureDescription): string {
    const isCancelled = description.error.code === 'REQUEST_ABORTED'
    const failed = failedResponse({ ...this.#open, output: this.#output }, description)
    this.ended = isCancelled ? { ...failed, status: 'cancelled', error: null } : failed
    const { message, param, code } = description.error
    return this.#event('response.failed', { response: failed }) + this.#event('error', { code, message, param })
  }

  #textDelta(kind: TextKind, part: Exclude<DeltaPart, { type: 'tool-call-delta' }>): string {
    let begun = ''
    if (this.#item?.kind !== 'message') {
      begun = this.#endItem('completed')
      const id = `msg_${this.#head.taskId}_${this.#output.length}`
      this.#item = { kind: 'message', id, parts: [], part: undefined }
      begun += this.#added(messageItem(id, 'in_progress', []))
    }
    const item = this.#item
    if (item.part?.kind !== kind) {
      begun += this.#endPart(item)
      item.part = { kind, text: '', logprobs: [] }
      const empty = kind === 'text' ? textPart('') : refusalPart('')
      begun += this.#event('response.content_part.added', { ...this.#placeOf(item), part: empty })
    }
    item.part.text += part.text
    if (part.logprobs !== undefined) item.part.logprobs.push(...part.logprobs)
    const place = this.#placeOf(item)
    if (kind === 'refusal') return begun + this.#event('response.refusal.delta', { ...place, delta: part.text })
    const logprobs = listLogprobs(part.logprobs ?? [])
    return begun + this.#event('response.output_text.delta', { ...place, delta: part.text, logprobs })
  }

  #callDelta(part: Extract<DeltaPart, { type: 'tool-call-delta' }>): string {
    let begun = ''
    if (this.#item?.kind !== 'call' || this.#item.call !== part.index) {
      if (part.index <= this.#lastCall)
        throw new CodedError('MODEL_ANSWER_MALFORMED', { message: 'The model went on with a tool call that had ended' })
      this.#lastCall = part.index
      begun = this.#endItem('completed')
      const id = `fc_${this.#head.taskId}_${this.#output.length}`
      const callId = part.id ?? `call_${this.#head.taskId}_${part.index}`
      this.#item = { kind: 'call', call: part.index, id, callId, name: part.name ?? '', arguments: '' }
      begun += this.#added(callItem(id, 'in_progress', { id: callId, name: part.name ?? '', arguments: '' }))
    }
    const item = this.#item
    if (part.argumentsText === '') return begun
    item.arguments += part.argumentsText
    const place = { item_id: item.id, output_index: this.#output.length }
    return begun + this.#event('response.function_call_arguments.delta', { ...place, delta: part.argumentsText })
  }

  #added(item: JsonObject): string {
    return this.#event('response.output_item.added', { output_index: this.#output.length, item })
  }

  #endItem(status: ItemStatus): string {
    const item = this.#item
    if (item === undefined) return ''
    this.#item = undefined
    const place = { item_id: item.id, output_index: this.#output.length }
    let ended: string
    let whole: JsonObject
    if (item.kind === 'call') {
      const { name, arguments: written } = item
      ended = this.#event('response.function_call_arguments.done', { ...place, name, arguments: written })
      whole = callItem(item.id, status, { id: item.callId, name, arguments: written })
    } else {
      ended = this.#endPart(item)
      whole = messageItem(item.id, status, item.parts)
    }
    ended += this.#event('response.output_item.done', { output_index: this.#output.length, item: whole })
    this.#output.push(whole)
    return ended
  }

  #endPart(item: Extract<OpenItem, { kind: 'message' }>): string {
    const { part } = item
    if (part === undefined) return ''
    const place = this.#placeOf(item)
    const isText = part.kind === 'text'
    const whole = isText ? textPart(part.text, part.logprobs) : refusalPart(part.text)
    const done = isText
      ? this.#event('response.output_text.done', { ...place, text: part.text, logprobs: listLogprobs(part.logprobs) })
      : this.#event('response.refusal.done', { ...place, refusal: part.text })
    item.part = undefined
    item.parts.push(whole)
    return done + this.#event('response.content_part.done', { ...place, part: whole })
  }

  #placeOf(item: Extract<OpenItem, { kind: 'message' }>): JsonObject {
    return { item_id: item.id, output_index: this.#output.length, content_index: item.parts.length }
  }

  #event(type: string, members: object): string {
    const event = { type, sequence_number: this.#sequence, ...members }
    this.#sequence += 1
    return `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`
  }
}
