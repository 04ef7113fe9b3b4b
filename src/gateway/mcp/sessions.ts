import type { McpServer, RequestId, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { CodedError } from '../../base/errors.ts'

/** A caller of an older revision, from `initialize` until it leaves or is forgotten. */
export type Session = {
  readonly id: string
  /** Whose it is; it answers nobody else. */
  readonly owner: string
  readonly server: McpServer
  readonly transport: WebStandardStreamableHTTPServerTransport
  /** Requests that came alone and are being answered, each on a stream of its own. */
  readonly lone: Set<RequestId>
  /** Requests that are being answered, streams included. */
  open: number
  usedMs: number
}

export type SessionLimits = {
  /** Sessions of all callers. */
  readonly sessionsMax: number
  /** Sessions of one key. */
  readonly sessionsPerKeyMax: number
  /** A session that nobody uses is forgotten after this time. */
  readonly sessionIdleMs: number
}

/** The sessions of a listener: bounded, of one key each, and forgotten when they are not used. */
export class Sessions {
  private readonly limits: SessionLimits
  private readonly sessions = new Map<string, Session>()

  constructor(limits: SessionLimits) {
    this.limits = limits
  }

  get size(): number {
    return this.sessions.size
  }

  /** A session of this owner. That one is somebody else's looks as if there were none. */
  find(id: string, owner: string): Session | undefined {
    const session = this.sessions.get(id)
    return session?.owner === owner ? session : undefined
  }

  /**
   * Makes room for one more. Where an owner has its share, its session that was used longest ago and that nobody uses now goes.
   *
   * Throws `MCP_SESSIONS_FULL` where all are in use.
   */
  makeRoom(owner: string): void {
    const own = [...this.sessions.values()].filter((session) => session.owner === owner)
    if (own.length >= this.limits.sessionsPerKeyMax) this.giveUp(own)
    else if (this.sessions.size >= this.limits.sessionsMax) this.giveUp([...this.sessions.values()])
  }

  add(session: Session): void {
    this.sessions.set(session.id, session)
  }

  /** Forgets those that nobody has used for too long. */
  sweep(nowMs: number): void {
    for (const session of this.sessions.values())
      if (session.open === 0 && nowMs - session.usedMs >= this.limits.sessionIdleMs) this.end(session)
  }

  /** Ends one: whatever it still works on is aborted. */
  end(session: Session): void {
    if (!this.sessions.delete(session.id)) return
    session.server.close().catch(() => undefined)
  }

  endAll(): void {
    for (const session of this.sessions.values()) this.end(session)
  }

  private giveUp(among: readonly Session[]): void {
    const [oldest] = among.filter(({ open }) => open === 0).toSorted((left, right) => left.usedMs - right.usedMs)
    if (oldest === undefined)
      throw new CodedError('MCP_SESSIONS_FULL', { message: `${among.length} sessions are open and in use` })
    this.end(oldest)
  }
}
