import { CodedError } from '../../../base/errors.ts'
import { shuffle } from '../../../base/random-stream.ts'
import type { RoutingRow } from '../../../core/learning/routing-rows.ts'
import { civilDateOfInstant } from '../../../core/models/civil-date.ts'
import { RecordedOutcomes, recordedEntries } from '../../models/recorded-outcomes.ts'
import type { Stage } from '../../scenario/stage.ts'
import type { Question, Questions } from './questions.ts'

/** A model that can be compared has an outcome for at least this share of the rows, and a price for each. */
const COVERAGE_MIN = 0.95

/** What of a recording a policy is trained on: a share that is drawn, or its first rows. */
export type TrainPart = { readonly share: number } | { readonly firstRows: number }

/** The rows of a recording on which all models can be compared, a part of them to be trained on and the rest to be asked. */
export function recordedQuestions(stage: Stage, rows: readonly RoutingRow[], train: TrainPart): Questions {
  const names = comparable(rows)
  const complete = distinct(rows.filter(({ outcomes }) => names.every((name) => outcomes.has(name))))
  const order = 'share' in train ? shuffle([...complete], stage.random('split')) : complete
  const trained = 'share' in train ? Math.round(train.share * order.length) : train.firstRows
  if (trained >= order.length)
    throw new CodedError('SIMULATION_OPTIONS_INVALID', {
      message: `Of ${order.length} rows that can be compared ${trained} are trained on, and none is left to be asked`,
    })
  const means = names.map((name) => ({ name, usd: meanUsd(complete, name) }))
  return {
    outcomes: new RecordedOutcomes({ seed: stage.world.seed, rows: complete }),
    entries: recordedEntries(means, civilDateOfInstant(stage.world.startAt)),
    train: order.slice(0, trained),
    asked: order.slice(trained).map((row) => questionOf(row, names)),
    source: {
      outcomes: 'recorded',
      cost: 'recorded',
      answers: hasTexts(complete, names)
        ? 'recorded'
        : 'made up where the recording has no text: one without a defect of form, the same of each model',
      latency: 'assumed: the recording has none',
      rows: rows.length,
      rows_left_out: rows.length - complete.length,
    },
    hasShortcuts: false,
  }
}

function comparable(rows: readonly RoutingRow[]): readonly string[] {
  const names = [...new Set(rows.flatMap(({ outcomes }) => [...outcomes.keys()]))].toSorted()
  return names.filter((name) => {
    const outcomes = rows.flatMap((row) => row.outcomes.get(name) ?? [])
    return outcomes.length >= COVERAGE_MIN * rows.length && outcomes.every(({ costUsd }) => costUsd !== undefined)
  })
}

/** A task that is asked twice has one outcome in a world: the first that was recorded. */
function distinct(rows: readonly RoutingRow[]): readonly RoutingRow[] {
  const byPrompt = new Map<string, RoutingRow>()
  for (const row of rows) if (!byPrompt.has(row.prompt)) byPrompt.set(row.prompt, row)
  return [...byPrompt.values()]
}

function hasTexts(rows: readonly RoutingRow[], names: readonly string[]): boolean {
  return rows.every(({ outcomes }) => names.every((name) => outcomes.get(name)?.response !== undefined))
}

function meanUsd(rows: readonly RoutingRow[], name: string): number {
  return rows.reduce((sum, { outcomes }) => sum + (outcomes.get(name)?.costUsd ?? 0), 0) / Math.max(1, rows.length)
}

function questionOf({ prompt, outcomes }: RoutingRow, names: readonly string[]): Question {
  const truths = names.map((name) => {
    const { score = 0, costUsd = 0 } = outcomes.get(name) ?? {}
    return [name, { score, usd: costUsd }] as const
  })
  return { prompt, truths: new Map(truths) }
}
