import { CodedError } from '../base/errors.ts'
import type { Timers } from '../ports/timers.ts'

/** A model that is being asked. */
export type Ask<Report> = {
  /** Must not reject. */
  readonly report: Promise<Report>
  abort(reason: unknown): void
}

export type HedgedAsksInit<Report> = {
  readonly timers: Timers
  readonly afterMs: number
  /** Asks the model with this index. */
  readonly start: (index: number) => Ask<Report>
  /** Whether a report ends the search. */
  readonly isAnswer: (report: Report) => boolean
  /** What a model is taken to have reported that answered when another one had been chosen. */
  readonly madeWay: Report
}

/** Why a call ended whose place another one has taken. */
export const MODEL_HEDGED = 'MODEL_HEDGED'

/**
 * Asks models one after another, and the next one beside one that is slow. What is reported stays in the order of the models: where the next one answers
 * first, the slow one is ended and reports that, and the turn of the next one finds its answer there.
 */
export class HedgedAsks<Report> {
  private readonly init: HedgedAsksInit<Report>
  private ahead: { readonly index: number; readonly ask: Ask<Report> } | undefined

  constructor(init: HedgedAsksInit<Report>) {
    this.init = init
  }

  /** @param mayHedge Whether there is a next model, and it may be asked beside this one. */
  async ask(index: number, mayHedge: boolean): Promise<Report> {
    const { start, isAnswer } = this.init
    const first = this.ahead?.index === index ? this.ahead.ask : start(index)
    this.ahead = undefined
    if (!mayHedge || !(await this.isSlow(first))) return await first.report
    const second = start(index + 1)
    this.ahead = { index: index + 1, ask: second }
    const [winner, report] = await Promise.race([tagged(first), tagged(second)])
    if (!isAnswer(report)) return winner === first ? report : await first.report
    const loser = winner === first ? second : first
    loser.abort(new CodedError(MODEL_HEDGED, { message: 'Another model answered first' }))
    if (winner === second) {
      const late = await first.report
      // It answered in the same moment: a stream that was ended is no answer any more.
      return isAnswer(late) ? this.init.madeWay : late
    }
    this.ahead = undefined
    // What it came to is on the record before the answer is handed out.
    await second.report
    return report
  }

  /** Ends what was asked ahead of its turn and is not wanted any more. */
  async end(): Promise<void> {
    const { ahead } = this
    this.ahead = undefined
    ahead?.ask.abort(new CodedError(MODEL_HEDGED, { message: 'Another model answered first' }))
    await ahead?.ask.report
  }

  private async isSlow({ report }: Ask<Report>): Promise<boolean> {
    const slow = Promise.withResolvers<true>()
    const timer = this.init.timers.schedule(this.init.afterMs, () => slow.resolve(true))
    const isSlow = await Promise.race([report.then(() => false), slow.promise])
    timer.cancel()
    return isSlow
  }
}

async function tagged<Report>(ask: Ask<Report>): Promise<readonly [Ask<Report>, Report]> {
  return [ask, await ask.report]
}
