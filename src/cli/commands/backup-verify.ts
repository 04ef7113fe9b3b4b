import { formatBytes } from '../../base/format.ts'
import { verifyBackupFile } from '../../node/backup/backup-files.ts'
import { BACKUP_FLAGS, readBackupFlags } from '../backup-flags.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { formatBackup } from '../format-backup.ts'

/** Reads a backup to its end. */
export const backupVerifyCommand: Command = {
  name: 'backup verify',
  summary: 'read a backup to its end and say what it holds',
  synopsis: '--file FILE',
  flags: BACKUP_FLAGS,
  details: ['Every byte is decrypted and compared with the list that the backup ends with. Nothing is written.'],
  examples: ['KERNELL_BACKUP_PASSPHRASE=... kernell backup verify --file node.backup'],
  async run(context) {
    const request = readBackupFlags(context)
    const { terminal, isJson, signal } = context
    const summary = await verifyBackupFile({ ...request, signal })
    if (isJson) terminal.printJson({ ok: true, file: request.file, ...summary })
    else terminal.print(`The backup is whole: ${formatBytes(summary.bytes)}\n${formatBackup(summary)}`)
    return EXIT_CODES.done
  },
}
