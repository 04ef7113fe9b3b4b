import { CodedError } from '../base/errors.ts'
import { createRandomStream } from '../base/random-stream.ts'
import type { RandomStream } from '../base/random-stream.ts'
import type { FileSystem, OpenFile, OpenFileInit } from '../ports/file-system.ts'

/**
 * What happens at one mutating operation (counted from 0: open for creation, append, sync, rename, remove,
 * syncDirectory, makeDirectory).
 *
 * `fail`: refused, nothing done; a refused sync loses what it was to make durable, whatever later syncs say.
 * `tear`: an append writes a part and is refused; any other operation is done and then refused.
 * `crash`: the operation is not done, and nothing works from then on until `crash()`.
 */
export type DiskFault = { readonly operation: number; readonly kind: 'fail' | 'tear' | 'crash' }

/** What goes wrong on the disk; without faults only a power cut takes something away. */
export type FaultyFileSystemInit = {
  readonly faults?: readonly DiskFault[]
  /** Decides how much of the unsynced part survives a power cut. Default 1. */
  readonly seed?: number
}

/**
 * `lose`: everything not synced is gone. `keep`: the death of the process alone: everything is there, and what was not
 * synced can still be lost by a later cut.
 * `mix`: each file keeps a random part of its unsynced bytes, some of them zeroed, and a random number of the unsynced
 * name changes of a folder happened.
 */
export type PowerCut = 'lose' | 'keep' | 'mix'

type Inode = { durable: Uint8Array; current: Uint8Array; /** Ranges a failed sync lost. */ lost: [number, number][] }
type Names = Map<string, Inode>
type NameChange = (names: Names) => void
type Folder = { durable: Names; current: Names; changes: NameChange[] }

/**
 * A disk in memory that remembers what was synced, refuses or tears chosen operations, and can lose its power. Paths are
 * plain strings with `/`; folders know nothing of each other.
 */
export class FaultyFileSystem implements FileSystem {
  readonly #folders = new Map<string, Folder>()
  readonly #random: RandomStream
  #faults: Map<number, DiskFault['kind']>
  #operations = 0
  #isPowerless = false
  #generation = 0

  constructor(init: FaultyFileSystemInit = {}) {
    this.#random = createRandomStream(init.seed ?? 1)
    this.#faults = new Map(init.faults?.map((fault) => [fault.operation, fault.kind]))
  }

  /** Mutating operations so far. */
  get operationCount(): number {
    return this.#operations
  }

  /** Whether a `crash` fault has happened and `crash()` was not called since. */
  get isPowerless(): boolean {
    return this.#isPowerless
  }

