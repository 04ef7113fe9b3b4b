import type { AnyEventObject, Observer, Snapshot } from 'xstate'
import { HELD, NO_TURN, RUNNING, STOPPED, SUSPENDED, type Cell } from '../cell/cell.ts'
import { forgetName } from '../cell/naming.ts'
import type { CreditDesk } from './credit-desk.ts'
import type { HostedSystem } from './hosted-system.ts'
import type { Listening, StoredActor } from './protocol.ts'
import type { ThreadRouter } from './thread-router.ts'

/** @returns Why the actor cannot leave its thread now; `undefined` when it can. */
export function whyNotMovable(cell: Cell): string | undefined {
  if (cell.status !== RUNNING) return 'it has ended'
  if (cell.firstChild !== undefined) return 'it has children'
  if ((cell.marks & SUSPENDED) !== 0) return 'it waits for a restart'
  if ((cell.marks & HELD) !== 0) return 'it waits for room in the mailbox of another actor'
  return cell.getSnapshot().status === 'active' ? undefined : 'it has ended'
}

/** Takes all messages of an actor out of its mailbox, and those that wait for room in it. */
export function takeMail(cell: Cell, credit: CreditDesk): readonly AnyEventObject[] {
  const { slot, ring } = cell
  cell.slot = undefined
  cell.ring = undefined
  const mail: AnyEventObject[] = slot === undefined ? [] : [slot]
  for (let event = ring?.shift(); event !== undefined; event = ring?.shift()) mail.push(event)
  return [...mail, ...credit.takeAll(cell)]
}

/** All that makes the actor go on elsewhere. May throw what its logic throws. */
export function storeActor(
  cell: Cell,
  { system, router, number }: LeaveInit,
  mail: readonly AnyEventObject[],
): StoredActor {
  const now = system.environment.clock.now()
  const scheduled = system.scheduler.entries().filter(({ source }) => source === cell)
  return {
    snapshot: cell.getPersistedSnapshot(),
    mail,
    stash: cell.extras?.stash ?? [],
    timers: scheduled.map(({ id, event, startedAt, delay, target }) => ({
      id,
      event,
      leftMs: Math.max(0, startedAt + delay - now),
      target: target === cell ? undefined : target,
    })),
    listening: listeningTo(cell, router, number),
  }
}

function listeningTo(cell: Cell, { service, thread }: ThreadRouter, number: number): readonly Listening[] {
  const all = service.listeningTo({ number, home: 0 })
  const types = [...(cell.extras?.listeners ?? [])]
  // Those of the service are among the cell's own.
  const isHeardHere = ([type, { size }]: (typeof types)[number]): boolean =>
    size > all.filter(({ event }) => event === type).length
  return [...all, ...types.filter(isHeardHere).map(([event]) => ({ thread, event }))]
}

export type LeaveInit = { readonly number: number; readonly system: HostedSystem; readonly router: ThreadRouter }

/**
 * The actor has left: its cell stays as a reference to where it goes, because others on this thread hold it. Nobody is told
 * of an end, and its logic neither.
 */
export function turnIntoReference(cell: Cell, { number, system, router }: LeaveInit): void {
  const { references, service, thread } = router
  const { id, address, extras } = cell
  const ref = references.refTo({ number, home: 0, thread, id, address })
  references.removePlaced(number)
  references.forward(cell, ref)
  service.leave({ number, home: 0 })
  system.scheduler.cancelAll(cell)
  forgetName(cell)
  unlink(cell)
  cell.status = STOPPED
  cell.marks &= ~NO_TURN
  if (extras !== undefined) handOver(extras, ref)
  cell.extras = undefined
  Object.defineProperties(cell, {
    send: { value: ref.send.bind(ref) },
    take: { value: ref.take.bind(ref) },
    _send: { value: ref._send.bind(ref) },
    ask: { value: ref.ask.bind(ref) },
    deliver: { value: ref.deliver.bind(ref) },
    watch: { value: ref.watch.bind(ref) },
    stop: { value: ref.stop.bind(ref) },
    subscribe: { value: ref.subscribe.bind(ref) },
    on: { value: ref.on.bind(ref) },
    getSnapshot: { value: ref.getSnapshot.bind(ref) },
  })
}

type Reference = ReturnType<ThreadRouter['references']['refTo']>

/** Those who waited for news of the cell wait for news of the actor. */
function handOver(extras: NonNullable<Cell['extras']>, ref: Reference): void {
  for (const listener of extras.endListeners ?? []) ref.watch((terminated) => listener.ended(terminated))
  for (const observer of extras.observers ?? []) ref.subscribe(observerOf(observer))
  for (const [type, listeners] of extras.listeners ?? []) {
    // Who takes its listener back does so where it put it.
    for (const listener of listeners) ref.on(type, (event) => listeners.has(listener) && listener(event))
  }
  for (const waiter of extras.stopWaiters ?? []) ref.watch(() => waiter())
  for (const waiter of extras.roomWaiters ?? []) waiter.take()
  for (const held of extras.held ?? []) held.release()
}

function observerOf(observer: Observer<Snapshot<unknown>>): Parameters<Reference['subscribe']>[0] {
  const { next, error, complete } = observer
  return {
    ...(next !== undefined && { next }),
    ...(error !== undefined && { error }),
    ...(complete !== undefined && { complete }),
  }
}

function unlink(cell: Cell): void {
  const { parent, newer, older } = cell
  if (newer !== undefined) newer.older = older
  else if (parent?.firstChild === cell) parent.firstChild = older
  if (older !== undefined) older.newer = newer
  cell.newer = undefined
  cell.older = undefined
}
