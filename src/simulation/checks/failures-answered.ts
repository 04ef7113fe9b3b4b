type Failure = { readonly team: string; readonly atMs: number; isReported: boolean; starts: number }

/**
 * What agents know of their own failures against what their supervisors say: each failure is reported, and answered by one start with a new state, before the agent handles anything
 * else. Times are milliseconds.
 */
export class FailuresAnswered {
  private readonly open = new Map<string, Failure>()
  /** Failures of a team, its own included. */
  private readonly failures = new Map<string, number>()
  /** How many failures its team had as an agent started last. */
  private readonly startedAt = new Map<string, number>()

  /** Nobody is between a failure and its answer. */
  get isQuiet(): boolean {
    return this.open.size === 0
  }

  /** The agent is about to throw. */
  throws(id: string, team: string, atMs: number): void {
    this.open.set(id, { team, atMs, isReported: false, starts: 0 })
    this.teamFailed(team)
  }

  /** The supervisor of a team gave up, and its agents start with it. */
  teamFailed(team: string): void {
    this.failures.set(team, (this.failures.get(team) ?? 0) + 1)
  }

  /** An agent was given a new state. */
  started(id: string, team: string): string | undefined {
    const failures = this.failures.get(team) ?? 0
    const before = this.startedAt.get(id)
    // Most never fail: who starts for the first time in a team without failures need not be remembered.
    if (failures > 0) this.startedAt.set(id, failures)
    const open = this.open.get(id)
    if (open !== undefined) open.starts += 1
    return before === failures ? `${id} was started twice after one failure` : undefined
  }

  /** A supervisor says that the agent has failed. */
  reported(id: string): string | undefined {
    const open = this.open.get(id)
    if (open === undefined || open.isReported) return `${id} is said to have failed, and did not`
    open.isReported = true
    return undefined
  }

  /** A supervisor says that it has started the agent again. */
  restarted(id: string): string | undefined {
    const open = this.open.get(id)
    if (open === undefined) return undefined
    this.open.delete(id)
    if (!open.isReported) return `${id} was restarted, and nobody was told of its failure`
    return open.starts === 1 ? undefined : `${id} was restarted with ${open.starts} new states`
  }

  handles(id: string): string | undefined {
    if (this.open.size === 0 || !this.open.delete(id)) return undefined
    return `${id} goes on behind its failure with the state that it had`
  }

  /** A failure that nobody has answered for so long, but for teams that are no more. */
  left(nowMs: number, withinMs: number, isLost: (team: string) => boolean): string | undefined {
    for (const [id, { team, atMs }] of this.open) {
      if (nowMs - atMs <= withinMs) continue
      this.open.delete(id)
      if (!isLost(team)) return `${id} failed ${nowMs - atMs} ms ago, and nobody has started it again`
    }
    return undefined
  }
}
