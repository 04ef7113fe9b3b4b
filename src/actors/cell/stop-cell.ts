import { DRAINING, STOP_ORDERED, STOPPED, type Cell, type CellHost } from './cell.ts'
import { endTree, isWithin } from './life.ts'

export type StopCellInit = {
  readonly isDrained: boolean
  readonly host: CellHost & { after(delayMs: number, task: () => void): { cancel(): void } }
}

const ENDED: Promise<void> = Promise.resolve()

/** @see `ActorRef.stop` */
export function stopCell(cell: Cell, { isDrained, host }: StopCellInit): Promise<void> {
  if (cell.status === STOPPED) return ENDED
  const isInTurn = isWithin(host.current, cell)
  if (isDrained && (isInTurn || cell.slot !== undefined)) {
    cell.marks |= DRAINING
    const { shutdownMs } = cell.behaviour.definition.restart
    const limit = host.after(shutdownMs, () => endTree(cell, 'killed'))
    return whenEnded(cell).then(() => limit.cancel())
  }
  if (!isInTurn) {
    endTree(cell, 'stopped')
    return ENDED
  }
  // Not under the feet of the step that is being made. Who waits goes on after the turn, and then it has ended.
  if (cell === host.current) {
    cell.marks |= STOP_ORDERED
    return ENDED
  }
  host.deferred.push(() => endTree(cell, 'stopped'))
  return whenEnded(cell)
}

function whenEnded(cell: Cell): Promise<void> {
  return new Promise((resolve) => {
    const extras = cell.more()
    extras.stopWaiters ??= []
    extras.stopWaiters.push(resolve)
  })
}
