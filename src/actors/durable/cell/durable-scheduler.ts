import type { AnyEventObject } from 'xstate'
import { Cell, type ScheduleArguments, type XStateScheduler } from '../../cell/cell.ts'
import type { XStateActor } from '../../hosting/adopted-behaviour.ts'
import type { ScheduledEvent } from '../../system/event-scheduler.ts'
import type { DelayedEvents } from '../../system/xstate-contract.ts'
import { durableRootOf, pathOf, RELAY, TO_CHILD, type CurrentTurn, type TurnGate } from './turn-gate.ts'

/** Beyond this a delay is one that never ends. */
const DELAY_MS_MAX = 2 ** 50
const PREFIX = 'xstate:'

/**
 * What durable actors delay through XState's own actions, delayed transitions among it, becomes durable timers; everybody
 * else's goes where it went before.
 */
export class DurableScheduler implements XStateScheduler {
  readonly #inner: DelayedEvents
  readonly #gate: TurnGate
  #unnamed = 0

  constructor(inner: DelayedEvents, gate: TurnGate) {
    this.#inner = inner
    this.#gate = gate
  }

  schedule(...[source, target, event, delayMs, id]: ScheduleArguments): void {
    const found = this.#find(source)
    if (found?.current === undefined) {
      this.#inner.schedule(source, target, event, delayMs, id)
      return
    }
    const { current, cell, root } = found
    this.#unnamed += 1
    const name = id ?? `unnamed:${current.owner.epoch}.${this.#unnamed}`
    current.turn.setTimer(timerId(cell, { root, id: name }), {
      delayMs: Math.min(DELAY_MS_MAX, Math.max(0, delayMs)),
      event: routed(target, { root, event }),
    })
  }

  cancel(source: unknown, id: string): void {
    const found = this.#find(source)
    if (found?.current === undefined) this.#inner.cancel(source, id)
    else found.current.turn.cancelTimer(timerId(found.cell, { root: found.root, id }))
  }

  /** An actor has ended. A durable one has not, for its store: it is only not in memory; what it ends itself it cancels itself. */
  cancelAll(source: unknown): void {
    const found = this.#find(source)
    this.#inner.cancelAll(source)
    if (found?.current === undefined || found.cell === found.root) return
    const { owner, turn } = found.current
    const prefix = timerId(found.cell, { root: found.root, id: '' })
    const ids = [...(owner.isCreated ? (owner.actor?.timers?.keys() ?? []) : []), ...(turn.timers?.keys() ?? [])]
    for (const id of ids) if (id.startsWith(prefix)) turn.cancelTimer(id)
  }

  entries(): readonly ScheduledEvent[] {
    return this.#inner.entries()
  }

  /** The durable actor that `source` is or belongs to, with its turn if it has it now. */
  #find(
    source: unknown,
  ): { readonly cell: Cell; readonly root: Cell; readonly current: CurrentTurn | undefined } | undefined {
    const cell = cellOf(source)
    const root = cell && durableRootOf(cell)
    if (cell === undefined || root === undefined) return undefined
    const { current } = this.#gate
    return { cell, root, current: current?.cell === root ? current : undefined }
  }
}

function cellOf(actor: unknown): Cell | undefined {
  return actor instanceof Cell ? actor : (actor as Partial<XStateActor> | undefined)?.kernellCell
}

function timerId(cell: Cell, { root, id }: { readonly root: Cell; readonly id: string }): string {
  return `${PREFIX}${pathOf(cell, root).map(encodeURIComponent).join('/')}:${id}`
}

function routed(
  target: unknown,
  { root, event }: { readonly root: Cell; readonly event: AnyEventObject },
): AnyEventObject {
  if (target === root) return event
  const cell = cellOf(target)
  if (cell !== undefined && durableRootOf(cell) === root) return { type: TO_CHILD, path: pathOf(cell, root), event }
  return { type: RELAY, to: target, event }
}
