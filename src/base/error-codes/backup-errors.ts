import type { ErrorCodeEntry } from './error-code-entry.ts'

/** Codes of backups and data formats. */
export const BACKUP_ERRORS = {
  BACKUP_PASSPHRASE_WRONG: {
    cause: 'The backup does not open with this passphrase.',
    remedy: 'Give the passphrase that it was made with; without it nobody can read it.',
    httpStatus: 403,
    isRetryable: false,
  },
  BACKUP_DAMAGED: {
    cause: 'The file is no backup, or bytes of it are wrong or missing.',
    remedy: 'Use another copy; nothing was restored from this one.',
    httpStatus: 422,
    isRetryable: false,
  },
  BACKUP_FORMAT_NEWER: {
    cause: 'A newer version of the program made this backup.',
    remedy: 'Restore it with that version or a later one.',
    httpStatus: 409,
    isRetryable: false,
  },
  BACKUP_TARGET_EXISTS: {
    cause: 'There is something already where the backup or the data directory is to be written.',
    remedy: 'Choose a path where nothing is; what is there stays as it is.',
    httpStatus: 409,
    isRetryable: false,
  },
  BACKUP_SECRET_WEAK: {
    cause: 'The passphrase for the backup is missing or shorter than 12 characters.',
    remedy: 'Set KERNELL_BACKUP_PASSPHRASE to a longer one, several words for example.',
    httpStatus: 400,
    isRetryable: false,
  },
} as const satisfies Record<string, ErrorCodeEntry>
