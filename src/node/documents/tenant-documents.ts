import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { TelemetryPurge } from '../../telemetry/telemetry-purge.ts'
import { DOCUMENT_LIMITS, type DocumentKind, type DocumentLimits } from './document-kinds.ts'

/** Names one document. */
export type DocumentName = {
  readonly tenant: TenantId
  readonly kind: DocumentKind
  /** 1 to 200 of `A-Z a-z 0-9 . _ : -`; unique within the tenant and the kind. */
  readonly id: string
}

export type DocumentHead = {
  readonly id: string
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly bytes: number
}

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

/** Documents of one kind and tenant, oldest first. */
type Shelf = { readonly tenant: TenantId; readonly heads: Map<string, DocumentHead>; bytes: number }

class StoredDocuments implements TenantDocuments {
  readonly #store: KeyValueStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #limits: Readonly<Record<DocumentKind, DocumentLimits>>
  readonly #shelves = new Map<string, Shelf>()
  #opened: Promise<void> | undefined

  constructor({ store, clock, limits = DOCUMENT_LIMITS }: TenantDocumentsComponents) {
    this.#store = store
    this.#clock = clock
    this.#limits = limits
  }

  async put(name: DocumentName, bytes: Uint8Array, { ttlMs }: { readonly ttlMs?: number } = {}): Promise<void> {
    if (!ID.test(name.id)) throw new TypeError('A document has a name of letters, digits and . _ : -')
    await this.#open()
    const limits = this.#limits[name.kind]
    const shelf = this.#shelfOf(name)
    const now = this.#clock.now()
    const before = shelf.heads.get(name.id)
    const operations = this.#makeRoom(name, bytes.byteLength, { shelf, limits, now })
    const createdAt = before?.createdAt ?? now
    const expiresAt = ttlMs === undefined ? (before?.expiresAt ?? now + limits.ttlMs) : now + ttlMs
    const head: DocumentHead = { id: name.id, createdAt, expiresAt, bytes: bytes.byteLength }
    shelf.heads.set(name.id, head)
    shelf.bytes += head.bytes - (before?.bytes ?? 0)
    const text = JSON.stringify({ createdAt, expiresAt, bytes: head.bytes })
    operations.push(
      { type: 'put', key: keyOf('head', name), value: new TextEncoder().encode(text) },
      { type: 'put', key: keyOf('body', name), value: bytes },
    )
    await this.#store.batch(operations)
  }

  async get(name: DocumentName): Promise<Uint8Array | undefined> {
    if ((await this.head(name)) === undefined) return undefined
    return await this.#store.get(keyOf('body', name))
  }

  async head(name: DocumentName): Promise<DocumentHead | undefined> {
    await this.#open()
    const head = this.#shelves.get(shelfKey(name))?.heads.get(name.id)
    return head !== undefined && head.expiresAt > this.#clock.now() ? head : undefined
  }

  async list(tenant: TenantId, kind: DocumentKind): Promise<readonly DocumentHead[]> {
    await this.#open()
    const now = this.#clock.now()
    const heads = this.#shelves.get(shelfKey({ tenant, kind }))?.heads.values() ?? []
    return [...heads].filter(({ expiresAt }) => expiresAt > now)
  }

