import type { ModelAnswer, ModelStreamPart, TokenLogprob, ToolCall } from '../ports/language-model.ts'

/** More calls than any model makes in one answer; pieces beyond are not gathered, so that a hostile index cannot grow the list. */
const TOOL_CALLS_MAX = 128

/** Gathers the parts of a stream into the answer they amount to, for checking and caching after the last byte. */
export class StreamCollector {
  private readonly pieces: string[] = []
  private readonly refusals: string[] = []
  private readonly calls: { id: string; name: string; arguments: string }[] = []
  private logprobs: { text: TokenLogprob[]; refusal: TokenLogprob[] } | undefined
  private finish: FinishPart | undefined

  add(part: ModelStreamPart): void {
    switch (part.type) {
      case 'text-delta':
        this.pieces.push(part.text)
        if (part.logprobs !== undefined) this.gathered().text.push(...part.logprobs)
        return
      case 'refusal-delta':
        this.refusals.push(part.text)
        if (part.logprobs !== undefined) this.gathered().refusal.push(...part.logprobs)
        return
      case 'tool-call-delta': {
        if (part.index >= TOOL_CALLS_MAX) return
        const call = (this.calls[part.index] ??= { id: '', name: '', arguments: '' })
        if (part.id !== undefined) call.id = part.id
        if (part.name !== undefined) call.name = part.name
        call.arguments += part.argumentsText
        return
      }
      case 'finish':
        this.finish = part
    }
  }

  /** The answer so far; `undefined` before the finish part, since its usage is not known yet. */
  answer(): ModelAnswer | undefined {
    if (this.finish === undefined) return undefined
    return assemble(this.finish, {
      text: this.text,
      refusal: this.refusals.join(''),
      toolCalls: this.calls.filter((call) => call !== undefined),
      logprobs: this.logprobs,
    })
  }

  private gathered(): { text: TokenLogprob[]; refusal: TokenLogprob[] } {
    this.logprobs ??= { text: [], refusal: [] }
    return this.logprobs
  }

  /** All that the model wrote so far, whatever it is: it is billed. */
  get written(): string {
    const calls = this.calls.filter((call) => call !== undefined).map((call) => `${call.name}${call.arguments}`)
    return [this.text, ...this.refusals, ...calls].join('')
  }

  get text(): string {
    return this.pieces.join('')
  }
}

type FinishPart = Extract<ModelStreamPart, { readonly type: 'finish' }>
type Gathered = {
  readonly text: string
  readonly refusal: string
  readonly toolCalls: readonly ToolCall[]
  readonly logprobs: ModelAnswer['logprobs']
}

function assemble(finish: FinishPart, { text, refusal, toolCalls, logprobs }: Gathered): ModelAnswer {
  return {
    text,
    toolCalls,
    finishReason: finish.finishReason,
    usage: finish.usage,
    ...(refusal !== '' && { refusal }),
    ...(finish.servedModel !== undefined && { servedModel: finish.servedModel }),
    ...(logprobs !== undefined && { logprobs }),
    ...(finish.stopSequence !== undefined && { stopSequence: finish.stopSequence }),
  }
}
