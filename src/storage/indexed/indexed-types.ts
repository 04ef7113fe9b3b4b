/** The part of IndexedDB that is used, so that no other file sees the types of pages. What is called only there is written as IndexedDB has it. */

export type IndexedKey = Uint8Array
/** Opaque: made by `KeyRanges`. */
export type IndexedRange = { readonly lower: unknown; readonly upper: unknown }

export type IndexedRequest<Result> = {
  readonly result: Result
  readonly error: Error | null
  onsuccess: (() => void) | null
  onerror: (() => void) | null
}

export type IndexedOpenRequest = IndexedRequest<IndexedConnection> & {
  onupgradeneeded: (() => void) | null
  onblocked: (() => void) | null
}

export type IndexedCursor = { readonly key: ArrayBuffer; readonly value: unknown; continue(): void }

export type IndexedObjects = {
  get(key: IndexedKey): IndexedRequest<unknown>
  put(value: unknown, key: IndexedKey): IndexedRequest<unknown>
  delete(key: IndexedKey | IndexedRange): IndexedRequest<unknown>
  count(range: IndexedRange | undefined): IndexedRequest<number>
  getAll(range: IndexedRange | undefined, limit?: number): IndexedRequest<readonly unknown[]>
  getAllKeys(range: IndexedRange | undefined, limit?: number): IndexedRequest<readonly ArrayBuffer[]>
  openCursor(range: IndexedRange | undefined, direction: 'prev'): IndexedRequest<IndexedCursor | null>
}

export type IndexedTransaction = {
  readonly error: Error | null
  objectStore(name: string): IndexedObjects
  abort(): void
  commit?(): void
  oncomplete: (() => void) | null
  onabort: (() => void) | null
}

export type IndexedConnection = {
  readonly objectStoreNames: { contains(name: string): boolean }
  createObjectStore(name: string): unknown
  transaction(
    names: string,
    mode: 'readonly' | 'readwrite',
    options?: { readonly durability: 'strict' | 'relaxed' },
  ): IndexedTransaction
  close(): void
  onclose: (() => void) | null
  onversionchange: (() => void) | null
}

/** `indexedDB` of a page or a worker. */
export type IndexedFactory = { open(name: string, version: number): IndexedOpenRequest }

/** `IDBKeyRange` of a page or a worker. */
export type KeyRanges = {
  bound(lower: IndexedKey, upper: IndexedKey, isLowerOpen: boolean, isUpperOpen: boolean): IndexedRange
  lowerBound(lower: IndexedKey, isOpen: boolean): IndexedRange
  upperBound(upper: IndexedKey, isOpen: boolean): IndexedRange
}
