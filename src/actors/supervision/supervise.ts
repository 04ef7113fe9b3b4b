/**
 * What supervisors do about children that fail or reach their end: the decisions are those of `src/core/supervision`,
 * here they are carried out on cells.
 */
import { CodedError } from '../../base/errors.ts'
import {
  childEnded,
  childStarted,
  nextStart,
  restartAllOf,
  restartDue,
  type EndDecision,
} from '../../core/supervision/restart-group.ts'
import { createRestartIntensity } from '../../core/supervision/restart-intensity.ts'
import { isRestartedAfter, type EndReason } from '../../core/supervision/restart-plan.ts'
import { LOGIC_ENDED, NO_TURN, RUNNING, SCHEDULED, STOPPED, SUSPENDED, type Cell, type CellHost } from '../cell/cell.ts'
import { endAtOnce, endChildren, endFailed, endLogic } from '../cell/life.ts'
import type { SupervisorBehaviour } from '../hosting/supervisor-behaviour.ts'
import { endWatchOfRedelivery, keepOrBury, watchRedelivery, type ChildFailure } from './redelivery.ts'
import { knownRecordOf, recordOf, Restarts, restartsOf, type Delays } from './restart-record.ts'
import type { SupervisionEvent } from './supervision-event.ts'

/** What a supervisor needs of its system besides cells. */
export interface SupervisionHost extends CellHost, Delays {
  report(event: SupervisionEvent): void
}

/** How often children of a supervisor whose `intensity` was not given may be restarted. */
export const INTENSITY_DEFAULT = { restarts: 3, withinMs: 5_000 } as const

/** A child that ran so long after a restart is taken to be well again: its back-off starts anew. */
const QUIET_MS = 10_000

/** An actor threw while it handled `event`, or its logic says that it failed. */
export function superviseFailure(host: SupervisionHost, cell: Cell, failure: ChildFailure): void {
  if (cell.status === STOPPED) return
  const { error } = failure
  const supervisor = supervisorOf(cell)
  host.report({ type: 'actor-failed', id: cell.id, address: cell.address, error })
  cell.behaviour.setError(cell, error)
  if (supervisor === undefined) {
    if (!endFailed(cell, error)) host.environment.reportError(error)
    return
  }
  keepOrBury(cell, failure)
  restartOrEnd(host, cell, { reason: 'failed', error })
}

/** @returns Whether the actor goes on: its supervisor started it again. */
export function superviseDone(host: SupervisionHost, cell: Cell): boolean {
  if (supervisorOf(cell) === undefined || !isRestartedAfter(cell.behaviour.definition.restart.kind, 'done'))
    return false
  restartOrEnd(host, cell, { reason: 'done', error: undefined })
  return true
}

/** An actor is supervised by the cell above it, unless XState or `createActor` made it: those tell their parent. */
function supervisorOf(cell: Cell): Cell | undefined {
  return cell.isSupervised ? cell.parent : undefined
}

type End = { readonly reason: EndReason; readonly error: unknown }

function restartOrEnd(host: SupervisionHost, cell: Cell, end: End): void {
  const supervisor = cell.parent
  if (supervisor === undefined) {
    endUnheard(host, cell, end.error)
    return
  }
  const { strategy, intensity, isPerChild } = settingsOf(supervisor)
  const restarts = restartsOf(cell, supervisor, strategy)
  const own = recordOf(cell)
  const counted = recordOf(isPerChild ? cell : supervisor)
  const which = isPerChild ? 'own' : 'ofChildren'
  const { backOff } = cell.behaviour.definition.restart
  const decision = childEnded(restarts.group, {
    child: cell,
    reason: end.reason,
    children: strategy === 'one-for-one' ? [] : childrenOf(supervisor),
    atMs: host.environment.clock.monotonicMs(),
    intensity: counted[which] ?? createRestartIntensity(intensity),
    backOffInit: backOff && { ...backOff, quietMs: QUIET_MS },
    backOff: own.backOff,
  })
  switch (decision.kind) {
    case 'ignored':
      return
    case 'leave':
      endUnheard(host, cell, end.error)
      return
    case 'escalate':
      counted[which] = decision.intensity
      escalate(host, cell, end.error)
      return
    case 'restart':
      counted[which] = decision.intensity
      own.backOff = decision.backOff
      restart(host, { cell, reason: end.reason, restarts, decision })
  }
}

type Restart = {
  readonly cell: Cell
  readonly reason: EndReason
  readonly restarts: Restarts
  readonly decision: EndDecision<Cell> & { readonly kind: 'restart' }
}

/** Ends what is to end, newest first, then starts who may start. */
function restart(host: SupervisionHost, { cell, reason, restarts, decision }: Restart): void {
  const wasBusy = restarts.isBusy
  restarts.isBusy = true
  restarts.group = decision.group
  cell.marks |= SUSPENDED
  try {
    for (const sibling of decision.stop) {
      // What one does as it ends may have ended others, or made the supervisor begin again.
      if (restarts.isClosed) return
      if (sibling.status !== RUNNING) continue
      if (sibling.restartKind === 'temporary') endAtOnce(sibling, 'stopped')
      else quiesce(sibling, false)
    }
    if (cell.status === RUNNING && !restarts.isClosed) quiesce(cell, reason !== 'done')
    const { wait } = decision
    if (wait === undefined || restarts.isClosed) return
    // Nobody is to wait for one that has ended meanwhile.
    if (cell.status !== RUNNING) restarts.group = restartDue(restarts.group, wait.timer)
    else {
      const due = (): void => startThose(host, restarts)
      restarts.wait(cell, wait, { due, after: (delayMs, task) => host.after(delayMs, task) })
    }
  } finally {
    restarts.isBusy = wasBusy
    startThose(host, restarts)
  }
}

