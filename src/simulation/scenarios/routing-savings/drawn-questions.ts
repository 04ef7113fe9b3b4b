import type { RandomStream } from '../../../base/random-stream.ts'
import type { RoutingRow } from '../../../core/learning/routing-rows.ts'
import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import type { ModelRequest } from '../../../ports/language-model.ts'
import { drawWeighted } from '../../models/draws.ts'
import { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import { FITTED_MODELS, FITTED_SOURCE, KIND_FACTS } from '../../models/fitted-profiles.ts'
import { TASK_KINDS, type TaskKind } from '../../models/model-profile.ts'
import { entriesOf } from '../../models/price-book.ts'
import { makeTask, type SimulatedTask } from '../../models/simulated-task.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { Question, Questions } from './questions.ts'

export type DrawnQuestionsInit = {
  readonly tasks: number
  /** Tasks whose outcomes the operator measured before. */
  readonly trainTasks: number
  /** Share of tasks that somebody has asked before, word by word. */
  readonly repeated: number
}

const TOKENS_PER_PRICE = 1_000_000

/** Tasks and outcomes from the fitted distributions. */
export function drawnQuestions(stage: Stage, { tasks, trainTasks, repeated }: DrawnQuestionsInit): Questions {
  const outcomes = new DrawnOutcomes({ seed: stage.world.seed, profiles: FITTED_MODELS })
  const random = stage.random('tasks')
  const fresh = (): Question => {
    const task = drawTask(random)
    outcomes.announce(task)
    return questionOf(outcomes, task)
  }
  const train = Array.from({ length: trainTasks }, fresh)
  const asked: Question[] = []
  for (let at = 0; at < tasks; at += 1) {
    const before = random.nextUnit() < repeated ? asked[Math.floor(random.nextUnit() * at)] : undefined
    asked.push(before ?? fresh())
  }
  return {
    outcomes,
    entries: entriesOf(FITTED_MODELS, civilDateOfInstant(stage.world.startAt)),
    train: train.map(rowOf),
    asked,
    source: { outcomes: 'distributions', ...FITTED_SOURCE },
    hasShortcuts: true,
  }
}

/** A task of a kind, by the weights of a mix; default that of the measured rows. */
export function drawTask(random: RandomStream, mix: Readonly<Partial<Record<TaskKind, number>>> = {}): SimulatedTask {
  const weights = TASK_KINDS.map((kind) => [kind, mix[kind] ?? KIND_FACTS[kind].weight] as const)
  return makeTask(random, drawWeighted(random, weights) ?? 'choice')
}

/** A task with what each model makes of it. */
export function questionOf(outcomes: DrawnOutcomes, task: SimulatedTask): Question {
  const request: ModelRequest = { messages: [{ role: 'user', content: task.prompt }] }
  const truths = FITTED_MODELS.map(({ id, usdIn, usdOut }) => {
    const { tokensIn, tokensOut } = outcomes.outcomeOf(id, request)
    const usd = (tokensIn * usdIn + tokensOut * usdOut) / TOKENS_PER_PRICE
    return [id, { score: Number(outcomes.isRight(id, task)), usd }] as const
  })
  const [right] = task.answers
  return { prompt: task.prompt, ...(right !== undefined && { right }), truths: new Map(truths) }
}

/** A question as a row that a policy is trained on. */
export function rowOf({ prompt, truths }: Question): RoutingRow {
  const outcomes = [...truths].map(([name, { score, usd }]) => [name, { score, costUsd: usd }] as const)
  return { prompt, outcomes: new Map(outcomes), isContaminated: false }
}
