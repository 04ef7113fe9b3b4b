import { CodedError } from '../../../base/errors.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import type { GateThresholds } from '../../../core/learning/gate/gate-thresholds.ts'
import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import { trainPolicy } from '../../../core/learning/train-policy.ts'
import { formatPolicyArtefact } from '../../../core/policy/policy-artefact.ts'
import { TrainedTaskCollector } from '../../../learning/training/trained-task-collector.ts'
import type { Signer } from '../../../ports/signer.ts'
import { PRIORS_VERSION } from '../../../router/policy-service.ts'
import type { PriceBook } from '../../models/price-book.ts'
import type { SimulatedTask } from '../../models/simulated-task.ts'
import type { RouterWork } from '../../router/boot-router.ts'
import { type JudgedPolicy, judgePolicy } from '../../router/judge-policy.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { CandidateBook, Origin } from './candidate-book.ts'
import { measuredRows, measuredTasks, type MeasureInit } from './measured-tasks.ts'
import { QUALITY, QUALITY_SHARE } from './operator-rules.ts'

/** Tasks that a policy was trained on of which the gate is asked whether it sees that. */
const OVERLAP_TASKS = 20

export type OperatorInit = {
  readonly stage: Stage
  readonly measuring: MeasureInit
  readonly prices: PriceBook
  readonly work: () => RouterWork
  readonly signer: Signer
  readonly book: CandidateBook
  /** Tasks of the mix of now that nobody else is given. */
  readonly freshTasks: (count: number) => readonly SimulatedTask[]
  /** Tasks on which a policy is judged, and others on which one is trained. */
  readonly judgeTasks: number
  readonly trainTasks: number
  readonly thresholds: Partial<GateThresholds>
}

/** A version that is to be judged. */
type Proposal = {
  readonly version: string
  readonly origin: Origin
  /** A model that had seen all that it was measured on. */
  readonly leaked?: string | undefined
}

/**
 * Whoever runs the machine: has each version judged that it learned, trains others on tasks that are measured, and asks for those to be promoted that were judged. What happens
 * then is the rollout's, but for one thing: a policy that serves and would not pass the gate beside the candidate is taken back by hand.
 */
export class Operator {
  private readonly init: OperatorInit
  private readonly judged = new Set<string>()
  private wanted: { readonly leaked: string | undefined } | undefined
  /** Refused beside a policy that was taken back since. */
  private again: Proposal | undefined
  private isBusy = false

  constructor(init: OperatorInit) {
    this.init = init
  }

  /** The next policy that is tried is trained on tasks that are measured for it; `leaked`: a model that has seen all that is measured now. */
  train(leaked?: string): void {
    // Whatever else is wanted can wait for one that nobody knows to be bad.
    if (this.wanted?.leaked === undefined) this.wanted = { leaked }
  }

  /** Looks whether there is something to promote, unless a candidate is on its way. */
  async look(): Promise<void> {
    const { learning } = this.init.work()
    if (this.isBusy || learning === undefined) return
    const { stage } = learning.rollout.state.position
    if (stage === 'shadow' || stage === 'canary') return
    this.isBusy = true
    try {
      const proposal = this.again ?? (await this.nextProposal())
      this.again = undefined
      if (proposal !== undefined) await this.judgeAndPromote(proposal)
    } finally {
      this.isBusy = false
    }
  }

  private async nextProposal(): Promise<Proposal | undefined> {
    if (this.wanted !== undefined) return await this.trainOne(this.wanted)
    const version = this.init.work().learning?.learner.status().lastVersion ?? undefined
    return version === undefined || this.judged.has(version) ? undefined : { version, origin: 'learned' }
  }

  private async trainOne({ leaked }: { readonly leaked: string | undefined }): Promise<Proposal | undefined> {
    const { init } = this
    this.wanted = undefined
    const tasks = init.freshTasks(init.trainTasks)
    const rows = measuredRows(this.measuringOf(leaked), tasks)
    const dataCardHash = sha256Hex(`measured/${init.stage.world.nowMs()}`)
    const trained = new TrainedTaskCollector(sha256Hex)
    const measured = measuredTasks(init.measuring, tasks)
    for (const task of measured) trained.add(task)
    const packed = trained.pack(dataCardHash)
    const candidates = init.prices.registry.entries.map(({ id }) => id)
    const lineage = {
      dataCardHash,
      codeVersion: 'simulation',
      training: { files: [], ...(packed !== undefined && { tasks: packed }) },
    }
    const text = formatPolicyArtefact(trainPolicy(rows, { candidates, withCosts: true, seed: 1, lineage }))
    const learning = init.work().learning
    if (learning === undefined) return undefined
    const { version } = await learning.policies.register(text)
    init.stage.handled.learning += 1
    this.checkOverlap(text, measured)
    return { version, origin: leaked === undefined ? 'trained' : 'leaked', leaked }
  }

