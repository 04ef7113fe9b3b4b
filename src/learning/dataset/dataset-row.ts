import { CodedError } from '../../base/errors.ts'
import { sha256Hex, type Sha256Hex } from '../../base/sha256.ts'
import type { LoggedTask, OutcomeSource } from '../../core/learning/logged-task.ts'
import { promptFeatureSet } from '../../core/policy/prompt-feature-set.ts'
import { TASK_DOMAINS, TASK_RISKS } from '../../wire/telemetry-vocabulary.ts'
import { readBoolean, readNumber, readOneOf, readText, readTextList } from '../../wire/telemetry-fields.ts'
import { parseEvaluationRow } from './evaluation-row.ts'
import {
  ERROR_TYPES,
  LABEL_ROUTES,
  type DatasetCandidate,
  type DatasetOutcome,
  type DatasetRow,
  type LabelRow,
  type LoggedFields,
} from './label-row.ts'
import { loggedTaskOf } from './logged-task-of.ts'

const UNIT = { min: 0, max: 1 }
const FROM_ZERO = { min: 0 }
const SOURCES: readonly OutcomeSource[] = ['executed', 'exploration', 'shadow', 'recorded', 'feedback']
const PREDICTED_ROUTES = [...LABEL_ROUTES, 'hybrid'] as const

/** One line of a dataset file, without a line break: the contract's fields first, in its order. `readDatasetRow` is its inverse. */
export function formatDatasetRow(row: DatasetRow): string {
  const { logged, ...label } = row
  return JSON.stringify(logged === undefined ? label : { ...label, ...logged })
}

/**
 * Reads a line of a dataset as the learning loop takes it: a row that `data build` wrote, or one of the evaluation format
 * (`{prompt, models: {name: {score, cost_usd? | cost_usd_est?}}}`), whose outcomes are `recorded` ones of all its models.
 * Rows of the compatibility mode name routes instead of models, and those are then their actions.
 *
 * @param place  File and line, for messages.
 * @returns `undefined` for an evaluation row that is marked `contaminated`: it is left out of everything.
 * Throws `TRAINING_DATA_INVALID` naming the place and the field.
 */
export function parseDatasetRow(
  line: string,
  place: string,
  { sha256Hex: hash = sha256Hex, featureSet }: DatasetReading = {},
): LoggedTask | undefined {
  const json = parseObject(line, place)
  if (json.has('models') && !json.has('optimal_route')) return parseEvaluationRow(line, place, hash)
  return loggedTaskOf(readRow(json, place), featureSet)
}

/** What the reader of many rows computes once, or faster. */
export type DatasetReading = {
  /** Names a task by its text, where a row does not; it must equal `sha256Hex`. */
  readonly sha256Hex?: Sha256Hex
  /** Default: `promptFeatureSet()`. */
  readonly featureSet?: string
}

/** Tasks of a file of JSON Lines in order; contaminated and blank lines are left out. Throws `TRAINING_DATA_INVALID` naming file and line. */
export function readLoggedTasks(
  { name, text }: { readonly name: string; readonly text: string },
  hash: Sha256Hex = sha256Hex,
): readonly LoggedTask[] {
  const reading = { sha256Hex: hash, featureSet: promptFeatureSet() }
  const tasks: LoggedTask[] = []
  let from = 0
  for (let line = 1; from < text.length; line += 1) {
    const end = text.indexOf('\n', from)
    const row = text.slice(from, end < 0 ? text.length : end)
    from = end < 0 ? text.length : end + 1
    if (row.trim() === '') continue
    const task = parseDatasetRow(row, `${name}:${line}`, reading)
    if (task !== undefined) tasks.push(task)
  }
  return tasks
}

/** Reads a line that `formatDatasetRow` wrote. Throws `TRAINING_DATA_INVALID` naming the place and the field. */
export function readDatasetRow(line: string, place: string): DatasetRow {
  return readRow(parseObject(line, place), place)
}

type Fields = ReadonlyMap<string, unknown>

function readRow(fields: Fields, place: string): DatasetRow {
  try {
    const label = readLabel(fields)
    return fields.has('action') ? { ...label, logged: readLogged(fields) } : label
  } catch (error: unknown) {
    if (error instanceof TypeError) throw invalid(place, error.message)
    throw error
  }
}

