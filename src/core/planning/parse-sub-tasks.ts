import { MODEL_TIERS, type ModelDifficulty, type ModelTier } from '../models/model-entry.ts'
import type { TaskDomain } from '../routing/task-outcome.ts'
import { extractJson } from '../text/extract-json.ts'
import { orderByDependencies } from './order-by-dependencies.ts'
import {
  defaultTierOf,
  singleSubTask,
  SUB_TASK_CONFIDENCE_DEFAULT,
  SUB_TASK_DOMAINS,
  SUB_TASKS_MAX_DEFAULT,
  type SubTask,
} from './sub-task.ts'

/** What `parseSubTasks` has to know beside the reply: what it falls back to, and what it may allow. */
export type ParseSubTasksInit = {
  /** The task being decomposed: the description of the fallback step. */
  readonly task: string
  /** Whether this machine has a `local_large` model; decides the default tier of HARD steps. */
  readonly hasLargeLocal: boolean
  /** More subtasks than this are refused; `SUB_TASKS_MAX_DEFAULT` when absent. */
  readonly subTasksMax?: number
}

/** Why a decomposition was refused. */
export type PlanFault =
  | 'unparsable'
  | 'no-subtasks'
  | 'too-many-subtasks'
  | 'not-an-object'
  | 'invalid-id'
  | 'duplicate-id'
  | 'empty-description'
  | 'invalid-dependencies'
  | 'unknown-dependency'
  | 'cyclic-dependencies'

/** A plan that can be executed, whatever the decomposer replied: ids are unique, and dependencies are known and without cycles. */
export type ParsedSubTasks = {
  /** In an order in which every step comes after the steps it depends on; never empty. */
  readonly subTasks: readonly SubTask[]
  /** What was repaired, in words, for the decision record; empty when the reply was used as it came. */
  readonly repairs: readonly string[]
  /** Present when the reply was refused and `subTasks` is the one fallback step. */
  readonly fault?: PlanFault
}

const SUB_TASK_ID = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/

/** Thrown and caught in this file only: the one exit of a refused reply. */
class PlanRefusal extends Error {
  readonly fault: PlanFault
  constructor(fault: PlanFault) {
    super(fault)
    this.fault = fault
  }
}

/**
 * Reads a decomposer's reply. Total: whatever the model said, a plan comes back that can be executed.
 *
 * Repaired and reported: missing or numeric ids, numbers out of range (clamped), unknown domains (general) and tiers (the
 * difficulty's default), wrong types of optional fields, a step that depends on itself, repeated dependencies, steps out
 * of order. Refused, falling back to the whole task as one step: replies without a JSON array, no steps or too many,
 * steps that are no objects, duplicate ids, empty descriptions, unknown dependencies, cycles.
 */
export function parseSubTasks(reply: string, init: ParseSubTasksInit): ParsedSubTasks {
  const repairs: string[] = []
  try {
    const items = readItems(reply, init)
    const subTasks = items.map((item, index) => readSubTask(item, { index, init, repairs }))
    return { subTasks: validateGraph(subTasks, repairs), repairs }
  } catch (refusal: unknown) {
    if (!(refusal instanceof PlanRefusal)) throw refusal
    return { subTasks: [singleSubTask(init.task)], repairs: [], fault: refusal.fault }
  }
}

function readItems(reply: string, { subTasksMax = SUB_TASKS_MAX_DEFAULT }: ParseSubTasksInit): readonly unknown[] {
  const extracted = extractJson(reply, 'array')
  if (extracted === undefined) throw new PlanRefusal('unparsable')
  const items = unwrapItems(extracted.value)
  if (items.length === 0) throw new PlanRefusal('no-subtasks')
  if (items.length > subTasksMax) throw new PlanRefusal('too-many-subtasks')
  return items
}

/** The array itself, or the only array of an object such as `{"subtasks": [...]}`, which JSON-object modes force. */
function unwrapItems(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  const arrays = Object.values(value as Record<string, unknown>).filter((member) => Array.isArray(member))
  const [only, ...others] = arrays
  if (only === undefined || others.length > 0) throw new PlanRefusal('unparsable')
  return only as readonly unknown[]
}

type ReadContext = { readonly index: number; readonly init: ParseSubTasksInit; readonly repairs: string[] }

function readSubTask(item: unknown, context: ReadContext): SubTask {
  if (typeof item !== 'object' || item === null || Array.isArray(item)) throw new PlanRefusal('not-an-object')
  const fields = item as Readonly<Record<string, unknown>>
  const id = readId(fields['id'], context)
  const description = typeof fields['description'] === 'string' ? fields['description'].trim() : ''
  if (description === '') throw new PlanRefusal('empty-description')
  const report = (what: string): void => {
    context.repairs.push(`${id}: ${what}`)
  }
  const difficulty = readDifficulty(fields['difficulty'], report)
  return {
    id,
    description,
    difficulty,
    domain: readDomain(fields['domain'], report),
    target_tier: readTier(fields['target_tier'], { difficulty, report, hasLargeLocal: context.init.hasLargeLocal }),
    confidence: readConfidence(fields['confidence'], report),
    escalate_if_fail: readFlag(fields['escalate_if_fail'], { name: 'escalate_if_fail', absent: true, report }),
    parallel_ok: readFlag(fields['parallel_ok'], { name: 'parallel_ok', absent: false, report }),
    depends_on: readDependencies(fields['depends_on'], id, report),
    context_needed: readContextNeeded(fields['context_needed'], report),
  }
}

