/** What an actor may do beyond XState's own actions, from within its logic: `actor` is what the logic is given as `self`. */
import type { AnyActorLogic, AnyEventObject, Subscription } from 'xstate'
import { CodedError } from '../base/errors.ts'
import type { ActorRef } from './actor-ref.ts'
import type { AgentDefinition, SpawnOptions } from './agent-definition.ts'
import { Cell, eventTypeError, SCHEDULED, STOPPED } from './cell/cell.ts'
import { linkCells } from './delivery/watch.ts'

/**
 * Starts an actor below `actor`, which supervises it and is its end. O(1), whatever the number of siblings; XState's own
 * `spawnChild` copies them all.
 *
 * @throws as `ActorSystem.spawn`.
 */
export function spawnChildOf<Logic extends AnyActorLogic>(
  actor: unknown,
  definition: AgentDefinition<Logic>,
  options?: SpawnOptions,
): ActorRef {
  return cellOf(actor).spawn(definition, options)
}

/**
 * Puts a message aside that `actor` cannot handle now.
 *
 * @throws `ACTOR_STASH_FULL` when as many are aside as its mailbox is bounded to; the message is then the caller's.
 *   TypeError when it is no event.
 */
export function stash(actor: unknown, event: AnyEventObject): void {
  const cell = cellOf(actor)
  if (typeof event?.type !== 'string') throw eventTypeError(event)
  const extras = cell.more()
  extras.stash ??= []
  const { bound } = cell.behaviour.definition.mailbox
  if (extras.stash.length >= bound) {
    throw new CodedError('ACTOR_STASH_FULL', {
      message: `Actor ${cell.id} has put ${bound} messages aside and may not put more`,
      details: { id: cell.id, bound },
    })
  }
  extras.stash.push(event)
}

/** Puts the messages that were set aside before those that wait, in their order. @returns How many there were. */
export function unstashAll(actor: unknown): number {
  const cell = cellOf(actor)
  const stashed = cell.extras?.stash ?? []
  if (cell.status === STOPPED || stashed.length === 0) return 0
  cell.more().stash = undefined
  for (const event of stashed.toReversed()) {
    if (cell.slot !== undefined) {
      cell.ring ??= cell.system.rings.get()
      cell.ring.unshift(cell.slot)
    }
    cell.slot = event
  }
  if ((cell.marks & SCHEDULED) === 0) cell.system.enqueue(cell)
  return stashed.length
}

/** Ties two actors of this thread: when one fails, the other is ended. Either may end in order without the other. */
export function linkActors(first: unknown, second: unknown): Subscription {
  return linkCells(cellOf(first), cellOf(second))
}

function cellOf(actor: unknown): Cell {
  if (actor instanceof Cell) return actor
  throw new TypeError('This is not an actor of a system on this thread')
}
