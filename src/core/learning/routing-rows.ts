import { CodedError } from '../../base/errors.ts'

/** One model's result on a task. All but the score may be unknown. */
export type ModelOutcome = {
  /** 0 to 1. */
  readonly score: number
  readonly costUsd?: number
  readonly response?: string
}

/** One task with the results of several models: a label for training, or a row to be measured. */
export type RoutingRow = {
  readonly prompt: string
  readonly outcomes: ReadonlyMap<string, ModelOutcome>
  /** The prompt was seen by the models' or the router's makers; such rows are left out of everything. */
  readonly isContaminated: boolean
}

export type RowReading = {
  /** Which field is the label. */
  readonly label: 'score' | 'score_numeric'
  /** Name of the file and line, for messages. */
  readonly place: string
}

/**
 * Reads one line of a routing file: `{prompt, contaminated?, models: {name: {score, score_numeric?, cost_usd? | cost_usd_est?, response?}}}`.
 * Every other field is ignored. Throws `TRAINING_DATA_INVALID` naming the place.
 */
export function parseRoutingRow(line: string, { label, place }: RowReading): RoutingRow {
  const value = parseJson(line, place)
  const models = isObject(value) ? value['models'] : undefined
  if (!isObject(value) || typeof value['prompt'] !== 'string' || !isObject(models)) {
    throw invalid(place, 'a row needs `prompt` (text) and `models` (object)')
  }
  const outcomes = new Map<string, ModelOutcome>()
  for (const [name, outcome] of Object.entries(models)) {
    const score = isObject(outcome) ? (outcome[label] ?? outcome['score']) : undefined
    if (!isObject(outcome) || typeof score !== 'number' || !(score >= 0 && score <= 1)) {
      throw invalid(place, `the score of ${name} must be a number from 0 to 1`)
    }
    const cost = outcome['cost_usd'] ?? outcome['cost_usd_est']
    const { response } = outcome
    outcomes.set(name, {
      score,
      ...(typeof cost === 'number' && Number.isFinite(cost) && cost >= 0 && { costUsd: cost }),
      ...(typeof response === 'string' && { response }),
    })
  }
  return { prompt: value['prompt'], outcomes, isContaminated: value['contaminated'] === true }
}

function parseJson(line: string, place: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error: unknown) {
    throw new CodedError('TRAINING_DATA_INVALID', { message: `${place}: not JSON`, cause: error, details: { place } })
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function invalid(place: string, problem: string): CodedError {
  return new CodedError('TRAINING_DATA_INVALID', { message: `${place}: ${problem}`, details: { place } })
}