  /** Ends the process, with the power unless `keep`: open files are dead, and no later operation is refused. */
  crash(cut: PowerCut): void {
    this.#faults = new Map()
    this.#isPowerless = false
    this.#generation += 1
    if (cut === 'keep') return
    for (const folder of this.#folders.values()) {
      folder.current = this.#survivingNames(folder, cut)
      folder.durable = new Map(folder.current)
      folder.changes = []
    }
    const inodes = new Set([...this.#folders.values()].flatMap((folder) => [...folder.current.values()]))
    for (const inode of inodes) {
      inode.current = this.#survivingBytes(inode, cut)
      inode.durable = inode.current
      inode.lost = []
    }
  }

  /** What a file holds, as whoever opens it now would read it; `undefined` where there is none. */
  contentOf(path: string): Uint8Array | undefined {
    return this.#folders.get(parentOf(path))?.current.get(path)?.current.slice()
  }

  /** Everything below a folder as whoever reads it now would find it: files by their paths. */
  filesBelow(folder: string): ReadonlyMap<string, Uint8Array> {
    const files = [...this.#folders].flatMap(([path, { current }]) =>
      path === folder || path.startsWith(`${folder}/`) ? [...current] : [],
    )
    return new Map(files.map(([path, { current }]) => [path, current.slice()]))
  }

  /** What is below a folder is these files and nothing else, all of them durable. Folders stay. */
  replaceBelow(folder: string, files: ReadonlyMap<string, Uint8Array>): void {
    for (const [path, held] of this.#folders)
      if (path === folder || path.startsWith(`${folder}/`)) {
        held.current = new Map()
        held.durable = new Map()
        held.changes = []
      }
    for (const [path, bytes] of files) {
      const held = this.#folders.get(parentOf(path)) ?? { durable: new Map(), current: new Map(), changes: [] }
      this.#folders.set(parentOf(path), held)
      const inode: Inode = { durable: bytes.slice(), current: bytes.slice(), lost: [] }
      held.current.set(path, inode)
      held.durable.set(path, inode)
    }
  }

  /** Changes one byte on the disk, as a failing medium does. */
  flipByte(path: string, position: number): void {
    const inode = this.#find(path)
    const bytes = inode.current.slice()
    bytes[position] = (bytes[position] ?? 0) ^ 0xff
    inode.current = bytes
    inode.durable = bytes
  }

  async open(path: string, init: OpenFileInit): Promise<OpenFile> {
    if (init.mode === 'create') {
      const fault = this.#begin(path)
      const folder = this.#folderOf(path)
      if (folder.current.has(path)) throw writeError(path, 'the file exists')
      const inode: Inode = { durable: new Uint8Array(), current: new Uint8Array(), lost: [] }
      this.#change(folder, (names) => names.set(path, inode))
      if (fault === 'tear') throw writeError(path, 'injected')
    }
    this.#checkPower(path)
    return this.#openInode(path, this.#find(path), init.mode !== 'read')
  }

  async exists(path: string): Promise<boolean> {
    this.#checkPower(path)
    return this.#folders.get(parentOf(path))?.current.has(path) ?? false
  }

  async list(directory: string): Promise<readonly string[]> {
    this.#checkPower(directory)
    const folder = this.#folders.get(directory)
    if (folder === undefined) throw missingError(directory)
    return [...folder.current.keys()].map((path) => path.slice(directory.length + 1)).toSorted()
  }

  /** Of its owner alone, as the real disk makes them. */
  async permissionsOf(path: string): Promise<number | undefined> {
    this.#checkPower(path)
    if (this.#folders.has(path)) return 0o700
    this.#find(path)
    return 0o600
  }

  async makeDirectory(directory: string): Promise<void> {
    const fault = this.#begin(directory)
    if (!this.#folders.has(directory)) {
      this.#folders.set(directory, { durable: new Map(), current: new Map(), changes: [] })
    }
    if (fault === 'tear') throw writeError(directory, 'injected')
  }

  async rename(from: string, to: string): Promise<void> {
    const fault = this.#begin(from)
    const inode = this.#find(from)
    this.#change(this.#folderOf(from), (names) => {
      names.delete(from)
      names.set(to, inode)
    })
    if (fault === 'tear') throw writeError(from, 'injected')
  }

  async remove(path: string): Promise<void> {
    const fault = this.#begin(path)
    const folder = this.#folderOf(path)
    if (folder.current.has(path)) this.#change(folder, (names) => names.delete(path))
    if (fault === 'tear') throw writeError(path, 'injected')
  }

  async syncDirectory(directory: string): Promise<void> {
    const fault = this.#begin(directory)
    const folder = this.#folders.get(directory)
    if (folder === undefined) throw missingError(directory)
    folder.durable = new Map(folder.current)
    folder.changes = []
    if (fault === 'tear') throw writeError(directory, 'injected')
  }

  #openInode(path: string, inode: Inode, isWritable: boolean): OpenFile {
    const generation = this.#generation
    const check = (): void => {
      this.#checkPower(path)
      if (generation !== this.#generation) throw writeError(path, 'the file was open when the power failed')
    }
    const beginWrite = (): DiskFault['kind'] | undefined => {
      check()
      if (!isWritable) throw writeError(path, 'opened for reading')
      return this.#begin(path)
    }
    const beginSync = (): DiskFault['kind'] | undefined => {
      check()
      return this.#begin(path, () => loseUnsynced(inode))
    }
    return {
      size: async () => {
        check()
        return inode.current.byteLength
      },
      read: async (position, length) => {
        check()
        return inode.current.slice(position, position + length)
      },
      append: async (bytes) => {
        const fault = beginWrite()
        const written = fault === 'tear' ? bytes.subarray(0, bytes.byteLength >>> 1) : bytes
        inode.current = grownBytes(inode.current, written)
        if (fault === 'tear') throw writeError(path, 'injected')
      },
      sync: async () => {
        const fault = beginSync()
        inode.durable = withoutLost(inode)
        if (fault === 'tear') throw writeError(path, 'injected')
      },
      close: async () => {},
    }
  }

  #begin(path: string, onFail?: () => void): DiskFault['kind'] | undefined {
    this.#checkPower(path)
    const fault = this.#faults.get(this.#operations)
    this.#operations += 1
    if (fault === 'crash') this.#isPowerless = true
    if (fault === 'fail') onFail?.()
    if (fault === 'crash' || fault === 'fail') throw writeError(path, 'injected')
    return fault
  }

  #checkPower(path: string): void {
    if (this.#isPowerless) throw writeError(path, 'the power is off')
  }

  #change(folder: Folder, change: NameChange): void {
    change(folder.current)
    folder.changes.push(change)
  }

