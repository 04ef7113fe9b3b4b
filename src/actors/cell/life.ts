/**
 * Beginning and end of a cell. Everything here works on the tree of cells without recursion: a chain of a million actors,
 * each the child of the one before, ends like a million siblings.
 */
import type { AnyEventObject, Snapshot } from 'xstate'
import type { Terminated, TerminationReason } from '../actor-ref.ts'
import { notifyComplete, notifyError, notifyNext } from '../delivery/observers.ts'
import { forgetName } from './naming.ts'
import {
  ADOPTED,
  DRAINING,
  ENDING,
  NO_TURN,
  REASON_SHIFT,
  RELAYS,
  RUNNING,
  SCHEDULED,
  STOPPED,
  TERMINATION_REASONS,
  type Cell,
  type CellHost,
} from './cell.ts'

/** Runs what was deferred since `base`, in order, what it defers itself included. Throws the first error and forgets the rest. */
export function runDeferred(host: CellHost, base: number): void {
  const { deferred } = host
  try {
    // Each is taken out before it runs: what it starts may run the rest.
    while (deferred.length > base) {
      const task = deferred.length === base + 1 ? deferred.pop() : deferred.splice(base, 1)[0]
      task?.()
    }
  } catch (error: unknown) {
    deferred.length = Math.min(deferred.length, base)
    throw error
  }
}

/** Puts a new cell below its parent, as the newest child. */
export function linkChild(cell: Cell): void {
  const { parent } = cell
  if (parent === undefined) return
  cell.older = parent.firstChild
  if (parent.firstChild !== undefined) parent.firstChild.newer = cell
  parent.firstChild = cell
}

function unlinkChild(cell: Cell): void {
  const { parent, newer, older } = cell
  if (newer !== undefined) newer.older = older
  else if (parent?.firstChild === cell) parent.firstChild = older
  if (older !== undefined) older.newer = newer
  cell.newer = undefined
  cell.older = undefined
}

/** Runs what a step deferred; an error in it is the actor's. */
export function runActions(cell: Cell, base: number): void {
  const { system } = cell
  if (system.deferred.length <= base) return
  try {
    runDeferred(system, base)
  } catch (error: unknown) {
    cell.behaviour.setError(cell, error)
  }
}

/**
 * After a step of logic that has whole snapshots: what it deferred runs, subscribers are told, and an end is an end.
 *
 * @param base  Length of `deferred` before the step.
 */
export function settle(cell: Cell, event: AnyEventObject, base: number): void {
  const { system } = cell
  runActions(cell, base)
  if (cell.status === STOPPED) return
  const snapshot = cell.state as Snapshot<unknown>
  switch (snapshot.status) {
    case 'active':
      if (cell.extras !== undefined) notifyNext(cell, snapshot)
      break
    case 'done':
      if (cell.extras !== undefined) notifyNext(cell, snapshot)
      reachEnd(cell, snapshot.output)
      break
    case 'error':
      system.childFailed(cell, snapshot.error, event)
      break
    case 'stopped':
      break
  }
  if (system.isInspected) system._sendInspectionEvent({ type: '@xstate.snapshot', actorRef: cell, event, snapshot })
}

/** The logic is done: the supervisor may start it again, otherwise the actor ends. */
function reachEnd(cell: Cell, output: unknown): void {
  if (cell.system.childDone(cell)) return
  endTree(cell, 'done')
  if ((cell.marks & RELAYS) === 0) return
  const event = { type: `xstate.done.actor.${cell.id}`, output, actorId: cell.id }
  cell.system._relay(cell, cell.parent, event)
}

/**
 * Ends a failed actor for good.
 *
 * @returns Whether somebody heard of the failure: an observer, a watcher, or a parent that is told of its children.
 */
export function endFailed(cell: Cell, error: unknown): boolean {
  const hasWatchers = (cell.extras?.endListeners?.size ?? 0) > 0
  endTree(cell, 'failed')
  const isTold = notifyError(cell, error)
  if ((cell.marks & RELAYS) !== 0) {
    const event = { type: `xstate.error.actor.${cell.id}`, error, actorId: cell.id }
    cell.system._relay(cell, cell.parent, event)
    return true
  }
  return isTold || hasWatchers
}

/** As `endAtOnce`; but one that drains and has handled its own messages first lets its children handle theirs. */
export function endTree(root: Cell, reason: TerminationReason): void {
  const isDrained = reason === 'stopped' && (root.marks & DRAINING) !== 0 && root.slot === undefined
  if (isDrained && root.firstChild !== undefined) root.system.drainChildren(root)
  else endAtOnce(root, reason)
}

/**
 * Ends `root` and everything below it, newest first, children before parents. The logic of each is told, so that exit
 * actions run and promises are aborted; failures of that are reported and stop nothing.
 */
