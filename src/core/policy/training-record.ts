import type { JsonValue } from '../../base/canonical-json.ts'
import { encodeBase64 } from '../text/base64.ts'
import type { ArtefactFields } from './artefact-fields.ts'
import { TRAINED_TASKS_MAX, type TrainedTasks } from './trained-tasks.ts'

/** A file that a policy was trained on, by its content. */
export type TrainingFile = {
  /** Of its lines without the blank ones, unpacked; lower-case hex. */
  readonly sha256: string
  readonly rows: number
}

/** What a policy was trained on, so that a gate can tell whether it is judged by the same. */
export type TrainingRecord = {
  /** In the order in which they were read; empty for what was learned from a node's own records. */
  readonly files: readonly TrainingFile[]
  /** The salt is the lineage's `dataCardHash`. Absent where the tasks were too many to be kept. */
  readonly tasks?: TrainedTasks
}

const BITS_MAX = 32
const RANGE_BITS_MAX = 52
const ROWS_MAX = Number.MAX_SAFE_INTEGER
const SHA256_PATTERN = /^[0-9a-f]{64}$/

/** Throws `POLICY_ARTEFACT_INVALID` naming the field. The codes are looked at when somebody asks them. */
export function readTrainingRecord(fields: ArtefactFields): TrainingRecord {
  const tasks = fields.optional('tasks')
  return {
    files: fields.list('files').map((file) => {
      const sha256 = file.text('sha256')
      if (!SHA256_PATTERN.test(sha256)) throw file.invalid('sha256', '64 hexadecimal digits')
      return { sha256, rows: file.wholeNumber('rows', ROWS_MAX) }
    }),
    ...(tasks !== undefined && {
      tasks: {
        count: tasks.wholeNumber('count', TRAINED_TASKS_MAX),
        bits: tasks.wholeNumber('bits', BITS_MAX),
        rangeBits: tasks.wholeNumber('range_bits', RANGE_BITS_MAX),
        codes: tasks.someBytes('codes'),
      },
    }),
  }
}

export function trainingDocument({ files, tasks }: TrainingRecord): JsonValue {
  return {
    files: files.map(({ sha256, rows }) => ({ sha256, rows })),
    ...(tasks !== undefined && {
      tasks: { count: tasks.count, bits: tasks.bits, range_bits: tasks.rangeBits, codes: encodeBase64(tasks.codes) },
    }),
  }
}
