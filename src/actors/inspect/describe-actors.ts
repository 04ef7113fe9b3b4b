import type { StateValue } from 'xstate'
import type { ActorRef } from '../actor-ref.ts'
import { Cell, HELD, RUNNING, STOPPED, SUSPENDED } from '../cell/cell.ts'
import { findCell } from '../cell/naming.ts'
import type { ActorSystem } from '../system/actor-system.ts'
import { describeStatechart, type Statechart } from './describe-statechart.ts'

/** An actor of this thread as somebody sees it who looks at the system. */
export type ActorDescription = {
  readonly id: string
  /** Id of the actor above; `null` at the top. */
  readonly parent: string | null
  /** Name of its definition. */
  readonly agent: string
  readonly kind: 'supervisor' | 'machine' | 'logic'
  /** `waiting`: it has no turn until its supervisor, or another mailbox, lets it. */
  readonly status: 'starting' | 'running' | 'waiting' | 'ended'
  /** Messages in its mailbox, and how many fit. */
  readonly mailbox: number
  readonly mailboxMax: number
  readonly isDurable: boolean
  /** Failures over the message that it was given last. */
  readonly failures: number
  readonly children: number
  /** Of a machine: the state that it is in. */
  readonly state: StateValue | null
}

export type ActorsDescription = {
  /** Parents before their children, siblings in the order in which they were made. */
  readonly actors: readonly ActorDescription[]
  /** How many there are, also beyond those that are described. */
  readonly total: number
  readonly deadLetters: number
}

/** Describes the actors of a system, at most so many of them; O(actors). It changes nothing and asks no actor. */
export function describeActors(system: ActorSystem, { most }: { readonly most: number }): ActorsDescription {
  const actors: ActorDescription[] = []
  let total = 0
  const waiting: Cell[] = system.root === undefined ? [] : childrenOf(system.root)
  for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
    total += 1
    const children = childrenOf(cell)
    if (actors.length < most) actors.push(describe(cell, children.length))
    waiting.push(...children)
  }
  return { actors, total, deadLetters: system.deadLetters.count }
}

/** One actor with the statechart of its logic; `undefined` where no live actor of this thread has the id. */
export function describeActor(
  system: ActorSystem,
  id: string,
): { readonly actor: ActorDescription; readonly statechart: Statechart | null } | undefined {
  const found: ActorRef | undefined = findCell(system, id) ?? system.get(id)
  if (!(found instanceof Cell) || found.isRoot) return undefined
  return { actor: describe(found, childrenOf(found).length), statechart: describeStatechart(found.behaviour.logic) }
}

/** Newest first, as they are linked. */
function childrenOf(cell: Cell): Cell[] {
  const children: Cell[] = []
  for (let child = cell.firstChild; child !== undefined; child = child.older) children.push(child)
  return children
}

function describe(cell: Cell, children: number): ActorDescription {
  const { behaviour, parent, slot, ring, extras } = cell
  const { definition } = behaviour
  const state = stateOf(cell)
  return {
    id: cell.id,
    parent: parent === undefined || parent.isRoot ? null : parent.id,
    agent: definition.name,
    kind: kindOf(cell, state),
    status: statusOf(cell),
    mailbox: (slot === undefined ? 0 : 1) + (ring?.size ?? 0),
    mailboxMax: definition.mailbox.bound,
    isDurable: definition.durable !== undefined,
    failures: extras?.failures ?? 0,
    children,
    state,
  }
}

function kindOf({ behaviour }: Cell, state: StateValue | null): ActorDescription['kind'] {
  if (behaviour.isSupervisor) return 'supervisor'
  return state === null ? 'logic' : 'machine'
}

function statusOf({ status, marks }: Cell): ActorDescription['status'] {
  if (status === STOPPED) return 'ended'
  if (status !== RUNNING) return 'starting'
  return (marks & (SUSPENDED | HELD)) === 0 ? 'running' : 'waiting'
}

function stateOf(cell: Cell): StateValue | null {
  if (cell.behaviour.isSupervisor || cell.status !== RUNNING) return null
  const snapshot: object = cell.getSnapshot()
  return 'value' in snapshot ? (snapshot.value as StateValue) : null
}
