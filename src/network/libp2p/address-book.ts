import { multiaddr } from '@multiformats/multiaddr'
import { timestampFromMs } from '../../base/time.ts'
import { type Did, parseDid } from '../../core/evidence/names.ts'
import {
  type AddressSource,
  BOOK_PEERS_MAX,
  type BookPlace,
  isTrusted,
  type KnownAddress,
  whoGivesWay,
  withAddress,
  withoutProof,
} from '../../core/peers/address-book.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import { originOf } from './origin.ts'

type Entry = { readonly addresses: readonly KnownAddress[]; readonly tellerBlock: string }

export type AddressBookComponents = {
  readonly clock: Pick<Clock, 'now'>
  /** Where it survives a restart; absent: it does not. */
  readonly store?: KeyValueStore | undefined
  /** Told when the store refused a write; the book itself goes on. */
  readonly onFailure?: ((error: unknown) => void) | undefined
}

/** An address that somebody else told. */
export type ToldAddress = {
  readonly address: string
  /** Where whoever told it is; absent where nobody knows any more: then it is believed like somebody far away. */
  readonly teller: string | undefined
  readonly isItself: boolean
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })
/** Whoever is not known to be near. */
const FAR_AWAY: ReturnType<typeof originOf> = { block: 'unknown', isLoopback: false, isPrivate: false }
/** Longest address that is kept: a relayed one has two keys in it. */
const ADDRESS_LENGTH_MAX = 512

/** Where nodes are reached. What is kept and what gives way, `core/peers/address-book.ts` says; here it is held and written. */
export class AddressBook {
  private readonly components: AddressBookComponents
  private readonly entries = new Map<Did, Entry>()
  /** Of each entry: worked out once, since all of them are looked at for each newcomer. */
  private readonly places = new Map<Did, BookPlace>()
  private readonly changed = new Set<Did>()
  private writing: Promise<void> | undefined

  constructor(components: AddressBookComponents) {
    this.components = components
  }

  get size(): number {
    return this.entries.size
  }

  get peers(): readonly Did[] {
    return [...this.entries.keys()]
  }

  /** Reads what was kept. Entries that cannot be read are left out. */
  async load(): Promise<void> {
    const { store } = this.components
    if (store === undefined) return
    for await (const { key, value } of store.iterate({}, { onDamaged: () => {} })) {
      const peer = parseDid(key)
      const entry = readEntry(value)
      if (peer === undefined || entry === undefined) await store.delete(key)
      else if (!this.entries.has(peer) && this.entries.size < BOOK_PEERS_MAX) this.keep(peer, entry)
    }
  }

  /** Best known first. */
  addressesOf(peer: Did): readonly string[] {
    return this.entries.get(peer)?.addresses.map(({ address }) => address) ?? []
  }

  knownOf(peer: Did): readonly KnownAddress[] {
    return this.entries.get(peer)?.addresses ?? []
  }

  /** Whether somebody of this node named the address, or the node was reached there. */
  isTrusted(peer: Did, address: string): boolean {
    return this.knownOf(peer).some((known) => known.address === address && isTrusted(known.source))
  }

  /** Whoever runs this node says so: the address is the one that is used from now on. */
  name(peer: Did, address: string): void {
    const before = this.entries.get(peer)
    const rest = (before?.addresses ?? []).map((known) =>
      known.source === 'named' ? { ...known, source: 'told-by-itself' as const } : known,
    )
    this.put(peer, { addresses: rest, tellerBlock: 'named' })
    this.add(peer, { address, source: 'named', tellerBlock: 'named' })
  }

  /** The node answered there, and proved its key. */
  prove(peer: Did, address: string): void {
    this.add(peer, { address, source: 'proved', tellerBlock: originOf(multiaddr(address)).block })
  }

  /** Nobody answered there, or somebody else. */
  fail(peer: Did, address: string): void {
    const entry = this.entries.get(peer)
    if (entry === undefined) return
    this.put(peer, { ...entry, addresses: withoutProof(entry.addresses, address) })
  }

  /**
   * Somebody says so. Names of hosts are not taken from others, nor addresses of a private network from outside of it: they would have this node call
   * whoever listens near it.
   *
   * @returns Whether it is kept.
   */
  tell(peer: Did, { address, teller, isItself }: ToldAddress): boolean {
    if (address.length > ADDRESS_LENGTH_MAX) return false
    const [told, from] = [readOrigin(address), teller === undefined ? FAR_AWAY : readOrigin(teller)]
    if (told === undefined || from === undefined || told.isNamed) return false
    if (told.isPrivate && !from.isPrivate) return false
    if (told.isLoopback && !from.isLoopback) return false
    this.add(peer, { address, source: isItself ? 'told-by-itself' : 'told-by-others', tellerBlock: from.block })
    return this.addressesOf(peer).includes(address)
  }

