import type { RandomStream } from '../../../base/random-stream.ts'
import type { TenantId } from '../../../base/identifiers.ts'
import type { CheckBook } from '../../checks/check-book.ts'
import { answerIsOwn, recordIsOwn } from '../../checks/tenant-isolation.ts'
import { makeTask, type SimulatedTask } from '../../models/simulated-task.ts'
import type { RouterWork } from '../../router/boot-router.ts'
import type { ChaosModels } from './chaos-models.ts'
import { marksIn, STRANGER, TENANTS } from './tenants.ts'

/** So many questions are asked again and again, by everybody. */
const QUESTIONS = 4

/** A question that is asked now. */
export type SharedQuestion = { readonly task: SimulatedTask; readonly end: () => void }

/** Questions that the tenants of one machine ask in the same words, and what must not come of that. */
export class SharedQuestions {
  private readonly checks: CheckBook
  private readonly tasks: readonly SimulatedTask[]
  private readonly open = new Set<SimulatedTask>()
  /** Whose each task is, by its id. */
  private readonly owners = new Map<string, TenantId>()

  constructor({ stage, outcomes }: ChaosModels, random: RandomStream) {
    this.checks = stage.checks
    // Pieces of code have room for a word on whose they are.
    this.tasks = Array.from({ length: QUESTIONS }, () => makeTask(random, 'code'))
    for (const task of this.tasks) outcomes.announce(task)
  }

  /** One that nobody waits for an answer to; `undefined` where somebody does. */
  begin(draw: number): SharedQuestion | undefined {
    const task = this.tasks[Math.floor(draw * this.tasks.length)]
    if (task === undefined || this.open.has(task)) return undefined
    this.open.add(task)
    return { task, end: () => void this.open.delete(task) }
  }

  /** The process has died with all that waited. */
  forget(): void {
    this.open.clear()
  }

  /** Whose task this is, as whoever asks it says. */
  owns(taskId: string, tenant: TenantId): void {
    this.owners.set(taskId, tenant)
  }

  answered(tenant: TenantId, text: string): void {
    this.checks.check('tenant-isolation', answerIsOwn({ where: 'an answer', tenant, madeFor: marksIn(text) }))
  }

  /** What is kept for whom: stored answers, and records of tasks. */
  async judge({ cache, records }: RouterWork): Promise<void> {
    const { checks } = this
    for (const tenant of [...TENANTS, STRANGER])
      for (const { prompt } of this.tasks) {
        const request = { messages: [{ role: 'user' as const, content: prompt }] }
        const found = await cache?.lookup({ tenant, modelClass: 'kernell', request, mode: 'no-store' })
        const madeFor = found?.kind === 'hit' ? marksIn(found.entry.answer.text) : []
        checks.check('tenant-isolation', answerIsOwn({ where: 'a stored answer', tenant, madeFor }))
      }
    for (const tenant of TENANTS)
      for await (const { event_id: task, tenant: named } of records.store.list({ tenant })) {
        const owner = task === null ? undefined : this.owners.get(task)
        if (owner !== undefined && task !== null)
          checks.check('tenant-isolation', recordIsOwn({ task, named, shownTo: tenant, owner }))
      }
  }
}
