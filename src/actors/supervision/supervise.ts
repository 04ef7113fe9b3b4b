/**
 * What supervisors do about children that fail or reach their end: the decisions are those of `src/core/supervision`,
 * here they are carried out on cells.
 */
import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import { nextBackOff } from '../../core/supervision/back-off.ts'
import { createRestartIntensity, recordRestart } from '../../core/supervision/restart-intensity.ts'
import { isRestartedAfter, planRestart, type EndReason } from '../../core/supervision/restart-plan.ts'
import { RUNNING, SCHEDULED, STOPPED, SUSPENDED, type Cell, type CellHost } from '../cell/cell.ts'
import type { RestartRecord } from '../cell/cell-extras.ts'
import { endChildren, endFailed, endLogic, endTree } from '../cell/life.ts'
import type { SupervisorBehaviour } from '../hosting/supervisor-behaviour.ts'
import type { SupervisionEvent } from './supervision-event.ts'

/** What a supervisor needs of its system besides cells. */
export interface SupervisionHost extends CellHost {
  report(event: SupervisionEvent): void
  /** Runs `task` after `delayMs`, unless the system has stopped. */
  after(delayMs: number, task: () => void): void
}

/** How often children of a supervisor whose `intensity` was not given may be restarted. */
export const INTENSITY_DEFAULT = { restarts: 3, withinMs: 5_000 } as const

/** A child that ran so long after a restart is taken to be well again: its back-off starts anew. */
const QUIET_MS = 10_000

function recordOf(cell: Cell): RestartRecord {
  const extras = cell.more()
  extras.restarts ??= { ofChildren: undefined, own: undefined, backOff: undefined }
  return extras.restarts
}

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

export type ChildFailure = { readonly error: unknown; readonly event: AnyEventObject | undefined }

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

/** The message that the actor failed over goes before the others once more, or is a dead letter. */
function keepOrBury(cell: Cell, { event, error }: ChildFailure): void {
  if (event === undefined || event.type.startsWith('xstate.init')) return
  const extras = cell.more()
  extras.failures = extras.failedEvent === event ? extras.failures + 1 : 1
  extras.failedEvent = event
  if (extras.failures > cell.behaviour.definition.restart.redeliveries) {
    extras.failedEvent = undefined
    cell.system.deadLetters.put(cell, event, 'poison')
    tellAsker(event, error)
    return
  }
  if (cell.slot !== undefined) {
    cell.ring ??= cell.system.rings.get()
    cell.ring.unshift(cell.slot)
  }
  cell.slot = event
}

/** Whoever asked hears at once that nobody will answer, and why. */
function tellAsker(event: AnyEventObject, error: unknown): void {
  const { replyTo } = event as { readonly replyTo?: { readonly failed?: (error: unknown) => void } }
  if (typeof replyTo?.failed === 'function') replyTo.failed(error)
}

type End = { readonly reason: EndReason; readonly error: unknown }

function restartOrEnd(host: SupervisionHost, cell: Cell, end: End): void {
  const supervisor = cell.parent
  const { kind, backOff } = cell.behaviour.definition.restart
  if (supervisor === undefined || !isRestartedAfter(kind, end.reason)) {
    endUnheard(host, cell, end.error)
    return
  }
  const atMs = host.environment.clock.monotonicMs()
  const { strategy, intensity, isPerChild } = settingsOf(supervisor)
  const counted = recordOf(isPerChild ? cell : supervisor)
  const which = isPerChild ? 'own' : 'ofChildren'
  const recorded = recordRestart(counted[which] ?? createRestartIntensity(intensity), atMs)
  counted[which] = recorded.state
  const plan = planRestart({
    strategy,
    children: strategy === 'one-for-one' ? [] : childrenOf(supervisor),
    ended: cell,
    reason: end.reason,
    isExceeded: recorded.isExceeded,
  })
  if (plan.kind !== 'restart') {
    escalate(host, cell, end.error)
    return
  }
  for (const sibling of plan.stop) {
    if (plan.start.includes(sibling)) quiesce(sibling, false)
    else endTree(sibling, 'stopped')
  }
  quiesce(cell, end.reason !== 'done')
  const own = recordOf(cell)
  const wait = backOff && nextBackOff({ ...backOff, quietMs: QUIET_MS }, own.backOff, { atMs })
  own.backOff = wait?.state
  const startAll = (): void => {
    for (const each of plan.start) if (each.status === RUNNING) startAgain(host, each)
  }
  if (wait === undefined || wait.delayMs === 0) startAll()
  else host.after(wait.delayMs, startAll)
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
    return
  }
  for (const child of childrenOf(cell).toReversed()) {
    if (child.restartKind === 'temporary') endTree(child, 'stopped')
    else if ((child.marks & SUSPENDED) === 0) quiesce(child, false)
  }
}

function startAgain(host: SupervisionHost, cell: Cell): void {
  cell.marks &= ~SUSPENDED
  // As in OTP: a supervisor that begins again has restarted nobody yet.
  if (cell.behaviour.isSupervisor) recordOf(cell).ofChildren = undefined
  try {
    cell.stateIndex = 0
    cell.behaviour.initialise(cell)
    host.report({ type: 'actor-restarted', id: cell.id, address: cell.address })
    cell.behaviour.start(cell)
  } catch (error: unknown) {
    superviseFailure(host, cell, { error, event: undefined })
    return
  }
  if (cell.behaviour.isSupervisor) for (const child of childrenOf(cell)) startAgain(host, child)
  if (cell.status === RUNNING && cell.slot !== undefined && (cell.marks & SCHEDULED) === 0) host.enqueue(cell)
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
