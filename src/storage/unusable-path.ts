/** Codes of the system that say that the path is wrong for this user, whatever the state of the disk. */
const SYSTEM_CODES: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'])

/** What the system says in words where a library keeps its code to itself. */
const SYSTEM_WORDS = /permission denied|operation not permitted|read-only file system|not a directory|file exists/i

/** What to do about a path that cannot be used; the general remedies speak of a failing disk. */
export const UNUSABLE_PATH_REMEDY =
  'Make the data directory a folder that this user can write to, or name another with `--data-dir`.'

/** Whether the failure is of the path: not permitted, read-only, or a file where a folder should be. */
export function isUnusablePath(code: unknown, text: string): boolean {
  return SYSTEM_CODES.has(code) || SYSTEM_WORDS.test(text)
}
