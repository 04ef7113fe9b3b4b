import type { Did } from '../../../core/evidence/names.ts'
import { createQuotaTable, type QuotaRule, type QuotaTable, takeQuota } from '../../../core/quotas/quota-table.ts'
import { createTimePurses, takeTime, timeLeft, type TimePurses } from '../../../core/quotas/time-purse.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { PartyCode } from '../party-codes.ts'

/** How much somebody may have worked. */
export type WorkQuota = {
  /** Contracts that are signed in a minute, and at once after a rest. */
  readonly tasksPerMinute: number
  readonly burst: number
  /** Contracts that are not delivered. */
  readonly atOnce: number
  /** Time of work in an hour, milliseconds. */
  readonly workMsPerHour: number
}

export type WorkQuotasInit = {
  /** Of each payer by itself. */
  readonly perPeer: WorkQuota
  /** Of all payers of a skill together, where there is one for it. */
  readonly skills: ReadonlyMap<string, WorkQuota>
}

export type WorkAsked = {
  readonly payer: Did
  readonly skill: string
  /** Of contracts that are not delivered: those of the payer, and those of the skill. */
  readonly openOfPayer: number
  readonly openOfSkill: number
}

/**
 * What each payer, and each skill, may have worked here: how often, how much at once, how long. It is asked before a contract is signed, so that what is signed is
 * done. Kept in memory: a restart gives everybody a rest.
 */
export class WorkQuotas {
  private readonly init: WorkQuotasInit
  private readonly clock: Pick<Clock, 'monotonicMs'>
  private tasks: QuotaTable
  private peers: TimePurses
  private readonly skills: Map<string, TimePurses>

  constructor(init: WorkQuotasInit, clock: Pick<Clock, 'monotonicMs'>) {
    this.init = init
    this.clock = clock
    const skillRules = [...init.skills].map(([skill, quota]) => ruleOf(`skill:${skill}`, quota))
    this.tasks = createQuotaTable([ruleOf('peer:*', init.perPeer), ...skillRules])
    this.peers = createTimePurses(init.perPeer.workMsPerHour)
    this.skills = new Map([...init.skills].map(([skill, quota]) => [skill, createTimePurses(quota.workMsPerHour)]))
  }

  /** Takes one task of payer and skill, or says why there is none. */
  take({ payer, skill, openOfPayer, openOfSkill }: WorkAsked): PartyCode | undefined {
    const atMs = this.clock.monotonicMs()
    const { perPeer, skills } = this.init
    const ofSkill = skills.get(skill)
    const purse = this.skills.get(skill)
    const isBusy = openOfPayer >= perPeer.atOnce || (ofSkill !== undefined && openOfSkill >= ofSkill.atOnce)
    const isTired = timeLeft(this.peers, payer, atMs) <= 0 || (purse !== undefined && timeLeft(purse, skill, atMs) <= 0)
    if (isBusy || isTired) return 'MARKET_QUOTA_SPENT'
    const outcome = takeQuota(this.tasks, { scopes: [`peer:${payer}`, `skill:${skill}`], atMs })
    this.tasks = outcome.table
    return outcome.kind === 'refused' ? 'MARKET_QUOTA_SPENT' : undefined
  }

  /** Counts the time that a task has taken. */
  worked({ payer, skill }: Pick<WorkAsked, 'payer' | 'skill'>, usedMs: number): void {
    const atMs = this.clock.monotonicMs()
    this.peers = takeTime(this.peers, { name: payer, usedMs, atMs })
    const purse = this.skills.get(skill)
    if (purse !== undefined) this.skills.set(skill, takeTime(purse, { name: skill, usedMs, atMs }))
  }
}

function ruleOf(scope: string, { tasksPerMinute, burst }: WorkQuota): QuotaRule {
  return { scope, perMinute: tasksPerMinute, burst }
}
