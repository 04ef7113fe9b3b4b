import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LinkFault } from './faulty-link.ts'
import { NetworkNamespace } from './namespace.ts'
import { type Json, Party, type Step } from './party.ts'
import { Outpost, type WireEnds } from './outpost.ts'

/** Whoever ends the harness ends all whom it started. */
const PLAYING = new Set<Cast>()

/** Closes what is open where the harness is told to end. @returns Ends that. */
export function closeOnSignal(): () => void {
  const end = (): void => {
    const leave = (): never => process.exit(130)
    Promise.all([...PLAYING].map(async (cast) => await cast.close())).then(leave, leave)
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, end)
  return () => {
    for (const signal of signals) process.off(signal, end)
  }
}

/** Who plays: the notaries of the set, beside a seller and a buyer. */
export type CastPlan = {
  readonly notaries: readonly string[]
  /** How many of them may lie. */
  readonly f: number
}

export const TRIO: CastPlan = { notaries: ['notary'], f: 0 }
export const FOUR: CastPlan = { notaries: ['n0', 'n1', 'n2', 'n3'], f: 1 }

export type Wire = { readonly name: string; readonly from: string; readonly to: string }
type Place = { readonly host: string; readonly port: number }

/** Short enough that a case is over in seconds, long enough that a node starts again within them. */
export const TIMERS = { holdMs: 10_000, startMs: 8_000, deliverMs: 12_000, acceptMs: 8_000, refundMs: 0 } as const
const CREDITS = '1000'
const ASK_MS = 20_000
const SET_FILE = 'set.json'

export function partiesOf({ notaries }: CastPlan): readonly string[] {
  return [...notaries, 'seller', 'buyer']
}

/** Everybody reaches the notaries, which reach each other, and the buyer the seller. */
export function wiresOf({ notaries }: CastPlan): readonly Wire[] {
  const wire = (from: string, to: string): Wire => ({ name: `${from}-${to}`, from, to })
  return [
    ...['buyer', 'seller'].flatMap((from) => notaries.map((to) => wire(from, to))),
    wire('buyer', 'seller'),
    ...notaries.flatMap((from) => notaries.filter((to) => to !== from).map((to) => wire(from, to))),
  ]
}

/** Notaries, a seller and a buyer: each a process in a network namespace of its own, with wires between them. */
export class Cast {
  readonly plan: CastPlan
  readonly folder = mkdtempSync(join(tmpdir(), 'kernell-network-'))
  readonly wires: ReadonlyMap<string, Wire>
  private readonly seed: number
  private readonly parties = new Map<string, Party>()
  private readonly namespaces = new Map<string, NetworkNamespace>()
  private readonly outposts = new Map<string, Outpost>()
  private readonly watchers = new Set<(step: Step) => void>()
  private readonly dids = new Map<string, string>()

  private constructor(plan: CastPlan, seed: number) {
    this.plan = plan
    this.seed = seed
    this.wires = new Map(wiresOf(plan).map((wire) => [wire.name, wire]))
  }

  static async open(plan: CastPlan, seed: number): Promise<Cast> {
    const cast = new Cast(plan, seed)
    PLAYING.add(cast)
    try {
      await cast.build()
    } catch (error: unknown) {
      await cast.close()
      throw error
    }
    return cast
  }

  get names(): readonly string[] {
    return partiesOf(this.plan)
  }

  get seller(): Party {
    return this.party('seller')
  }

  get buyer(): Party {
    return this.party('buyer')
  }

  party(name: string): Party {
    return found(this.parties, name)
  }

  /** The key of a notary, or that of a party whose money it is. */
  didOf(name: string): string {
    return found(this.dids, name)
  }

  /** Told of every step of a contract that a party sees. @returns Ends it. */
  onStep(watcher: (step: Step) => void): () => void {
    this.watchers.add(watcher)
    return () => void this.watchers.delete(watcher)
  }

  /** Absent: the wire is whole again. */
  async set(wire: string, fault?: LinkFault): Promise<void> {
    await found(this.outposts, found(this.wires, wire).from).order({ kind: 'wire', wire, fault })
  }

  /** What a party's node tells of the books: `head` and the accounts, or `error`. */
  async booksOf(name: string): Promise<Json> {
    const { ready } = this.party(name)
    const body = { op: 'accounts', currency: `USD@${this.didOf('issuer')}`, limit: 1_000 }
    // Of each start another one.
    const { control_token: token } = JSON.parse(readFileSync(String(ready['tokenFile']), 'utf8')) as Json
    const question = { url: String(ready['http']), token: String(token), body, timeoutMs: ASK_MS }
    const told = await found(this.outposts, name).order({ kind: 'ask', ...question })
    const [ledger] = (told['ledgers'] ?? []) as readonly Json[]
    return ledger ?? told
  }

