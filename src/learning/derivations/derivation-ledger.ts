import { sha256Hex } from '../../base/sha256.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { Derivation, DerivationInit, DerivationSource } from './derivation.ts'
import { formatDerivation, parseDerivation, type KeptDerivation } from './kept-derivation.ts'

export type DerivationLedgerComponents = {
  /** A store of its own. */
  readonly store: KeyValueStore
  /** A keyed hash of this installation: the ledger tells tenants apart and names none. */
  readonly hashTenant: (tenant: string) => string
}

export type DerivationLedgerInit = {
  /** Entries at most; the oldest go first. Default 10,000. */
  readonly entriesMax?: number
  /** Tenants of one entry at most; one that has more may hold any tenant's records. Default 1,000. */
  readonly tenantsMax?: number
}

/** What records are deleted. */
export type DeletedRecords =
  | { readonly kind: 'all' }
  | { readonly kind: 'tenant'; readonly tenant: string }
  | { readonly kind: 'before'; readonly before: string }

/** Remembers what was made from records. It deletes no file and no policy: it says which there are. */
export interface DerivationLedger {
  /**
   * Resolves when it is on stable storage. The same file or version again replaces the entry. What has `sources` is remembered only when one of
   * them is known: data from elsewhere is no business of the ledger.
   *
   * @returns Whether it was remembered.
   */
  record(derivation: DerivationInit): Promise<boolean>
  /** Every entry that can be read, the oldest first. */
  list(): Promise<readonly Derivation[]>
  /** Those that may hold something of the records, the oldest first. */
  derivedFrom(deleted: DeletedRecords): Promise<readonly Derivation[]>
  /**
   * Takes the name of a tenant out of the ledger: entries whose path contains it are forgotten, since a path cannot be kept without its name.
   * Call it after `derivedFrom`.
   *
   * @returns Whether there was one.
   */
  forgetTenant(tenant: string): Promise<boolean>
  /** Entries met since the start that could not be read. */
  readonly unreadableCount: number
}

const ENTRIES_MAX_DEFAULT = 10_000
const TENANTS_MAX_DEFAULT = 1_000

export function createDerivationLedger(
  components: DerivationLedgerComponents,
  init: DerivationLedgerInit = {},
): DerivationLedger {
  return new KeyedDerivationLedger(components, init)
}

class KeyedDerivationLedger implements DerivationLedger {
  readonly #store: KeyValueStore
  readonly #hashTenant: (tenant: string) => string
  readonly #entriesMax: number
  readonly #tenantsMax: number
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder()
  readonly #unreadable = new Set<string>()

  constructor({ store, hashTenant }: DerivationLedgerComponents, init: DerivationLedgerInit) {
    this.#store = store
    this.#hashTenant = hashTenant
    this.#entriesMax = init.entriesMax ?? ENTRIES_MAX_DEFAULT
    this.#tenantsMax = init.tenantsMax ?? TENANTS_MAX_DEFAULT
  }

  get unreadableCount(): number {
    return this.#unreadable.size
  }

  async record({ tenants, sources, ...derivation }: DerivationInit): Promise<boolean> {
    const entries = await this.#entries()
    const known =
      sources === undefined ? [] : entries.filter(({ kept }) => sources.some((source) => isOf(kept, source)))
    if (sources !== undefined && known.length === 0) return false
    const own: KeptDerivation[] =
      sources === undefined || tenants === null || tenants.length > 0
        ? [{ ...derivation, tenants: tenants?.map(this.#hashTenant) ?? null }]
        : []
    const kept = this.#joined(derivation, [...own, ...known.map((entry) => entry.kept)])
    const key = keyOf(derivation)
    const others = entries.filter((entry) => entry.key !== key)
    const dropped = others.slice(0, Math.max(0, others.length + 1 - this.#entriesMax))
    const operations: KeyValueOperation[] = dropped.map((entry) => ({ type: 'delete', key: entry.key }))
    const value = this.#encoder.encode(formatDerivation(kept))
    await this.#store.batch([...operations, { type: 'put', key, value }], { sync: true })
    return true
  }

  async list(): Promise<readonly Derivation[]> {
    return (await this.#entries()).map(({ kept }) => described(kept))
  }

  async derivedFrom(deleted: DeletedRecords): Promise<readonly Derivation[]> {
    const hash = deleted.kind === 'tenant' ? this.#hashTenant(deleted.tenant) : undefined
    const entries = await this.#entries()
    return entries
      .filter(({ kept: { tenants, from } }) => {
        if (hash !== undefined) return tenants === null || tenants.includes(hash)
        return deleted.kind !== 'before' || from === null || from < deleted.before
      })
      .map(({ kept }) => described(kept))
  }

  async forgetTenant(tenant: string): Promise<boolean> {
    const entries = await this.#entries()
    const naming = entries.filter(({ kept: { path } }) => path?.includes(tenant) === true)
    if (naming.length === 0) return false
    await this.#store.batch(
      naming.map(({ key }) => ({ type: 'delete', key })),
      { sync: true },
    )
    return true
  }

  /** The derivation with all tenants and the whole range of time of what it was made from. */
  #joined(derivation: Derivation, parts: readonly KeptDerivation[]): KeptDerivation {
    const tenants = new Set(parts.flatMap((part) => part.tenants ?? []))
    const isCounted = parts.every((part) => part.tenants !== null) && tenants.size <= this.#tenantsMax
    return {
      ...derivation,
      from: earliest(parts.map(({ from }) => from)),
      to: latest(parts.map(({ to }) => to)),
      tenants: isCounted ? [...tenants] : null,
    }
  }

  async #entries(): Promise<readonly { readonly key: string; readonly kept: KeptDerivation }[]> {
    const entries: { readonly key: string; readonly kept: KeptDerivation }[] = []
    const onDamaged = (key: string): void => void this.#unreadable.add(key)
    for await (const { key, value } of this.#store.iterate({}, { onDamaged })) {
      const kept = parseDerivation(this.#decoder.decode(value))
      if (kept === undefined) onDamaged(key)
      else entries.push({ key, kept })
    }
    return entries.toSorted((left, right) => compare(left.kept.made_at, right.kept.made_at))
  }
}

function keyOf({ kind, path, version }: Derivation): string {
  return `${kind} ${sha256Hex(path ?? version ?? '')}`
}

/** Without the tenants, which are nobody's to read. */
function described({ kind, path, version, made_at, from, to, rows, hash }: KeptDerivation): Derivation {
  return { kind, path, version, made_at, from, to, rows, hash }
}

function isOf({ path, hash }: Derivation, source: DerivationSource): boolean {
  return path === source.path || (hash !== null && hash === source.hash)
}

/** `null` when one of them is not known. */
function earliest(instants: readonly (string | null)[]): string | null {
  return instants.includes(null) ? null : (instants.toSorted(compareText)[0] ?? null)
}

function latest(instants: readonly (string | null)[]): string | null {
  return instants.includes(null) ? null : (instants.toSorted(compareText).at(-1) ?? null)
}

function compareText(left: string | null, right: string | null): number {
  return compare(left ?? '', right ?? '')
}

function compare(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