export function endAtOnce(root: Cell, reason: TerminationReason): void {
  let cell = root
  for (;;) {
    let child = cell.firstChild
    // Children that XState made are ended by the logic that made them.
    while (child !== undefined && (child.marks & ADOPTED) !== 0) child = child.older
    if (child !== undefined) {
      cell = child
      continue
    }
    const { parent } = cell
    endOne(cell, cell === root ? reason : 'stopped')
    if (cell === root || parent === undefined) return
    cell = parent
  }
}

/** Ends the children of a cell that lives on (a restart). */
export function endChildren(cell: Cell): void {
  while (cell.firstChild !== undefined) endAtOnce(cell.firstChild, 'stopped')
}

/** The logic's own end, and that of the children that XState made for it. */
export function endLogic(cell: Cell): void {
  try {
    cell.behaviour.end(cell)
  } catch (error: unknown) {
    cell.system.environment.reportError(error)
  }
  endChildren(cell)
  cell.system.scheduler.cancelAll(cell)
}

function endOne(cell: Cell, reason: TerminationReason): void {
  if (cell.status === STOPPED || (cell.marks & ENDING) !== 0) return
  cell.marks |= ENDING
  const { system } = cell
  const wasRunning = cell.status === RUNNING
  if (wasRunning && (reason === 'stopped' || reason === 'killed')) endLogic(cell)
  else {
    endChildren(cell)
    if (wasRunning) system.scheduler.cancelAll(cell)
  }
  cell.status = STOPPED
  cell.marks = (cell.marks & ~(DRAINING | ENDING)) | (TERMINATION_REASONS.indexOf(reason) << REASON_SHIFT)
  forgetName(cell)
  dropMail(cell)
  unlinkChild(cell)
  if (cell.extras !== undefined) tellOfEnd(cell, reason)
}

/** What still waits, and what was put aside, becomes dead letters. */
function dropMail(cell: Cell): void {
  const { slot, ring } = cell
  cell.slot = undefined
  cell.ring = undefined
  if (slot !== undefined) cell.system.deadLetters.put(cell, slot, 'stopped')
  for (let event = ring?.shift(); event !== undefined; event = ring?.shift()) {
    cell.system.deadLetters.put(cell, event, 'stopped')
  }
  for (const event of cell.extras?.stash ?? []) cell.system.deadLetters.put(cell, event, 'stopped')
  if (cell.extras !== undefined) cell.extras.stash = undefined
}

function tellOfEnd(cell: Cell, reason: TerminationReason): void {
  const { extras, system } = cell
  if (extras === undefined) return
  if (extras.systemId !== undefined) system._unregister(cell)
  for (const release of extras.releases ?? []) release()
  extras.releases = undefined
  for (const held of extras.held ?? []) held.release()
  extras.held = undefined
  // A failure is told by `endFailed`, which has the error.
  if (reason !== 'failed') notifyComplete(cell)
  const { endListeners, stopWaiters, roomWaiters } = extras
  extras.endListeners = undefined
  extras.stopWaiters = undefined
  extras.roomWaiters = undefined
  for (const waiter of stopWaiters ?? []) waiter()
  for (const waiter of roomWaiters ?? []) waiter.ended()
  if (endListeners === undefined || endListeners.size === 0) return
  system.ends.tell({ terminated: terminatedOf(cell), listeners: endListeners })
}

/** What watchers are told of an actor that has ended. */
export function terminatedOf(cell: Cell): Terminated {
  const reason = TERMINATION_REASONS[(cell.marks >> REASON_SHIFT) & 3] ?? 'stopped'
  const base = { type: 'kernell.terminated', id: cell.id, address: cell.address, reason } as const
  if (reason === 'done') return { ...base, output: cell.getSnapshot().output }
  return reason === 'failed' ? { ...base, error: cell.getSnapshot().error } : base
}

/** Whether `cell` is `ancestor` or below it. */
export function isWithin(cell: Cell | undefined, ancestor: Cell): boolean {
  for (let above = cell; above !== undefined; above = above.parent) if (above === ancestor) return true
  return false
}

/** From initialised to running: entry actions, children, and the messages that came before. */
export function startCell(cell: Cell): void {
  const { system } = cell
  cell.status = RUNNING
  if (system.isInspected) {
    const event = { type: 'xstate.init', input: cell.input }
    system._sendInspectionEvent({ type: '@xstate.event', sourceRef: cell._parent, actorRef: cell, event })
  }
  // Messages that come before it has begun wait, its own to itself included.
  cell.marks |= SCHEDULED
  try {
    cell.behaviour.start(cell)
  } finally {
    releaseTurn(cell)
  }
}

/** Takes back the mark that kept a cell from its turns. */
export function releaseTurn(cell: Cell): void {
  cell.marks &= ~SCHEDULED
  if (cell.slot !== undefined && cell.status === RUNNING && (cell.marks & NO_TURN) === 0) cell.system.enqueue(cell)
}
