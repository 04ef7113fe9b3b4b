import { CodedError } from '../../../base/errors.ts'
import { DAY_MS } from '../../../base/time.ts'
import { detectDrift, type DriftReport } from '../../../core/learning/drift/detect-drift.ts'
import type { DriftThresholds } from '../../../core/learning/drift/drift-window.ts'
import type { LoggedTask } from '../../../core/learning/logged-task.ts'
import { createFeatureExtractor, PROMPT_FEATURES } from '../../../core/policy/prompt-features.ts'
import type { ReadTasks } from '../read-tasks.ts'

export type DriftRequest = {
  readonly reference: ReadTasks
  readonly recent: ReadTasks
  readonly thresholds?: Partial<DriftThresholds>
}

/** Compares two windows of tasks; features of kept texts are computed anew. */
export function reportDrift({ reference, recent, thresholds }: DriftRequest): DriftReport {
  const extractor = createFeatureExtractor()
  const domains = new Map<LoggedTask, string | undefined>()
  for (const { tasks, domains: known } of [reference, recent])
    for (const [row, task] of tasks.entries()) domains.set(task, known[row])
  const isDomainKnown = [...domains.values()].some((domain) => domain !== undefined)
  return detectDrift({
    reference: reference.tasks,
    recent: recent.tasks,
    featureNames: PROMPT_FEATURES,
    featuresOf: ({ features, prompt }) =>
      features ?? (prompt === undefined ? undefined : extractor.extract(prompt).dense.slice()),
    ...(isDomainKnown && { domainOf: (task) => domains.get(task) }),
    ...(thresholds !== undefined && { thresholds }),
  })
}

/**
 * Cuts tasks in two: those of the last days before the newest, and all that were before. Tasks without a time belong to neither.
 *
 * Throws `TRAINING_DATA_INVALID` when no task carries a time.
 */
export function splitByAge(
  { tasks, domains, skipped }: ReadTasks,
  days: number,
): { readonly reference: ReadTasks; readonly recent: ReadTasks } {
  const instants = tasks.map(({ timestamp }) => (timestamp === undefined ? Number.NaN : Date.parse(timestamp)))
  const newest = instants.reduce((top, at) => (at > top ? at : top), Number.NEGATIVE_INFINITY)
  if (!Number.isFinite(newest))
    throw new CodedError('TRAINING_DATA_INVALID', {
      message: 'No task carries a time, so there is no recent window; name the reference with --reference',
    })
  const limit = newest - days * DAY_MS
  const part = (isPart: (at: number) => boolean): ReadTasks => {
    const rows = tasks.flatMap((_, row) => (isPart(instants[row] ?? Number.NaN) ? [row] : []))
    return {
      tasks: rows.flatMap((row) => tasks[row] ?? []),
      domains: rows.map((row) => domains[row]),
      skipped,
    }
  }
  return { reference: part((at) => at <= limit), recent: part((at) => at > limit) }
}
