import { DEFAULT_TENANT } from '../../base/identifiers.ts'
import { sha256Hex } from '../../base/sha256.ts'
import type { KeyDocument } from './config-document.ts'
import { contradiction } from './config-values.ts'
import type { Environment } from './environment-document.ts'
import type { ApiKeyConfig } from './node-config.ts'

/** Shorter keys can be guessed by whoever reaches the port; a random one costs nothing. */
const KEY_LENGTH_MIN = 16

type KeyPlace = {
  readonly environment: Environment
  /** Others than this machine can reach the gateway. */
  readonly isExposed: boolean
}

/** Throws `CONFIG_INVALID`. */
export function resolveKey(key: KeyDocument, path: string, place: KeyPlace): ApiKeyConfig {
  const { id, role, tenant, organisation, team, tiers } = key
  return {
    id,
    sha256: key.sha256 ?? hashOfVariable(key.keyEnv ?? '', `${path}.keyEnv`, place),
    tenant: tenant ?? DEFAULT_TENANT,
    ...(role !== undefined && { role }),
    ...(organisation !== undefined && { organisation }),
    ...(team !== undefined && { team }),
    ...(tiers !== undefined && { tiers }),
  }
}

function hashOfVariable(name: string, key: string, { environment, isExposed }: KeyPlace): string {
  const secret = environment[name]
  if (!secret) throw contradiction(key, `names the variable ${name}, which is not set`)
  if (!/^[\x21-\x7e]+$/.test(secret))
    throw contradiction(key, `names the variable ${name}, whose value is not printable ASCII without spaces`)
  if (isExposed && secret.length < KEY_LENGTH_MIN) {
    const why = 'too short for a node that others than this machine can reach'
    throw contradiction(
      key,
      `names the variable ${name}, whose value is shorter than ${KEY_LENGTH_MIN} characters: ${why}`,
    )
  }
  return sha256Hex(secret)
}
