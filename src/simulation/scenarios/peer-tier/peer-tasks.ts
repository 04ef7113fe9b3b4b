import type { ModelEntry } from '../../../core/models/model-entry.ts'
import type { RoutingRow } from '../../../core/learning/routing-rows.ts'
import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import { DrawnOutcomes } from '../../models/drawn-outcomes.ts'
import { FITTED_MODELS } from '../../models/fitted-profiles.ts'
import { JudgingOutcomes } from '../../models/judging-outcomes.ts'
import type { ModelProfile } from '../../models/model-profile.ts'
import { entriesOf } from '../../models/price-book.ts'
import type { SimulatedTask } from '../../models/simulated-task.ts'
import type { Stage } from '../../scenario/stage.ts'
import { drawTask, questionOf, rowOf } from '../routing-savings/drawn-questions.ts'
import type { PeerTierOptions } from './options.ts'

/** What the honest peers run, and what whoever lies says when it does. */
export const HONEST = 'peer/honest'
export const LYING = 'peer/lying'

/** What both nodes can call: a strong model and a cheap one, as with a single provider. */
const MODELS = 2

/** Tasks of a run and what models and peers make of them: for everybody the same. */
export type PeerTasks = {
  readonly entries: readonly ModelEntry[]
  readonly train: readonly RoutingRow[]
  readonly asked: readonly SimulatedTask[]
  /** Of the models, judgements included. */
  readonly outcomes: JudgingOutcomes
  /** Of the peers. */
  readonly sold: DrawnOutcomes
  isRight(prompt: string, answer: string): boolean | undefined
}

export function drawPeerTasks(stage: Stage, options: PeerTierOptions): PeerTasks {
  const { seed, startAt } = stage.world
  const models = new DrawnOutcomes({ seed, profiles: FITTED_MODELS })
  const sold = new DrawnOutcomes({ seed, profiles: sellersOf() })
  sold.degrade(HONEST, options.right)
  sold.degrade(LYING, 0)
  const random = stage.random('tasks')
  const rest = (1 - options.code) / 2
  const mix = { code: options.code, choice: rest, commonsense: rest }
  const right = new Map<string, string>()
  const fresh = (): SimulatedTask => {
    const task = drawTask(random, mix)
    models.announce(task)
    sold.announce(task)
    right.set(task.prompt, task.answers[0] ?? '')
    return task
  }
  const train = Array.from({ length: options.trainTasks }, () => rowOf(questionOf(models, fresh())))
  const asked = Array.from({ length: options.tasks }, fresh)
  const isRight = (prompt: string, answer: string): boolean | undefined => {
    const known = right.get(prompt)
    return known === undefined ? undefined : known === answer
  }
  return {
    entries: entriesOf(FITTED_MODELS.slice(0, MODELS), civilDateOfInstant(startAt)),
    train,
    asked,
    outcomes: new JudgingOutcomes({ seed, outcomes: models, isRight }),
    sold,
    isRight,
  }
}

/** Peers run what the best model is, or say what they like. */
function sellersOf(): readonly ModelProfile[] {
  const [best] = FITTED_MODELS
  return best === undefined ? [] : [HONEST, LYING].map((id) => ({ ...best, id }))
}
