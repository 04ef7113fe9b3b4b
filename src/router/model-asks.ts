import type { PlannedTask } from '../core/planning/order-by-dependencies.ts'
import type { Random } from '../ports/random.ts'
import type { AdmittedCall, CallComponents } from './call-model.ts'
import { callRouteOf, retryWaitMs } from './call-rules.ts'
import type { Cascade, ModelReport, ModelTurn } from './cascade.ts'
import { entryOf, tryAdmit } from './admit-step.ts'
import type { StepTurn } from './graph/step-turn.ts'
import { type Ask, HedgedAsks, MODEL_HEDGED } from './hedged-asks.ts'
import type { TaskRun } from './task-run.ts'

/** What a model gave: a report of how its turn ended, or what ends the search by itself. */
export type Told<Given> = { readonly report: ModelReport; readonly given?: Given } | { readonly given: Given }

/** `random` spreads the pauses of those who failed together. */
export type AskComponents = CallComponents & { readonly random?: Random }

export type ModelAsksInit<Given> = {
  readonly components: AskComponents
  readonly run: TaskRun
  readonly cascade: Cascade
  /** Makes the call of a turn. Must not reject. */
  readonly call: (turn: ModelTurn, call: AdmittedCall) => Promise<Told<Given>>
}

/** Asks the models of a plan: with the money set aside, again where that may help, and beside each other where one is slow. */
export class ModelAsks<Given> {
  private readonly init: ModelAsksInit<Given>
  /** Absent: one is asked at a time. */
  private readonly hedged: HedgedAsks<Told<Given>> | undefined
  private readonly open = new Set<OpenAsk>()

  constructor(init: ModelAsksInit<Given>) {
    this.init = init
    const { hedge, timers } = init.components
    if (hedge === undefined) return
    this.hedged = new HedgedAsks({
      timers,
      afterMs: hedge.afterMs,
      start: (index) => this.start(init.cascade.turnAt(index)),
      madeWay: { report: { event: { type: 'call-failed', code: MODEL_HEDGED } } },
      isAnswer: (told) => !('report' in told) || ANSWERS.has(told.report.event.type),
    })
  }

  /** Asks the model whose turn it is. Rejects with what `call` and the budgets throw against their word. */
  async ask(turn: StepTurn<PlannedTask>): Promise<Told<Given>> {
    const { index } = this.init.cascade.turn(turn.attempt)
    turn.onStop((reason) => {
      for (const ask of this.open) ask.abort(reason)
    })
    if (this.hedged !== undefined) return await this.hedged.ask(index, this.mayHedge(index))
    const ask = new OpenAsk()
    this.open.add(ask)
    const told = await this.askUntilTold(this.init.cascade.turnAt(index), ask)
    this.open.delete(ask)
    return told
  }

  /** Nothing is left to ask: what was asked beside it ends, and is on the record. */
  async end(): Promise<void> {
    await this.hedged?.end()
  }

  private mayHedge(index: number): boolean {
    const { components, cascade } = this.init
    const next = cascade.next(index)
    if (components.hedge === undefined || next === undefined || next.tier === 'peer') return false
    const route = callRouteOf(entryOf(components, cascade.turnAt(index).step))
    return route !== undefined && components.hedge.routes.includes(route)
  }

  private start(turn: ModelTurn): Ask<Told<Given>> {
    const ask = new OpenAsk()
    this.open.add(ask)
    const report = this.askUntilTold(turn, ask).finally(() => this.open.delete(ask))
    // Whoever waits for it sees its failure; one that was started ahead may have nobody yet.
    report.catch(() => undefined)
    return { report, abort: (reason) => ask.abort(reason) }
  }

  private async askUntilTold(turn: ModelTurn, ask: OpenAsk): Promise<Told<Given>> {
    const { components, run, call } = this.init
    const entry = entryOf(components, turn.step)
    for (let retried = 0; ; retried += 1) {
      const admitted = await tryAdmit(components, run, entry)
      if (admitted.kind === 'refused')
        return { report: { event: { type: 'budget-refused' }, cause: { refusal: admitted.error } } }
      if (admitted.kind === 'aborted') return { report: { event: { type: 'run-aborted' } } }
      ask.begin(admitted.call)
      const told = await call(turn, admitted.call)
      const waitMs = turn.isLast ? waitMsAfter(components, told, retried) : undefined
      if (waitMs === undefined || !(await ask.pause(components, { waitMs, signal: run.signal }))) return told
    }
  }
}

const ANSWERS: ReadonlySet<string> = new Set(['answer-accepted', 'answer-kept'])

/** `undefined`: the same model is not asked again. */
function waitMsAfter<Given>(components: AskComponents, told: Told<Given>, retried: number): number | undefined {
  if (!('report' in told) || told.report.event.type !== 'call-failed') return undefined
  const { event, cause } = told.report
  return retryWaitMs(components, { code: event.code, error: cause?.failure, retried }, components.random ?? MIDDLE)
}

/** Where nothing is drawn, everybody waits the same. */
const MIDDLE: Pick<Random, 'fraction'> = { fraction: () => 0.5 }

/** One model that is being asked, once or again. */
class OpenAsk {
  private call: AdmittedCall | undefined
  private stopped: { readonly reason: unknown } | undefined
  private wake: (() => void) | undefined

  begin(call: AdmittedCall): void {
    this.call = call
    if (this.stopped !== undefined) call.deadline.abort(this.stopped.reason)
  }

  abort(reason: unknown): void {
    this.stopped ??= { reason }
    this.call?.deadline.abort(reason)
    this.wake?.()
  }

  /** @returns False where it was stopped meanwhile. */
  async pause(
    { timers }: Pick<AskComponents, 'timers'>,
    { waitMs, signal }: { readonly waitMs: number; readonly signal: AbortSignal | undefined },
  ): Promise<boolean> {
    const isOver = (): boolean => this.stopped !== undefined || signal?.aborted === true
    if (isOver()) return false
    const { promise, resolve } = Promise.withResolvers<void>()
    this.wake = resolve
    const timer = timers.schedule(waitMs, resolve)
    signal?.addEventListener('abort', this.wake)
    await promise
    timer.cancel()
    signal?.removeEventListener('abort', this.wake)
    this.wake = undefined
    return !isOver()
  }
}
