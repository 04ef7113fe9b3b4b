import { CodedError } from '../../../base/errors.ts'
import type { DurableActor } from '../state/durable-actor.ts'
import type { DurableDefinition } from './durable-definition.ts'

/**
 * A version is known when it is the definition's own, or an older one that the definition migrates from.
 *
 * @throws `ACTOR_VERSION_UNKNOWN` for what is stored of `actor` with another one.
 */
export function checkVersions(actor: DurableActor, definition: DurableDefinition): void {
  checkVersion({ what: 'the state', found: actor.version, actor }, definition)
  for (const { sequence, version } of actor.inbox?.values() ?? []) {
    checkVersion({ what: `message ${sequence}`, found: version, actor }, definition)
  }
  for (const { id, version } of actor.timers?.values() ?? []) {
    checkVersion({ what: `timer ${id}`, found: version, actor }, definition)
  }
}

type FoundVersion = { readonly what: string; readonly found: number; readonly actor: DurableActor }

function checkVersion({ what, found, actor }: FoundVersion, { name, version, migrate }: DurableDefinition): void {
  if (found === version || (found < version && migrate !== undefined)) return
  throw new CodedError('ACTOR_VERSION_UNKNOWN', {
    message: `${actor.id}: ${what} has version ${found}, and ${name} is at ${version}${found < version ? ' without migrate' : ''}`,
    details: { actor: actor.id, agent: name, found, version },
  })
}

/**
 * Runs a migration of what is stored of the actor `id` with the version `found`.
 *
 * @throws `ACTOR_MIGRATION_FAILED`.
 */
export function migrateFrom<Value>(
  { id, found, definition }: { readonly id: string; readonly found: number; readonly definition: DurableDefinition },
  migrate: () => Value,
): Value {
  try {
    return migrate()
  } catch (cause: unknown) {
    const { name, version } = definition
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new CodedError('ACTOR_MIGRATION_FAILED', {
      message: `${id}: ${name} could not carry version ${found} to ${version}: ${reason}`,
      cause,
      details: { actor: id, agent: name, found, version },
    })
  }
}
