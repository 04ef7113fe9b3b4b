import { CodedError } from '../../../base/errors.ts'
import { parseTaskId, parseTenantId, type TaskId, type TenantId } from '../../../base/identifiers.ts'
import type { Amount } from '../../../base/money.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import type { ModelEntry } from '../../../core/models/model-entry.ts'
import { DEFAULT_ROLLOUT_RULES } from '../../../core/rollout/rollout-rules.ts'
import type { RolloutTransition } from '../../../core/rollout/rollout-state.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import type { RouteResult } from '../../../ports/router.ts'
import { SHADOW_ACCOUNT } from '../../../router/budget-accounts.ts'
import { addFeedback } from '../../../telemetry/add-feedback.ts'
import { keySeedOf } from '../../keys/seeded-signatures.ts'
import type { Machine } from '../../machine/machine.ts'
import { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import { FITTED_MODELS, KIND_FACTS } from '../../models/fitted-profiles.ts'
import { TASK_KINDS } from '../../models/model-profile.ts'
import { entriesOf, PriceBook } from '../../models/price-book.ts'
import { SimulatedProvider } from '../../models/simulated-provider.ts'
import type { SimulatedTask } from '../../models/simulated-task.ts'
import { bootRouter, type RouterWork } from '../../router/boot-router.ts'
import type { LearningSetup } from '../../router/learning-setup.ts'
import { drawTask } from '../routing-savings/drawn-questions.ts'
import type { Stage } from '../../scenario/stage.ts'
import { checkTransition } from './flywheel-checks.ts'
import { measureModel } from './measured-tasks.ts'
import { Operator } from './operator.ts'
import { PHASES, phaseOf } from './phases.ts'
import { TaskLedger } from './task-ledger.ts'

export type FlywheelOptions = {
  readonly tasks: number
  readonly gapMs: number
  readonly repeated: number
  readonly feedbackShare: number
  readonly everyOutcomes: number
  readonly judgeTasks: number
  readonly trainTasks: number
  readonly trainEvery: number
  readonly exploration: number
  readonly rightUsd: number
  readonly badCandidate: boolean
}

export const PREMIUM = 'openai/gpt-4-1106-preview'
/** The cheapest model, whose answers to a measured set may have leaked. */
const LEAKED = 'together/mistral-7b-chat'
/** Share of the tasks after which the leaked candidate is tried. */
const LEAKED_FROM = 0.35
/** Tasks before the operator measures for the first time. */
const TRAIN_FROM = 50
/** Tasks between two looks of the operator. */
const LOOK_EVERY = 25
const TENANTS = 60
const QUALITY = 0.9
const QUALITY_SHARE = 0.95
/** What everything together may cost. */
const LIMIT_NANOS = 1_000_000_000_000n as Amount
const SHADOW_LIMIT_NANOS = 50_000_000_000n as Amount

/** Steps as short as a play; what a candidate may do worse is more than noise of that length. */
const RULES: LearningSetup['rules'] = {
  ...DEFAULT_ROLLOUT_RULES,
  canarySteps: [50],
  minCanaryRequests: 120,
  minStepMs: 60_000,
  minShadowRuns: 40,
  slo: { ...DEFAULT_ROLLOUT_RULES.slo, qualityMargin: 0.06, driftMargin: 0.2, latencyMargin: 1 },
}

/** Who lives in the flywheel: customers, the machine that serves them, its operator, and the providers. */
export class FlywheelWorld {
  readonly stage: Stage
  readonly ledger = new TaskLedger()
  readonly provider: SimulatedProvider
  readonly operator: Operator
  readonly setup: LearningSetup
  readonly transitions: { readonly atMs: number; readonly transition: RolloutTransition }[] = []
  readonly limitNanos: bigint = LIMIT_NANOS + SHADOW_LIMIT_NANOS
  readonly machine: Machine
  private readonly options: FlywheelOptions
  private readonly outcomes: DrawnOutcomes
  private readonly prices: PriceBook
  private readonly arrivals: RandomStream
  private readonly feedback: RandomStream
  private readonly fresh: RandomStream
  private readonly asked: SimulatedTask[] = []
  private readonly rights = new Map<string, number>()
  private current: RouterWork | undefined
  private phase = -1
  private open = 0
  private seenRevision = 0

  constructor(stage: Stage, options: FlywheelOptions) {
    const { world } = stage
    this.stage = stage
    this.options = options
    this.outcomes = new DrawnOutcomes({ seed: world.seed, profiles: FITTED_MODELS })
    this.prices = new PriceBook(measuredEntries(stage))
    const { outcomes, prices } = this
    this.provider = new SimulatedProvider({ world, outcomes, prices, random: stage.random('faults') })
    this.arrivals = stage.random('arrivals')
    this.feedback = stage.random('feedback')
    this.fresh = stage.random('measured')
    const signer = stage.keys.createSigner(keySeedOf(world.seed, 'gate'))
    this.setup = {
      rules: RULES,
      shadowShare: 0.5,
      gateFloors: {},
      everyOutcomes: options.everyOutcomes,
      signer,
      verify: verifySignatureWith(stage.keys),
    }
    this.operator = new Operator({
      stage,
      measuring: { outcomes: this.outcomes, prices: this.prices },
      prices: this.prices,
      work: () => this.work,
      signer,
      freshTasks: (count) => this.freshTasks(count),
      judgeTasks: options.judgeTasks,
      trainTasks: options.trainTasks,
      quality: QUALITY,
      qualityShare: QUALITY_SHARE,
      thresholds: {
        qualityMargin: -0.06,
        precisionMax: 0.04,
        costTolerance: 0.25,
        regressionMax: 0.25,
        sliceRegressionMax: 0.4,
        calibrationErrorMax: 0.15,
        rowsMin: options.judgeTasks,
      },
    })
    this.machine = stage.createMachine({
      name: 'node',
      boot: async (owner, machine) => {
        this.current = await bootRouter(owner, machine, {
          stage,
          provider: this.provider,
          prices: this.prices,
          premium: PREMIUM,
          policy: { quality: QUALITY, qualityShare: QUALITY_SHARE, explorationRate: options.exploration },
          limits: [
            { scope: 'node', window: 'total', limitNanos: LIMIT_NANOS },
            { scope: SHADOW_ACCOUNT, window: 'total', limitNanos: SHADOW_LIMIT_NANOS },
          ],
          learning: this.setup,
        })
        return this.current
      },
      onBootFailure: (error) => world.fail(error),
    })
  }

  get work(): RouterWork {
    if (this.current === undefined) throw new RangeError('The machine of the flywheel is down')
    return this.current
  }

  get isDone(): boolean {
    return this.open === 0 && this.asked.length === this.options.tasks
  }

  async start(): Promise<void> {
    await this.machine.start()
    const { tasks, gapMs } = this.options
    for (let at = 0; at < tasks; at += 1)
      this.stage.world.schedule(at * gapMs, { kind: 'task arrives', run: () => void this.arrive(at) })
  }

  /** New transitions of the rollout, looked at once each. */
  look(): void {
    const { learning } = this.work
    for (const transition of learning?.rollout.state.transitions.toReversed() ?? []) {
      if (transition.revision <= this.seenRevision) continue
      this.seenRevision = transition.revision
      this.transitions.push({ atMs: this.stage.world.nowMs(), transition })
      checkTransition(this, transition).catch((error: unknown) => this.stage.world.fail(error))
    }
  }

  private async arrive(at: number): Promise<void> {
    const { stage, options } = this
    this.enter(phaseOf(at, options.tasks))
    if (at % LOOK_EVERY === 0) this.operator.look().catch((error: unknown) => stage.world.fail(error))
    if (at % options.trainEvery === TRAIN_FROM) this.operator.train()
    if (options.badCandidate && at === Math.round(LEAKED_FROM * options.tasks)) this.operator.train(LEAKED)
    const task = this.nextTask(at)
    const taskId = parseTaskId(`flywheel-${at}`) as TaskId
    const tenant = parseTenantId(`tenant-${at % TENANTS}`) as TenantId
    this.open += 1
    try {
      const { router } = this.work
      const result = await router.route({
        taskId,
        caller: { tenant },
        target: { kind: 'auto' },
        request: { messages: [{ role: 'user', content: task.prompt }] },
        controls: {},
      })
      this.note(task, result)
      this.judge(task, { taskId, tenant })
    } catch (error: unknown) {
      if (!CodedError.is(error)) stage.world.fail(error)
      this.ledger.failed += 1
    } finally {
      this.open -= 1
    }
  }

  private enter(phase: number): void {
    if (phase === this.phase) return
    this.phase = phase
    this.ledger.begun[phase] = this.stage.world.nowMs()
    PHASES[phase]?.begin(this.driftParts())
  }

  private driftParts(): { readonly stage: Stage; readonly prices: PriceBook; readonly outcomes: DrawnOutcomes } {
    return { stage: this.stage, prices: this.prices, outcomes: this.outcomes }
  }

  private nextTask(at: number): SimulatedTask {
    const isRepeated = this.arrivals.nextUnit() < this.options.repeated
    const before = this.asked[Math.floor(this.arrivals.nextUnit() * at)]
    const task = isRepeated && before !== undefined ? before : drawTask(this.arrivals, PHASES[this.phase]?.mix)
    this.outcomes.announce(task)
    this.asked.push(task)
    return task
  }

  private freshTasks(count: number): readonly SimulatedTask[] {
    const tasks = Array.from({ length: count }, () => drawTask(this.fresh, PHASES[this.phase]?.mix))
    for (const task of tasks) this.outcomes.announce(task)
    return tasks
  }

  private note(task: SimulatedTask, result: RouteResult): void {
    const { rightUsd } = this.options
    const truths = this.prices.registry.entries.map(({ id }) => ({ id, ...measureModel(this.driftParts(), task, id) }))
    const own = truths.find(({ id }) => id === result.modelId)?.score ?? 0
    // An answer from the cache is as right as it was when it was made.
    const score = result.tier === 'cache' ? (this.rights.get(task.prompt) ?? own) : own
    this.rights.set(task.prompt, score)
    const usd = Number(result.costNanos ?? 0n) / 1e9
    const premium = truths.find(({ id }) => id === PREMIUM)
    const best = Math.max(...truths.map((truth) => rightUsd * truth.score - truth.usd))
    this.ledger.add({
      phase: this.phase,
      atMs: this.stage.world.nowMs(),
      score,
      usd,
      premiumUsd: premium?.usd ?? 0,
      premiumScore: premium?.score ?? 0,
      regretUsd: best - (rightUsd * score - usd),
      result,
    })
  }

  /** Some customers say later whether the answer was of use. */
  private judge(task: SimulatedTask, { taskId, tenant }: { readonly taskId: TaskId; readonly tenant: TenantId }): void {
    const [isTold, delay] = [this.feedback.nextUnit() < this.options.feedbackShare, this.feedback.nextBelow(60_000)]
    const isUp = this.rights.get(task.prompt) === 1
    const { world } = this.stage
    if (!isTold) return
    world.schedule(delay, {
      kind: 'feedback',
      run: () => {
        this.open += 1
        this.tell({ taskId, tenant, isUp })
          .catch((error: unknown) => world.fail(error))
          .finally(() => {
            this.open -= 1
          })
      },
    })
  }

  private async tell(told: {
    readonly taskId: TaskId
    readonly tenant: TenantId
    readonly isUp: boolean
  }): Promise<void> {
    const { records, learning } = this.work
    const { taskId, tenant, isUp } = told
    const { running } = this.machine
    if (running === undefined || learning === undefined) return
    await addFeedback(
      { ...records, hasConsent: true, clock: running.clock, onFeedback: learning.takeFeedback },
      { tenant, about: { taskId }, judgement: { kind: 'thumbs', isUp } },
    )
    learning.learner.notice({ tenant, kind: 'event', id: taskId })
  }
}

/** What the operator knows of the models beforehand: how right they are on average, from a public set. */
function measuredEntries(stage: Stage): readonly ModelEntry[] {
  const qualities = new Map(
    FITTED_MODELS.map(({ id, kinds }) => [
      id,
      TASK_KINDS.reduce((sum, kind) => sum + KIND_FACTS[kind].weight * kinds[kind].right, 0),
    ]),
  )
  return entriesOf(FITTED_MODELS, civilDateOfInstant(stage.world.startAt)).map((entry) => ({
    ...entry,
    measured: { ...entry.measured, quality: qualities.get(entry.id) ?? 0.5 },
  }))
}
