import { readFile } from 'node:fs/promises'
import { CodedError } from '../../../base/errors.ts'
import type { GateDataCard } from '../../../core/learning/gate/gate-evidence.ts'
import { clusterTasks } from '../../../core/learning/off-policy/task-clusters.ts'
import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import { promptFeatureSet } from '../../../core/policy/prompt-feature-set.ts'
import { parseDatasetRow, readDatasetRow } from '../../../learning/dataset/dataset-row.ts'
import { requireFeatureColumns } from '../../../learning/dataset/leakage/feature-columns.ts'
import { contractColumns } from '../../../learning/dataset/leakage/contract-columns.ts'
import { LeakageCheck } from '../../../learning/dataset/leakage/leakage-check.ts'
import { taskKeysOf } from '../../../learning/training/trained-task-collector.ts'
import { nativeSha256Hex } from '../../open-answer-cache.ts'
import type { DataWorkOptions } from '../data-progress.ts'
import { readRowFiles, type ReadFile } from '../read-row-files.ts'
import { unreadableFile } from '../../unreadable-file.ts'

export type EvaluationData = {
  readonly tasks: readonly LoggedTask[]
  readonly files: readonly ReadFile[]
  /** SHA-256 over the sorted hashes of the files. */
  readonly sha256: string
  readonly card: Omit<GateDataCard, 'trainingOverlap' | 'overlapCheckedBy'>
  /** What the leakage check found, one sentence each. */
  readonly leaks: readonly string[]
}

/** Rows are held in memory; a judgement needs no more than this. */
const ROWS_MAX = 500_000
const LEAKS_SHOWN = 10

/**
 * Reads datasets and evaluation files as tasks, and looks whether outcomes are among what a policy is given. Rows of the evaluation format hold
 * nothing but the prompt that a policy could read.
 *
 * Throws `TRAINING_DATA_INVALID` naming file and line, or for more than 500,000 rows, and the signal's reason.
 */
export async function readEvaluationData(
  files: readonly string[],
  options: DataWorkOptions = {},
): Promise<EvaluationData> {
  const reading = { sha256Hex: nativeSha256Hex, featureSet: promptFeatureSet() }
  const check = new LeakageCheck()
  const tasks: LoggedTask[] = []
  const read = await readRowFiles(files, options, (line, place) => {
    const task = parseDatasetRow(line, place, reading)
    if (task === undefined) return false
    if (tasks.length === ROWS_MAX) throw tooMany(place)
    tasks.push(task)
    addToCheck(check, { line, place, task })
    return true
  })
  const report = check.report()
  const times = tasks.flatMap(({ timestamp }) => timestamp ?? []).toSorted()
  return {
    tasks,
    files: read,
    sha256: nativeSha256Hex(
      read
        .map(({ sha256 }) => sha256)
        .toSorted()
        .join('\n'),
    ),
    leaks: report.leaks.slice(0, LEAKS_SHOWN).map(({ field, why }) => `${field}: ${why}`),
    card: {
      rows: tasks.length,
      tasks: clusterTasks(tasks).count,
      from: times[0] ?? null,
      to: times.at(-1) ?? null,
      policyVersions: [...new Set(tasks.flatMap(({ policyVersion }) => policyVersion ?? []))].toSorted(),
      leakage: report.passed ? 'passed' : 'failed',
    },
  }
}

/**
 * Places of the tasks that are among the rows of other files, by the hash of the task or, where both kept it, by the text itself.
 *
 * Throws as `readEvaluationData`.
 */
export async function rowsOfFiles(
  tasks: readonly LoggedTask[],
  files: readonly string[],
  options: DataWorkOptions = {},
): Promise<{ readonly rows: ReadonlySet<number>; readonly files: readonly ReadFile[] }> {
  const rowsOf = new Map<string, number[]>()
  for (const [row, task] of tasks.entries())
    for (const key of taskKeysOf(task, nativeSha256Hex)) rowsOf.set(key, [...(rowsOf.get(key) ?? []), row])
  const shared = new Set<number>()
  const reading = { sha256Hex: nativeSha256Hex, featureSet: promptFeatureSet() }
  const read = await readRowFiles(files, options, (line, place) => {
    const task = parseDatasetRow(line, place, reading)
    if (task === undefined) return false
    for (const key of taskKeysOf(task, nativeSha256Hex)) for (const row of rowsOf.get(key) ?? []) shared.add(row)
    return true
  })
  return { rows: shared, files: read }
}

type CheckedLine = { readonly line: string; readonly place: string; readonly task: LoggedTask }

function addToCheck(check: LeakageCheck, { line, place, task }: CheckedLine): void {
  const json = JSON.parse(line) as Record<string, unknown>
  if (!('optimal_route' in json)) return
  const row = readDatasetRow(line, place)
  const { logged, ...label } = row
  // Candidates are predictions of the policy that logged them; their names say so.
  const { candidates: _candidates, outcomes: _outcomes, ...rest } = json
  check.add({
    columns: requireFeatureColumns(rest, place).columns,
    contract: contractColumns(row),
    action: task.action,
    ...(task.features !== undefined && { vector: task.features }),
    ...(logged?.prompt !== undefined && { prompt: logged.prompt }),
    label,
    tokensIn: label.task_token_count,
    outcomes: {
      success: label.success,
      cost_usd: label.cost_usd,
      latency_s: label.latency_s,
      tokens_total: label.tokens_total,
      optimal_route: label.optimal_route,
      label_reason: label.label_reason,
    },
    place,
  })
}

function tooMany(place: string): CodedError {
  return new CodedError('TRAINING_DATA_INVALID', {
    message: `${place}: an evaluation takes at most ${ROWS_MAX} rows; \`kernell data split\` draws a part`,
    details: { place },
  })
}

/** The text of a policy file. Throws `POLICY_ARTEFACT_INVALID` when it cannot be read. */
export async function readPolicyFile(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause: unknown) {
    throw unreadableFile('POLICY_ARTEFACT_INVALID', { named: `The policy ${file}`, file, cause })
  }
}
