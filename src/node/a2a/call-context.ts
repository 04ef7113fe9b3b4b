import { ServerCallContext, type User } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { RouteCaller, RouteControls } from '../../ports/router.ts'

/** Who sends a request, and from where it came. */
export type A2aCall = {
  readonly caller: RouteCaller
  readonly controls: RouteControls
  /** The caller has shown a key, or none is asked for. */
  readonly isAuthenticated: boolean
  /** The address of the gateway, without a slash at its end. */
  readonly baseUrl: string
  /** Keys are asked for now. Absent: as the configuration has it. */
  readonly isKeyed?: boolean
  /** The version of the protocol that the caller speaks; absent: none was said, which stands for 0.3. */
  readonly version?: string
  /** URIs of the extensions that the caller knows. */
  readonly extensions?: readonly string[]
  /** Aborted when the caller has gone. */
  readonly signal?: AbortSignal
}

const CALL = 'kernell-os/call'

/** What the library passes along with a request. Stores keep the data of each tenant apart by the name of the user. */
export function contextOf(call: A2aCall): ServerCallContext {
  const user: User = { isAuthenticated: call.isAuthenticated, userName: call.caller.tenant }
  return new ServerCallContext({
    user,
    state: new Map<string, unknown>([[CALL, call]]),
    ...(call.version !== undefined && { requestedVersion: call.version }),
    ...(call.extensions !== undefined && { requestedExtensions: [...call.extensions] }),
  })
}

/** A context for what the node does with the data of a tenant by itself. */
export function ownContextOf(owner: string): ServerCallContext {
  return contextOf({ caller: { tenant: owner as TenantId }, controls: {}, isAuthenticated: true, baseUrl: '' })
}

/** The call that a context was made for. */
export function callOf(context: ServerCallContext): A2aCall {
  const call = context.state.get(CALL)
  if (call === undefined) throw new CodedError('INTERNAL_ERROR', { message: 'A context without its call' })
  return call as A2aCall
}

/** Whose data is meant. */
export function ownerOf(context: ServerCallContext): string {
  return callOf(context).caller.tenant
}
