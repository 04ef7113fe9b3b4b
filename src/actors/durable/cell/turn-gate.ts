import type { AnyEventObject } from 'xstate'
import type { MailboxPolicy } from '../../agent-definition.ts'
import { ADOPTED, eventTypeError, RUNNING, type Behaviour, type Cell, type SendGate } from '../../cell/cell.ts'
import { isQuestion } from '../../delivery/ask.ts'
import { CREDIT_OVERFLOW, waitsFor } from '../../delivery/full-mailbox.ts'
import type { AdoptedBehaviour } from '../../hosting/adopted-behaviour.ts'
import type { DurableOwner } from '../turn/durable-owner.ts'
import type { DurableTurn } from '../turn/durable-turn.ts'

/** A behaviour whose turns are stored. */
export interface DurableRoot extends Behaviour {
  /** The right to write; `undefined` before the store is open. */
  readonly owner: DurableOwner | undefined
  /** The turn under way in the system, whoever has it. */
  readonly currentTurn: CurrentTurn | undefined
}

export type CurrentTurn = { readonly cell: Cell; readonly owner: DurableOwner; readonly turn: DurableTurn }

/** For a child that XState made inside a durable actor: it is part of that actor, and so are its messages. */
export const TO_CHILD = 'kernell.to-child'
/** A delayed message of a durable actor for somebody else. */
export const RELAY = 'kernell.relay'

export type ToChildEvent = {
  readonly type: typeof TO_CHILD
  /** Ids of the children, outermost first. */
  readonly path: readonly string[]
  readonly event: AnyEventObject
}
export type RelayEvent = { readonly type: typeof RELAY; readonly to: unknown; readonly event: AnyEventObject }

export type TurnGateInit = {
  /** `undefined` before it is open. */
  readonly store: () => TurnGateStore | undefined
  /** The cell of an actor that is in memory. */
  readonly cellOf: (id: string) => Cell | undefined
}

export type TurnGateStore = {
  /** See `DurableStore.hasRoom`. */
  hasRoom(id: string, more: number, times?: number): boolean
  atBoundOf(id: string): MailboxPolicy
}

/**
 * Stands in the way of all that a durable actor sends while it has its turn: what goes to a stored actor becomes part of
 * the turn's record, everything else is held back until that is on stable storage.
 */
export class TurnGate implements SendGate {
  current: CurrentTurn | undefined = undefined
  #outer: SendGate | undefined
  readonly #init: TurnGateInit

  constructor(init: TurnGateInit) {
    this.#init = init
  }

  run(current: CurrentTurn, task: () => void): void {
    const { system } = current.cell
    const before = this.current
    const gate = system.gate
    // An actor that is started within another one's turn has a turn of its own.
    if (gate !== this) this.#outer = gate
    this.current = current
    system.gate = this
    try {
      task()
    } finally {
      system.gate = gate
      this.current = before
    }
  }

  send(target: Cell, event: AnyEventObject, source: unknown): boolean {
    if (typeof event?.type !== 'string') throw eventTypeError(event)
    const { current } = this
    if (current === undefined) return target.take(event)
    const root = durableRootOf(target)
    if (root !== undefined && !isQuestion(event) && (root === current.cell || ownerOf(root)?.isCreated === true)) {
      return this.sendStored(root, root === target ? event : { type: TO_CHILD, path: pathOf(target, root), event })
    }
    const outer = this.#outer
    current.turn.holdBack(() => void (outer === undefined ? target.take(event) : outer.send(target, event, source)))
    return true
  }

  /** To an actor that is stored, in memory or not. */
  sendStored(target: Pick<Cell, 'id' | 'address' | 'system'>, event: AnyEventObject): boolean {
    const { current } = this
    if (current === undefined) return false
    const { turn, owner } = current
    const store = this.#init.store()
    if (
      target.id !== owner.id &&
      store?.hasRoom(target.id, turn.sentTo(target.id)) !== true &&
      !this.#hasCredit(target.id, current)
    ) {
      turn.holdBack(() => target.system.deadLetters.put(target, event, 'mailbox-full'))
      return store?.atBoundOf(target.id) === 'drop-newest'
    }
    turn.sendStored({ to: target.id, event, version: owner.versionFor(target.id) })
    return true
  }

  /** With the policy `credit` a full inbox takes the message, and the sender has no further turn until there is room. */
  #hasCredit(id: string, { cell: sender, turn }: CurrentTurn): boolean {
    const store = this.#init.store()
    const target = this.#init.cellOf(id)
    if (store?.atBoundOf(id) !== 'credit' || target?.status !== RUNNING || waitsFor(target, sender)) return false
    if (!store.hasRoom(id, turn.sentTo(id), CREDIT_OVERFLOW)) return false
    turn.full ??= new Set()
    turn.full.add(target)
    return true
  }
}

function ownerOf(cell: Cell): DurableOwner | undefined {
  return isDurableRoot(cell.behaviour) ? cell.behaviour.owner : undefined
}

export function isDurableRoot(behaviour: Behaviour): behaviour is DurableRoot {
  return 'owner' in behaviour
}

/** The durable actor that a cell is, or that it is a part of. */
export function durableRootOf(cell: Cell): Cell | undefined {
  let above: Cell | undefined = cell
  while (above !== undefined && (above.marks & ADOPTED) !== 0) above = above.parent
  return above !== undefined && isDurableRoot(above.behaviour) ? above : undefined
}

/** How a child that XState made is found again from the root. */
export function pathOf(cell: Cell, root: Cell): readonly string[] {
  const path: string[] = []
  for (let at: Cell | undefined = cell; at !== undefined && at !== root; at = at.parent) {
    path.unshift((at.behaviour as AdoptedBehaviour).actor.id)
  }
  return path
}
