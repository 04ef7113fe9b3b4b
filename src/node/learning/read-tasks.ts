import { CodedError } from '../../base/errors.ts'
import type { LoggedTask } from '../../core/learning/logged-task.ts'
import type { TrainingFile } from '../../core/policy/training-record.ts'
import { promptFeatureSet } from '../../core/policy/prompt-feature-set.ts'
import { parseDatasetRow } from '../../learning/dataset/dataset-row.ts'
import { loggedTaskOf } from '../../learning/dataset/logged-task-of.ts'
import { labelTask } from '../../learning/labels/label-task.ts'
import { parseTelemetryEvent } from '../../wire/read-telemetry-event.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import { nativeSha256Hex } from '../open-answer-cache.ts'
import { countBytes, type DataWorkOptions } from './data-progress.ts'
import { fileState, readLineBatches } from './read-lines.ts'

/** Tasks as the learning loop sees them, with what only their records say. */
export type ReadTasks = {
  readonly tasks: readonly LoggedTask[]
  /** By task; `undefined` where it is not known. */
  readonly domains: readonly (string | undefined)[]
  /** Records from which no task could be made: unreadable, or nothing was called. */
  readonly skipped: number
  /** The file that they were read from; absent for a node's records. */
  readonly file?: TrainingFile
}

/** Tasks are held in memory. */
const TASKS_MAX = 500_000

/**
 * Tasks of a file of JSON Lines: records of `data export`, rows of `data build`, or questions with scores of several models.
 *
 * Throws `TRAINING_DATA_INVALID` naming file and line for a row that is none, or for more than 500,000; and the signal's reason.
 */
export async function readTasksOfFile(file: string, { signal, onProgress }: DataWorkOptions = {}): Promise<ReadTasks> {
  const { sizeBytes } = await fileState(file)
  const onBytes = countBytes('reading', sizeBytes, onProgress)
  const reading = { sha256Hex: nativeSha256Hex, featureSet: promptFeatureSet() }
  const collector = new TaskCollector()
  let sha256 = ''
  for await (const { lines, firstLine } of readLineBatches(file, {
    onBytes,
    onHash: (hash) => {
      sha256 = hash
    },
    ...(signal !== undefined && { signal }),
  })) {
    for (const [index, line] of lines.entries()) {
      if (line.trim() === '') continue
      const place = `${file}:${firstLine + index}`
      const json = parseObject(line, place)
      if ('optimal_route' in json || 'models' in json) {
        const domain = json['task_domain']
        collector.add(parseDatasetRow(line, place, reading), typeof domain === 'string' ? domain : undefined)
      } else collector.addRecord(parseTelemetryEvent(json), place)
    }
  }
  const { tasks, domains, skipped } = collector
  return { tasks, domains, skipped, file: { sha256, rows: tasks.length } }
}

/** Tasks of this node's records. Throws `TRAINING_DATA_INVALID` for more than 500,000, and what the listing throws. */
export async function readTasksOfRecords(records: AsyncIterable<TelemetryEvent>): Promise<ReadTasks> {
  const collector = new TaskCollector()
  for await (const event of records) collector.addRecord({ event })
  return collector
}

class TaskCollector implements ReadTasks {
  readonly tasks: LoggedTask[] = []
  readonly domains: (string | undefined)[] = []
  readonly #featureSet = promptFeatureSet()
  skipped = 0

  add(task: LoggedTask | undefined, domain: string | undefined): void {
    if (task === undefined) {
      this.skipped += 1
      return
    }
    if (this.tasks.length === TASKS_MAX)
      throw new CodedError('TRAINING_DATA_INVALID', { message: `There are more than ${TASKS_MAX} tasks; name fewer` })
    this.tasks.push(task)
    this.domains.push(domain)
  }

  addRecord(reading: { readonly event: TelemetryEvent } | { readonly problem: string }, place?: string): void {
    if ('problem' in reading) {
      const message = `${place ?? 'records'}: ${reading.problem}`
      throw new CodedError('TRAINING_DATA_INVALID', { message, details: { place: place ?? 'records' } })
    }
    const labelled = labelTask(reading.event)
    const task = 'row' in labelled ? loggedTaskOf(labelled.row, this.#featureSet) : undefined
    this.add(task, reading.event.task_domain ?? undefined)
  }
}

function parseObject(line: string, place: string): Readonly<Record<string, unknown>> {
  let json: unknown
  try {
    json = JSON.parse(line)
  } catch (cause: unknown) {
    throw new CodedError('TRAINING_DATA_INVALID', { message: `${place}: not JSON`, cause, details: { place } })
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return { ...json }
  throw new CodedError('TRAINING_DATA_INVALID', { message: `${place}: a row is an object`, details: { place } })
}
