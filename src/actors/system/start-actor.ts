import { CodedError } from '../../base/errors.ts'
import type { SpawnOptions } from '../agent-definition.ts'
import { Cell, DRAINING, STOPPED, type Behaviour, type CellHost } from '../cell/cell.ts'
import { linkChild, startCell } from '../cell/life.ts'
import { namesBelow } from '../cell/naming.ts'
import { cellCounts } from './cell-counts.ts'

const ID = /^(?!\$)[^\s/#]{1,256}$/

/** What a start asks of the system. */
export interface StartHost extends CellHost {
  readonly root: Cell | undefined
  /** True when it takes no more actors. */
  readonly takesNoActors: boolean
  bookNumber(): number
  run(task: () => void): void
}

export type StartInit = { readonly parent: Cell; readonly behaviour: Behaviour; readonly options: SpawnOptions }

/**
 * Starts an actor of this thread below `parent`. One that cannot start leaves nothing behind.
 *
 * @throws `ACTOR_ID_TAKEN`, `ACTOR_START_FAILED`, `ACTOR_SYSTEM_STOPPED`; RangeError for an id out of its alphabet.
 */
export function startActor(system: StartHost, { parent, behaviour, options }: StartInit): Cell {
  checkTakes(system, parent)
  const number = system.bookNumber()
  const { id: own, input } = options
  const names = own === undefined ? undefined : freeNames(system, parent, own)
  const cell = new Cell(system, behaviour, { name: own, number, parent, input })
  if (system.isInspected) system._sendInspectionEvent({ type: '@xstate.actor', actorRef: cell })
  try {
    behaviour.initialise(cell)
  } catch (cause: unknown) {
    const { name } = behaviour.definition
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `Actor ${own ?? ''} of agent ${name} could not be started: ${why}`
    throw new CodedError('ACTOR_START_FAILED', { message, cause, details: { id: own ?? null, agent: name } })
  }
  if (own !== undefined) names?.set(own, cell)
  linkChild(cell)
  cellCounts().created += 1
  if (system.isInline) system.run(() => startCell(cell))
  else startCell(cell)
  return cell
}

function checkTakes(system: StartHost, parent: Cell): void {
  const isEnding = parent.behaviour.isSupervisor && (parent.marks & DRAINING) !== 0
  if (system.takesNoActors || parent.status === STOPPED || isEnding) {
    throw new CodedError('ACTOR_SYSTEM_STOPPED', { message: 'The actor system, or the parent, was stopped' })
  }
}

/** The names below `parent`, which do not have `own` yet. */
function freeNames(system: StartHost, parent: Cell, own: string): Map<string, Cell> {
  if (typeof own !== 'string' || !ID.test(own))
    throw new RangeError(`An actor's id has 1 to 256 characters, none of them space, / or #, the first not $: ${own}`)
  const names = namesBelow(parent)
  if (names.has(own)) {
    const id = parent === system.root ? own : `${parent.id}/${own}`
    throw new CodedError('ACTOR_ID_TAKEN', { message: `There is an actor ${id} already`, details: { id } })
  }
  return names
}
