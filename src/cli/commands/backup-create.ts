import { formatBytes } from '../../base/format.ts'
import { BACKUP_FLAGS, readBackupFlags } from '../backup-flags.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { useControl } from '../running-control.ts'

/** Copies the data directory to one encrypted file. */
export const backupCreateCommand: Command = {
  name: 'backup create',
  summary: 'copy the data directory to an encrypted file, also while a node serves from it',
  synopsis: '--file FILE',
  flags: BACKUP_FLAGS,
  details: [
    'The file holds everything: records, journals, memories, policies, the keys in their encrypted form. It is in the age format, a tar archive inside, so that other tools open it as well; whoever has the file and the passphrase has the data.',
    'Each journal and the store are copied as of one moment while the node goes on. A file that is there already is never written over.',
  ],
  examples: ['KERNELL_BACKUP_PASSPHRASE=... kernell backup create --file node.backup'],
  whenStopped: 'Nothing was written. Run it again.',
  async run(context) {
    const request = readBackupFlags(context)
    const { terminal, isJson } = context
    const written = await useControl(context, async ({ ask }) => await ask({ op: 'create', ...request }, 'backup'))
    if (isJson) terminal.printJson(written)
    else terminal.print(`Wrote ${request.file}, ${formatBytes(sizeOf(written))}`)
    return EXIT_CODES.done
  },
}

function sizeOf(written: unknown): number {
  const isKnown = typeof written === 'object' && written !== null && 'bytes' in written
  return isKnown && typeof written.bytes === 'number' ? written.bytes : 0
}