/** One after the other: what fails as it starts is decided upon before the next one does. */
function startThose(host: SupervisionHost, restarts: Restarts): void {
  if (restarts.isBusy) return
  restarts.isBusy = true
  try {
    for (let next = nextStart(restarts.group); next !== undefined; next = nextStart(restarts.group)) {
      restarts.group = next.group
      if (next.child.status === RUNNING) startAgain(host, next.child)
      restarts.group = childStarted(restarts.group, next.child)
    }
  } finally {
    restarts.isBusy = false
  }
}

/** Oldest first. */
function childrenOf(supervisor: Cell): readonly Cell[] {
  const children: Cell[] = []
  for (let child = supervisor.firstChild; child !== undefined; child = child.older) children.push(child)
  return children.reverse()
}

type Settings = Pick<SupervisorBehaviour, 'strategy' | 'intensity' | 'isPerChild'>

/** An actor that has children supervises them one for one, with an intensity for all of them together. */
const ACTOR_SETTINGS: Settings = { strategy: 'one-for-one', intensity: INTENSITY_DEFAULT, isPerChild: false }

function settingsOf(supervisor: Cell): Settings {
  return supervisor.behaviour.isSupervisor ? (supervisor.behaviour as SupervisorBehaviour) : ACTOR_SETTINGS
}

/**
 * Before a restart: no more turns, mailbox kept. The logic of one that did not fail ends in order. Children of an actor
 * end, its logic spawns them anew; those of a supervisor wait with it, but for temporary ones.
 */
function quiesce(cell: Cell, hasFailed: boolean): void {
  cell.marks |= SUSPENDED
  if (!cell.behaviour.isSupervisor) {
    if (!hasFailed) endLogic(cell)
    else {
      endChildren(cell)
      cell.system.scheduler.cancelAll(cell)
    }
    cell.marks |= LOGIC_ENDED
    return
  }
  // The restarts that wait below it come with its own.
  knownRecordOf(cell)?.together?.close()
  for (const child of childrenOf(cell).toReversed()) {
    knownRecordOf(child)?.alone?.close()
    if (child.restartKind === 'temporary') endAtOnce(child, 'stopped')
    else if ((child.marks & SUSPENDED) === 0) quiesce(child, false)
  }
}

function startAgain(host: SupervisionHost, cell: Cell): void {
  cell.marks &= ~(SUSPENDED | LOGIC_ENDED)
  endWatchOfRedelivery(cell)
  try {
    cell.stateIndex = 0
    cell.behaviour.initialise(cell)
    host.report({ type: 'actor-restarted', id: cell.id, address: cell.address })
    cell.behaviour.start(cell)
  } catch (error: unknown) {
    superviseFailure(host, cell, { error, event: undefined })
    return
  }
  watchRedelivery(cell)
  if (cell.behaviour.isSupervisor) startChildren(host, cell)
  if (cell.status === RUNNING && cell.slot !== undefined && (cell.marks & (SCHEDULED | NO_TURN)) === 0)
    host.enqueue(cell)
}

/** As in OTP: a supervisor that begins again has restarted nobody yet. */
function startChildren(host: SupervisionHost, supervisor: Cell): void {
  const record = recordOf(supervisor)
  const { strategy } = settingsOf(supervisor)
  // One that was spawned while the supervisor was down runs already.
  const children = childrenOf(supervisor).filter(({ marks }) => (marks & SUSPENDED) !== 0)
  record.ofChildren = undefined
  record.together = undefined
  if (strategy !== 'one-for-one') {
    record.together = new Restarts(restartAllOf(strategy, children))
    startThose(host, record.together)
    return
  }
  const each = children.map((child) => {
    const restarts = new Restarts(restartAllOf(strategy, [child]))
    recordOf(child).alone = restarts
    return restarts
  })
  // One that makes the supervisor fail closes those of the others.
  for (const restarts of each) startThose(host, restarts)
}

/** Restarted too often: the child ends, and its supervisor fails in turn, unless it is the system's own. */
function escalate(host: SupervisionHost, cell: Cell, cause: unknown): void {
  const { parent } = cell
  const error = new CodedError('ACTOR_RESTART_INTENSITY', {
    message: `Actor ${cell.id} failed more often than its supervisor restarts`,
    cause,
    details: { id: cell.id, supervisor: parent?.id ?? '' },
  })
  host.report({ type: 'restart-intensity-exceeded', id: cell.id, address: cell.address, error })
  if (parent === undefined || settingsOf(parent).isPerChild) {
    endUnheard(host, cell, error)
    return
  }
  if (parent.behaviour.isSupervisor && cell.behaviour.definition.restart.kind !== 'temporary') quiesce(cell, true)
  else endFailed(cell, error)
  superviseFailure(host, parent, { error, event: undefined })
}

/** A failure that ends an actor for good is told to somebody: its observers and watchers, or whoever runs the system. */
function endUnheard(host: SupervisionHost, cell: Cell, error: unknown): void {
  if (!endFailed(cell, error)) host.report({ type: 'actor-lost', id: cell.id, address: cell.address, error })
}
