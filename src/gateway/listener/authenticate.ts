import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { CodedError } from '../../base/errors.ts'
import { DEFAULT_TENANT, parseTenantId } from '../../base/identifiers.ts'
import type { EffectiveAccess } from '../../core/access/effective-access.ts'
import type { ExecutionTier } from '../../core/routing/task-outcome.ts'
import type { AccessActor } from '../../node/access/access-actor.ts'
import type { ApiKeyConfig, CallerRole } from '../../node/config/node-config.ts'
import type { RouteCaller } from '../../ports/router.ts'

/** Who sends a request, and what its key allows. */
export type AuthenticatedCaller = {
  readonly caller: RouteCaller
  /** `undefined`: nobody in particular. */
  readonly role: CallerRole | undefined
  /** Absent: all tiers. */
  readonly tiers: readonly ExecutionTier[] | undefined
  /** Of a key that is managed while the node runs: everything that it may do. */
  readonly access?: EffectiveAccess
  /** What is managed by whoever it is; present at the doors of the administration alone. */
  readonly administers?: AccessActor
}

/** What a request says to be let in: `authorization`, or Anthropic's `x-api-key` in its place. */
export function credentialOf(headers: IncomingHttpHeaders): string | undefined {
  if (headers.authorization !== undefined) return headers.authorization
  const key = headers['x-api-key']
  return typeof key === 'string' ? `Bearer ${key}` : undefined
}

/** Takes the `authorization` header; `undefined` when it holds no key of this node. */
export type Authenticator = (authorization: string | undefined) => AuthenticatedCaller | undefined

/** Whoever asks where no key is asked for. */
export const NOBODY_IN_PARTICULAR: AuthenticatedCaller = {
  caller: { tenant: DEFAULT_TENANT },
  role: 'admin',
  tiers: undefined,
}

/**
 * Checks keys against their configured hashes. What is presented is hashed first and compared in constant time with every key, so that the time
 * of an answer tells nothing about how close a guess came. Without keys everybody is the default tenant and may do everything, whatever the header says.
 *
 * Throws `CONFIG_INVALID` for a tenant name or a hash that is not one, and for two keys of one id or one hash: nobody could say which of them
 * sent a request, and whose budget it is on.
 */
export function createAuthenticator(keys: readonly ApiKeyConfig[]): Authenticator {
  if (keys.length === 0) return () => NOBODY_IN_PARTICULAR
  refuseRepeats(keys)
  const known = keys.map((key) => ({ digest: parseDigest(key), who: describeKey(key) }))
  return (authorization) => {
    const secret = bearerOf(authorization)
    if (secret === undefined) return undefined
    const digest = hash('sha256', secret, 'buffer')
    let found: AuthenticatedCaller | undefined
    for (const key of known) if (timingSafeEqual(key.digest, digest)) found = key.who
    return found
  }
}

/** The secret of an `authorization` header; `undefined` where it holds none. */
export function bearerOf(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1]
}

function refuseRepeats(keys: readonly ApiKeyConfig[]): void {
  const ids = new Set<string>()
  const idOfHash = new Map<string, string>()
  for (const { id, sha256 } of keys) {
    if (ids.has(id)) throw invalidKeys(`the id "${id}" is given twice`)
    const other = idOfHash.get(sha256)
    if (other !== undefined) throw invalidKeys(`"${other}" and "${id}" have the same secret`)
    ids.add(id)
    idOfHash.set(sha256, id)
  }
}

function invalidKeys(what: string): CodedError {
  return new CodedError('CONFIG_INVALID', { message: `keys: ${what}` })
}

function parseDigest(key: ApiKeyConfig): Buffer {
  if (!/^[0-9a-f]{64}$/.test(key.sha256)) {
    throw new CodedError('CONFIG_INVALID', { message: `keys: sha256 of "${key.id}" must be 64 lower-case hex digits` })
  }
  return Buffer.from(key.sha256, 'hex')
}

function describeKey(key: ApiKeyConfig): AuthenticatedCaller {
  const tenant = parseTenantId(key.tenant)
  if (tenant === undefined)
    throw new CodedError('CONFIG_INVALID', { message: `keys: tenant of "${key.id}" is not a name` })
  return {
    caller: {
      tenant,
      keyId: key.id,
      ...(key.organisation !== undefined && { organisation: key.organisation }),
      ...(key.team !== undefined && { team: key.team }),
    },
    role: key.role ?? 'member',
    tiers: key.tiers,
  }
}
