import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { AccessActor } from '../../node/access/access-actor.ts'
import { type Exchange, respondJson } from '../exchange.ts'

/** Throws `GATEWAY_ADMIN_REFUSED`, which the listener did before. */
export function actorOf({ who }: Exchange): AccessActor {
  if (who.administers !== undefined) return who.administers
  throw new CodedError('GATEWAY_ADMIN_REFUSED', { message: 'Nobody in particular manages nothing' })
}

/** An answer that nobody on the way keeps. */
export function respondPrivate(exchange: Exchange, body: JsonValue, status = 200): void {
  respondJson(exchange, JSON.stringify(body), { status, headers: ['cache-control', 'no-store'] })
}
