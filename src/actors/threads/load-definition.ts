import { CodedError } from '../../base/errors.ts'
import type { AgentDefinition } from '../agent-definition.ts'

/**
 * Loads a definition on this thread from the module that it names: logic is code, and code does not cross threads.
 *
 * @throws `ACTOR_MODULE_INVALID`.
 */
export async function loadDefinition(
  { url, exportName }: NonNullable<AgentDefinition['module']>,
  agent: string,
): Promise<AgentDefinition> {
  let loaded: Readonly<Record<string, unknown>>
  try {
    loaded = (await import(url)) as Readonly<Record<string, unknown>>
  } catch (cause: unknown) {
    throw moduleError(`The module ${url} of agent ${agent} cannot be loaded: ${String(cause)}`, cause)
  }
  const exported = loaded[exportName]
  if (!isDefinition(exported) || exported.name !== agent) {
    throw moduleError(`The module ${url} does not export agent ${agent} as ${exportName}`)
  }
  return exported
}

function isDefinition(value: unknown): value is AgentDefinition {
  return typeof value === 'object' && value !== null && 'logic' in value && 'name' in value && 'mailbox' in value
}

function moduleError(message: string, cause?: unknown): CodedError {
  return new CodedError('ACTOR_MODULE_INVALID', { message, cause })
}
