import { ADOPTED, DRAINING, STOP_ORDERED, STOPPED, type Cell, type CellHost } from './cell.ts'
import { endAtOnce, isWithin } from './life.ts'

export type StopHost = CellHost & { after(delayMs: number, task: () => void): { cancel(): void } }

const ENDED: Promise<void> = Promise.resolve()

/** @see `ActorRef.stop` */
export function stopCell(cell: Cell, isDrained: boolean, host: StopHost): Promise<void> {
  if (cell.status === STOPPED) return ENDED
  const isInTurn = isWithin(host.current, cell)
  if (isDrained && (isInTurn || cell.slot !== undefined || newestOwnChild(cell) !== undefined)) {
    const ended = whenEnded(cell)
    if ((cell.marks & DRAINING) === 0) {
      beginDrain(cell, host)
      drainChildren(cell, host)
    }
    return ended
  }
  if (!isInTurn) {
    endAtOnce(cell, 'stopped')
    return ENDED
  }
  // Not under the feet of the step that is being made. Who waits goes on after the turn, and then it has ended.
  if (cell === host.current) {
    cell.marks = (cell.marks & ~DRAINING) | STOP_ORDERED
    return ENDED
  }
  host.deferred.push(() => endAtOnce(cell, 'stopped'))
  return whenEnded(cell)
}

/**
 * What follows when a draining cell has handled its own messages: its children, newest first, each with all below it, and
 * then its end. Goes on by itself when a child has ended, however that came about. Without recursion.
 */
export function drainChildren(from: Cell, host: StopHost): void {
  let cell = from
  for (;;) {
    if (cell.status === STOPPED || cell.slot !== undefined || cell === host.current) return
    if (isWithin(host.current, cell)) {
      const parent = cell
      host.environment.soon(() => drainChildren(parent, host))
      return
    }
    const child = newestOwnChild(cell)
    if (child === undefined) {
      endAtOnce(cell, 'stopped')
      return
    }
    if (child.slot === undefined && newestOwnChild(child) === undefined) {
      endAtOnce(child, 'stopped')
      continue
    }
    const parent = cell
    onEnd(child, () => host.environment.soon(() => drainChildren(parent, host)))
    if ((child.marks & DRAINING) !== 0) return
    beginDrain(child, host)
    cell = child
  }
}

/** No more messages from now on. A supervisor has no time of its own: its children have theirs. */
function beginDrain(cell: Cell, host: StopHost): void {
  cell.marks |= DRAINING
  const { behaviour } = cell
  if (behaviour.isSupervisor) return
  const limit = host.after(behaviour.definition.restart.shutdownMs, () => endAtOnce(cell, 'killed'))
  onEnd(cell, () => limit.cancel())
}

/** Children that XState made are ended by the logic that made them. */
function newestOwnChild(cell: Cell): Cell | undefined {
  let child = cell.firstChild
  while (child !== undefined && (child.marks & ADOPTED) !== 0) child = child.older
  return child
}

function whenEnded(cell: Cell): Promise<void> {
  return new Promise((resolve) => onEnd(cell, resolve))
}

function onEnd(cell: Cell, task: () => void): void {
  const extras = cell.more()
  extras.stopWaiters ??= []
  extras.stopWaiters.push(task)
}
