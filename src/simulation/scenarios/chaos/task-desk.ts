import { CodedError } from '../../../base/errors.ts'
import { parseTaskId, type TenantId } from '../../../base/identifiers.ts'
import { durationFromMs } from '../../../base/time.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import type { RouteRequest, RouteResult } from '../../../ports/router.ts'
import { learnedOnce } from '../../checks/learned-once.ts'
import { recordSaysTruth } from '../../checks/spend.ts'
import type { Machine } from '../../machine/machine.ts'
import { TASK_KINDS } from '../../models/model-profile.ts'
import { makeTask } from '../../models/simulated-task.ts'
import { bootRouter, type RouterWork } from '../../router/boot-router.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import { isBrokenStore } from '../../disk/broken-store.ts'
import type { ChaosModels } from './chaos-models.ts'
import { DeskBudgets } from './desk-budgets.ts'
import { learnFromRecords } from './learn-from-records.ts'
import { RUSH_MODEL, RUSH_TASKS, RUSH_TOKENS_MAX, rushTenants } from './rush.ts'
import { SharedQuestions } from './shared-questions.ts'
import { TENANTS } from './tenants.ts'

export type TaskDeskInit = {
  readonly stage: Stage
  readonly models: ChaosModels
  readonly machine: Machine
  /** Bytes at which its journals are replaced by what they come to. */
  readonly compactAtBytes: number
  readonly onBrokenStore: (owner: WorldProcess) => void
}

const EVERY_MS = 350
const RUSH_EVERY_MS = 1_600
const LEARN_EVERY_MS = 4_000
/** Of the tasks, those that others ask too. */
const SHARED_SHARE = 0.4

/** What is asked, and the rest of it that is not the same for all. */
type Asked = Pick<RouteRequest, 'request' | 'target'> & { readonly tenant: TenantId; readonly user: string }

/** People at a machine who have tasks done by its router, for several tenants. They remember what was said across the deaths of processes; what the machine knows lies on its disk. */
export class TaskDesk {
  work: RouterWork | undefined
  private readonly init: TaskDeskInit
  private readonly random: RandomStream
  private readonly budgets: DeskBudgets
  private readonly questions: SharedQuestions
  private readonly rushes: TenantId[]
  private tasks = 0
  private open = 0
  private isResting = false

  constructor(init: TaskDeskInit) {
    const { stage, models, machine } = init
    this.init = init
    this.random = stage.random(`tasks ${machine.name}`)
    this.budgets = new DeskBudgets(machine.name, models)
    this.questions = new SharedQuestions(models, stage.random(`questions ${machine.name}`))
    this.rushes = [...rushTenants(machine.name)]
  }

  get isQuiet(): boolean {
    return this.work !== undefined && this.open === 0
  }

  rest(): void {
    this.isResting = true
  }

  /** Starts the router of a process. */
  async start(owner: WorldProcess): Promise<void> {
    const { stage, models, machine, compactAtBytes, onBrokenStore } = this.init
    const { provider, prices, premium } = models
    this.open = 0
    owner.onKill(() => {
      this.work = undefined
      this.open = 0
      this.budgets.forget()
      this.questions.forget()
    })
    this.work = await bootRouter(owner, machine, {
      stage,
      provider,
      prices,
      premium,
      compactAtBytes,
      limits: this.budgets.limits,
      policy: { quality: 0.7, explorationRate: 0.1 },
      attemptTimeoutMs: durationFromMs(6_000),
      onError: (error) => {
        if (isBrokenStore(error)) onBrokenStore(owner)
        else owner.fail(error)
      },
    })
    this.compare()
    this.loop(owner)
    this.rushLater(owner)
    owner.timers.schedule(LEARN_EVERY_MS, () => this.learn(owner))
  }

  /** Between events: what holds while calls are under way. */
  look(): void {
    if (this.open > 0) this.budgets.look()
  }

  /** What budgets, records, stored answers and bills say of each other. */
  async judge(): Promise<void> {
    const { stage, machine } = this.init
    const { checks } = stage
    const { work } = this
    this.budgets.judge(work)
    if (work === undefined) return
    this.compare()
    const [broken] = work.budgets.violations()
    checks.check('budget-sound', broken)
    await work.records.pipeline.flush()
    await this.questions.judge(work)
    const learned = await learnFromRecords(work.records.store, this.init.models)
    stage.handled.learning += learned.outcomes
    checks.check('learned-once', learnedOnce(machine.name, learned))
  }

