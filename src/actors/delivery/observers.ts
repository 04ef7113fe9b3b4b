import type { AnyEventObject, Observer, Snapshot, Subscription } from 'xstate'
import type { SnapshotObserver } from '../actor-ref.ts'
import type { CellExtras } from '../cell/cell-extras.ts'
import type { ActorEnvironment } from '../environment.ts'

/** What subscribers see of a cell. */
export interface Observed {
  /** 2 when stopped. */
  readonly status: number
  readonly extras: CellExtras | undefined
  readonly system: { readonly environment: ActorEnvironment }
  more(): CellExtras
  getSnapshot(): Snapshot<unknown>
}

const STOPPED = 2

/** Adds an observer; one that comes after the end is told of the end at once, as in XState. */
export function addObserver(cell: Observed, observer: Observer<Snapshot<unknown>>): Subscription {
  if (cell.status !== STOPPED) {
    const { observers = new Set() } = cell.more()
    cell.more().observers = observers
    observers.add(observer)
    return { unsubscribe: () => void observers.delete(observer) }
  }
  const { status, error } = cell.getSnapshot()
  if (status === 'done') guarded(cell, () => observer.complete?.())
  if (status === 'error') {
    if (observer.error === undefined) cell.system.environment.reportError(error)
    else guarded(cell, () => observer.error?.(error))
  }
  return { unsubscribe: () => {} }
}

export function addListener(cell: Observed, type: string, handler: (event: AnyEventObject) => void): Subscription {
  const { listeners = new Map<string, Set<(event: AnyEventObject) => void>>() } = cell.more()
  cell.more().listeners = listeners
  const ofType = listeners.get(type) ?? new Set()
  listeners.set(type, ofType)
  // The same function added twice is two listeners.
  const own = (event: AnyEventObject): void => handler(event)
  ofType.add(own)
  return { unsubscribe: () => void ofType.delete(own) }
}

export function emitEvent(cell: Observed, event: AnyEventObject): void {
  const listeners = cell.extras?.listeners
  if (listeners === undefined) return
  for (const handler of [...(listeners.get(event.type) ?? []), ...(listeners.get('*') ?? [])]) {
    guarded(cell, () => handler(event))
  }
}

export function notifyNext(cell: Observed, snapshot: Snapshot<unknown>): void {
  const observers = cell.extras?.observers
  if (observers === undefined) return
  for (const observer of observers) {
    try {
      observer.next?.(snapshot)
    } catch (error: unknown) {
      cell.system.environment.reportError(error)
    }
  }
}

export function notifyComplete(cell: Observed): void {
  const { extras } = cell
  if (extras === undefined) return
  for (const observer of extras.observers ?? []) guarded(cell, () => observer.complete?.())
  extras.observers = undefined
  extras.listeners = undefined
}

/** @returns Whether somebody was told. An observer without an error callback counts as nobody. */
export function notifyError(cell: Observed, failure: unknown): boolean {
  const { extras } = cell
  const observers = [...(extras?.observers ?? [])]
  for (const observer of observers) guarded(cell, () => observer.error?.(failure))
  if (extras !== undefined) {
    extras.observers = undefined
    extras.listeners = undefined
  }
  return observers.length > 0 && observers.every((observer) => observer.error !== undefined)
}

/** A callback of somebody else must not stop the runtime, and its failure must not be lost. */
function guarded(cell: Observed, callback: () => void): void {
  try {
    callback()
  } catch (error: unknown) {
    cell.system.environment.reportError(error)
  }
}

export function toObserver<Value>(
  observer: SnapshotObserver<Value> | ((value: Value) => void) | undefined,
  error?: (error: unknown) => void,
  complete?: () => void,
): Observer<Value> {
  const isObserver = typeof observer === 'object'
  const next = isObserver ? observer.next?.bind(observer) : observer
  const onError = isObserver ? observer.error?.bind(observer) : error
  const onComplete = isObserver ? observer.complete?.bind(observer) : complete
  return {
    ...(next !== undefined && { next }),
    ...(onError !== undefined && { error: onError }),
    ...(onComplete !== undefined && { complete: onComplete }),
  }
}
