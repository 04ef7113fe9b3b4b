import { CodedError } from '../base/errors.ts'
import { changeKeys, type KeyBundle, type KeyDescription, readBundle } from '../node/keys/manage-keys.ts'
import type { CommandContext } from './command.ts'
import { EXIT_CODES, type ExitCode } from './exit-codes.ts'
import { formatKey, keyDocument } from './key-flags.ts'
import { nameLockHolder } from './locked-directory.ts'
import { unreadableFile } from '../node/unreadable-file.ts'

const LOCKED_REMEDY =
  'Stop that node first, and start it again when the key is changed: it takes the key that counts then. Or name another directory with `--data-dir`.'

/** Makes or changes a key of the data directory. Rejects as `changeKeys`, naming a node that is in the way. */
export async function changeKey(
  context: Pick<CommandContext, 'loadConfig'>,
  work: Parameters<typeof changeKeys<KeyDescription>>[1],
): Promise<KeyDescription> {
  const { dataDir } = context.loadConfig()
  try {
    return await changeKeys(dataDir, work)
  } catch (error: unknown) {
    throw nameLockHolder(error, dataDir, LOCKED_REMEDY)
  }
}

/** Prints what anybody may know of a key, and for people what to do with it. */
export function printKey({ terminal, isJson }: CommandContext, key: KeyDescription, note?: string): ExitCode {
  if (isJson) terminal.printJson(keyDocument(key))
  else {
    terminal.print(formatKey(key))
    if (note !== undefined) terminal.note(note)
  }
  return EXIT_CODES.done
}

/** A bundle by its path. Throws `COMMAND_INVALID` for a file that cannot be read, `KEY_FILE_CORRUPTED`, `KEY_FORMAT_NEWER`. */
export function bundleOf(file: string): KeyBundle {
  try {
    return readBundle(file)
  } catch (error: unknown) {
    if (CodedError.is(error)) throw error
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause: error })
  }
}
