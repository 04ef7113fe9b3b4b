import type { BackOff } from '../../core/supervision/back-off.ts'
import { createRestartGroup, restartDue, type RestartGroup } from '../../core/supervision/restart-group.ts'
import type { RestartIntensity } from '../../core/supervision/restart-intensity.ts'
import type { RestartStrategy } from '../../core/supervision/restart-plan.ts'
import type { Cell } from '../cell/cell.ts'

/** Timers, as the system gives them. */
export type Delays = {
  after(delayMs: number, task: () => void): { cancel(): void }
}

/** What supervision remembers of an actor. Made when it, or a child of it, fails for the first time. */
export class RestartRecord {
  /** Restarts of its children that still count. */
  ofChildren: RestartIntensity | undefined
  /** Restarts of itself that still count, where each child has an intensity of its own. */
  own: RestartIntensity | undefined
  backOff: BackOff | undefined
  /** Its children, where they are restarted with one another. */
  together: Restarts | undefined
  /** Itself, where its supervisor restarts it alone. */
  alone: Restarts | undefined
}

export function recordOf(cell: Cell): RestartRecord {
  const extras = cell.more()
  if (extras.restarts instanceof RestartRecord) return extras.restarts
  const record = new RestartRecord()
  extras.restarts = record
  return record
}

export function knownRecordOf(cell: Cell): RestartRecord | undefined {
  const restarts = cell.extras?.restarts
  return restarts instanceof RestartRecord ? restarts : undefined
}

/** A restart group with its timers. Closed when the supervisor begins again, with another. */
export class Restarts {
  group: RestartGroup<Cell>
  /** Somebody further up the stack carries out what was decided, and goes on with what is decided meanwhile. */
  isBusy = false
  isClosed = false
  readonly #waits = new Map<number, { cancel(): void }>()

  constructor(group: RestartGroup<Cell>) {
    this.group = group
  }

  /** Calls `due` when `cell` may start again: after its back-off, or when it has ended and others waited for it. */
  wait(cell: Cell, wait: { readonly timer: number; readonly delayMs: number }, host: Delays & { due(): void }): void {
    const { timer, delayMs } = wait
    const run = (): void => {
      cancel()
      if (this.isClosed) return
      this.group = restartDue(this.group, timer)
      host.due()
    }
    const ended = (): void => {
      cancel()
      // Not in the midst of an end: perhaps that of all of them.
      if (!this.isClosed && this.group.strategy !== 'one-for-one') host.after(0, run)
    }
    const handle = host.after(delayMs, run)
    const { releases = new Set() } = cell.more()
    cell.more().releases = releases
    releases.add(ended)
    const cancel = (): void => {
      handle.cancel()
      releases.delete(ended)
      this.#waits.delete(timer)
    }
    this.#waits.set(timer, { cancel })
  }

  /** Nobody is started by it any more. */
  close(): void {
    this.isClosed = true
    this.group = createRestartGroup(this.group.strategy)
    for (const wait of this.#waits.values()) wait.cancel()
  }
}

/** The group that `cell` is restarted in. */
export function restartsOf(cell: Cell, supervisor: Cell, strategy: RestartStrategy): Restarts {
  if (strategy === 'one-for-one') {
    const record = recordOf(cell)
    record.alone ??= new Restarts(createRestartGroup(strategy))
    return record.alone
  }
  const record = recordOf(supervisor)
  record.together ??= new Restarts(createRestartGroup(strategy))
  return record.together
}
