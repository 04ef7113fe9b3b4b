import type { IncomingMessage } from 'node:http'
import { CodedError } from '../../base/errors.ts'
import { DEFAULT_TENANT } from '../../base/identifiers.ts'
import type { DashboardSessions } from '../dashboard/sessions.ts'
import type { EndpointEntry } from '../endpoint.ts'
import type { AdminGuard } from './admin-guard.ts'
import { type AuthenticatedCaller, credentialOf } from './authenticate.ts'
import type { Identification } from './identify.ts'

export type CallersInit = {
  readonly identification: Identification
  readonly admins: AdminGuard
  readonly sessions: DashboardSessions
}

/** Whoever opened the dashboard with a link of this start: it was shown on the terminal of the node. */
const OPERATOR_OF_THIS_START: AuthenticatedCaller = {
  caller: { tenant: DEFAULT_TENANT },
  role: 'admin',
  tiers: undefined,
}
const ADMIN_OF_THIS_START: AuthenticatedCaller = {
  ...OPERATOR_OF_THIS_START,
  administers: { by: 'dashboard', reach: { kind: 'node' } },
}

const ANONYMOUS: AuthenticatedCaller = { caller: { tenant: DEFAULT_TENANT }, role: undefined, tiers: undefined }

/** Who sends a request: a session of the dashboard, the admin token, a key, or somebody of this machine where no key is asked for. */
export class Callers {
  private readonly init: CallersInit

  constructor(init: CallersInit) {
    this.init = init
  }

  /** Throws `GATEWAY_KEY_INVALID`, and as `AdminGuard.identify` and `Identification.identify`. */
  identify(request: IncomingMessage, entry: EndpointEntry): AuthenticatedCaller {
    const { sessions, admins, identification } = this.init
    const { isPublic, isAdministration, isPersonal } = entry
    if (sessions.isOpen(request.headers.authorization))
      return isAdministration === true ? ADMIN_OF_THIS_START : OPERATOR_OF_THIS_START
    if (isAdministration === true) return admins.identify(request, performance.now())
    // Without keys everybody on this machine may send tasks, and nobody in particular may look into the node.
    const isAnybody = isPersonal === true && !identification.isKeyed
    const who = isAnybody ? admins.operatorOf(request) : this.callerOf(request, isPublic)
    if (who !== undefined) return who
    if (isPublic) return ANONYMOUS
    throw new CodedError('GATEWAY_KEY_INVALID', { message: refusalOf(credentialOf(request.headers), isAnybody) })
  }

  /** What is for everybody answers whoever shows a key that is not taken any more as well. */
  private callerOf(request: IncomingMessage, isPublic: boolean): AuthenticatedCaller | undefined {
    const { identification, admins } = this.init
    try {
      return identification.identify(credentialOf(request.headers)) ?? admins.operatorOf(request)
    } catch (error: unknown) {
      if (isPublic && CodedError.is(error)) return undefined
      throw error
    }
  }
}

function refusalOf(credential: string | undefined, isAnybody: boolean): string {
  if (isAnybody) return 'No open session of the dashboard was named; `kernell dashboard` prints a link that opens one'
  return credential === undefined ? 'No API key was sent' : 'The API key is not known to this node'
}