  async tenants(kind: DocumentKind): Promise<readonly TenantId[]> {
    await this.#open()
    const ofKind = [...this.#shelves].filter(([key, { heads }]) => key.startsWith(`${kind}/`) && heads.size > 0)
    return ofKind.map(([, { tenant }]) => tenant)
  }

  async delete(name: DocumentName): Promise<boolean> {
    const isThere = (await this.head(name)) !== undefined
    await this.#store.batch(this.#forget(name))
    return isThere
  }

  async purge(what: TelemetryPurge): Promise<number> {
    await this.#open()
    const before = what.kind === 'before' ? Date.parse(what.before) : Number.POSITIVE_INFINITY
    const names: DocumentName[] = []
    for (const [key, { tenant, heads }] of this.#shelves) {
      if (what.kind === 'tenant' && what.tenant !== tenant) continue
      const kind = key.slice(0, key.indexOf('/')) as DocumentKind
      for (const { id, createdAt } of heads.values()) if (createdAt < before) names.push({ tenant, kind, id })
    }
    for (let from = 0; from < names.length; from += DELETED_AT_ONCE) {
      const operations = names.slice(from, from + DELETED_AT_ONCE).flatMap((name) => this.#forget(name))
      await this.#store.batch(operations, { sync: true })
    }
    return names.length
  }

  /** What has to go so that a document finds room. Throws `DOCUMENTS_FULL`. */
  #makeRoom(
    { tenant, kind, id }: DocumentName,
    bytes: number,
    { shelf, limits, now }: { readonly shelf: Shelf; readonly limits: DocumentLimits; readonly now: number },
  ): KeyValueOperation[] {
    const { countMax, bytesMax, whenFull } = limits
    if (bytes > bytesMax) throw full(kind, limits)
    const operations: KeyValueOperation[] = []
    const replaced = shelf.heads.get(id)
    const isFull = (): boolean =>
      shelf.heads.size + (shelf.heads.has(id) ? 0 : 1) > countMax ||
      shelf.bytes - (replaced?.bytes ?? 0) + bytes > bytesMax
    for (const head of shelf.heads.values()) {
      if (head.id === id) continue
      const isOver = head.expiresAt <= now
      if (!isOver && !isFull()) break
      if (!isOver && whenFull === 'refuse') throw full(kind, limits)
      operations.push(...this.#forget({ tenant, kind, id: head.id }))
    }
    return operations
  }

  #forget(name: DocumentName): KeyValueOperation[] {
    const shelf = this.#shelves.get(shelfKey(name))
    const head = shelf?.heads.get(name.id)
    if (shelf === undefined || head === undefined) return []
    shelf.heads.delete(name.id)
    shelf.bytes -= head.bytes
    return [
      { type: 'delete', key: keyOf('head', name) },
      { type: 'delete', key: keyOf('body', name) },
    ]
  }

  #shelfOf({ tenant, kind }: Pick<DocumentName, 'tenant' | 'kind'>): Shelf {
    const key = shelfKey({ tenant, kind })
    const shelf = this.#shelves.get(key) ?? { tenant, heads: new Map(), bytes: 0 }
    this.#shelves.set(key, shelf)
    return shelf
  }

  /** Reads what there is with the first call; bodies stay where they are. */
  #open(): Promise<void> {
    this.#opened ??= this.#readHeads()
    return this.#opened
  }

  async #readHeads(): Promise<void> {
    const found: { readonly name: DocumentName; readonly head: DocumentHead }[] = []
    const range = { gte: 'head/', lt: 'head0' }
    // A head that cannot be read is of a document that nobody can find; a purge of everything rewrites the store without it.
    for await (const { key, value } of this.#store.iterate(range, { onDamaged: () => undefined })) {
      const [, kind, tenant, id] = key.split('/')
      const head = readHead(id, value)
      if (head !== undefined) found.push({ name: { kind, tenant, id } as DocumentName, head })
    }
    found.sort((left, right) => left.head.createdAt - right.head.createdAt)
    for (const { name, head } of found) {
      const shelf = this.#shelfOf(name)
      shelf.heads.set(head.id, head)
      shelf.bytes += head.bytes
    }
  }
}

function readHead(id: string | undefined, value: Uint8Array): DocumentHead | undefined {
  if (id === undefined) return undefined
  const head: unknown = JSON.parse(new TextDecoder().decode(value))
  const { createdAt, expiresAt, bytes } = head as Partial<DocumentHead>
  const isHead = typeof createdAt === 'number' && typeof expiresAt === 'number' && typeof bytes === 'number'
  return isHead ? { id, createdAt, expiresAt, bytes } : undefined
}

function shelfKey({ tenant, kind }: Pick<DocumentName, 'tenant' | 'kind'>): string {
  return `${kind}/${tenant}`
}

function keyOf(what: 'head' | 'body', { kind, tenant, id }: DocumentName): string {
  return `${what}/${kind}/${tenant}/${id}`
}

function full(kind: DocumentKind, { countMax, bytesMax }: DocumentLimits): CodedError {
  return new CodedError('DOCUMENTS_FULL', {
    message: `A tenant may keep ${countMax} documents of the kind ${kind}, of ${bytesMax} bytes together`,
    details: { kind, countMax, bytesMax },
  })
}
