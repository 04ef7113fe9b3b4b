import { resolve } from 'node:path'
import { readTasksOfFile, readTasksOfRecords, type ReadTasks } from '../node/learning/read-tasks.ts'
import type { CommandContext } from './command.ts'
import { followWork } from './data-output.ts'
import { textFlag, usageError, type FlagTable } from './flags.ts'
import { RECORD_FLAGS, recordFilterOf } from './record-flags.ts'
import { useRecords } from './running-control.ts'

/** Where tasks come from. */
export const TASK_FLAGS: FlagTable = {
  input: {
    value: 'F',
    describe: 'records or rows of a dataset, JSON Lines (or .gz); default: the records that this node keeps',
  },
  ...RECORD_FLAGS,
}

/** Tasks of `--input`, or of this node's records. Throws `COMMAND_INVALID`, `TRAINING_DATA_INVALID`, and what opening a node throws. */
export async function readTasks(context: CommandContext): Promise<ReadTasks> {
  const { flags, workingDir, signal } = context
  const input = textFlag(flags, 'input')
  const filter = recordFilterOf(flags)
  if (input === undefined)
    return await useRecords(context, async (records) => await readTasksOfRecords(records.list(filter, { signal })))
  if (Object.keys(filter).length > 0)
    throw usageError(
      '--tenant, --from and --to choose among the records of this node; with --input all of the file is read',
    )
  return await readTasksFile(context, resolve(workingDir, input))
}

export async function readTasksFile({ terminal, signal }: CommandContext, file: string): Promise<ReadTasks> {
  const { onProgress, finish } = followWork(terminal)
  try {
    return await readTasksOfFile(file, { signal, onProgress })
  } finally {
    finish()
  }
}
