import type { Subscription } from 'xstate'
import type { ActorRef, Terminated } from '../actor-ref.ts'
import { Cell, STOPPED } from '../cell/cell.ts'
import { terminatedOf } from '../cell/life.ts'
import { putMail } from './full-mailbox.ts'

/** @see `ActorRef.watch` */
export function watchCell(cell: Cell, watcher: ActorRef | ((terminated: Terminated) => void)): Subscription {
  const tell = (terminated: Terminated): void => {
    if (typeof watcher === 'function') {
      try {
        watcher(terminated)
      } catch (error: unknown) {
        cell.system.environment.reportError(error)
      }
    } else if (watcher instanceof Cell) {
      // What a supervisor or a partner must know is not subject to the bound of the mailbox.
      if (watcher.status !== STOPPED) putMail(watcher, terminated)
    } else watcher.send(terminated)
  }
  if (cell.status === STOPPED) {
    const terminated = terminatedOf(cell)
    cell.system.environment.soon(() => tell(terminated))
    return { unsubscribe: () => {} }
  }
  const listener = {
    ended: (terminated: Terminated): void => {
      if (watcher instanceof Cell) watcher.extras?.releases?.delete(unsubscribe)
      tell(terminated)
    },
  }
  const extras = cell.more()
  extras.endListeners ??= new Set()
  extras.endListeners.add(listener)
  const unsubscribe = (): void => void extras.endListeners?.delete(listener)
  if (!(watcher instanceof Cell)) return { unsubscribe }
  // A watcher that has ended must not be kept by those it watched.
  const own = watcher.more()
  own.releases ??= new Set()
  own.releases.add(unsubscribe)
  return {
    unsubscribe: () => {
      unsubscribe()
      own.releases?.delete(unsubscribe)
    },
  }
}

/** Ends each of the two when the other fails. Either may end in order without the other. */
export function linkCells(first: Cell, second: Cell): Subscription {
  const links = [
    watchCell(first, ({ reason }) => void (isFailure(reason) && second.stop())),
    watchCell(second, ({ reason }) => void (isFailure(reason) && first.stop())),
  ]
  return { unsubscribe: () => links.forEach((link) => link.unsubscribe()) }
}

function isFailure(reason: Terminated['reason']): boolean {
  return reason === 'failed' || reason === 'killed'
}
