import { CodedError } from '../../../base/errors.ts'
import { DEFAULT_TENANT } from '../../../base/identifiers.ts'
import { amountFromNanos } from '../../../base/money.ts'
import { durationFromMs } from '../../../base/time.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import type { RouteResult } from '../../../ports/router.ts'
import { learnedOnce } from '../../checks/learned-once.ts'
import { budgetNotExceeded, recordSaysTruth, spendCoversBill, spendEqualsBill } from '../../checks/spend.ts'
import type { Machine } from '../../machine/machine.ts'
import { TASK_KINDS } from '../../models/model-profile.ts'
import { type BillLine, totalsOf } from '../../models/provider-bill.ts'
import { makeTask } from '../../models/simulated-task.ts'
import { bootRouter, type RouterWork } from '../../router/boot-router.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { WorldProcess } from '../../world/world-process.ts'
import { isBrokenStore } from './broken-store.ts'
import type { ChaosModels } from './chaos-models.ts'
import { learnFromRecords } from './learn-from-records.ts'

export type TaskDeskInit = {
  readonly stage: Stage
  readonly models: ChaosModels
  readonly machine: Machine
  readonly onBrokenStore: (owner: WorldProcess) => void
}

const EVERY_MS = 350
const LIMIT_NANOS = amountFromNanos(40_000_000n)
const LEARN_EVERY_MS = 4_000

/** Somebody at a machine who has tasks done by its router. It remembers what was said across the deaths of processes; what the machine knows lies on its disk. */
export class TaskDesk {
  work: RouterWork | undefined
  private readonly init: TaskDeskInit
  private readonly random: RandomStream
  private tasks = 0
  private open = 0
  private isResting = false
  /** The last moment at which nothing was under way in this process, by its budget and by the bill. */
  private rested: Rest | undefined

  constructor(init: TaskDeskInit) {
    this.init = init
    this.random = init.stage.random(`tasks ${init.machine.name}`)
  }

  get isQuiet(): boolean {
    return this.work !== undefined && this.open === 0
  }

  rest(): void {
    this.isResting = true
  }

  /** Starts the router of a process. */
  async start(owner: WorldProcess): Promise<void> {
    const { stage, models, machine, onBrokenStore } = this.init
    const { provider, prices, premium } = models
    this.open = 0
    owner.onKill(() => {
      this.work = undefined
      this.open = 0
      // Some calls have ended without anybody's knowing.
      this.rested = undefined
    })
    this.work = await bootRouter(owner, machine, {
      stage,
      provider,
      prices,
      premium,
      limits: [{ scope: 'node', window: 'total', limitNanos: LIMIT_NANOS }],
      policy: { quality: 0.7, explorationRate: 0.1 },
      attemptTimeoutMs: durationFromMs(6_000),
      onError: (error) => {
        if (isBrokenStore(error)) onBrokenStore(owner)
        else owner.fail(error)
      },
    })
    this.compare()
    this.loop(owner)
    owner.timers.schedule(LEARN_EVERY_MS, () => this.learn(owner))
  }

  /** One more task. */
  async ask(): Promise<'answered' | 'refused'> {
    const { work } = this
    const { models, machine, stage } = this.init
    const [kind = 'choice'] = [TASK_KINDS[this.random.nextBelow(TASK_KINDS.length)]]
    const task = makeTask(this.random, kind)
    const user = `${machine.name}/${(this.tasks += 1)}`
    models.outcomes.announce(task)
    if (work === undefined) return 'refused'
    const request = { messages: [{ role: 'user' as const, content: task.prompt }], passThrough: { user } }
    const result = await work.router.route({
      caller: { tenant: DEFAULT_TENANT },
      target: { kind: 'auto' },
      request,
      controls: {},
    })
    stage.checks.check('record-says-truth', recordSaysTruth(wordOf(user, result), this.linesOf(user)))
    return 'answered'
  }

  /** What budgets, records and bills say of each other. */
  async judge(): Promise<void> {
    const { stage, machine } = this.init
    const { checks } = stage
    const { work } = this
    const lines = this.init.models.provider.bill.lines.filter(
      ({ user }) => user?.startsWith(`${machine.name}/`) === true,
    )
    const bill = totalsOf(lines)
    checks.check('budget-not-exceeded', budgetNotExceeded(machine.name, { bill, limit: LIMIT_NANOS }))
    if (work === undefined) return
    checks.check('spend-covers-bill', spendCoversBill(machine.name, { spent: spentOf(work), bill }))
    this.compare()
    const [broken] = work.budgets.violations()
    checks.check('budget-sound', broken)
    await work.records.pipeline.flush()
    const learned = await learnFromRecords(work.records.store, this.init.models)
    stage.handled.learning += learned.outcomes
    checks.check('learned-once', learnedOnce(machine.name, learned))
  }

  /** Between two moments of one process at which nothing is under way the budget spends what is billed, to the last unit. Of calls without a whole answer nobody knows what they cost. */
  private compare(): void {
    const { work, rested } = this
    const { stage, machine, models } = this.init
    if (work === undefined || this.open > 0) return
    const spent = spentOf(work)
    const { lines } = models.provider.bill
    this.rested = { spent, lines: lines.length }
    if (rested === undefined) return
    const own = lines.slice(rested.lines).filter(({ user }) => user?.startsWith(`${machine.name}/`) === true)
    if (own.length === 0 || own.some(({ isAnswered }) => !isAnswered)) return
    const spend = { spent: spent - rested.spent, bill: totalsOf(own) }
    stage.checks.check('spend-equals-bill', spendEqualsBill(machine.name, spend))
  }

  private linesOf(user: string): readonly BillLine[] {
    return this.init.models.provider.bill.lines.filter((line) => line.user === user)
  }

  private loop(owner: WorldProcess): void {
    if (this.isResting) return
    this.begin(owner)
    owner.timers.schedule(EVERY_MS * (0.5 + this.random.nextUnit()), () => this.loop(owner))
  }

  /** A task whose end is waited for. */
  begin(owner: WorldProcess): void {
    this.open += 1
    const end = (): void => {
      if (!owner.isAlive) return
      this.open -= 1
      this.compare()
    }
    this.ask().then(end, (error: unknown) => {
      end()
      if (isBrokenStore(error)) this.init.onBrokenStore(owner)
      else if (!CodedError.is(error)) owner.fail(error)
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

/** What the budget knew, and how long the bill was. */
type Rest = { readonly spent: bigint; readonly lines: number }

/** Spent, and held for calls of which nobody has heard the end. */
function spentOf({ budgets }: RouterWork): bigint {
  const counter = budgets.inspect().find(({ scope }) => scope === 'node')?.account.counters.total
  return (counter?.spentNanos ?? 0n) + (counter?.heldNanos ?? 0n)
}

function wordOf(task: string, { modelId, tier, costNanos }: RouteResult) {
  return { task, modelId, isFromModel: tier.endsWith('_api'), costNanos }
}
