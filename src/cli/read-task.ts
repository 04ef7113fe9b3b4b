import type { CommandContext } from './command.ts'
import { usageError } from './flags.ts'

/** The task of `route TASK` and `estimate TASK`; `-` reads it from standard input. Throws `COMMAND_INVALID` for an empty one. */
export async function readTask({ positionals, readStandardInput }: CommandContext): Promise<string> {
  if (positionals.length === 0) throw usageError('A task is missing')
  const words = positionals.join(' ')
  const task = words === '-' ? new TextDecoder().decode(await readStandardInput()).trim() : words
  if (task.trim() === '') throw usageError(words === '-' ? 'The task on standard input is empty' : 'The task is empty')
  return task
}
