import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { CodedError } from '../base/errors.ts'
import type { CommandContext } from './command.ts'
import { type FlagTable, textFlag, usageError } from './flags.ts'
import { unreadableFile } from '../node/unreadable-file.ts'

/** Flags of all backup commands. */
export const BACKUP_FLAGS: FlagTable = {
  file: { value: 'FILE', describe: 'the backup' },
  'passphrase-file': { value: 'FILE', describe: 'file with the passphrase; default: KERNELL_BACKUP_PASSPHRASE' },
}

export const BACKUP_PASSPHRASE_VARIABLE = 'KERNELL_BACKUP_PASSPHRASE'

/** The backup that is meant and what opens it. Throws `COMMAND_INVALID`, `BACKUP_SECRET_WEAK`. */
export function readBackupFlags({ flags, environment, workingDir }: CommandContext): {
  readonly file: string
  readonly passphrase: string
} {
  const file = textFlag(flags, 'file')
  if (file === undefined) throw usageError('Name the backup with --file FILE')
  const from = textFlag(flags, 'passphrase-file')
  const passphrase =
    from === undefined ? environment[BACKUP_PASSPHRASE_VARIABLE] : readSecret(resolve(workingDir, from))
  if (passphrase === undefined || passphrase === '')
    throw new CodedError('BACKUP_SECRET_WEAK', {
      message: `There is no passphrase: set ${BACKUP_PASSPHRASE_VARIABLE} or give --passphrase-file`,
    })
  return { file: resolve(workingDir, file), passphrase }
}

/** The first line of a file. */
function readSecret(path: string): string {
  try {
    return readFileSync(path, 'utf8').split(/\r?\n/, 1)[0] ?? ''
  } catch (cause: unknown) {
    throw unreadableFile('COMMAND_INVALID', { named: `The passphrase file ${path}`, file: path, cause })
  }
}
