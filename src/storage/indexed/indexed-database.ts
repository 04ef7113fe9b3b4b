import { CodedError } from '../../base/errors.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import { writeFailure } from './indexed-failures.ts'
import { ENTRIES, IndexedKeyValueStore } from './indexed-key-value-store.ts'
import type { IndexedConnection, IndexedFactory, IndexedObjects, IndexedRequest, KeyRanges } from './indexed-types.ts'

export type IndexedComponents = { readonly indexedDB: IndexedFactory; readonly IDBKeyRange: KeyRanges }

const VERSION = 1
/** What only the browser can keep: keys that nobody can read out. */
const OBJECTS = 'objects'
const ENCODER = new TextEncoder()

/** A database of IndexedDB: a store of bytes, and beside it objects of the browser, which are lost with it or not at all. */
export class IndexedDatabase {
  /** Closing it closes the database. */
  readonly store: KeyValueStore
  private readonly connection: IndexedConnection

  private constructor(connection: IndexedConnection, { name, ranges }: { name: string; ranges: KeyRanges }) {
    this.connection = connection
    this.store = new IndexedKeyValueStore(connection, { name, ranges })
  }

  /** Opens it, or makes it. Throws `STORE_FORMAT_NEWER` for one of a later version of this package, `STORE_NOT_OPEN` where the browser opens none, as in some private windows. */
  static async open(components: IndexedComponents, name: string): Promise<IndexedDatabase> {
    const connection = await connect(components.indexedDB, name)
    return new IndexedDatabase(connection, { name, ranges: components.IDBKeyRange })
  }

  /** An object that was kept; `undefined` where none was. Throws `STORE_READ_FAILED`. */
  async object(name: string): Promise<unknown> {
    const objects = this.connection.transaction(OBJECTS, 'readonly').objectStore(OBJECTS)
    return await resultOf(objects.get(ENCODER.encode(name)))
  }

  /** Keeps an object under a name that is free, and says which one is kept: the one that was there before stays. Throws `STORE_WRITE_FAILED`. */
  async keepObject(name: string, object: unknown): Promise<unknown> {
    const transaction = this.connection.transaction(OBJECTS, 'readwrite', { durability: 'strict' })
    const objects = transaction.objectStore(OBJECTS)
    const kept = await new Promise<unknown>((resolve, reject) => {
      let found: unknown = object
      transaction.oncomplete = () => resolve(found)
      transaction.onabort = () => reject(writeFailure(transaction.error))
      const request = objects.get(ENCODER.encode(name))
      request.onsuccess = () => {
        if (request.result === undefined) putObject(objects, name, object)
        else found = request.result
      }
    })
    return kept
  }
}

function putObject(objects: IndexedObjects, name: string, object: unknown): void {
  objects.put(object, ENCODER.encode(name))
}

function connect(factory: IndexedFactory, name: string): Promise<IndexedConnection> {
  return new Promise((resolve, reject) => {
    const request = factory.open(name, VERSION)
    request.onupgradeneeded = () => {
      for (const store of [ENTRIES, OBJECTS])
        if (!request.result.objectStoreNames.contains(store)) request.result.createObjectStore(store)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(openFailure(name, request.error))
  })
}

function openFailure(name: string, cause: Error | null): CodedError {
  const code = cause?.name === 'VersionError' ? 'STORE_FORMAT_NEWER' : 'STORE_NOT_OPEN'
  return new CodedError(code, {
    message: `The browser does not open the store ${name}: ${cause?.message ?? ''}`,
    cause,
  })
}

function resultOf<Result>(request: IndexedRequest<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () =>
      reject(new CodedError('STORE_READ_FAILED', { message: 'The browser refused a read', cause: request.error }))
  })
}
