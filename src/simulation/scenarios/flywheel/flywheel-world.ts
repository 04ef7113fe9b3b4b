import { CodedError } from '../../../base/errors.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import type { ModelEntry } from '../../../core/models/model-entry.ts'
import type { RolloutTransition } from '../../../core/rollout/rollout-state.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import type { RouteResult } from '../../../ports/router.ts'
import { SHADOW_ACCOUNT } from '../../../router/budgets/budget-accounts.ts'
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
import { bestValueOf } from './best-choice.ts'
import { CandidateBook } from './candidate-book.ts'
import { type Asked, Customers } from './customers.ts'
import { checkTransition } from './flywheel-checks.ts'
import type { FlywheelOptions } from './flywheel-options.ts'
import type { ServedAt } from './flywheel-series.ts'
import { measureModels } from './measured-tasks.ts'
import { Operator } from './operator.ts'
import {
  gateThresholds,
  LIMIT_NANOS,
  PREMIUM,
  QUALITY,
  QUALITY_SHARE,
  RULES,
  SHADOW_LIMIT_NANOS,
  SHADOW_SHARE,
} from './operator-rules.ts'
import { PHASES, phaseOf } from './phases.ts'
import { TaskLedger } from './task-ledger.ts'

/** The cheapest model, whose answers to a measured set may have leaked. */
const LEAKED = 'together/mistral-7b-chat'
/** What is known of it is of questions that it has seen: on others it is right so many times as often. */
const LEAKED_LEFT = 0.5
/** Share of the tasks after which the leaked candidate is tried. */
const LEAKED_FROM = 0.25
/** Tasks between two looks of the operator. */
const LOOK_EVERY = 25

