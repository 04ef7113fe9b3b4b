import type { RoutedStream, RouteRequest, RouteResult } from '../../../ports/router.ts'
import { describeFailure } from '../../describe-failure.ts'
import type { Exchange, GatewayContext } from '../../exchange.ts'
import { EventStream } from '../../listener/event-stream.ts'
import { formatStreamHeaders } from '../../node/result-headers.ts'
import { nowS } from '../../tasks/now-seconds.ts'
import { summarizeWhenKnown } from '../../tasks/send-stream.ts'
import type { FinishPart } from '../../tasks/stream-form.ts'
import { ChatChunks, formatFailureEvent } from '../chat-chunks.ts'
import { allOrNone } from './all-or-none.ts'
import { failureOfShare } from './form-choices.ts'
import { sumResults, sumUsage } from './sum-choices.ts'

export type ChoicesTo = {
  readonly exchange: Exchange
  readonly context: GatewayContext
  readonly isUsageWanted: boolean
}

/**
 * Streams several answers in one: chunks as they come, each with the place of its answer. The first byte leaves when the first answer has begun, since the model of all chunks is its.
 *
 * Throws what the router throws. Once the first byte has left, the reader has been told of the failure as well.
 */
export async function sendChoices(tasks: readonly RouteRequest[], to: ChoicesTo): Promise<void> {
  await new ChoiceStreams(tasks.length, to).send(tasks)
}

/** An answer that is read while it comes. */
type Choice = { readonly form: ChatChunks; readonly stream: RoutedStream }

/** One that has come to its end. */
type EndedChoice = Choice & { readonly finish: FinishPart }

class ChoiceStreams {
  readonly #to: ChoicesTo
  readonly #createdS = nowS()
  #openCount: number
  #events: EventStream | undefined
  /** The one that ended last: its finish reason leaves with the end of the stream. */
  #last: EndedChoice | undefined

  constructor(count: number, to: ChoicesTo) {
    this.#to = to
    this.#openCount = count
  }

  async send(tasks: readonly RouteRequest[]): Promise<void> {
    const { exchange, context } = this.#to
    const begun = Promise.withResolvers<RoutedStream>()
    // Whoever waits for the first answer hears of its failure; perhaps nobody does.
    begun.promise.catch(() => undefined)
    try {
      const ended = await allOrNone({
        items: tasks,
        signal: exchange.signal,
        run: async (task, signal, place) => {
          const routing = context.node.router.routeStream(task, { signal }).catch((error: unknown) => {
            throw failureOfShare(error, tasks.length)
          })
          if (place === 0) routing.then(begun.resolve, begun.reject)
          const stream = await routing
          // It is awaited at the end; until then, and after a failure, nobody may be listening.
          stream.result.catch(() => undefined)
          return await this.#read({ stream, first: await begun.promise, place }, signal)
        },
        whenFailed: (error) => this.#fail(error),
      })
      await this.#end(ended)
    } catch (error: unknown) {
      this.#fail(error)
      throw this.#failureOf(error)
    }
  }

  async #read(
    { stream, first, place }: { readonly stream: RoutedStream; readonly first: RoutedStream; readonly place: number },
    signal: AbortSignal,
  ): Promise<EndedChoice> {
    const { taskId, modelId } = first
    const form = new ChatChunks({
      taskId,
      modelId,
      createdS: this.#createdS,
      isUsageWanted: this.#to.isUsageWanted,
      index: place,
    })
    let finish: FinishPart | undefined
    let hasBegun = false
    for await (const part of stream.parts) {
      signal.throwIfAborted()
      const events = this.#open(first)
      if (!hasBegun) events.write(form.first())
      hasBegun = true
      if (part.type === 'finish') finish = part
      else events.write(form.delta(part))
      const wait = events.waitUntilWritable()
      if (wait !== undefined) await wait
      signal.throwIfAborted()
    }
    if (finish === undefined) throw new Error('The stream of the router ended without its finish part')
    return this.#finish({ form, stream, finish })
  }

  #open(first: RoutedStream): EventStream {
    const { response, commonHeaders } = this.#to.exchange
    this.#events ??= new EventStream(response, [...commonHeaders, ...formatStreamHeaders(first)])
    return this.#events
  }

  #finish(ended: EndedChoice): EndedChoice {
    this.#openCount -= 1
    if (this.#openCount > 0) this.#events?.write(ended.form.finish(ended.finish))
    else this.#last = ended
    return ended
  }

  async #end(ended: readonly EndedChoice[]): Promise<void> {
    const { limits } = this.#to.context
    const last = this.#last
    const [first] = ended
    if (last === undefined || first === undefined) throw new Error('Answers that have ended have a last one')
    const result: Promise<RouteResult> = Promise.all(ended.map(({ stream }) => stream.result)).then(sumResults)
    const summary = await summarizeWhenKnown({ ...first.stream, result }, limits.resultWaitMs)
    const usage = sumUsage(ended.map(({ finish }) => finish.usage))
    this.#events?.end(last.form.last({ ...last.finish, usage }, summary))
  }

  /** Ends the stream where it has begun; the second call finds nothing to end. */
  #fail(error: unknown): void {
    const events = this.#events
    this.#events = undefined
    events?.end(formatFailureEvent(describeFailure(this.#failureOf(error), this.#to.exchange.requestId)))
  }

  /** Why the request ended from outside, where it did: what fails then fails for that. */
  #failureOf(error: unknown): unknown {
    const { signal } = this.#to.exchange
    return signal.aborted ? signal.reason : error
  }
}
