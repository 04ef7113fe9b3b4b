import type { Subscription } from 'xstate'
import type { ActorRef, Terminated } from '../actor-ref.ts'
import { Cell, STOPPED } from '../cell/cell.ts'
import { endTree, isWithin, terminatedOf } from '../cell/life.ts'
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
    } else tellElsewhere(cell, watcher, terminated)
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

/** On another thread: what cannot be copied there must not keep the watcher from hearing of the end. */
function tellElsewhere(cell: Cell, watcher: ActorRef, terminated: Terminated): void {
  try {
    watcher.send(terminated)
  } catch (error: unknown) {
    cell.system.environment.reportError(error)
    const { type, id, address, reason } = terminated
    watcher.send({ type, id, address, reason })
  }
}

/**
 * Ends each of the two when the other fails, as `killed`, so that those linked to it end too. Either may end in order without the
 * other; then nothing is left of the link.
 */
export function linkCells(first: Cell, second: Cell): Subscription {
  const unlink = (): void => links.forEach((link) => link.unsubscribe())
  const endWith =
    (partner: Cell) =>
    (terminated: Terminated): void => {
      unlink()
      if (isFailure(terminated.reason)) kill(partner)
    }
  const links: readonly Subscription[] = [watchCell(first, endWith(second)), watchCell(second, endWith(first))]
  return { unsubscribe: unlink }
}

/** Not under the feet of the step that it, or one below it, is making. */
function kill(cell: Cell): void {
  const { system } = cell
  if (isWithin(system.current, cell)) system.deferred.push(() => endTree(cell, 'killed'))
  else endTree(cell, 'killed')
}

function isFailure(reason: Terminated['reason']): boolean {
  return reason === 'failed' || reason === 'killed'
}
