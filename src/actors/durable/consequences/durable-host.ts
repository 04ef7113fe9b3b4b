import type { CodedError } from '../../../base/errors.ts'
import type { InboxEntry } from '../state/durable-actor.ts'
import type { DurableOwner } from '../turn/durable-owner.ts'
import type { DueTimer } from './durable-timers.ts'

/** Who runs the actors. Called synchronously, sometimes in the middle of another actor's commit: it only takes note. */
export interface DurableHost {
  /** A message for an actor that is active. */
  received(owner: DurableOwner, entry: InboxEntry): void
  /** A timer of an actor that is active. */
  due(owner: DurableOwner, due: DueTimer): void
  /** An actor that is not active has something to do. */
  wake(id: string): void
  /** Another activation has taken over, or the actor was removed. */
  fenced(owner: DurableOwner): void
  /** Nothing is stored any more; all durable actors are to stop. Called once. */
  failed(error: CodedError): void
}
