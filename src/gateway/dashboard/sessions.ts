import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

const TICKET_PREFIX = 'kdt-'
const SESSION_PREFIX = 'kds-'
const SECRET_BYTES = 32

/** Links that may wait to be opened, and pages that may be open, at a time; the oldest make room. */
const TICKETS_MAX = 16
const SESSIONS_MAX = 64
export const TICKET_MS = 24 * 3_600_000
/** Without a request for so long a session ends. */
export const SESSION_IDLE_MS = 12 * 3_600_000

type Secret = { readonly digest: Buffer; lastsUntilMs: number }

/**
 * Sessions of the dashboard: whoever has the terminal of the node gets a link with a ticket, which is good for one session; the session's token
 * is what the page sends. Both are of this start alone and kept as hashes.
 */
export class DashboardSessions {
  private readonly tickets: Secret[] = []
  private readonly sessions: Secret[] = []
  private readonly nowMs: () => number

  constructor(nowMs: () => number = () => performance.now()) {
    this.nowMs = nowMs
  }

  /** A ticket for one session. */
  issueTicket(): string {
    return this.issue(this.tickets, { prefix: TICKET_PREFIX, most: TICKETS_MAX, lastsMs: TICKET_MS })
  }

  /** Takes a ticket, once. @returns The token of the session; `undefined` for what is no ticket, or none any more. */
  open(ticket: string): string | undefined {
    const found = this.find(this.tickets, ticket)
    if (found === undefined) return undefined
    this.tickets.splice(this.tickets.indexOf(found), 1)
    return this.issue(this.sessions, { prefix: SESSION_PREFIX, most: SESSIONS_MAX, lastsMs: SESSION_IDLE_MS })
  }

  /** Whether the header carries the token of a session; the session then goes on. */
  isOpen(authorization: string | undefined): boolean {
    const token = tokenOf(authorization)
    const found = token === undefined ? undefined : this.find(this.sessions, token)
    if (found === undefined) return false
    found.lastsUntilMs = this.nowMs() + SESSION_IDLE_MS
    return true
  }

  /** Ends the session of the header, if it has one. */
  close(authorization: string | undefined): void {
    const token = tokenOf(authorization)
    const found = token === undefined ? undefined : this.find(this.sessions, token)
    if (found !== undefined) this.sessions.splice(this.sessions.indexOf(found), 1)
  }

  private issue(
    secrets: Secret[],
    { prefix, most, lastsMs }: { readonly prefix: string; readonly most: number; readonly lastsMs: number },
  ): string {
    const text = `${prefix}${randomBytes(SECRET_BYTES).toString('base64url')}`
    secrets.push({ digest: hash('sha256', text, 'buffer'), lastsUntilMs: this.nowMs() + lastsMs })
    if (secrets.length > most) secrets.shift()
    return text
  }

  /** Hashed first and compared with every one, so that the time of an answer tells nothing. */
  private find(secrets: readonly Secret[], text: string): Secret | undefined {
    const digest = hash('sha256', text, 'buffer')
    let found: Secret | undefined
    for (const secret of secrets) if (timingSafeEqual(secret.digest, digest)) found = secret
    return found !== undefined && found.lastsUntilMs > this.nowMs() ? found : undefined
  }
}

const BEARER = `Bearer ${SESSION_PREFIX}`

/** Other keys are told apart by how they begin, so that requests of programs cost no hash here. */
function tokenOf(authorization: string | undefined): string | undefined {
  return authorization?.startsWith(BEARER) === true ? authorization.slice('Bearer '.length).trimEnd() : undefined
}
