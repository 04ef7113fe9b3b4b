import { hash } from 'node:crypto'
import type { NodeAccess } from '../../node/access/open-access.ts'
import type { KnownKey } from '../../node/access/access-view.ts'
import type { ApiKeyConfig } from '../../node/config/node-config.ts'
import { type AuthenticatedCaller, bearerOf, createAuthenticator, NOBODY_IN_PARTICULAR } from './authenticate.ts'

/** Tells whose requests they are: by the keys of the configuration, and by those that are managed while the node runs. */
export type Identification = {
  /** Whether keys are asked for: some are configured, or were created. What became true stays so until the gateway is made anew. */
  readonly isKeyed: boolean
  /** `undefined` for no key of this node. Throws `GATEWAY_KEY_INVALID` for one that was, saying why it is not taken. */
  identify(authorization: string | undefined): AuthenticatedCaller | undefined
}

/** Throws as `createAuthenticator`. */
export function createIdentification(
  keys: readonly ApiKeyConfig[],
  door: NodeAccess['door'] | undefined,
): Identification {
  const ofConfiguration = keys.length > 0 ? createAuthenticator(keys) : undefined
  let isKeyed = ofConfiguration !== undefined
  const asksForKeys = (): boolean => {
    // A listener that others may reach by now is not opened to everybody because its last key was removed.
    isKeyed ||= door?.hasKeys === true
    return isKeyed
  }
  return {
    get isKeyed() {
      return asksForKeys()
    },
    identify(authorization) {
      if (!asksForKeys()) return NOBODY_IN_PARTICULAR
      const configured = ofConfiguration?.(authorization)
      if (configured !== undefined || door?.hasKeys !== true) return configured
      const key = bearerOf(authorization)
      const known = key === undefined ? undefined : door.identify(hash('sha256', key, 'hex'))
      return known && callerOf(known)
    },
  }
}

function callerOf({ caller, access }: KnownKey): AuthenticatedCaller {
  return { caller, role: access.role, tiers: access.tiers, access }
}