type Report = (what: string) => void

function readId(value: unknown, { index, repairs }: ReadContext): string {
  if (typeof value === 'string' && SUB_TASK_ID.test(value.trim())) return value.trim()
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) {
    repairs.push(`s${value}: numeric id`)
    return `s${value}`
  }
  if (value !== undefined && value !== null) throw new PlanRefusal('invalid-id')
  repairs.push(`s${index + 1}: missing id`)
  return `s${index + 1}`
}

const DIFFICULTY_NAMES: readonly string[] = ['TRIVIAL', 'EASY', 'MEDIUM', 'HARD', 'EXPERT']

function readDifficulty(value: unknown, report: Report): ModelDifficulty {
  const named = typeof value === 'string' ? DIFFICULTY_NAMES.indexOf(value.trim().toUpperCase()) + 1 : 0
  const given = named > 0 ? named : toNumber(value)
  if (given === undefined) {
    report('difficulty missing or not a number, taken as 3')
    return 3
  }
  const clamped = Math.min(5, Math.max(1, Math.round(given))) as ModelDifficulty
  if (clamped !== given) report(`difficulty ${given} taken as ${clamped}`)
  return clamped
}

/** A finite number, also when written as a string of digits; models often quote numbers. */
function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value !== 'string' || !/^-?\d{1,15}(\.\d{1,15})?$/.test(value.trim())) return undefined
  return Number(value)
}

function readDomain(value: unknown, report: Report): TaskDomain {
  const known =
    typeof value === 'string' ? SUB_TASK_DOMAINS.find((domain) => domain === value.trim().toLowerCase()) : undefined
  if (known === undefined && value !== undefined) report('unknown domain taken as general')
  return known ?? 'general'
}

type TierDefaults = { readonly difficulty: ModelDifficulty; readonly report: Report; readonly hasLargeLocal: boolean }

function readTier(value: unknown, { difficulty, report, hasLargeLocal }: TierDefaults): ModelTier {
  const known = typeof value === 'string' ? MODEL_TIERS.find((tier) => tier === value.trim().toLowerCase()) : undefined
  if (known !== undefined && (known !== 'local_large' || hasLargeLocal)) return known
  if (known !== undefined) report('no local_large model on this machine, default tier taken')
  else if (value !== undefined && value !== null) report('unknown tier, default of the difficulty taken')
  return defaultTierOf(difficulty, { hasLargeLocal })
}

function readConfidence(value: unknown, report: Report): number {
  const given = toNumber(value)
  if (given === undefined) {
    if (value !== undefined && value !== null)
      report(`confidence is not a number, taken as ${SUB_TASK_CONFIDENCE_DEFAULT}`)
    return SUB_TASK_CONFIDENCE_DEFAULT
  }
  const clamped = Math.min(1, Math.max(0, given))
  if (clamped !== given) report(`confidence ${given} taken as ${clamped}`)
  return clamped
}

type FlagDefaults = { readonly name: string; readonly absent: boolean; readonly report: Report }

/** Only JSON booleans count: the string "false" is not true, and not false either. */
function readFlag(value: unknown, { name, absent, report }: FlagDefaults): boolean {
  if (typeof value === 'boolean') return value
  if (value !== undefined && value !== null) report(`${name} is not a boolean, taken as ${absent}`)
  return absent
}

function readDependencies(value: unknown, id: string, report: Report): readonly string[] {
  if (value === undefined || value === null) return []
  const listed: readonly unknown[] = Array.isArray(value) ? value : [value]
  const dependencies = new Set<string>()
  for (const entry of listed) {
    const dependency = typeof entry === 'number' && Number.isSafeInteger(entry) ? `s${entry}` : entry
    // Dropping an unreadable dependency would run a step without its input, so it is refused, not repaired.
    if (typeof dependency !== 'string') throw new PlanRefusal('invalid-dependencies')
    const name = dependency.trim()
    if (name === id) report('dependency on itself dropped')
    else if (dependencies.has(name)) report(`repeated dependency ${name} dropped`)
    else dependencies.add(name)
  }
  return [...dependencies]
}

function readContextNeeded(value: unknown, report: Report): string | null {
  if (value === undefined || value === null) return null
  if (typeof value === 'string') return value.trim() === '' ? null : value
  report('context_needed is not a text, dropped')
  return null
}

function validateGraph(subTasks: readonly SubTask[], repairs: string[]): readonly SubTask[] {
  const ids = new Set(subTasks.map(({ id }) => id))
  if (ids.size !== subTasks.length) throw new PlanRefusal('duplicate-id')
  if (subTasks.some((subTask) => subTask.depends_on.some((id) => !ids.has(id))))
    throw new PlanRefusal('unknown-dependency')
  const ordered = orderByDependencies(subTasks)
  if (ordered === undefined) throw new PlanRefusal('cyclic-dependencies')
  if (ordered.some((subTask, index) => subTask !== subTasks[index])) repairs.push('steps put after their dependencies')
  return ordered
}