  async close(): Promise<void> {
    await Promise.all([...this.parties.values()].map(async (party) => await party.kill()))
    for (const outpost of this.outposts.values()) outpost.close()
    for (const namespace of this.namespaces.values()) namespace.close()
    PLAYING.delete(this)
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async build(): Promise<void> {
    const { names, plan, folder } = this
    const [first = ''] = plan.notaries
    await Promise.all(names.map(async (name) => await this.addParty(name)))
    await Promise.all([
      ...plan.notaries.map(async (name) => await this.addKey(name, { of: name, role: 'notary' })),
      ...['seller', 'buyer'].map(async (name) => await this.addKey(name, { of: name, role: 'escrow' })),
    ])
    await this.addKey('issuer', { of: first, role: 'escrow' })
    const members = plan.notaries.flatMap((name) => ['--member', `${this.didOf(name)}@${this.addressOf(name)}`])
    await this.party(first).do('notary-set', 'create', ...members, '--f', String(plan.f), '--output', SET_FILE)
    writeFileSync(join(folder, 'timers.json'), JSON.stringify(TIMERS))
    writeFileSync(join(folder, 'letter.txt'), 'one two three\nfour\n')
    await Promise.all(names.map(async (name) => await this.layWires(name)))
    await Promise.all(names.slice(0, -1).map(async (name) => await this.party(name).start()))
    await this.buyer.start()
    await this.fund(this.party(first))
  }

  private async addParty(name: string): Promise<void> {
    const namespace = await NetworkNamespace.open()
    this.namespaces.set(name, namespace)
    const onStep = (step: Step): void => {
      for (const watcher of this.watchers) watcher(step)
    }
    this.parties.set(name, new Party({ name, namespace, folder: this.folder, words: () => this.wordsOf(name), onStep }))
  }

  private async addKey(name: string, { of, role }: { readonly of: string; readonly role: string }): Promise<void> {
    this.dids.set(name, didIn(await this.party(of).do('key', 'create', '--role', role)))
  }

  private async layWires(name: string): Promise<void> {
    const all = [...this.wires.values()].map((wire, index) => ({ wire, seed: this.seed + index }))
    const path = (wire: Wire): string => join(this.folder, `${wire.name}.wire`)
    const ends: WireEnds = {
      in: all
        .filter(({ wire }) => wire.from === name)
        .map(({ wire, seed }) => ({ wire: wire.name, ...this.placeOf(wire.to), path: path(wire), seed })),
      out: all
        .filter(({ wire }) => wire.to === name)
        .map(({ wire }) => ({ path: path(wire), ...this.placeOf(wire.to) })),
    }
    this.outposts.set(name, await Outpost.open(found(this.namespaces, name), ends))
  }

  private async fund(issuer: Party): Promise<void> {
    const money = ['--amount', CREDITS, '--currency', 'USD', '--idempotency-key', 'first']
    await issuer.do('ledger', 'issue', '--account', this.didOf('buyer'), ...money)
    const offer = ['--skill', 'text.word-count', '--price', '0.25', '--limit', '16', '--agent', 'word-count']
    await this.seller.do('market', 'offer', ...offer)
  }

  private wordsOf(name: string): readonly string[] {
    const set = ['--notary-set', SET_FILE]
    if (this.plan.notaries.includes(name)) return [...set, '--notary', '--trial']
    if (name === 'seller') return [...set, '--listen', this.addressOf(name)]
    const [address = ''] = (this.seller.ready['addresses'] ?? []) as readonly string[]
    return [...set, '--bootstrap', address]
  }

  private addressOf(name: string): string {
    const { host, port } = this.placeOf(name)
    return `/ip4/${host}/tcp/${port}`
  }

  /** Where it listens in its own namespace, and behind a wire in those of the others. */
  private placeOf(name: string): Place {
    const index = this.names.indexOf(name)
    return { host: `127.0.0.${11 + index}`, port: 4_001 + index }
  }
}

function didIn(document: Json): string {
  return String(document['did'])
}

function found<Value>(map: ReadonlyMap<string, Value>, name: string): Value {
  const value = map.get(name)
  if (value === undefined) throw new Error(`Nobody is called ${name}`)
  return value
}
