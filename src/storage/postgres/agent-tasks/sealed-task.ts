import { CodedError } from '../../../base/errors.ts'
import type { AgentTaskName } from '../../../ports/agent-task-store.ts'
import { sealValue, unsealValue } from '../../sealed-value.ts'
import type { PostgresConnection } from '../postgres-connection.ts'

/** The bytes of a task, or of its notes, as they are in the server. */
export function sealTask({ owner, id }: AgentTaskName, bytes: Uint8Array): Uint8Array {
  return sealValue(`${owner}/${id}`, bytes)
}

/** `undefined` for bytes that are damaged. */
export function unsealIntact({ owner, id }: AgentTaskName, stored: Uint8Array): Uint8Array | undefined {
  const bytes = unsealValue(`${owner}/${id}`, stored)
  return bytes && new Uint8Array(bytes)
}

/** Throws `STORE_CORRUPTED`. */
export function unsealTask(
  name: AgentTaskName,
  stored: Uint8Array,
  { place }: Pick<PostgresConnection, 'place'>,
): Uint8Array {
  const bytes = unsealIntact(name, stored)
  if (bytes !== undefined) return bytes
  throw new CodedError('STORE_CORRUPTED', {
    message: `A task in the store at ${place} fails its checksum`,
    details: { place },
  })
}
