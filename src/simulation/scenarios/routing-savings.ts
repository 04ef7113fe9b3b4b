import { CodedError } from '../../base/errors.ts'
import { trainPolicy } from '../../core/learning/train-policy.ts'
import { parsePolicyArtefact, type PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import { defineScenario, type MetricValue, type PlayEnd, type Scenario } from '../scenario/scenario.ts'
import type { Stage } from '../scenario/stage.ts'
import { Arm } from './routing-savings/arm.ts'
import { drawnQuestions } from './routing-savings/drawn-questions.ts'
import { answeredBy, measureSavings, singleModels } from './routing-savings/measure-savings.ts'
import { SAVINGS_OPTIONS, type SavingsOptions } from './routing-savings/options.ts'
import type { Questions } from './routing-savings/questions.ts'
import { recordedQuestions } from './routing-savings/recorded-questions.ts'
import { type DrawnArm, savingsSeries } from './routing-savings/savings-series.ts'

/** Least rows of which anything is learned. */
const TRAIN_ROWS_MIN = 20

/**
 * Tasks arrive, pass through the real router and are answered by simulated providers: what it costs at which quality, beside each model alone. With recorded rows the
 * outcome that was recorded of the called model is what is served and paid.
 */
export const ROUTING_SAVINGS: Scenario<SavingsOptions> = defineScenario<SavingsOptions>({
  name: 'routing-savings',
  summary: 'Tasks pass through the real router; what that saves, at which quality',
  schema: SAVINGS_OPTIONS,
  async open(stage, options) {
    const questions = questionsOf(stage, options)
    const artefact = policyOf(questions, options)
    const best = bestOf(questions, options)
    const arms = options.qualityShares.map(
      (qualityShare) => new Arm(stage, questions, { qualityShare, artefact, best }),
    )
    for (const arm of arms) await arm.start(options.gapMs)
    stage.agents = arms.length
    return {
      playMs: options.gapMs * questions.asked.length,
      convergeMs: 600_000,
      isSettled: () => arms.every(({ isDone }) => isDone),
      finish: async () => await finish(stage, { questions, arms, options }),
    }
  },
})

type Played = { readonly questions: Questions; readonly arms: readonly Arm[]; readonly options: SavingsOptions }

/** What happened, by what the machines have kept of it. */
async function finish(stage: Stage, { questions, arms, options }: Played): Promise<PlayEnd> {
  const { rightUsd } = options
  const { seed, startAt } = stage.world
  const drawn: DrawnArm[] = []
  const points: Record<string, MetricValue> = {}
  const answered: Record<string, MetricValue> = {}
  for (const arm of arms) {
    const seen = await arm.seen()
    const { qualityShare, best } = arm.init
    drawn.push({ qualityShare, best, seen })
    const { isTrainedFor } = arm
    const name = nameOf(qualityShare)
    answered[name] = answeredBy(seen)
    points[name] = measureSavings({ qualityShare, best, seen, rightUsd, seed, isTrainedFor })
  }
  const metrics = {
    source: questions.source,
    asked: questions.asked.length,
    trained_on: questions.train.length,
    best_single: arms[0]?.init.best ?? '',
    points,
    single_models: singleModels(questions.asked),
    answered_by: answered,
  }
  const state = arms.map((arm, at) => ({
    ...arm.state(),
    models: drawn[at]?.seen.map(({ record }) => record?.modelId ?? record?.tier ?? 'none') ?? [],
  }))
  return { metrics, state, series: savingsSeries(drawn, startAt) }
}

/** Members that are whole numbers would come before all others. */
function nameOf(qualityShare: number): string {
  return Number.isInteger(qualityShare) ? `${qualityShare}.0` : `${qualityShare}`
}

function questionsOf(stage: Stage, options: SavingsOptions): Questions {
  const { data } = stage
  if (data === undefined) return drawnQuestions(stage, options)
  const { policy, trainRows, trainShare } = options
  if (policy !== undefined) return recordedQuestions(stage, data, { share: 0 })
  return recordedQuestions(stage, data, trainRows === undefined ? { share: trainShare } : { firstRows: trainRows })
}

/** `undefined`: the documented priors. */
function policyOf({ train, entries }: Questions, { policy, trainSeed }: SavingsOptions): PolicyArtefact | undefined {
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
function bestOf({ train, asked, entries }: Questions, { best }: SavingsOptions): string {
  const names = entries.map(({ id }) => id)
  if (best !== undefined) {
    if (names.includes(best)) return best
    const message = `routing-savings cannot be played so: best: ${best} is none of ${names.join(', ')}`
    throw new CodedError('SIMULATION_OPTIONS_INVALID', { message })
  }
  const totals = names.map((id) => ({
    id,
    score:
      train.length > 0
        ? train.reduce((sum, { outcomes }) => sum + (outcomes.get(id)?.score ?? 0), 0)
        : asked.reduce((sum, { truths }) => sum + (truths.get(id)?.score ?? 0), 0),
  }))
  return totals.toSorted((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1))[0]?.id ?? ''
}
