import type { RoutedStream, RouteResult } from '../../ports/router.ts'
import { describeFailure } from '../describe-failure.ts'
import type { Exchange, GatewayContext } from '../exchange.ts'
import { EventStream } from '../listener/event-stream.ts'
import { formatStreamHeaders, summarizeResult } from '../node/result-headers.ts'
import type { FinishPart, StreamForm, StreamSummary } from './stream-form.ts'

export type StreamTo = {
  readonly exchange: Exchange
  readonly context: GatewayContext
  readonly form: StreamForm
  /** Runs when the last event is written, before it leaves: what the reader is told has happened then. */
  readonly beforeEnd?: () => Promise<void>
}

/**
 * Sends a streamed answer in the form of an interface.
 *
 * Throws what the router throws. Once the first byte has left, the form has told the reader of the failure as well.
 */
export async function sendStream(
  stream: RoutedStream,
  { exchange, context, form, beforeEnd }: StreamTo,
): Promise<void> {
  // It is awaited at the end; until then, and after a failure, nobody may be listening.
  stream.result.catch(() => undefined)
  let events: EventStream | undefined
  try {
    let finish: FinishPart | undefined
    for await (const part of stream.parts) {
      if (events === undefined) {
        events = new EventStream(exchange.response, [...exchange.commonHeaders, ...formatStreamHeaders(stream)])
        events.write(form.first())
      }
      if (part.type === 'finish') finish = part
      else events.write(form.delta(part))
      const wait = events.waitUntilWritable()
      if (wait !== undefined) await wait
      if (exchange.signal.aborted) throw exchange.signal.reason
    }
    if (finish === undefined || events === undefined)
      throw new Error('The stream of the router ended without its finish part')
    const end = form.last(finish, await summarizeWhenKnown(stream, context.limits.resultWaitMs))
    if (beforeEnd !== undefined) await beforeEnd()
    events.end(end)
  } catch (error) {
    const failure: unknown = exchange.signal.aborted ? exchange.signal.reason : error
    events?.end(form.failure(describeFailure(failure, exchange.requestId)))
    throw failure
  }
}

export type SummarizedStream = Omit<RoutedStream, 'parts' | 'decision' | 'isBuffered'>

/** The final figures; without them when they take longer than the reader should wait for the end of its answer. */
export async function summarizeWhenKnown(stream: SummarizedStream, waitMs: number): Promise<StreamSummary> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, waitMs, undefined)
  })
  try {
    const result: RouteResult | undefined = await Promise.race([stream.result, late])
    if (result !== undefined) return summarizeResult(result)
    const { taskId, route, tier, modelId, provider, cache } = stream
    return { task_id: taskId, route, tier, model: modelId, provider, cache, cost_usd: null, is_cost_pending: true }
  } finally {
    clearTimeout(timer)
  }
}
