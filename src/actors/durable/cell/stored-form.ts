import type { Snapshot } from 'xstate'
import { CodedError } from '../../../base/errors.ts'
import type { AgentDefinition } from '../../agent-definition.ts'
import { reducerOf } from '../../hosting/reducer-behaviour.ts'
import type { DurableDefinition } from '../turn/durable-definition.ts'

/** How the snapshots of a definition are stored. */
export type StoredForm = {
  /** Only the context is stored, and the logic is given that itself, frozen. */
  readonly isReducer: boolean
  fromStored(stored: unknown): Snapshot<unknown>
  /** @throws `ACTOR_STATE_NOT_STORABLE`. */
  toStored(snapshot: Snapshot<unknown>): unknown
}

export function storedFormOf(definition: Pick<AgentDefinition, 'name' | 'logic'>): StoredForm {
  return reducerOf(definition.logic) === undefined ? wholeForm(definition) : CONTEXT_FORM
}

const CONTEXT_FORM: StoredForm = {
  isReducer: true,
  fromStored: (context) => ({ status: 'active', output: undefined, error: undefined, context }) as Snapshot<unknown>,
  toStored: contextOf,
}

function contextOf(snapshot: object): unknown {
  return 'context' in snapshot ? snapshot.context : undefined
}

function wholeForm({ name, logic }: Pick<AgentDefinition, 'name' | 'logic'>): StoredForm {
  return {
    isReducer: false,
    fromStored: (stored) => stored as Snapshot<unknown>,
    toStored: (snapshot) => {
      try {
        return logic.getPersistedSnapshot(snapshot)
      } catch (cause: unknown) {
        throw new CodedError('ACTOR_STATE_NOT_STORABLE', {
          message: `The snapshot of ${name}: ${cause instanceof Error ? cause.message : String(cause)}`,
          cause,
          details: { path: 'snapshot' },
        })
      }
    },
  }
}

/** How the store sees a definition. `migrate` is given, and gives, a persisted snapshot of XState's form, whatever the logic. */
export function durableDefinitionOf(definition: AgentDefinition): DurableDefinition {
  const { name, version, migrate, mailbox, durable } = definition
  const form = storedFormOf(definition)
  return {
    name,
    version,
    inboxBound: mailbox.bound,
    atBound: mailbox.atBound,
    ...(durable !== undefined && { snapshotEvery: durable.snapshotEvery }),
    ...(migrate !== undefined && {
      migrate: (state, fromVersion) => {
        const snapshot = migrate(form.fromStored(state), fromVersion)
        if (typeof snapshot !== 'object' || snapshot === null || !('status' in snapshot)) {
          throw new TypeError('migrate gives a snapshot, as it is given one')
        }
        return form.isReducer ? contextOf(snapshot) : snapshot
      },
    }),
  }
}
