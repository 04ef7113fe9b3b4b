import { CodedError } from '../../base/errors.ts'
import type { CapabilityRefused } from '../../core/capability/capability-refusals.ts'
import type { CapabilityCid } from '../../core/capability/capability-token.ts'
import type { Did } from '../../core/evidence/names.ts'
import { declined, type MarketAnswer, type MarketQuestion, TAKEN } from '../parties/market-door.ts'
import { dueTryOf } from '../parties/next-try.ts'
import type { Party } from '../parties/party.ts'
import type { CapabilityDesk } from './capability-desk.ts'

/** Revocations that are taken from one node, until this one starts again. */
const REVOCATIONS_OF_PEER_MAX = 1_024
/** Nodes that are counted at once; beyond, the one that brought something first is counted anew. */
const PEERS_MAX = 4_096

const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/** A revocation as it is told to others, with the chain that they need to check it. */
export type RevocationText = {
  /** Base64url of the invocation of `/ucan/revoke`. */
  readonly revocation: string
  /** Delegations down to the revoked one, root first. */
  readonly chain: readonly string[]
}

/** What became of a revocation that was told. */
export type ToldRevocation =
  | {
      readonly kind: 'told'
      readonly cid: CapabilityCid
      /** Of the notary set: from its stamp on no contract is signed by the chain. */
      readonly notary: { readonly effect: 'applied' | 'exists' | 'refused'; readonly code?: string }
      /** Nodes that have taken it up themselves. */
      readonly peers: number
    }
  | CapabilityRefused

/** Takes revocations of others up and tells them on: to the notary set, whose stamp counts, and to nodes, which then sign nothing by the chain. */
export class RevocationPost {
  private readonly party: Party
  private readonly desk: CapabilityDesk
  private readonly counts = new Map<Did, number>()

  constructor(party: Party, desk: CapabilityDesk) {
    this.party = party
    this.desk = desk
  }

  /** Answers from now on. */
  start(): void {
    this.party.serveOnce('revocations', { revoked: async (question) => await this.hear(question) })
  }

  /** Takes a revocation up here, then tells it. Whoever cannot be reached hears of it when it is told again. */
  async tell({ revocation, chain }: RevocationText, peers: readonly Did[]): Promise<ToldRevocation> {
    const { party, desk } = this
    const taken = await desk.takeRevocation(revocation, chain, party.components.clock.now())
    if (taken.kind === 'refused') return taken
    const { cid } = taken
    const body = { revocation, chain: [...chain] }
    const act = dueTryOf(party, `capability-revoke/${cid}`)
    const kept = await party.wallet.say({ act, type: 'capability-revoke', body, aud: party.components.notary.set.id })
    const envelope = DECODER.decode(kept.bytes)
    let heard = 0
    for (const peer of peers) if (await this.tellPeer(peer, envelope)) heard += 1
    const { effect, code } = await party.outbox.submit(kept)
    return { kind: 'told', cid, notary: { effect, ...(code !== undefined && { code }) }, peers: heard }
  }

  private async tellPeer(peer: Did, envelope: string): Promise<boolean> {
    const { party } = this
    try {
      const question = { frame: { type: 'revoked', envelope } as const }
      return (await party.components.door.ask(peer, question, { signal: party.signal })).frame.type === 'taken'
    } catch (error: unknown) {
      if (!CodedError.is(error)) throw error
      return false
    }
  }

  private async hear({ from, frame }: MarketQuestion<'revoked'>): Promise<MarketAnswer> {
    const { party, desk } = this
    const count = this.counts.get(from) ?? 0
    if (count >= REVOCATIONS_OF_PEER_MAX) return declined('CAPABILITY_REVOCATIONS_FULL')
    const read = party.read(frame.envelope, 'capability-revoke')
    if (read === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const { revocation, chain } = read.envelope.body
    const taken = await desk.takeRevocation(revocation, chain, party.components.clock.now())
    if (taken.kind === 'refused') return declined(taken.code)
    if (taken.kind === 'revoked') this.count(from, count + 1)
    return TAKEN
  }

  /** Only what is listed counts: who sends junk takes no place from others. */
  private count(from: Did, count: number): void {
    const [first] = this.counts.keys()
    if (!this.counts.has(from) && this.counts.size >= PEERS_MAX && first !== undefined) this.counts.delete(first)
    this.counts.set(from, count)
  }
}
