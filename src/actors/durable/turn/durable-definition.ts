import type { AnyEventObject } from 'xstate'
import type { MailboxPolicy } from '../../agent-definition.ts'

/** What the store has to know of the definition of an actor. */
export type DurableDefinition = {
  readonly name: string
  readonly version: number
  /** Carries a state of an older version to this one. Absent: older ones are unknown. */
  readonly migrate?: ((state: unknown, fromVersion: number) => unknown) | undefined
  /** The same for an event that was stored. Absent: events of versions that `migrate` knows are given as they are. */
  readonly migrateEvent?: ((event: AnyEventObject, fromVersion: number) => AnyEventObject) | undefined
  /** Commits after which the whole state is written again, if the changes since weigh as much as it. Default 256. */
  readonly snapshotEvery?: number
  /** Messages that may wait. Default 65,536. */
  readonly inboxBound?: number
  /** What happens to messages beyond that. Default `refuse`. */
  readonly atBound?: MailboxPolicy
}
