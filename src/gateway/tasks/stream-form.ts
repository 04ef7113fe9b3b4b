import type { ModelStreamPart } from '../../ports/language-model.ts'
import type { FailureDescription } from '../describe-failure.ts'

export type DeltaPart = Exclude<ModelStreamPart, { readonly type: 'finish' }>
export type FinishPart = Extract<ModelStreamPart, { readonly type: 'finish' }>

/** Final figures of a task, as a stream carries them at its end. */
export type StreamSummary = Readonly<Record<string, unknown>>

/** How one interface writes a streamed answer. Each method gives the text of events, which may be empty. */
export type StreamForm = {
  first(): string
  delta(part: DeltaPart): string
  /** All that ends the stream. */
  last(finish: FinishPart, summary: StreamSummary): string
  /** What is told of a failure after the first byte. Nothing follows it. */
  failure(description: FailureDescription): string
}
