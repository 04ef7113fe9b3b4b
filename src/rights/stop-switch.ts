import { CodedError } from '../base/errors.ts'
import type { AuditEvent } from '../core/audit/audit-entry.ts'
import { makeStopRecord, type StopRecord } from '../core/rights/stop-record.ts'
import type { Clock } from '../ports/clock.ts'

/** Where it is kept that everything is stopped, across restarts. */
export type StopStore = {
  read(): Promise<StopRecord | undefined>
  /** Resolved once it is on stable storage. */
  write(record: StopRecord): Promise<void>
  remove(): Promise<void>
}

export type StopSwitchComponents = {
  readonly store: StopStore
  readonly clock: Clock
  /** Writes an entry to the audit journal. */
  readonly record: (event: AuditEvent) => Promise<void>
}

/** Work that has begun. Whoever began it says when it has ended. */
export type RunningWork = {
  /** Aborted when the caller's signal is, or with `NODE_STOPPED`. */
  readonly signal: AbortSignal
  readonly end: () => void
}

export type StopActor = { readonly by: string; readonly reason: string }

/**
 * The one switch that ends all work of a node: what runs is cancelled, what comes is refused, until somebody releases it, over restarts too. Stopping takes
 * effect first and is written down after; releasing the other way round, so that what fails half way leaves the node stopped.
 */
export class StopSwitch {
  private readonly components: StopSwitchComponents
  private stopped: StopRecord | undefined
  /** Of everything that runs. */
  private readonly running = new Set<AbortController>()
  /** One change at a time, in the order in which they were asked for. */
  private last: Promise<unknown> = Promise.resolve()

  private constructor(components: StopSwitchComponents) {
    this.components = components
  }

  /** Throws what the store throws: a node that cannot tell whether it is stopped does not start. */
  static async open(components: StopSwitchComponents): Promise<StopSwitch> {
    const opened = new StopSwitch(components)
    const record = await components.store.read()
    if (record !== undefined) opened.apply(record)
    return opened
  }

  /** `undefined` while work goes on. */
  get current(): StopRecord | undefined {
    return this.stopped
  }

  /** Throws `NODE_STOPPED` while everything is stopped. */
  check(): void {
    if (this.stopped !== undefined) throw failureOf(this.stopped)
  }

  /** Work that begins now, under the caller's signal and this switch. Throws `NODE_STOPPED`, and the signal's reason. */
  begin(signal: AbortSignal | undefined): RunningWork {
    this.check()
    signal?.throwIfAborted()
    const controller = new AbortController()
    const follow = (): void => controller.abort(signal?.reason)
    signal?.addEventListener('abort', follow, { once: true })
    this.running.add(controller)
    return {
      signal: controller.signal,
      end: () => {
        signal?.removeEventListener('abort', follow)
        this.running.delete(controller)
      },
    }
  }

  /** Does some work under the caller's signal and this switch, from its beginning to its end. */
  async run<Result>(signal: AbortSignal | undefined, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const running = this.begin(signal)
    try {
      return await work(running.signal)
    } finally {
      running.end()
    }
  }

  /** Stops everything at once; resolved once that is on stable storage. A repeat changes nothing. */
  async stop({
    by,
    reason,
  }: StopActor): Promise<{ readonly effect: 'stopped' | 'exists'; readonly record: StopRecord }> {
    const existing = this.stopped
    const record = existing ?? makeStopRecord({ at: this.components.clock.now(), by, reason })
    if (existing === undefined) this.apply(record)
    await this.inTurn(async () => {
      await this.components.store.write(record)
      if (existing === undefined)
        await this.components.record({ type: 'stopped', by: record.by, reason: record.reason })
    })
    return { effect: existing === undefined ? 'stopped' : 'exists', record }
  }

  /** Lets work begin again, once the journal and the store know. */
  async release({ by, reason }: StopActor): Promise<{ readonly effect: 'released' | 'exists' }> {
    return await this.inTurn(async () => {
      if (this.stopped === undefined) return { effect: 'exists' }
      const { record, store } = this.components
      await record({ type: 'released', by: by.slice(0, 400), reason: reason.slice(0, 400) })
      await store.remove()
      this.stopped = undefined
      return { effect: 'released' }
    })
  }

  private apply(record: StopRecord): void {
    this.stopped = record
    const failure = failureOf(record)
    for (const controller of this.running) controller.abort(failure)
    this.running.clear()
  }

  private async inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.last.then(work, work)
    this.last = turn.catch(() => undefined)
    return await turn
  }
}

/** Who stopped it, and why, is for operators and the audit journal: this goes to whoever asks. */
function failureOf({ at }: StopRecord): CodedError {
  return new CodedError('NODE_STOPPED', {
    message: 'Everything is stopped',
    details: { since: new Date(at).toISOString() },
  })
}
