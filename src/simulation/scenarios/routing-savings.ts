import { z } from 'zod'
import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import { DEFAULT_TENANT } from '../../base/identifiers.ts'
import { QUALITY_SHARES } from '../../core/learning/operating-points.ts'
import { trainPolicy } from '../../core/learning/train-policy.ts'
import { MODEL_TIERS } from '../../core/models/model-entry.ts'
import { parsePolicyArtefact, type PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { RouteRequest } from '../../ports/router.ts'
import type { Machine } from '../machine/machine.ts'
import { PriceBook } from '../models/price-book.ts'
import { SimulatedProvider } from '../models/simulated-provider.ts'
import { bootRouter, type RouterWork } from '../router/boot-router.ts'
import { drawnQuestions } from './routing-savings/drawn-questions.ts'
import { type Answered, measureSavings, singleModels } from './routing-savings/measure-savings.ts'
import type { Question, Questions } from './routing-savings/questions.ts'
import { recordedQuestions } from './routing-savings/recorded-questions.ts'
import { defineScenario, type Scenario } from '../scenario/scenario.ts'
import type { Stage } from '../scenario/stage.ts'

const SCHEMA = z.strictObject({
  /** Tasks that arrive, where no recording is given. */
  tasks: z.int().min(20).max(100_000).default(1_000),
  /** Tasks whose outcomes were measured before, to train the policy on; no recording given. 0: the documented priors decide. */
  trainTasks: z.int().min(0).max(20_000).default(600),
  /** Share of a recording that the policy is trained on. 0: a policy has to be given. */
  trainShare: z.number().min(0).max(0.95).default(0.5),
  /** Share of the tasks that were asked before, word by word. */
  repeated: z.number().min(0).max(0.95).default(0.15),
  /** Text of a policy that was trained elsewhere, on the same models. */
  policy: z.string().optional(),
  /** Shares of the best single model's quality that are asked for, each by a machine of its own. */
  qualityShares: z
    .array(z.number().min(0.5).max(1))
    .min(1)
    .max(8)
    .default([...QUALITY_SHARES]),
  /** Virtual milliseconds between two tasks. */
  gapMs: z.number().min(1).max(60_000).default(40),
  /** Of the folds of training. */
  trainSeed: z.int().min(0).max(4_294_967_295).default(1),
})

type Options = z.output<typeof SCHEMA>

/** Least rows of which anything is learned. */
const TRAIN_ROWS_MIN = 20

/**
 * Tasks arrive, pass through the real router and are answered by simulated providers: what it costs at which quality, beside each model alone. With recorded rows the
 * outcome that was recorded of the called model is what is served and paid.
 */
export const ROUTING_SAVINGS: Scenario<Options> = defineScenario<Options>({
  name: 'routing-savings',
  summary: 'Tasks pass through the real router; what that saves, at which quality',
  schema: SCHEMA,
  async open(stage, options) {
    const questions = questionsOf(stage, options)
    const artefact = policyOf(questions, options)
    const best = bestOf(questions)
    const arms = options.qualityShares.map(
      (qualityShare) => new Arm(stage, questions, { qualityShare, artefact, best }),
    )
    for (const arm of arms) await arm.start(options.gapMs)
    stage.agents = arms.length
    return {
      playMs: options.gapMs * questions.asked.length,
      convergeMs: 600_000,
      isSettled: () => arms.every(({ isDone }) => isDone),
      async finish() {
        for (const arm of arms) await arm.check()
        const points = arms.map((arm) => arm.measure())
        const metrics = {
          source: questions.source,
          asked: questions.asked.length,
          trained_on: questions.train.length,
          best_single: best,
          single_models: singleModels(questions.asked),
          points,
        }
        return { metrics, state: arms.map((arm) => arm.state()) }
      },
    }
  },
})

function questionsOf(stage: Stage, options: Options): Questions {
  const { data } = stage
  if (data === undefined) return drawnQuestions(stage, options)
  return recordedQuestions(stage, data, options.policy === undefined ? options.trainShare : 0)
}

/** `undefined`: the documented priors. */
function policyOf({ train, entries }: Questions, { policy, trainSeed }: Options): PolicyArtefact | undefined {
  if (policy !== undefined) return parsePolicyArtefact(policy)
  if (train.length === 0) return undefined
  if (train.length < TRAIN_ROWS_MIN || entries.length < 2)
    throw new CodedError('TRAINING_DATA_INVALID', {
      message: `Training needs at least ${TRAIN_ROWS_MIN} rows with two models of known price; there are ${train.length} of ${entries.length} models`,
    })
  const candidates = entries.map(({ id }) => id).toSorted()
  const lineage = { dataCardHash: 'routing-savings', codeVersion: 'simulation' }
  return trainPolicy(train, { candidates, withCosts: true, seed: trainSeed, lineage })
}

/** By score on the rows that were trained on; without any, on those that are asked. */
function bestOf({ train, asked, entries }: Questions): string {
  const totals = entries.map(({ id }) => ({
    id,
    score:
      train.length > 0
        ? train.reduce((sum, { outcomes }) => sum + (outcomes.get(id)?.score ?? 0), 0)
        : asked.reduce((sum, { truths }) => sum + (truths.get(id)?.score ?? 0), 0),
  }))
  return totals.toSorted((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1))[0]?.id ?? ''
}

type ArmInit = {
  readonly qualityShare: number
  readonly artefact: PolicyArtefact | undefined
  readonly best: string
}

/** One machine, which is asked everything. */
class Arm {
  private readonly stage: Stage
  private readonly questions: Questions
  private readonly init: ArmInit
  private readonly provider: SimulatedProvider
  private readonly machine: Machine
  private readonly answered: Answered[] = []
  private work: RouterWork | undefined

  constructor(stage: Stage, questions: Questions, init: ArmInit) {
    this.stage = stage
    this.questions = questions
    this.init = init
    const { world } = stage
    const { outcomes, entries, hasShortcuts } = questions
    const { qualityShare, artefact, best } = init
    const name = `router-${qualityShare}`
    const prices = new PriceBook(entries)
    this.provider = new SimulatedProvider({ world, outcomes, prices, random: stage.random(`faults/${name}`) })
    this.machine = stage.createMachine({
      name,
      boot: async (owner, machine) => {
        this.work = await bootRouter(owner, machine, {
          stage,
          provider: this.provider,
          prices,
          premium: best,
          policy: artefact === undefined ? {} : { artefact, qualityShare },
          hasCache: hasShortcuts,
        })
        return this.work
      },
      onBootFailure: (error) => world.fail(error),
    })
  }

  get isDone(): boolean {
    return this.answered.length === this.questions.asked.length
  }

  async start(gapMs: number): Promise<void> {
    await this.machine.start()
    for (const [at, question] of this.questions.asked.entries())
      this.stage.world.schedule(at * gapMs, { kind: 'task arrives', run: () => void this.ask(question) })
  }

  measure(): ReturnType<typeof measureSavings> {
    const { answered, init, stage } = this
    const isTrainedFor =
      init.artefact?.operatingPoints.some(({ qualityShare }) => qualityShare === init.qualityShare) === true
    return measureSavings({ ...init, answered, isTrainedFor, seed: stage.world.seed })
  }

  /** Records and bill are of the same money, and every task has one record. */
  async check(): Promise<void> {
    const { work, provider, stage, answered } = this
    assert(work !== undefined, 'the machine is up')
    await work.records.pipeline.flush()
    let [records, nanos] = [0, 0n]
    for await (const { cost_usd: usd } of work.records.store.list()) {
      records += 1
      nanos += BigInt(Math.round((usd ?? 0) * 1e9))
    }
    const charged = provider.bill.total()
    const differs = nanos === charged ? undefined : `records say ${nanos} nano-dollars, the provider charged ${charged}`
    stage.checks.check('records-match-bill', differs)
    const missing = records === answered.length ? undefined : `${answered.length} tasks have ${records} records`
    stage.checks.check('one-record-per-task', missing)
  }

  state(): { readonly name: string; readonly charged: string; readonly models: readonly string[] } {
    const models = this.answered.map(({ result }) => result?.modelId ?? 'none')
    return { name: this.machine.name, charged: this.provider.bill.total().toString(), models }
  }

  private async ask(question: Question): Promise<void> {
    const result = await this.work?.router.route(this.requestOf(question)).catch((error: unknown) => {
      if (!CodedError.is(error)) this.stage.world.fail(error)
      return undefined
    })
    this.answered.push({ question, result })
  }

  private requestOf({ prompt }: Question): RouteRequest {
    return {
      caller: { tenant: DEFAULT_TENANT },
      target: { kind: 'auto' },
      request: { messages: [{ role: 'user', content: prompt }] },
      controls: this.questions.hasShortcuts ? {} : { cache: 'off', tiers: MODEL_TIERS },
    }
  }
}