  #folderOf(path: string): Folder {
    const folder = this.#folders.get(parentOf(path))
    if (folder === undefined) throw missingError(path)
    return folder
  }

  #find(path: string): Inode {
    const inode = this.#folderOf(path).current.get(path)
    if (inode === undefined) throw missingError(path)
    return inode
  }

  #survivingNames(folder: Folder, cut: PowerCut): Names {
    const names = new Map(folder.durable)
    const survivors = cut === 'mix' ? this.#random.nextBelow(folder.changes.length + 1) : 0
    for (const change of folder.changes.slice(0, survivors)) change(names)
    return names
  }

  #survivingBytes(inode: Inode, cut: PowerCut): Uint8Array {
    const unsynced = inode.current.byteLength - inode.durable.byteLength
    if (cut === 'lose' || unsynced <= 0) return inode.durable
    const kept = this.#random.nextBelow(unsynced + 1)
    const tail = inode.current.slice(inode.durable.byteLength, inode.durable.byteLength + kept)
    if (kept > 0 && this.#random.nextBelow(2) === 0) tail.fill(0, this.#random.nextBelow(kept))
    return joinBytes(inode.durable, tail)
  }
}

/** A failed sync marks the pages clean: readers still see them, and no later sync writes them. */
function loseUnsynced(inode: Inode): void {
  if (inode.current.byteLength > inode.durable.byteLength) {
    inode.lost.push([inode.durable.byteLength, inode.current.byteLength])
  }
}

function withoutLost(inode: Inode): Uint8Array {
  if (inode.lost.length === 0) return inode.current
  const bytes = inode.current.slice()
  for (const [from, to] of inode.lost) bytes.fill(0, from, to)
  return bytes
}

/**
 * Bytes with more behind them, in place where there is room: what was before the end is the same in both, and nobody looks behind the end of what he holds. Journals grow by
 * small pieces, and copying the whole for each would be most of what a disk in memory costs.
 */
function grownBytes(left: Uint8Array, right: Uint8Array): Uint8Array {
  const size = left.byteLength + right.byteLength
  if (left.byteOffset === 0 && size <= left.buffer.byteLength) {
    const grown = new Uint8Array(left.buffer, 0, size)
    grown.set(right, left.byteLength)
    return grown
  }
  const grown = new Uint8Array(new ArrayBuffer(Math.max(256, 2 * size)), 0, size)
  grown.set(left)
  grown.set(right, left.byteLength)
  return grown
}

function joinBytes(left: Uint8Array, right: Uint8Array): Uint8Array {
  const joined = new Uint8Array(left.byteLength + right.byteLength)
  joined.set(left)
  joined.set(right, left.byteLength)
  return joined
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')))
}

function missingError(path: string): CodedError {
  return new CodedError('STORE_FILE_MISSING', { message: `${path}: there is no such file` })
}

function writeError(path: string, reason: string): CodedError {
  return new CodedError('STORE_WRITE_FAILED', { message: `${path}: ${reason}` })
}
