import { CodedError } from '../../base/errors.ts'
import type { TenantId } from '../../base/identifiers.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { DocumentKind, DocumentLimits } from './document-kinds.ts'
import type { DocumentHead, DocumentName } from './document-names.ts'

/** Documents of one kind and tenant, oldest first. */
type Shelf = { readonly tenant: TenantId; readonly heads: Map<string, DocumentHead>; bytes: number }

export type NamedHead = { readonly name: DocumentName; readonly head: DocumentHead }

/** What there is, without what is in it: bounds are counted here. */
export class DocumentShelves {
  readonly #limits: Readonly<Record<DocumentKind, DocumentLimits>>
  readonly #shelves = new Map<string, Shelf>()

  constructor(limits: Readonly<Record<DocumentKind, DocumentLimits>>) {
    this.#limits = limits
  }

  find(name: DocumentName): DocumentHead | undefined {
    return this.#shelves.get(shelfKey(name))?.heads.get(name.id)
  }

  list({ tenant, kind }: Pick<DocumentName, 'tenant' | 'kind'>): readonly DocumentHead[] {
    return [...(this.#shelves.get(shelfKey({ tenant, kind }))?.heads.values() ?? [])]
  }

  tenants(kind: DocumentKind): readonly TenantId[] {
    const ofKind = [...this.#shelves].filter(([key, { heads }]) => key.startsWith(`${kind}/`) && heads.size > 0)
    return ofKind.map(([, { tenant }]) => tenant)
  }

  /** One that is replaced keeps its place. */
  set({ name, head }: NamedHead): void {
    const key = shelfKey(name)
    const shelf = this.#shelves.get(key) ?? { tenant: name.tenant, heads: new Map(), bytes: 0 }
    this.#shelves.set(key, shelf)
    shelf.bytes += head.bytes - (shelf.heads.get(name.id)?.bytes ?? 0)
    shelf.heads.set(name.id, head)
  }

  /** Takes one off its shelf. Returns what deletes it, nothing where it is on none. */
  forget(name: DocumentName): KeyValueOperation[] {
    const shelf = this.#shelves.get(shelfKey(name))
    const head = shelf?.heads.get(name.id)
    if (shelf === undefined || head === undefined) return []
    shelf.heads.delete(name.id)
    shelf.bytes -= head.bytes
    return deletionOf(name)
  }

  /** The head of a document that is put now, for which the oldest give way; and what writes it. Throws `DOCUMENTS_FULL`. */
  place(
    name: DocumentName,
    bytes: Uint8Array,
    { now, ttlMs }: { readonly now: number; readonly ttlMs: number | undefined },
  ): KeyValueOperation[] {
    const operations = this.#makeRoom(name, bytes.byteLength, now)
    const before = this.find(name)
    const createdAt = before?.createdAt ?? now
    const keptMs = this.#limits[name.kind].ttlMs
    const expiresAt = ttlMs === undefined ? (before?.expiresAt ?? now + keptMs) : now + ttlMs
    const head: DocumentHead = { id: name.id, createdAt, expiresAt, bytes: bytes.byteLength }
    this.set({ name, head })
    const text = JSON.stringify({ createdAt, expiresAt, bytes: head.bytes })
    operations.push(
      { type: 'put', key: keyOf('head', name), value: new TextEncoder().encode(text) },
      { type: 'put', key: keyOf('body', name), value: bytes },
    )
    return operations
  }

  /** What has to go so that a document finds room. Throws `DOCUMENTS_FULL`. */
  #makeRoom(name: DocumentName, bytes: number, now: number): KeyValueOperation[] {
    const { tenant, kind, id } = name
    const limits = this.#limits[kind]
    const { countMax, bytesMax, whenFull } = limits
    if (bytes > bytesMax) throw full(kind, limits)
    const shelf = this.#shelves.get(shelfKey(name))
    const operations: KeyValueOperation[] = []
    if (shelf === undefined) return operations
    const replaced = shelf.heads.get(id)
    const isFull = (): boolean =>
      shelf.heads.size + (shelf.heads.has(id) ? 0 : 1) > countMax ||
      shelf.bytes - (replaced?.bytes ?? 0) + bytes > bytesMax
    for (const head of shelf.heads.values()) {
      if (head.id === id) continue
      const isOver = head.expiresAt <= now
      if (!isOver && !isFull()) break
      if (!isOver && whenFull === 'refuse') throw full(kind, limits)
      operations.push(...this.forget({ tenant, kind, id: head.id }))
    }
    return operations
  }
}

/** Heads in the store, in the order of their keys. One that cannot be read is of a document that nobody can find; a purge of everything rewrites the store without it. */
export async function* readHeads(store: KeyValueStore, below = ''): AsyncGenerator<NamedHead, void, undefined> {
  const prefix = `head/${below}`
  const range = { gte: prefix, lt: `${prefix.slice(0, -1)}0` }
  for await (const { key, value } of store.iterate(range, { onDamaged: () => undefined })) {
    const name = nameOf(key)
    const head = name && readHead(name.id, value)
    if (name !== undefined && head !== undefined) yield { name, head }
  }
}

/** The document whose head or body has this key. */
export function nameOf(key: string): DocumentName | undefined {
  const [, kind, tenant, id] = key.split('/')
  return id === undefined ? undefined : ({ kind, tenant, id } as DocumentName)
}

/** `undefined` for what is no head. */
export function readHead(id: string, value: Uint8Array): DocumentHead | undefined {
  const { createdAt, expiresAt, bytes } = readMembers(value)
  if (!isCount(createdAt) || !isCount(expiresAt) || !isCount(bytes)) return undefined
  return { id, createdAt, expiresAt, bytes }
}

function readMembers(value: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(new TextDecoder().decode(value))
    return typeof json === 'object' && json !== null ? (json as Readonly<Record<string, unknown>>) : {}
  } catch {
    return {}
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

export function keyOf(what: 'head' | 'body', { kind, tenant, id }: DocumentName): string {
  return `${what}/${kind}/${tenant}/${id}`
}

export function deletionOf(name: DocumentName): KeyValueOperation[] {
  return [
    { type: 'delete', key: keyOf('head', name) },
    { type: 'delete', key: keyOf('body', name) },
  ]
}

function shelfKey({ tenant, kind }: Pick<DocumentName, 'tenant' | 'kind'>): string {
  return `${kind}/${tenant}`
}

function full(kind: DocumentKind, { countMax, bytesMax }: DocumentLimits): CodedError {
  return new CodedError('DOCUMENTS_FULL', {
    message: `A tenant may keep ${countMax} documents of the kind ${kind}, of ${bytesMax} bytes together`,
    details: { kind, countMax, bytesMax },
  })
}
