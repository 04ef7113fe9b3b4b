import type { Hash } from '../../../core/evidence/names.ts'
import type { OfferTerms } from '../../../core/market/offer-directory.ts'
import { OFFERS_OF_ANSWER_MAX } from '../../../wire/v1/market-frames.ts'
import type { MarketAnswer } from '../market-door.ts'
import type { Party } from '../party.ts'
import type { KeptEnvelope } from '../journal/party-record.ts'

/** Topic of notes: offers that stand, by their hash. */
const OFFERS = 'offer'
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

export type StandingOwnOffer = { readonly id: Hash; readonly terms: OfferTerms; readonly kept: KeptEnvelope }

/** What a seller offers to everybody until a day. */
export class StandingOffers {
  private readonly party: Party

  constructor(party: Party) {
    this.party = party
  }

  /** Offers something to everybody. The same act is the same offer. @returns The offer's name. */
  async offer(terms: OfferTerms, act: string): Promise<Hash> {
    const node = this.party.components.door.did
    const body = { ...terms, capabilities: [...terms.capabilities], node }
    const { envelope } = await this.party.wallet.say({ act: `offer/${act}`, type: 'market-offer', body, aud: '*' })
    await this.party.keep(OFFERS, envelope.hash, { until: terms.validUntil })
    return envelope.hash
  }

  async withdraw(offer: Hash): Promise<void> {
    await this.party.wallet.say({ act: `withdraw/${offer}`, type: 'market-withdraw', body: { offer }, aud: '*' })
    await this.party.journal.keepNote(OFFERS, offer, null)
  }

  /** Offers that stand now. */
  list(): readonly StandingOwnOffer[] {
    const { journal, components } = this.party
    const now = components.clock.now()
    return journal.notesOf(OFFERS).flatMap(([hash]) => {
      const kept = journal.envelope(hash as Hash)
      // What a key offered that was replaced since, nobody can take: the books begin no contract of it.
      if (kept?.envelope.type !== 'market-offer' || kept.envelope.head.iss !== this.party.did) return []
      const { node, ...terms } = kept.envelope.body
      // Nor what names a node that this is not any more: nobody believes it here.
      if (node !== components.door.did) return []
      return now < terms.validFrom || now >= terms.validUntil ? [] : [{ id: kept.envelope.hash, terms, kept }]
    })
  }

  answer(skill: string): MarketAnswer {
    const envelopes = this.list()
      .filter(({ terms }) => terms.skill === skill)
      .slice(0, OFFERS_OF_ANSWER_MAX)
      .map(({ kept }) => DECODER.decode(kept.bytes))
    return { frame: { type: 'offers', envelopes } }
  }

  /** Tasks of a skill at one time, by the offer that allows most; `undefined` where none stands: then no more is signed. */
  tasksOf(skill: string): number | undefined {
    const fitting = this.list().filter(({ terms }) => terms.skill === skill)
    return fitting.length === 0 ? undefined : Math.max(...fitting.map(({ terms }) => terms.capacity))
  }

  /** The cheapest that stands: it was offered to everybody. */
  cheapestFor(skill: string, currency: string): OfferTerms | undefined {
    return this.cheapestSigned(skill, currency)?.terms
  }

  /** The same, as it was signed. */
  cheapestSigned(skill: string, currency: string): StandingOwnOffer | undefined {
    const fitting = this.list().filter(({ terms }) => terms.skill === skill && terms.currency === currency)
    return fitting.toSorted((one, other) => (one.terms.priceNanos < other.terms.priceNanos ? -1 : 1))[0]
  }
}