  /** A task whose end is waited for. */
  begin(owner: WorldProcess): void {
    const [who, which, share] = [this.random.nextUnit(), this.random.nextUnit(), this.random.nextUnit()]
    const tenant = TENANTS[Math.floor(who * TENANTS.length)]
    const shared = share < SHARED_SHARE ? this.questions.begin(which) : undefined
    const [kind = 'choice'] = [TASK_KINDS[this.random.nextBelow(TASK_KINDS.length)]]
    const task = shared?.task ?? makeTask(this.random, kind)
    if (tenant === undefined) return
    const user = this.userOf(tenant)
    const { models } = this.init
    models.outcomes.announce(task)
    const messages = [{ role: 'user' as const, content: task.prompt }]
    // Asked by everybody in the very same words, a question says nothing of who asks it.
    if (shared !== undefined) models.answers.asks(task.prompt, { tenant, user })
    const request = shared === undefined ? { messages, passThrough: { user } } : { messages }
    this.waitFor(owner, this.ask({ tenant, user, request, target: { kind: 'auto' } }, owner), shared?.end)
  }

  /** More at once than a budget has room for. */
  private rush(owner: WorldProcess): void {
    const tenant = this.rushes.shift()
    if (tenant === undefined) return
    const { outcomes } = this.init.models
    for (let count = 0; count < RUSH_TASKS; count += 1) {
      const user = this.userOf(tenant)
      const task = makeTask(this.random, 'code')
      outcomes.announce(task)
      const messages = [{ role: 'user' as const, content: task.prompt }]
      const request = { messages, maxOutputTokens: RUSH_TOKENS_MAX, passThrough: { user } }
      this.waitFor(owner, this.ask({ tenant, user, request, target: { kind: 'model', modelId: RUSH_MODEL } }, owner))
    }
  }

  private async ask({ tenant, user, request, target }: Asked, owner: WorldProcess): Promise<void> {
    const { work, questions } = this
    const { checks } = this.init.stage
    const taskId = parseTaskId(user.replaceAll('/', ':'))
    if (work === undefined || taskId === undefined) return
    questions.owns(taskId, tenant)
    const result = await work.router.route({ taskId, caller: { tenant }, target, request, controls: {} })
    // Nobody hears what a process has said that is no more.
    if (!owner.isAlive) return
    questions.answered(tenant, result.answer.text)
    const lines = this.init.models.provider.bill.lines.filter((line) => line.user === user)
    checks.check('record-says-truth', recordSaysTruth(wordOf(user, result), lines))
  }

  private userOf(tenant: TenantId): string {
    return `${this.init.machine.name}/${tenant}/${(this.tasks += 1)}`
  }

  private compare(): void {
    if (this.work !== undefined && this.open === 0) this.budgets.compare(this.work)
  }

  private loop(owner: WorldProcess): void {
    if (this.isResting) return
    this.begin(owner)
    owner.timers.schedule(EVERY_MS * (0.5 + this.random.nextUnit()), () => this.loop(owner))
  }

  private rushLater(owner: WorldProcess): void {
    owner.timers.schedule(RUSH_EVERY_MS * (0.5 + this.random.nextUnit()), () => {
      if (this.isResting) return
      this.rush(owner)
      this.rushLater(owner)
    })
  }

  private waitFor(owner: WorldProcess, task: Promise<void>, onEnd?: () => void): void {
    this.open += 1
    const end = (): void => {
      if (!owner.isAlive) return
      onEnd?.()
      this.open -= 1
      this.compare()
    }
    task.then(end, (error: unknown) => {
      // Behind a write that failed its process is no more, and what it held stays held: there is nothing to compare.
      if (isBrokenStore(error)) this.init.onBrokenStore(owner)
      end()
      if (!isBrokenStore(error) && !CodedError.is(error)) owner.fail(error)
    })
  }

  private learn(owner: WorldProcess): void {
    const { work } = this
    if (work === undefined || this.isResting) return
    learnFromRecords(work.records.store, this.init.models).then(
      ({ outcomes }) => {
        this.init.stage.handled.learning += outcomes
        owner.timers.schedule(LEARN_EVERY_MS, () => this.learn(owner))
      },
      (error: unknown) => {
        if (isBrokenStore(error)) this.init.onBrokenStore(owner)
        else owner.fail(error)
      },
    )
  }
}

function wordOf(task: string, { modelId, tier, costNanos }: RouteResult) {
  return { task, modelId, isFromModel: tier.endsWith('_api'), costNanos }
}
