import type { TenantId } from '../../base/identifiers.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { StoreListener } from '../../ports/store-changes.ts'
import type { TelemetryPurge } from '../../telemetry/telemetry-purge.ts'
import { DOCUMENT_LIMITS, type DocumentKind, type DocumentLimits } from './document-kinds.ts'
import type { DocumentHead, DocumentName } from './document-names.ts'
import { deletionOf, DocumentShelves, keyOf, nameOf, readHead, readHeads } from './document-shelves.ts'
import { checkId, fillShelves, isId, purgeDocuments, type TenantDocuments } from './tenant-documents.ts'

export type SharedDocumentsComponents = {
  /** Of all gateways; nothing else is below it. */
  readonly store: KeyValueStore
  /** Tells of keys below it that another gateway changed, for as long as the store is open. */
  readonly watch: (listener: StoreListener) => () => void
  readonly clock: Pick<Clock, 'now'>
  /** What this gateway kept by itself, before: nobody finds it any more, and it is purged with the rest. */
  readonly before?: Pick<TenantDocuments, 'purge'>
  readonly limits?: Readonly<Record<DocumentKind, DocumentLimits>>
}

/**
 * Documents of all gateways on one store. What one has put the others find at once, since whoever looks for a document reads the store. Bounds are counted by
 * what is known here, and what others put is known a moment later: several who put at the same time may pass them by what they put in that moment.
 */
export function createSharedDocuments(components: SharedDocumentsComponents): TenantDocuments {
  return new SharedDocuments(components)
}

class SharedDocuments implements TenantDocuments {
  readonly #store: KeyValueStore
  readonly #clock: Pick<Clock, 'now'>
  readonly #before: Pick<TenantDocuments, 'purge'> | undefined
  readonly #limits: Readonly<Record<DocumentKind, DocumentLimits>>
  /** What there is, for the bounds alone. */
  #shelves: DocumentShelves
  #opened: Promise<void> | undefined

  constructor({ store, watch, clock, before, limits = DOCUMENT_LIMITS }: SharedDocumentsComponents) {
    this.#before = before
    this.#store = store
    this.#clock = clock
    this.#limits = limits
    this.#shelves = new DocumentShelves(limits)
    watch((keys) => this.#hear(keys))
  }

  async put(name: DocumentName, bytes: Uint8Array, { ttlMs }: { readonly ttlMs?: number } = {}): Promise<void> {
    checkId(name)
    await this.#open()
    const operations = this.#shelves.place(name, bytes, { now: this.#clock.now(), ttlMs })
    try {
      await this.#store.batch(operations)
    } catch (error: unknown) {
      // What was not written must not count, and what was to give way is still there.
      this.#forgetAll()
      throw error
    }
  }

  async get(name: DocumentName): Promise<Uint8Array | undefined> {
    if (!isId(name)) return undefined
    const [head, body] = await this.#store.getMany([keyOf('head', name), keyOf('body', name)])
    return this.#current(name, head) === undefined ? undefined : body
  }

  async head(name: DocumentName): Promise<DocumentHead | undefined> {
    if (!isId(name)) return undefined
    return this.#current(name, await this.#store.get(keyOf('head', name)))
  }

  async list(tenant: TenantId, kind: DocumentKind): Promise<readonly DocumentHead[]> {
    const now = this.#clock.now()
    const found: DocumentHead[] = []
    for await (const { head } of readHeads(this.#store, `${kind}/${tenant}/`))
      if (head.expiresAt > now) found.push(head)
    return found.toSorted((left, right) => left.createdAt - right.createdAt)
  }

  async tenants(kind: DocumentKind): Promise<readonly TenantId[]> {
    const found = new Set<TenantId>()
    for await (const { name } of readHeads(this.#store, `${kind}/`)) found.add(name.tenant)
    return [...found]
  }

  async delete(name: DocumentName): Promise<boolean> {
    if (!isId(name)) return false
    const isThere = (await this.head(name)) !== undefined
    this.#shelves.forget(name)
    await this.#store.batch(deletionOf(name))
    return isThere
  }

  async purge(what: TelemetryPurge): Promise<number> {
    const purged = await purgeDocuments(what, { store: this.#store, shelves: this.#shelves })
    return purged + ((await this.#before?.purge(what)) ?? 0)
  }

  #current(name: DocumentName, stored: Uint8Array | undefined): DocumentHead | undefined {
    const head = stored && readHead(name.id, stored)
    return head !== undefined && head.expiresAt > this.#clock.now() ? head : undefined
  }

  /** Another gateway put or deleted these, or any. */
  #hear(keys: readonly string[] | undefined): void {
    if (this.#opened === undefined) return
    const heads = keys?.filter((key) => key.startsWith('head/'))
    if (heads?.length === 0) return
    if (heads === undefined) this.#forgetAll()
    else this.#opened = this.#opened.then(async () => await this.#read(heads)).catch(() => this.#forgetAll())
  }

  /** All is read anew with what is put next. */
  #forgetAll(): void {
    this.#shelves = new DocumentShelves(this.#limits)
    this.#opened = undefined
  }

  async #read(keys: readonly string[]): Promise<void> {
    const found = await this.#store.getMany(keys)
    for (const [place, key] of keys.entries()) {
      const name = nameOf(key)
      if (name === undefined) continue
      const stored = found[place]
      const head = stored && readHead(name.id, stored)
      if (head === undefined) this.#shelves.forget(name)
      else this.#shelves.set({ name, head })
    }
  }

  #open(): Promise<void> {
    this.#opened ??= fillShelves(this.#shelves, this.#store).catch((error: unknown) => {
      this.#forgetAll()
      throw error
    })
    return this.#opened
  }
}
