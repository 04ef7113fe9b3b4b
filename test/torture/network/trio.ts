import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NetworkNamespace } from './namespace.ts'
import { type Json, Party, type Step } from './party.ts'
import { Wire } from './wires.ts'

export const PARTY_NAMES = ['notary', 'seller', 'buyer'] as const
export type PartyName = (typeof PARTY_NAMES)[number]
export const WIRE_NAMES = ['buyer-notary', 'seller-notary', 'buyer-seller'] as const
export type WireName = (typeof WIRE_NAMES)[number]

const WIRE_ENDS = {
  'buyer-notary': { from: 'buyer', to: 'notary' },
  'seller-notary': { from: 'seller', to: 'notary' },
  'buyer-seller': { from: 'buyer', to: 'seller' },
} as const

/** Where the two that others connect to are, each in its own namespace and behind a wire in those of the others. */
const PLACES = { notary: { host: '127.0.0.11', port: 4_001 }, seller: { host: '127.0.0.12', port: 4_002 } } as const

/** Short enough that a case is over in seconds, long enough that a node starts again within them. */
export const TIMERS = { holdMs: 10_000, startMs: 8_000, deliverMs: 12_000, acceptMs: 8_000, refundMs: 0 } as const
const CREDITS = '1000'

/** Notary, seller and buyer: three processes in three network namespaces, with three wires between them. */
export class Trio {
  readonly folder = mkdtempSync(join(tmpdir(), 'kernell-network-'))
  readonly parties = {} as Record<PartyName, Party>
  readonly wires = {} as Record<WireName, Wire>
  private readonly seed: number
  private readonly namespaces = {} as Record<PartyName, NetworkNamespace>
  private readonly watchers = new Set<(step: Step) => void>()
  private dids = {} as Record<'notary' | 'issuer' | 'seller' | 'buyer', string>

  private constructor(seed: number) {
    this.seed = seed
  }

  static async open(seed: number): Promise<Trio> {
    const trio = new Trio(seed)
    try {
      await trio.build()
    } catch (error: unknown) {
      await trio.close()
      throw error
    }
    return trio
  }

  /** Told of every step of a contract that a party sees. @returns Ends it. */
  onStep(watcher: (step: Step) => void): () => void {
    this.watchers.add(watcher)
    return () => void this.watchers.delete(watcher)
  }

  didOf(name: 'seller' | 'buyer'): string {
    return this.dids[name]
  }

  /** Stops all in order. @returns What is wrong with what they leave. */
  async verify(): Promise<readonly string[]> {
    const failures: string[] = []
    for (const name of PARTY_NAMES.toReversed()) {
      const code = await this.parties[name].stop()
      if (code !== 0) failures.push(`${name} ended with ${code}`)
    }
    const { code, told } = await this.parties.notary.ask('ledger', 'verify', 'notary', '--notary-set', 'set.json')
    if (code !== 0 || told['ok'] !== true) failures.push(`the books of the notary: ${JSON.stringify(told)}`)
    return failures
  }

  async close(): Promise<void> {
    for (const party of Object.values(this.parties)) await party.kill()
    for (const wire of Object.values(this.wires)) wire.close()
    for (const namespace of Object.values(this.namespaces)) namespace.close()
    rmSync(this.folder, { recursive: true, force: true })
  }

  private async build(): Promise<void> {
    for (const name of PARTY_NAMES) {
      this.namespaces[name] = await NetworkNamespace.open()
      this.parties[name] = new Party({
        name,
        namespace: this.namespaces[name],
        folder: this.folder,
        words: () => this.wordsOf(name),
        onStep: (step) => {
          for (const watcher of this.watchers) watcher(step)
        },
      })
    }
    const { notary, seller, buyer } = this.parties
    this.dids = {
      notary: didIn(await notary.do('key', 'create', '--role', 'notary')),
      issuer: didIn(await notary.do('key', 'create', '--role', 'escrow')),
      seller: didIn(await seller.do('key', 'create', '--role', 'escrow')),
      buyer: didIn(await buyer.do('key', 'create', '--role', 'escrow')),
    }
    const member = `${this.dids.notary}@${addressOf('notary')}`
    await notary.do('notary-set', 'create', '--member', member, '--f', '0', '--output', 'set.json')
    writeFileSync(join(this.folder, 'timers.json'), JSON.stringify(TIMERS))
    writeFileSync(join(this.folder, 'letter.txt'), 'one two three\nfour\n')
    await this.layWires()
    for (const name of PARTY_NAMES) await this.parties[name].start()
    await this.fund()
  }

  private async layWires(): Promise<void> {
    for (const [index, name] of WIRE_NAMES.entries()) {
      const { from, to } = WIRE_ENDS[name]
      const { [from]: near, [to]: far } = this.namespaces
      const wire = { name, from: near, to: far, ...PLACES[to], folder: this.folder, seed: this.seed + index }
      this.wires[name] = await Wire.open(wire)
    }
  }

  private async fund(): Promise<void> {
    const { notary, seller } = this.parties
    const money = ['--amount', CREDITS, '--currency', 'USD', '--idempotency-key', 'first']
    await notary.do('ledger', 'issue', '--account', this.dids.buyer, ...money)
    const offer = ['--skill', 'text.word-count', '--price', '0.25', '--limit', '16', '--agent', 'word-count']
    await seller.do('market', 'offer', ...offer)
  }

  private wordsOf(name: PartyName): readonly string[] {
    const set = ['--notary-set', 'set.json']
    if (name === 'notary') return [...set, '--notary', '--trial']
    if (name === 'seller') return [...set, '--listen', addressOf('seller')]
    const [address = ''] = (this.parties.seller.ready['addresses'] ?? []) as readonly string[]
    return [...set, '--bootstrap', address]
  }
}

function addressOf(name: 'notary' | 'seller'): string {
  const { host, port } = PLACES[name]
  return `/ip4/${host}/tcp/${port}`
}

function didIn(document: Json): string {
  return String(document['did'])
}