  /** Beside itself, on the tasks that it was trained on: whatever else it finds, the gate has to see that. */
  private checkOverlap(candidate: string, tasks: readonly LoggedTask[]): void {
    const { decision } = this.judge({ candidate, incumbent: candidate, tasks: tasks.slice(0, OVERLAP_TASKS) })
    const isSeen = decision.checks.some(({ name, hasPassed }) => name === 'overlap' && !hasPassed)
    const what = 'a policy may be judged by the tasks that it was trained on'
    this.init.stage.checks.check('judged-by-other-tasks', isSeen ? undefined : what)
  }

  private async judgeAndPromote({ version, origin, leaked }: Proposal): Promise<void> {
    const { init } = this
    const learning = init.work().learning
    if (learning === undefined) return
    const { policies, registry } = learning
    this.judged.add(version)
    const [candidate, incumbent] = [await registry.text(version), await policies.textOf('incumbent')]
    if (incumbent.version === version) return
    init.book.propose(version, origin, init.stage.world.nowMs())
    const judged = this.judge({
      candidate,
      incumbent: incumbent.version === PRIORS_VERSION ? undefined : (incumbent.text ?? undefined),
      tasks: measuredTasks(this.measuringOf(leaked), init.freshTasks(init.judgeTasks)),
    })
    const refusedFor = judged.decision.checks.flatMap(({ name, hasPassed }) => (hasPassed ? [] : [name]))
    init.book.judge(version, refusedFor)
    init.stage.handled.learning += 1
    await policies.attachGateReport(version, judged.report)
    await this.promote(version, judged)
    if (incumbent.version === PRIORS_VERSION || !isServingUnfit(judged, refusedFor)) return
    this.again = { version, origin, leaked }
    await policies.rollBack({ to: 'priors', by: 'operator', reason: `${version} is right more often` })
  }

  private judge(judged: {
    readonly candidate: string
    readonly incumbent: string | undefined
    readonly tasks: readonly LoggedTask[]
  }): JudgedPolicy {
    const { init } = this
    return judgePolicy({
      ...init,
      ...judged,
      quality: QUALITY,
      qualityShare: QUALITY_SHARE,
      findEntry: (id) => init.prices.registry.find(id),
      at: new Date(init.stage.world.startAt + init.stage.world.nowMs()).toISOString(),
    })
  }

  /** What the gate refused is asked for all the same: that it is not served is the node's to see to. */
  private async promote(version: string, { decision: { hasPassed } }: JudgedPolicy): Promise<void> {
    try {
      await this.init.work().learning?.policies.promote({ version, by: 'operator' })
      this.init.stage.checks.check('refused-is-not-promoted', hasPassed ? undefined : `${version} was promoted`)
    } catch (error: unknown) {
      const isGate = CodedError.is(error, 'POLICY_GATE_MISSING')
      if (!isGate && !CodedError.is(error, 'POLICY_ROLLOUT_REFUSED')) throw error
      this.init.book.refuse(version, error.code)
    }
  }

  private measuringOf(leaked: string | undefined): MeasureInit {
    return leaked === undefined ? this.init.measuring : { ...this.init.measuring, leaked }
  }
}

/**
 * Whether the candidate was refused for nothing but its cost and is surely right more often, by more points than a policy may be worse in: then it is what serves that would not
 * pass, were they to change places. A policy that has become bad by what changed around it is cheap for that, and no better one is as cheap.
 */
function isServingUnfit({ decision, qualityDifference }: JudgedPolicy, refusedFor: readonly string[]): boolean {
  const isOfCost = refusedFor.length > 0 && refusedFor.every((name) => name === 'cost')
  const surely = qualityDifference?.low ?? Number.NEGATIVE_INFINITY
  return isOfCost && surely > Math.abs(decision.thresholds.qualityMargin)
}
