import type { BackupSummary } from '../node/backup/backup-files.ts'

/** What a backup holds, for people. */
export function formatBackup({ createdAt, program, entries, journals }: BackupSummary): string {
  const lines = Object.entries(journals).map(([name, { records }]) => `  journal ${name}: ${records} records`)
  return [`made ${createdAt} by version ${program}`, `  store: ${entries} entries`, ...lines].join('\n')
}
