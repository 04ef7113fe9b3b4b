import { percentOf, trialOf } from '../../core/rollout/rollout-state.ts'
import { controlsPerCanaryAt } from '../../core/rollout/watch/slo-watch.ts'
import type { ServedPolicy } from '../../core/routing/task-outcome.ts'
import type { FeedbackEvent } from '../../wire/feedback-event.ts'
import type { RolloutOwner } from './rollout-owner.ts'

/** A task that an arm of the trial under way has answered. */
export type AnsweredTask = {
  readonly taskId: string
  readonly traceId: string | undefined
  readonly tenant: string
  readonly arm: ServedPolicy['arm']
}

/**
 * Why feedback says nothing to the watch. `unknown`: of no task of a trial, of one that was forgotten, or of another tenant. `over`: of a
 * candidate that is not on trial any more, or of the incumbent when it answers no more. `voted`: that task has its vote. `mixed`: of a trace
 * that both arms answered. `tenant`: that tenant has had its say.
 */
export type FeedbackIgnored = 'unknown' | 'over' | 'voted' | 'mixed' | 'tenant'

export interface FeedbackJoin {
  /** Remembers who answered a task, as long as there is room. */
  remember(task: AnsweredTask): void
  /** Takes what was said of a task to the watch, once for each task, or leaves it out. Never throws. */
  take(feedback: Pick<FeedbackEvent, 'event_id' | 'trace_id' | 'tenant' | 'value'>): void
  /** Since the start. */
  readonly counts: { readonly counted: number; readonly ignored: Readonly<Record<FeedbackIgnored, number>> }
}

export type FeedbackJoinInit = {
  /** Tasks that feedback may still come for; the oldest are forgotten. Default 20,000. */
  readonly tasksMax?: number
  /** Tenants whose votes are counted in a trial; further ones are not heard. Default 10,000. */
  readonly tenantsMax?: number
}

/**
 * Votes of one tenant on the candidate that count in a trial; of those on the incumbent as many more as one of the candidate is compared with.
 * By itself four of the worst take no candidate back, nor hold it: that takes ten in a row, so three tenants.
 */
export const VOTES_OF_TENANT_MAX = 4

const TASKS_MAX_DEFAULT = 20_000
const TENANTS_MAX_DEFAULT = 10_000

/** Joins feedback to the arm that answered. It is in memory: what is said after a restart of an answer before it is kept, and not counted. */
export function createFeedbackJoin(
  components: { readonly owner: Pick<RolloutOwner, 'state' | 'observe'> },
  init: FeedbackJoinInit = {},
): FeedbackJoin {
  return new BoundedFeedbackJoin(components, init)
}

type Remembered = AnsweredTask & {
  readonly candidate: string
  /** `began` of the trial. */
  readonly began: number
  hasVote: boolean
}

/** The last task of a trace; `mixed` when its tasks are of both arms, or of two trials. */
type Trace = { readonly last: Remembered; readonly isMixed: boolean }

class BoundedFeedbackJoin implements FeedbackJoin {
  readonly #owner: Pick<RolloutOwner, 'state' | 'observe'>
  readonly #tasksMax: number
  readonly #tenantsMax: number
  readonly #tasks = new Map<string, Remembered>()
  readonly #traces = new Map<string, Trace>()
  readonly #counts = { counted: 0, ignored: { unknown: 0, over: 0, voted: 0, mixed: 0, tenant: 0 } }
  /** Votes by tenant and arm in the trial that began at `began`. */
  #votes: { readonly began: number; readonly of: Map<string, Record<ServedPolicy['arm'], number>> } = {
    began: -1,
    of: new Map(),
  }

  constructor(
    { owner }: { readonly owner: Pick<RolloutOwner, 'state' | 'observe'> },
    { tasksMax = TASKS_MAX_DEFAULT, tenantsMax = TENANTS_MAX_DEFAULT }: FeedbackJoinInit,
  ) {
    this.#owner = owner
    this.#tasksMax = tasksMax
    this.#tenantsMax = tenantsMax
  }

  get counts(): FeedbackJoin['counts'] {
    return this.#counts
  }

  remember(task: AnsweredTask): void {
    const trial = trialOf(this.#owner.state.position)
    if (trial === undefined) return
    const known: Remembered = { ...task, candidate: trial.candidate, began: trial.began, hasVote: false }
    putLast(this.#tasks, keyOf(task.tenant, task.taskId), known)
    dropOldest(this.#tasks, this.#tasksMax)
    if (task.traceId === undefined) return
    const key = keyOf(task.tenant, task.traceId)
    const before = this.#traces.get(key)
    const isOther = before !== undefined && (before.last.arm !== known.arm || before.last.began !== known.began)
    const isMixed = before?.isMixed === true || isOther
    putLast(this.#traces, key, { last: known, isMixed })
    dropOldest(this.#traces, this.#tasksMax)
  }

  take(feedback: Pick<FeedbackEvent, 'event_id' | 'trace_id' | 'tenant' | 'value'>): void {
    const ignored = this.#count(feedback)
    if (ignored === undefined) this.#counts.counted += 1
    else this.#counts.ignored[ignored] += 1
  }

  #count({
    event_id: taskId,
    trace_id: traceId,
    tenant,
    value,
  }: Parameters<FeedbackJoin['take']>[0]): FeedbackIgnored | undefined {
    const trace = traceId === null ? undefined : this.#traces.get(keyOf(tenant ?? '', traceId))
    const task = taskId === null ? trace?.last : this.#tasks.get(keyOf(tenant ?? '', taskId))
    if (task === undefined) return 'unknown'
    if (taskId === null && trace?.isMixed === true) return 'mixed'
    const { position } = this.#owner.state
    const trial = trialOf(position)
    const isOver = trial === undefined || trial.began !== task.began || trial.candidate !== task.candidate
    if (isOver || (position.stage === 'full' && task.arm === 'incumbent')) return 'over'
    if (task.hasVote) return 'voted'
    if (!this.#mayVote(task, controlsPerCanaryAt(percentOf(position)))) return 'tenant'
    task.hasVote = true
    const { candidate, began, arm } = task
    this.#owner.observe({ type: 'feedback-observed', candidate, began, arm, value })
    return undefined
  }

  #mayVote({ tenant, arm, began }: Remembered, controlsPerCanary: number): boolean {
    if (this.#votes.began !== began) this.#votes = { began, of: new Map() }
    const { of } = this.#votes
    const votes = of.get(tenant) ?? { candidate: 0, incumbent: 0 }
    const votesMax = arm === 'candidate' ? VOTES_OF_TENANT_MAX : VOTES_OF_TENANT_MAX * controlsPerCanary
    if (votes[arm] >= votesMax || (of.size >= this.#tenantsMax && !of.has(tenant))) return false
    votes[arm] += 1
    of.set(tenant, votes)
    return true
  }
}

function keyOf(tenant: string, id: string): string {
  return `${tenant.length} ${tenant} ${id}`
}

/** As the newest. */
function putLast<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key)
  map.set(key, value)
}

function dropOldest(map: Map<string, unknown>, sizeMax: number): void {
  if (map.size <= sizeMax) return
  const [oldest] = map.keys()
  if (oldest !== undefined) map.delete(oldest)
}
