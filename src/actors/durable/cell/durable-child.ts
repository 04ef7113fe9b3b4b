import type { AnyEventObject } from 'xstate'
import { ADOPTED, RUNNING, type Cell } from '../../cell/cell.ts'
import { AdoptedBehaviour, type XStateActor } from '../../hosting/adopted-behaviour.ts'
import type { ToChildEvent } from './turn-gate.ts'

/** The behaviour of the durable actor that a child belongs to. */
export interface ChildRoot {
  /** Makes a step of a child a turn of the actor `cell`. */
  stepOfChild(cell: Cell, task: () => void): void
}

/** A child that XState made inside a durable actor. Its state is part of that actor's, and its steps are turns of that actor. */
class DurableChildBehaviour extends AdoptedBehaviour {
  readonly #root: Cell
  readonly #rootBehaviour: ChildRoot

  constructor(actor: XStateActor, root: Cell, rootBehaviour: ChildRoot) {
    super(actor)
    this.#root = root
    this.#rootBehaviour = rootBehaviour
  }

  override step(cell: Cell, event: AnyEventObject): void {
    this.#rootBehaviour.stepOfChild(this.#root, () => {
      super.step(cell, event)
      adoptChildren(cell, this.#root, this.#rootBehaviour)
    })
  }
}

/** New children come first in the list, so this looks at no others. */
export function adoptChildren(cell: Cell, root: Cell, rootBehaviour: ChildRoot): void {
  for (let child = cell.firstChild; child !== undefined; child = child.older) {
    if ((child.marks & ADOPTED) === 0) continue
    const { behaviour } = child
    if (!(behaviour instanceof AdoptedBehaviour) || behaviour instanceof DurableChildBehaviour) return
    child.behaviour = new DurableChildBehaviour(behaviour.actor, root, rootBehaviour)
    adoptChildren(child, root, rootBehaviour)
  }
}

/** Gives a child what was stored for it; it is a dead letter where the child has ended meanwhile. */
export function sendToChild(root: Cell, { path, event }: ToChildEvent): void {
  let child: XStateActor | undefined
  let children = childrenOf(root.state)
  for (const id of path) {
    child = children?.[id]
    children = child && childrenOf(child.getSnapshot())
  }
  const target = child?.kernellCell
  if (target?.status === RUNNING && target.behaviour instanceof AdoptedBehaviour) target.behaviour.actor._send(event)
  else root.system.deadLetters.put(target ?? root, event, 'stopped')
}

function childrenOf(snapshot: unknown): Record<string, XStateActor> | undefined {
  return (snapshot as { readonly children?: Record<string, XStateActor> }).children
}
