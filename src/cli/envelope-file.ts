import { resolve } from 'node:path'
import { ENVELOPE_BYTES_MAX } from '../node/market/copies/check-envelope.ts'
import { readAtMost } from '../node/read-at-most.ts'
import type { CommandContext } from './command.ts'
import { unreadableFile } from '../node/unreadable-file.ts'

/** The bytes of a signed message, exactly as they were sent. Throws `COMMAND_INVALID`. */
export function readEnvelopeFile({ workingDir }: Pick<CommandContext, 'workingDir'>, file: string): Uint8Array {
  try {
    // One byte more tells one that is too long from one that just fits.
    return readAtMost(resolve(workingDir, file), ENVELOPE_BYTES_MAX + 1)
  } catch (cause: unknown) {
    throw unreadableFile('COMMAND_INVALID', { named: `The file ${file}`, file, cause })
  }
}
