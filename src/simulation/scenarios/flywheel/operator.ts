import { CodedError } from '../../../base/errors.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import type { GateThresholds } from '../../../core/learning/gate/gate-thresholds.ts'
import { trainPolicy } from '../../../core/learning/train-policy.ts'
import { formatPolicyArtefact } from '../../../core/policy/policy-artefact.ts'
import { TrainedTaskCollector } from '../../../learning/training/trained-task-collector.ts'
import type { Signer } from '../../../ports/signer.ts'
import { PRIORS_VERSION } from '../../../router/policy-service.ts'
import type { PriceBook } from '../../models/price-book.ts'
import type { SimulatedTask } from '../../models/simulated-task.ts'
import type { RouterWork } from '../../router/boot-router.ts'
import { judgePolicy } from '../../router/judge-policy.ts'
import type { Stage } from '../../scenario/stage.ts'
import { measuredRows, measuredTasks, type MeasureInit } from './measured-tasks.ts'

export type OperatorInit = {
  readonly stage: Stage
  readonly measuring: MeasureInit
  readonly prices: PriceBook
  readonly work: () => RouterWork
  readonly signer: Signer
  /** Tasks of the mix of now that nobody else is given. */
  readonly freshTasks: (count: number) => readonly SimulatedTask[]
  /** Tasks on which a policy is judged, and others on which one is trained. */
  readonly judgeTasks: number
  readonly trainTasks: number
  readonly quality: number
  readonly qualityShare: number
  readonly thresholds: Partial<GateThresholds>
}

export type OperatorCounts = { promoted: number; refusedByGate: number; refusedByRollout: number }

/** Whoever runs the machine: has each version judged that it learned, and promotes what has passed. What happens then is the rollout's. */
export class Operator {
  readonly counts: OperatorCounts = { promoted: 0, refusedByGate: 0, refusedByRollout: 0 }
  /** What the gate said of versions that it refused, last first. */
  readonly refusals: string[] = []
  /** The version that was trained on leaked tasks, once there is one. */
  leakedVersion: string | undefined
  private readonly init: OperatorInit
  private readonly judged = new Set<string>()
  private wanted: { readonly leaked: string | undefined } | undefined
  private trained = 0
  private isBusy = false

  constructor(init: OperatorInit) {
    this.init = init
  }

  /** Versions that were shown to the gate. */
  get judgedCount(): number {
    return this.judged.size + this.trained
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
      if (this.wanted === undefined) await this.promoteLearned()
      else await this.promoteTrained(this.wanted)
    } finally {
      this.isBusy = false
    }
  }

  private async promoteLearned(): Promise<void> {
    const { learning } = this.init.work()
    const version = learning?.learner.status().lastVersion ?? undefined
    if (version === undefined || this.judged.has(version)) return
    this.judged.add(version)
    await this.judgeAndPromote(version)
  }

  private async promoteTrained({ leaked }: { readonly leaked: string | undefined }): Promise<void> {
    const { init } = this
    this.wanted = undefined
    const measuring = { ...init.measuring, ...(leaked !== undefined && { leaked }) }
    const rows = measuredRows(measuring, init.freshTasks(init.trainTasks))
    const dataCardHash = sha256Hex(`measured/${init.stage.world.nowMs()}`)
    const trained = new TrainedTaskCollector(sha256Hex)
    for (const { prompt } of rows) trained.add(asTask(prompt))
    const tasks = trained.pack(dataCardHash)
    const candidates = init.prices.registry.entries.map(({ id }) => id)
    const lineage = {
      dataCardHash,
      codeVersion: 'simulation',
      training: { files: [], ...(tasks !== undefined && { tasks }) },
    }
    const artefact = trainPolicy(rows, { candidates, withCosts: true, seed: 1, lineage })
    const learning = init.work().learning
    if (learning === undefined) return
    const { version } = await learning.policies.register(formatPolicyArtefact(artefact))
    init.stage.handled.learning += 1
    this.trained += 1
    if (leaked !== undefined) this.leakedVersion = version
    await this.judgeAndPromote(version, leaked)
  }

  private async judgeAndPromote(version: string, leaked?: string): Promise<void> {
    const { init } = this
    const learning = init.work().learning
    if (learning === undefined) return
    const { policies, registry } = learning
    const [candidate, incumbent] = [await registry.text(version), await policies.textOf('incumbent')]
    if (incumbent.version === version) return
    const measuring = leaked === undefined ? init.measuring : { ...init.measuring, leaked }
    const { hasPassed, reasons, report } = judgePolicy({
      ...init,
      candidate,
      incumbent: incumbent.version === PRIORS_VERSION ? undefined : (incumbent.text ?? undefined),
      tasks: measuredTasks(measuring, init.freshTasks(init.judgeTasks)),
      findEntry: (id) => init.prices.registry.find(id),
      at: new Date(init.stage.world.startAt + init.stage.world.nowMs()).toISOString(),
    })
    init.stage.handled.learning += 1
    await policies.attachGateReport(version, report)
    await this.promote(version, { hasPassed, reasons })
  }

  /** What the gate refused is asked for all the same: that it is not served is the node's to see to. */
  private async promote(
    version: string,
    { hasPassed, reasons }: { readonly hasPassed: boolean; readonly reasons: readonly string[] },
  ): Promise<void> {
    try {
      await this.init.work().learning?.policies.promote({ version, by: 'operator' })
      this.counts.promoted += 1
      this.init.stage.checks.check('refused-is-not-promoted', hasPassed ? undefined : `${version} was promoted`)
    } catch (error: unknown) {
      const isGate = CodedError.is(error, 'POLICY_GATE_MISSING')
      if (!isGate && !CodedError.is(error, 'POLICY_ROLLOUT_REFUSED')) throw error
      if (isGate) this.counts.refusedByGate += 1
      else this.counts.refusedByRollout += 1
      this.refusals.unshift(`${version}: ${reasons.join('; ') || error.message}`)
    }
  }
}

function asTask(prompt: string): Parameters<TrainedTaskCollector['add']>[0] {
  return {
    taskHash: sha256Hex(prompt),
    timestamp: undefined,
    prompt,
    features: undefined,
    risk: 'low',
    policyVersion: undefined,
    candidates: [],
    action: '',
    propensity: 1,
    outcome: { success: 0, costUsd: undefined, latencyMs: undefined, source: 'recorded' },
    observed: new Map(),
  }
}
