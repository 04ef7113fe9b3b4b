import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of backups and data formats. */
export const BACKUP_ERRORS = {} as const satisfies Record<string, ErrorCodeEntry>
