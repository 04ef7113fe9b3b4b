/**
 * FileSystem: the few file operations a durable journal needs, so that a test can stand between the journal and the disk.
 * It is not a general file API: permissions are read and never changed, no links, no watching, no text.
 *
 * Nothing is promised to survive a power cut before `sync` of the file, and no name (created, renamed or removed) before
 * `syncDirectory` of its folder. Failures of the disk are `STORE_WRITE_FAILED` or `STORE_READ_FAILED`; a missing file or
 * folder is `STORE_FILE_MISSING`.
 */
export type OpenFileInit = {
  /** `read`: must exist. `append`: must exist, may grow. `create`: must not exist, then as `append`; only its owner may read it. */
  readonly mode: 'read' | 'append' | 'create'
}

/** A file as `FileSystem.open` gives it; whoever opened it closes it. What was appended is sure to survive a power cut only after `sync`. */
export interface OpenFile {
  size(): Promise<number>
  /** Up to `length` bytes from `position`; fewer only at the end of the file. */
  read(position: number, length: number): Promise<Uint8Array>
  /** Writes all of `bytes` at the end. After a failure an unknown part may have been written. */
  append(bytes: Uint8Array): Promise<void>
  /** Puts content and size on stable storage. */
  sync(): Promise<void>
  /** Idempotent; syncs nothing. */
  close(): Promise<void>
}

/**
 * The few file operations that a durable journal needs; a name (created, renamed or removed) is sure to survive a power cut only after `syncDirectory` of
 * its folder. Throws `STORE_FILE_MISSING`, `STORE_READ_FAILED` and `STORE_WRITE_FAILED`.
 */
export interface FileSystem {
  open(path: string, init: OpenFileInit): Promise<OpenFile>
  exists(path: string): Promise<boolean>
  /** Names in the folder, sorted. */
  list(directory: string): Promise<readonly string[]>
  /** Creates the folder and its parents where missing, and puts their names on stable storage. */
  makeDirectory(directory: string): Promise<void>
  /** The nine permission bits of a file or folder, such as `0o600`; `undefined` where the system keeps none. */
  permissionsOf(path: string): Promise<number | undefined>
  /** Replaces `to` atomically. */
  rename(from: string, to: string): Promise<void>
  /** Removing a missing file is not an error. */
  remove(path: string): Promise<void>
  syncDirectory(directory: string): Promise<void>
}
