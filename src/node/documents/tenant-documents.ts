import type { TenantId } from '../../base/identifiers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { TelemetryPurge } from '../../telemetry/telemetry-purge.ts'
import { DOCUMENT_LIMITS, type DocumentKind, type DocumentLimits } from './document-kinds.ts'
import type { DocumentHead, DocumentName } from './document-names.ts'
import { deletionOf, DocumentShelves, keyOf, type NamedHead, readHeads } from './document-shelves.ts'

/**
 * What callers leave with the node, each tenant for itself: in the store of the data directory, bounded in number and size, and gone after its time.
 * A document of another tenant, or one that has expired, is as if there were none.
 */
export type TenantDocuments = {
  /**
   * Keeps a document, or replaces it; resolves when it survives the death of the process. A replaced one keeps its place and its time.
   * Throws `DOCUMENTS_FULL` for one that is larger than all of its kind may be, and where older ones do not give way; `STORE_WRITE_FAILED`.
   */
  put(name: DocumentName, bytes: Uint8Array, options?: { readonly ttlMs?: number }): Promise<void>
  get(name: DocumentName): Promise<Uint8Array | undefined>
  head(name: DocumentName): Promise<DocumentHead | undefined>
  /** Oldest first. */
  list(tenant: TenantId, kind: DocumentKind): Promise<readonly DocumentHead[]>
  /** Those who have documents of a kind. */
  tenants(kind: DocumentKind): Promise<readonly TenantId[]>
  /** Whether there was one. */
  delete(name: DocumentName): Promise<boolean>
  /** Deletes all of a tenant, all that are older than an instant, or all. Returns how many. */
  purge(what: TelemetryPurge): Promise<number>
}

export type TenantDocumentsComponents = {
  /** Nothing else is below it. */
  readonly store: KeyValueStore
  readonly clock: Pick<Clock, 'now'>
  readonly limits?: Readonly<Record<DocumentKind, DocumentLimits>>
}

export function createTenantDocuments(components: TenantDocumentsComponents): TenantDocuments {
  return new StoredDocuments(components)
}

const ID = /^[A-Za-z0-9._:-]{1,200}$/
const DELETED_AT_ONCE = 512

class StoredDocuments implements TenantDocuments {
  readonly #store: KeyValueStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #shelves: DocumentShelves
  #opened: Promise<void> | undefined

  constructor({ store, clock, limits = DOCUMENT_LIMITS }: TenantDocumentsComponents) {
    this.#store = store
    this.#clock = clock
    this.#shelves = new DocumentShelves(limits)
  }

  async put(name: DocumentName, bytes: Uint8Array, { ttlMs }: { readonly ttlMs?: number } = {}): Promise<void> {
    checkId(name)
    await this.#open()
    await this.#store.batch(this.#shelves.place(name, bytes, { now: this.#clock.now(), ttlMs }))
  }

  async get(name: DocumentName): Promise<Uint8Array | undefined> {
    if ((await this.head(name)) === undefined) return undefined
    return await this.#store.get(keyOf('body', name))
  }

  async head(name: DocumentName): Promise<DocumentHead | undefined> {
    await this.#open()
    const head = this.#shelves.find(name)
    return head !== undefined && head.expiresAt > this.#clock.now() ? head : undefined
  }

  async list(tenant: TenantId, kind: DocumentKind): Promise<readonly DocumentHead[]> {
    await this.#open()
    const now = this.#clock.now()
    return this.#shelves.list({ tenant, kind }).filter(({ expiresAt }) => expiresAt > now)
  }

  async tenants(kind: DocumentKind): Promise<readonly TenantId[]> {
    await this.#open()
    return this.#shelves.tenants(kind)
  }

  async delete(name: DocumentName): Promise<boolean> {
    const isThere = (await this.head(name)) !== undefined
    await this.#store.batch(this.#shelves.forget(name))
    return isThere
  }

  async purge(what: TelemetryPurge): Promise<number> {
    await this.#open()
    return await purgeDocuments(what, { store: this.#store, shelves: this.#shelves })
  }

  /** Reads what there is with the first call; bodies stay where they are. */
  #open(): Promise<void> {
    this.#opened ??= fillShelves(this.#shelves, this.#store)
    return this.#opened
  }
}

/** Whether there can be a document of this name. */
export function isId({ id }: DocumentName): boolean {
  return ID.test(id)
}

/** Throws `TypeError`. */
export function checkId(name: DocumentName): void {
  if (!isId(name)) throw new TypeError('A document has a name of letters, digits and . _ : -')
}

/** Oldest first. */
export async function fillShelves(shelves: DocumentShelves, store: KeyValueStore): Promise<void> {
  const found: NamedHead[] = []
  for await (const one of readHeads(store)) found.push(one)
  found.sort((left, right) => left.head.createdAt - right.head.createdAt)
  for (const one of found) shelves.set(one)
}

export type PurgedPlaces = { readonly store: KeyValueStore; readonly shelves: DocumentShelves }

/** By what the store says. Returns how many. */
export async function purgeDocuments(what: TelemetryPurge, { store, shelves }: PurgedPlaces): Promise<number> {
  const before = what.kind === 'before' ? Date.parse(what.before) : Number.POSITIVE_INFINITY
  const names: DocumentName[] = []
  for await (const { name, head } of readHeads(store))
    if (head.createdAt < before && (what.kind !== 'tenant' || what.tenant === name.tenant)) names.push(name)
  for (let from = 0; from < names.length; from += DELETED_AT_ONCE) {
    const some = names.slice(from, from + DELETED_AT_ONCE)
    for (const name of some) shelves.forget(name)
    await store.batch(some.flatMap(deletionOf), { sync: true })
  }
  return names.length
}