function readLabel(fields: Fields): LabelRow {
  return {
    task_hash: readText(fields, 'task_hash'),
    task_token_count: readNumber(fields, 'task_token_count', { ...FROM_ZERO, absent: null }),
    task_domain: readOneOf(fields, 'task_domain', TASK_DOMAINS),
    hardware_tier: readText(fields, 'hardware_tier', null),
    has_gpu: readBoolean(fields, 'has_gpu', null),
    predicted_route: readOneOf(fields, 'predicted_route', PREDICTED_ROUTES),
    actual_route: required(readOneOf(fields, 'actual_route', LABEL_ROUTES), 'actual_route'),
    was_escalated: readBoolean(fields, 'was_escalated'),
    escalation_chain: readTextList(fields, 'escalation_chain'),
    success: readBoolean(fields, 'success'),
    cost_usd: readNumber(fields, 'cost_usd', { ...FROM_ZERO, absent: null }),
    latency_s: readNumber(fields, 'latency_s', FROM_ZERO),
    tokens_total: readNumber(fields, 'tokens_total', FROM_ZERO),
    optimal_route: required(readOneOf(fields, 'optimal_route', LABEL_ROUTES), 'optimal_route'),
    should_use_premium: readBoolean(fields, 'should_use_premium'),
    penalty: readNumber(fields, 'penalty', { min: -Number.MAX_VALUE }),
    label_confidence: readNumber(fields, 'label_confidence', UNIT),
    label_reason: readText(fields, 'label_reason'),
    error_type: required(readOneOf(fields, 'error_type', ERROR_TYPES), 'error_type'),
    error_severity: readNumber(fields, 'error_severity', FROM_ZERO),
  }
}

function readLogged(fields: Fields): LoggedFields {
  const prompt = readText(fields, 'prompt', null)
  const features = readText(fields, 'features', null)
  const featureSet = readText(fields, 'feature_set', null)
  const metadata = fields.get('metadata')
  const propensity = readNumber(fields, 'propensity', UNIT)
  if (propensity === 0) throw new TypeError('propensity is 0: what was done had some chance')
  return {
    timestamp: readText(fields, 'timestamp', null),
    policy_version: readText(fields, 'policy_version', null),
    risk: readOneOf(fields, 'risk', TASK_RISKS) ?? 'medium',
    ...(prompt !== null && { prompt }),
    ...(features !== null && { features }),
    ...(featureSet !== null && { feature_set: featureSet }),
    ...(metadata !== undefined && { metadata: Object.fromEntries(objectFields(metadata, 'metadata')) }),
    candidates: listOf(fields, 'candidates').map(readCandidate),
    action: readText(fields, 'action'),
    propensity,
    reward: readNumber(fields, 'reward', UNIT),
    reward_source: readOneOf(fields, 'reward_source', SOURCES) ?? 'executed',
    outcomes: readOutcomes(fields.get('outcomes')),
  }
}

function readCandidate(value: unknown): DatasetCandidate {
  const fields = objectFields(value, 'candidates')
  return {
    model: readText(fields, 'model'),
    tier: readText(fields, 'tier'),
    predicted_success: readNumber(fields, 'predicted_success', UNIT),
    expected_cost_usd: readNumber(fields, 'expected_cost_usd', { ...FROM_ZERO, absent: null }),
    expected_latency_s: readNumber(fields, 'expected_latency_s', FROM_ZERO),
    propensity: readNumber(fields, 'propensity', UNIT),
  }
}

function readOutcomes(value: unknown): Readonly<Record<string, DatasetOutcome>> {
  if (value === undefined || value === null) return {}
  return Object.fromEntries(
    [...objectFields(value, 'outcomes')].map(([model, outcome]) => {
      const fields = objectFields(outcome, `the outcome of ${model}`)
      return [
        model,
        {
          success: readNumber(fields, 'success', UNIT),
          cost_usd: readNumber(fields, 'cost_usd', { ...FROM_ZERO, absent: null }),
          latency_ms: readNumber(fields, 'latency_ms', { ...FROM_ZERO, absent: null }),
          source: required(readOneOf(fields, 'source', SOURCES), `the source of ${model}`),
        },
      ]
    }),
  )
}

function listOf(fields: Fields, name: string): readonly unknown[] {
  const value = fields.get(name) ?? []
  if (!Array.isArray(value)) throw new TypeError(`${name} is not a list`)
  return value
}

function objectFields(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${name} is not an object`)
  return new Map(Object.entries(value))
}

function required<Value>(value: Value | null, name: string): Value {
  if (value === null) throw new TypeError(`${name} is missing`)
  return value
}

function parseObject(line: string, place: string): Fields {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch (cause: unknown) {
    throw new CodedError('TRAINING_DATA_INVALID', { message: `${place}: not JSON`, cause, details: { place } })
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw invalid(place, 'a row is an object')
  return new Map(Object.entries(json))
}

function invalid(place: string, problem: string): CodedError {
  return new CodedError('TRAINING_DATA_INVALID', { message: `${place}: ${problem}`, details: { place } })
}