  /** Resolves when everything is with the store. */
  async flush(): Promise<void> {
    while (this.writing !== undefined) await this.writing
  }

  private add(
    peer: Did,
    {
      address,
      source,
      tellerBlock,
    }: { readonly address: string; readonly source: AddressSource; readonly tellerBlock: string },
  ): void {
    const before = this.entries.get(peer)
    const addresses = withAddress(before?.addresses ?? [], { address, source, at: this.components.clock.now() })
    if (addresses === undefined) return
    const entry: Entry = { addresses, tellerBlock: before?.tellerBlock ?? tellerBlock }
    const victim = this.victimFor(peer, entry)
    if (victim === peer) return
    if (victim !== undefined) {
      this.entries.delete(victim)
      this.places.delete(victim)
      this.write(victim)
    }
    this.put(peer, entry)
  }

  /** A node that keeps its place displaces nobody. */
  private victimFor(peer: Did, entry: Entry): Did | undefined {
    const before = this.places.get(peer)
    const newcomer = placeOf(peer, entry)
    if (before?.isTrusted === newcomer.isTrusted) return undefined
    return whoGivesWay(this.places.values(), newcomer)
  }

  private put(peer: Did, entry: Entry): void {
    this.keep(peer, entry)
    this.write(peer)
  }

  private keep(peer: Did, entry: Entry): void {
    this.entries.set(peer, entry)
    this.places.set(peer, placeOf(peer, entry))
  }

  private write(peer: Did): void {
    if (this.components.store === undefined) return
    this.changed.add(peer)
    this.writing ??= Promise.resolve().then(async () => {
      await this.writeChanged()
    })
  }

  private async writeChanged(): Promise<void> {
    try {
      while (this.changed.size > 0) {
        const peers = [...this.changed]
        this.changed.clear()
        await this.components.store?.batch(peers.map((peer) => this.operationOf(peer)))
      }
    } catch (error: unknown) {
      this.components.onFailure?.(error)
    } finally {
      this.writing = undefined
    }
  }

  private operationOf(peer: Did): KeyValueOperation {
    const entry = this.entries.get(peer)
    if (entry === undefined) return { type: 'delete', key: peer }
    return { type: 'put', key: peer, value: encoder.encode(JSON.stringify(entry)) }
  }
}

function placeOf(peer: Did, { addresses, tellerBlock }: Entry): BookPlace {
  const [best] = addresses
  return {
    peer,
    isTrusted: best !== undefined && isTrusted(best.source),
    tellerBlock,
    block: best === undefined ? 'none' : originOf(multiaddr(best.address)).block,
    at: best?.at ?? timestampFromMs(0),
  }
}

function readOrigin(address: string): (ReturnType<typeof originOf> & { readonly isNamed: boolean }) | undefined {
  try {
    const parsed = multiaddr(address)
    return { ...originOf(parsed), isNamed: /^\/(?:dns|unix|memory)/.test(address) }
  } catch {
    return undefined
  }
}

/** What `operationOf` wrote; `undefined` for anything else. */
function readEntry(value: Uint8Array): Entry | undefined {
  try {
    const read: unknown = JSON.parse(decoder.decode(value))
    if (typeof read !== 'object' || read === null || !('addresses' in read) || !('tellerBlock' in read))
      return undefined
    const { addresses, tellerBlock } = read
    if (!Array.isArray(addresses) || typeof tellerBlock !== 'string') return undefined
    return { addresses: addresses.map(readAddress), tellerBlock }
  } catch {
    return undefined
  }
}

/** Throws where it is none. */
function readAddress(value: unknown): KnownAddress {
  if (typeof value !== 'object' || value === null || !('address' in value) || !('source' in value) || !('at' in value))
    throw new TypeError('No address')
  const { address, source, at } = value
  if (typeof address !== 'string' || typeof at !== 'number' || !isSource(source)) throw new TypeError('No address')
  return { address: multiaddr(address).toString(), source, at: timestampFromMs(at) }
}

function isSource(value: unknown): value is AddressSource {
  return value === 'told-by-itself' || value === 'told-by-others' || value === 'proved' || value === 'named'
}
