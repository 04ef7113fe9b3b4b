import { resolve } from 'node:path'
import { restoreBackupFile } from '../../node/backup/backup-files.ts'
import { BACKUP_FLAGS, readBackupFlags } from '../backup-flags.ts'
import type { Command } from '../command.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { formatBackup } from '../format-backup.ts'
import { textFlag } from '../flags.ts'

/** Makes a data directory out of a backup. */
export const backupRestoreCommand: Command = {
  name: 'backup restore',
  summary: 'make a data directory out of a backup',
  synopsis: '--file FILE [--to DIR]',
  flags: {
    ...BACKUP_FLAGS,
    to: { value: 'DIR', describe: 'where nothing is yet; default: the data directory of the configuration' },
  },
  details: [
    'The directory appears when all of the backup was read, compared and written; until then nothing is at its place. It is marked as restored: whoever signs from it must first find out what was signed after the backup: a notary of its peers, a buyer or seller of its notary set. Start it only where the old directory runs no more.',
    'What was deleted for good after the backup was made is in it again. Purge again what must not come back.',
  ],
  examples: ['KERNELL_BACKUP_PASSPHRASE=... kernell backup restore --file node.backup --to /srv/kernell'],
  whenStopped: 'Nothing was restored. Run it again.',
  async run(context) {
    const request = readBackupFlags(context)
    const { terminal, isJson, signal, flags, workingDir } = context
    const to = textFlag(flags, 'to')
    const path = to === undefined ? context.loadConfig().dataDir : resolve(workingDir, to)
    const summary = await restoreBackupFile({ ...request, path, signal })
    if (isJson) terminal.printJson({ dataDir: path, ...summary })
    else terminal.print(`Restored to ${path}\n${formatBackup(summary)}`)
    return EXIT_CODES.done
  },
}
