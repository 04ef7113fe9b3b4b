import { CodedError } from '../../../base/errors.ts'
import type { OverlapSource } from '../../../core/learning/gate/gate-evidence.ts'
import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import type { PolicyArtefact } from '../../../core/policy/policy-artefact.ts'
import { openTrainedTasks } from '../../../core/policy/trained-tasks.ts'
import { taskKeysOf } from '../../../learning/training/trained-task-collector.ts'
import { nativeSha256Hex } from '../../open-answer-cache.ts'
import type { DataWorkOptions } from '../data-progress.ts'
import { rowsOfFiles } from './read-evaluation-data.ts'

/** How many of the rows that are to judge a policy are of tasks that it was trained on, and who says so. */
export type TrainingOverlap = {
  /** `null` when neither the artefact nor a file says what it was trained on. */
  readonly rows: number | null
  readonly by: OverlapSource | null
  /** SHA-256 of the files that it was trained on, as the artefact says or the operator; `null` when nobody does. */
  readonly files: readonly string[] | null
}

export type OverlapQuestion = {
  readonly candidate: PolicyArtefact
  readonly tasks: readonly LoggedTask[]
  /** Files that the operator says it was trained on, beside what the artefact says. */
  readonly trainedOn?: readonly string[]
}

/**
 * Looks for the tasks in what the artefact holds of its training, and in the files named. A row counts once.
 *
 * Throws `POLICY_ARTEFACT_INVALID` for a damaged set, `TRAINING_DATA_INVALID` naming file and line, and the signal's reason.
 */
export async function findTrainingOverlap(
  { candidate, tasks, trainedOn }: OverlapQuestion,
  options: DataWorkOptions = {},
): Promise<TrainingOverlap> {
  const own = candidate.lineage.training
  const rows = new Set(own?.tasks === undefined ? [] : rowsOfArtefact(candidate, tasks))
  const named = trainedOn === undefined ? undefined : await rowsOfFiles(tasks, trainedOn, options)
  for (const row of named?.rows ?? []) rows.add(row)
  const by = sourceOf(own?.tasks !== undefined, named !== undefined)
  const files = [...(own?.files ?? []), ...(named?.files ?? [])].map(({ sha256 }) => sha256)
  return {
    rows: by === null ? null : rows.size,
    by,
    files: own === undefined && named === undefined ? null : [...new Set(files)],
  }
}

/**
 * Throws `POLICY_TRAINED_ON_TEST` when rows that are to judge a policy are of tasks that it was trained on: what it gets right there, it was told.
 */
export function requireUnseen(
  { rows, by }: TrainingOverlap,
  { of, version }: { readonly of: number; readonly version: string },
): void {
  if (rows === null || rows === 0) return
  throw new CodedError('POLICY_TRAINED_ON_TEST', {
    message: `${rows} of the ${of} rows are of tasks that ${version} was trained on`,
    details: { version, overlap: rows, rows: of, checked_by: by },
  })
}

function sourceOf(isInArtefact: boolean, isNamed: boolean): OverlapSource | null {
  if (isInArtefact) return isNamed ? 'artefact and files' : 'artefact'
  return isNamed ? 'files' : null
}

function rowsOfArtefact({ lineage }: PolicyArtefact, tasks: readonly LoggedTask[]): readonly number[] {
  const packed = lineage.training?.tasks
  if (packed === undefined) return []
  const set = openTrainedTasks(packed, { salt: lineage.dataCardHash, sha256Hex: nativeSha256Hex })
  if (set === undefined) {
    throw new CodedError('POLICY_ARTEFACT_INVALID', {
      message: 'The policy artefact is not usable: `lineage.training.tasks.codes` must be the code of its tasks',
      details: { field: 'lineage.training.tasks.codes' },
    })
  }
  return tasks.flatMap((task, row) => (taskKeysOf(task, nativeSha256Hex).some((key) => set.has(key)) ? [row] : []))
}
