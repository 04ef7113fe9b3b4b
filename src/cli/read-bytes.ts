import { resolve } from 'node:path'
import { readAtMost } from '../node/read-at-most.ts'
import { unreadableFile } from '../node/unreadable-file.ts'
import type { CommandContext } from './command.ts'
import { usageError } from './flags.ts'

/** Bytes of a file of this machine. Throws `COMMAND_INVALID`. */
export function readBytes(
  { workingDir }: Pick<CommandContext, 'workingDir'>,
  { file, bytesMax }: { readonly file: string; readonly bytesMax: number },
): Uint8Array {
  let bytes: Uint8Array
  try {
    // One byte more tells one that is too long from one that just fits.
    bytes = readAtMost(resolve(workingDir, file), bytesMax + 1)
  } catch (cause: unknown) {
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause })
  }
  if (bytes.length > bytesMax) throw usageError(`The file ${file} is longer than ${bytesMax} bytes`)
  return bytes
}