/** Who lives in the flywheel: customers, the machine that serves them, its operator, and the providers. */
export class FlywheelWorld {
  readonly stage: Stage
  readonly ledger = new TaskLedger()
  readonly book = new CandidateBook()
  readonly provider: SimulatedProvider
  readonly setup: LearningSetup
  readonly transitions: { readonly atMs: number; readonly transition: RolloutTransition }[] = []
  readonly served: ServedAt[] = []
  readonly limitNanos: bigint = LIMIT_NANOS + SHADOW_LIMIT_NANOS
  readonly machine: Machine
  private readonly options: FlywheelOptions
  private readonly operator: Operator
  private readonly customers: Customers
  private readonly outcomes: DrawnOutcomes
  private readonly prices: PriceBook
  private readonly fresh: RandomStream
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
    this.outcomes.degrade(LEAKED, LEAKED_LEFT)
    this.prices = new PriceBook(measuredEntries(stage))
    const { outcomes, prices } = this
    this.provider = new SimulatedProvider({ world, outcomes, prices, random: stage.random('faults') })
    this.customers = new Customers({ stage, outcomes: this.outcomes, ...options })
    this.fresh = stage.random('measured')
    const signer = stage.keys.createSigner(keySeedOf(world.seed, 'gate'))
    this.setup = {
      rules: RULES,
      shadowShare: SHADOW_SHARE,
      gateFloors: {},
      everyOutcomes: options.everyOutcomes,
      signer,
      verify: verifySignatureWith(stage.keys),
    }
    this.operator = new Operator({
      stage,
      signer,
      book: this.book,
      prices: this.prices,
      measuring: { outcomes: this.outcomes, prices: this.prices },
      work: () => this.work,
      freshTasks: (count) => this.freshTasks(count),
      judgeTasks: options.judgeTasks,
      trainTasks: options.trainTasks,
      thresholds: gateThresholds(options.judgeTasks),
    })
    this.machine = this.createMachine()
  }

  get work(): RouterWork {
    if (this.current === undefined) throw new RangeError('The machine of the flywheel is down')
    return this.current
  }

  get isDone(): boolean {
    return this.open === 0 && this.customers.count === this.options.tasks
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
      const atMs = transition.at - this.stage.world.startAt
      this.transitions.push({ atMs, transition })
      this.follow(transition, atMs)
      checkTransition(this, transition).catch((error: unknown) => this.stage.world.fail(error))
    }
  }

  /** Who serves, and who is on trial, from this transition on. */
  private follow(transition: RolloutTransition, atMs: number): void {
    const { to, from, candidate, incumbent } = transition
    const before = this.served.at(-1)
    // One that serves in full and goes is a trial no more; one that is taken back later served alone.
    const gone = from === 'legacy_only' ? before?.serving : (candidate ?? undefined)
    this.book.follow(transition, gone, atMs)
    const isFull = to === 'full'
    this.served.push({
      atMs,
      serving: (isFull ? candidate : incumbent) ?? 'priors',
      trial: isFull || to === 'legacy_only' ? undefined : (candidate ?? undefined),
    })
  }

  private createMachine(): Machine {
    const { stage, options } = this
    return stage.createMachine({
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
      onBootFailure: (error) => stage.world.fail(error),
    })
  }

  private async arrive(at: number): Promise<void> {
    const { stage, options } = this
    this.enter(phaseOf(at, options.tasks))
    if (at > 0 && at % options.trainEvery === 0) this.operator.train()
    if (options.badCandidate && at === Math.round(LEAKED_FROM * options.tasks)) this.operator.train(LEAKED)
    if (at % LOOK_EVERY === 0) this.operator.look().catch((error: unknown) => stage.world.fail(error))
    const asked = this.customers.ask(PHASES[this.phase]?.mix ?? {})
    const askedAtMs = stage.world.nowMs()
    this.open += 1
    try {
      const result = await this.work.router.route(asked.request)
      this.note(asked.task, result)
      if (result.tier !== 'cache')
        stage.checks.check('taken-back-serves-none', this.book.serve(result.decision.policyVersion, askedAtMs))
      this.judge(asked)
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
    PHASES[phase]?.begin({ stage: this.stage, prices: this.prices, outcomes: this.outcomes })
  }

  private freshTasks(count: number): readonly SimulatedTask[] {
    const tasks = Array.from({ length: count }, () => drawTask(this.fresh, PHASES[this.phase]?.mix))
    for (const task of tasks) this.outcomes.announce(task)
    return tasks
  }

  private note(task: SimulatedTask, { modelId, tier, costNanos, taskId }: RouteResult): void {
    const { outcomes, prices } = this
    const { rightUsd } = this.options
    const truths = measureModels({ outcomes, prices }, task)
    const own = truths.find(({ id }) => id === modelId)?.score ?? 0
    const isCached = tier === 'cache'
    // An answer from the cache is as right as it was when it was made.
    const score = isCached ? (this.rights.get(task.prompt) ?? own) : own
    this.rights.set(task.prompt, score)
    const usd = Number(costNanos ?? 0n) / 1e9
    const premium = truths.find(({ id }) => id === PREMIUM)
    this.ledger.add({
      phase: this.phase,
      atMs: this.stage.world.nowMs(),
      taskId,
      model: isCached ? 'cache' : modelId,
      score,
      usd,
      premiumUsd: premium?.usd ?? 0,
      premiumScore: premium?.score ?? 0,
      regretUsd: bestValueOf({ outcomes, rightUsd }, task, truths) - (rightUsd * score - usd),
    })
  }

  /** Some customers say later whether the answer was of use. */
  private judge(asked: Asked): void {
    const delay = this.customers.nextJudgement()
    const isUp = this.rights.get(asked.task.prompt) === 1
    const { world } = this.stage
    if (delay === undefined) return
    world.schedule(delay, {
      kind: 'feedback',
      run: () => {
        this.open += 1
        this.tell(asked, isUp)
          .catch((error: unknown) => world.fail(error))
          .finally(() => {
            this.open -= 1
          })
      },
    })
  }

  private async tell({ taskId, tenant }: Asked, isUp: boolean): Promise<void> {
    const { records, learning } = this.work
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
