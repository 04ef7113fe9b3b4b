import type { SupervisionEvent } from '../../../actors/supervision/supervision-event.ts'
import type { RestartIntensityLimit } from '../../../core/supervision/restart-intensity.ts'
import type { CheckBook } from '../../checks/check-book.ts'

/** Failures that count together, and whether they are too many. */
type Record = { readonly limit: RestartIntensityLimit; failuresMs: number[]; isToEnd: boolean }

/** The failures of a team's agents, and those of the team itself. */
type Team = { readonly inside: Record; readonly itself: Record; isLost: boolean }

export type SupervisionCounts = { failures: number; restarts: number; failedTeams: number; lostTeams: number }

export type SupervisionLimits = {
  /** Of each team, for its agents. */
  readonly agents: RestartIntensityLimit
  /** Of the system's own supervisor, for each team. */
  readonly teams: RestartIntensityLimit
}

const CHECKER = 'restart-intensity'

/**
 * Watches supervisors from outside: a team fails exactly when its agents have failed more often within the window than they may, and is ended exactly when it has failed more often
 * than it may. Agents are named `TEAM/NAME`.
 */
export class SupervisionWatch {
  readonly counts: SupervisionCounts = { failures: 0, restarts: 0, failedTeams: 0, lostTeams: 0 }
  private readonly limits: SupervisionLimits
  private readonly nowMs: () => number
  private readonly teams = new Map<string, Team>()
  private readonly found: string[] = []

  constructor(limits: SupervisionLimits, nowMs: () => number) {
    this.limits = limits
    this.nowMs = nowMs
  }

  isLost(team: string): boolean {
    return this.teams.get(team)?.isLost === true
  }

  see({ type, id }: SupervisionEvent): void {
    const [name = id, agent] = id.split('/')
    const team = this.teamOf(name)
    const record = agent === undefined ? team.itself : team.inside
    if (type === 'actor-restarted') this.counts.restarts += 1
    else if (type === 'actor-failed') {
      if (agent === undefined) this.counts.failedTeams += 1
      else this.counts.failures += 1
      this.failed(record)
    } else if (type === 'restart-intensity-exceeded') {
      if (!record.isToEnd) this.found.push(`${id} was ended after ${record.failuresMs.length} failures`)
      record.isToEnd = false
      // A supervisor that begins again has restarted nobody yet.
      record.failuresMs = []
      if (agent !== undefined) return
      this.counts.lostTeams += 1
      team.isLost = true
    }
  }

  /** Nobody may be between a failure that was one too many and its end. */
  tell(checks: CheckBook): void {
    checks.check(CHECKER, undefined)
    for (const [id, { inside, itself }] of this.teams)
      for (const { isToEnd, failuresMs } of [inside, itself])
        if (isToEnd) this.found.push(`${id} goes on after ${failuresMs.length} failures`)
    for (const what of this.found.splice(0)) checks.check(CHECKER, what)
  }

  private failed(record: Record): void {
    const nowMs = this.nowMs()
    record.failuresMs = [...record.failuresMs, nowMs].filter((atMs) => nowMs - atMs <= record.limit.withinMs)
    if (record.failuresMs.length > record.limit.restarts) record.isToEnd = true
  }

  private teamOf(name: string): Team {
    let team = this.teams.get(name)
    if (team === undefined) {
      const recordOf = (limit: RestartIntensityLimit): Record => ({ limit, failuresMs: [], isToEnd: false })
      team = { inside: recordOf(this.limits.agents), itself: recordOf(this.limits.teams), isLost: false }
      this.teams.set(name, team)
    }
    return team
  }
}
