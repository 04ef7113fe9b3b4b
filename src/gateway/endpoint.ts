import type { CallerRole } from '../node/config/node-config.ts'
import { CALLER_ROLES } from '../node/config/node-config.ts'
import type { Endpoint, FailureForm } from './exchange.ts'

export type EndpointMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export type EndpointEntry = {
  /** Pattern of its paths: a segment `:name` stands for any one, `:name*` at the end for the rest of the path. They are `params` of the exchange, decoded. */
  readonly route: string
  readonly method: EndpointMethod
  readonly answer: Endpoint
  /** Answers without a key even where keys are asked for. */
  readonly isPublic: boolean
  /** Whose keys it is for, where it is not public. */
  readonly roles: readonly CallerRole[]
  /** Counts against the limit of requests at the same time. */
  readonly isWork: boolean
  /** How failures of it are written; absent: as OpenAI's clients read them. */
  readonly failureForm?: FailureForm
  /** It manages the node: it wants the admin token or a key of an admin, also where no key is asked for otherwise. */
  readonly isAdministration?: true
  /** A request that is sent again with the same `idempotency-key` is answered once. */
  readonly isIdempotent?: true
  /** It is not named by `GET /`. */
  readonly isUnlisted?: true
  /** A key or a session is asked for also where the node has no keys. */
  readonly isPersonal?: true
  /** It has no end of its own: no time limit holds, and it is ended first when the gateway closes. */
  readonly isOpenEnded?: true
}

/** Tasks of callers. */
export const WORK = { method: 'POST', isPublic: false, roles: ['admin', 'member'], isWork: true } as const
/** What every key may look at. */
export const LOOK = { method: 'GET', isPublic: false, roles: CALLER_ROLES, isWork: false } as const
/** What those look at who keep the node well. */
export const CARE = { method: 'GET', isPublic: false, roles: ['admin', 'operator'], isWork: false } as const
/** What is for those who manage who may use the node. */
export const MANAGE = { isPublic: false, roles: ['admin'], isWork: false, isAdministration: true } as const
