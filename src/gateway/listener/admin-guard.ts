import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { CodedError } from '../../base/errors.ts'
import { DEFAULT_TENANT } from '../../base/identifiers.ts'
import type { AccessActor } from '../../node/access/access-actor.ts'
import { type AuthenticatedCaller, bearerOf, credentialOf } from './authenticate.ts'
import { digestOf, isForwarded, isSameMachine, PerMinute } from './control-guard.ts'
import type { Identification } from './identify.ts'

/** Tells apart who may manage a node. */
export type AdminGuard = {
  /**
   * Whoever brings the admin token, or a key with the role admin. Throws `GATEWAY_ADMIN_REFUSED`, `GATEWAY_ROLE_REFUSED`, `GATEWAY_OVERLOADED` after too many
   * wrong tokens, and as `Identification.identify`.
   */
  identify(request: IncomingMessage, nowMs: number): AuthenticatedCaller
  /** Who the admin token speaks for at doors that are not the administration's; `undefined` where it was not sent. Throws `GATEWAY_ADMIN_REFUSED`. */
  operatorOf(request: IncomingMessage): AuthenticatedCaller | undefined
}

export type AdminGuardInit = {
  /** Absent: only keys manage. */
  readonly token: string | undefined
  readonly identification: Identification
  /** Whether the listener is for other machines, too: then the token is taken from them. */
  readonly isExposed: () => boolean
}

const WRONG_PER_MINUTE = 10
const NODE_ADMIN: AuthenticatedCaller = {
  caller: { tenant: DEFAULT_TENANT },
  role: 'admin',
  tiers: undefined,
  administers: { by: 'admin token', reach: { kind: 'node' } },
}
/** Looks after the node, and spends nothing. */
const NODE_OPERATOR: AuthenticatedCaller = { caller: { tenant: DEFAULT_TENANT }, role: 'operator', tiers: undefined }

export function createAdminGuard({ token, identification, isExposed }: AdminGuardInit): AdminGuard {
  const expected = token === undefined ? undefined : digestOf(token)
  const wrong = new PerMinute(WRONG_PER_MINUTE)
  const isToken = (key: string): boolean =>
    // Hashed first, so that the time of the comparison tells nothing, not even the length.
    expected !== undefined && timingSafeEqual(digestOf(key), expected)
  const requirePlace = ({ socket, headers }: IncomingMessage): void => {
    // Through a proxy, a listener of this machine alone would be one of everybody's.
    if (isExposed() || (isSameMachine(socket) && !isForwarded(headers))) return
    throw new CodedError('GATEWAY_ADMIN_REFUSED', { message: 'The admin token is taken from this machine only' })
  }
  return {
    identify(request, nowMs) {
      const credential = credentialOf(request.headers)
      const key = bearerOf(credential)
      if (key === undefined)
        throw new CodedError('GATEWAY_ADMIN_REFUSED', { message: 'No admin token and no API key was sent' })
      if (isToken(key)) {
        requirePlace(request)
        return NODE_ADMIN
      }
      const who = identification.isKeyed ? identification.identify(credential) : undefined
      if (who !== undefined) return administratorOf(who)
      if (!wrong.take(nowMs))
        throw new CodedError('GATEWAY_OVERLOADED', { message: 'Too many wrong tokens; try again in a minute' })
      throw new CodedError('GATEWAY_ADMIN_REFUSED', { message: 'It is neither the admin token nor a key of this node' })
    },
    operatorOf(request) {
      const key = bearerOf(credentialOf(request.headers))
      if (key === undefined || !isToken(key)) return undefined
      requirePlace(request)
      return NODE_OPERATOR
    },
  }
}

/** An admin by key manages what the key is in, and nobody else's. */
function administratorOf(who: AuthenticatedCaller): AuthenticatedCaller {
  const { tenant, team, keyId = '' } = who.caller
  // Who is none is told so by the endpoint, with the roles that it is for.
  if (who.role !== 'admin') return who
  const administers: AccessActor = {
    by: `key ${keyId}`,
    reach: { kind: 'tenant', tenant, keyId, ...(team !== undefined && { team }) },
  }
  return { ...who, administers }
}
