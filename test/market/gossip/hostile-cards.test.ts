import { describe, expect, it } from 'vitest'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { DAY_MS, timestampFromMs } from '../../../src/base/time.ts'
import { CARDS_OF_NODE, STRANGERS_OF_NEIGHBOUR } from '../../../src/market/gossip/card-gossip.ts'
import { MemoryGossipNetwork } from '../../../src/network/memory/memory-gossip.ts'
import { CARD_TOPIC, MARKET_TOPICS } from '../../../src/wire/v1/gossip-topics.ts'
import { settle } from '../parties/party-fixtures.ts'
import {
  cardBytes,
  createEar,
  NEIGHBOUR,
  NODE,
  offerBody,
  offerText,
  OTHER,
  SELLER,
  signed,
  textOf,
} from './card-fixtures.ts'

const from = NEIGHBOUR.did
const { cards: _cards, time: START } = createEar()

/** What a fresh node makes of one message. */
function heard(data: Uint8Array): unknown {
  return createEar().cards.hear({ from, data })
}

/** The same text with one character of a member changed. */
function altered(bytes: Uint8Array, member: string): Uint8Array {
  const text = textOf(bytes)
  const at = text.indexOf(`"${member}":"`) + member.length + 4
  const other = text[at] === 'A' ? 'B' : 'A'
  return new TextEncoder().encode(`${text.slice(0, at)}${other}${text.slice(at + 1)}`)
}

describe('a card that is a lie', () => {
  it('is rejected where its signature is forged', () => {
    expect(heard(altered(cardBytes(), 'signature'))).toMatchObject({
      verdict: 'reject',
      code: 'ENVELOPE_SIGNATURE_WRONG',
    })
  })

  it('is rejected where another key has signed it than it names', () => {
    const card = cardBytes({ iss: NODE.did, key: OTHER, changes: { offers: [] } })
    expect(heard(card)).toMatchObject({ verdict: 'reject', code: 'ENVELOPE_SIGNATURE_WRONG' })
  })

  it('is rejected where its body is another one than was signed', () => {
    const text = textOf(cardBytes()).replace('/tcp/4001', '/tcp/4002')
    expect(heard(new TextEncoder().encode(text))).toMatchObject({ verdict: 'reject', code: 'ENVELOPE_BODY_HASH_WRONG' })
  })

  it('is rejected where it shows the offer of a seller at another node', () => {
    const card = cardBytes({ key: OTHER, changes: { offers: [offerText()] } })
    expect(heard(card)).toMatchObject({ verdict: 'reject', code: 'CARD_OFFER_ELSEWHERE' })
  })

  it('is rejected where the seller of an offer is no account of it', () => {
    const card = cardBytes({ changes: { offers: [offerText({}, OTHER)] } })
    expect(heard(card)).toMatchObject({ verdict: 'reject', code: 'CARD_OFFER_STRANGER' })
  })

  it('is rejected where an offer was made cheaper than its seller has signed', () => {
    const offer = new TextDecoder().decode(altered(new TextEncoder().encode(offerText()), 'signature'))
    expect(heard(cardBytes({ changes: { offers: [offer] } }))).toMatchObject({
      verdict: 'reject',
      code: 'CARD_OFFER_WRONG',
    })
  })

  it('is rejected where an offer is for one buyer alone', () => {
    const offer = textOf(signed('market-offer', offerBody(), { key: SELLER, aud: OTHER.did }))
    expect(heard(cardBytes({ changes: { offers: [offer] } }))).toMatchObject({
      verdict: 'reject',
      code: 'CARD_OFFER_WRONG',
    })
  })

  it('is rejected where it praises itself with a receipt of its own key', () => {
    const receipt = textOf(signed('market-withdraw', { offer: '77'.repeat(32) as never }, { key: SELLER }))
    expect(heard(cardBytes({ changes: { receipts: [receipt] } }))).toMatchObject({
      verdict: 'reject',
      code: 'CARD_RECEIPT_WRONG',
    })
  })
})

describe('a card out of bounds', () => {
  it('is rejected where it is larger than a card may be, before anything of it is read', () => {
    expect(heard(new Uint8Array(16_385))).toEqual({ verdict: 'reject', code: 'CARD_TOO_LARGE' })
  })

  it('is rejected where it is no card', () => {
    expect(heard(new TextEncoder().encode('{}'))).toMatchObject({ verdict: 'reject' })
    expect(heard(signed('market-offer', offerBody(), { key: SELLER }))).toMatchObject({
      verdict: 'reject',
      code: 'CARD_TYPE_WRONG',
    })
  })

  it('is rejected where it is for one node alone, or valid for longer than a day', () => {
    expect(heard(cardBytes({ aud: OTHER.did }))).toMatchObject({ verdict: 'reject', code: 'ENVELOPE_AUDIENCE_WRONG' })
    const exp = timestampFromMs(START.now + DAY_MS + 1)
    expect(heard(cardBytes({ exp }))).toMatchObject({ verdict: 'reject', code: 'CARD_VALIDITY_WRONG' })
  })

  it('is left alone, and held against nobody, where clocks or networks differ', () => {
    const ahead = timestampFromMs(START.now + 3_600_000)
    const past = timestampFromMs(START.now - 2 * 3_600_000)
    expect(heard(cardBytes({ iat: ahead }))).toMatchObject({ verdict: 'ignore', code: 'ENVELOPE_NOT_YET_VALID' })
    expect(heard(cardBytes({ iat: past }))).toMatchObject({ verdict: 'ignore', code: 'ENVELOPE_EXPIRED' })
    expect(heard(cardBytes({ net: 'other', changes: { offers: [] } }))).toMatchObject({
      verdict: 'ignore',
      code: 'ENVELOPE_NETWORK_WRONG',
    })
  })
})

describe('a card that was said before', () => {
  it('does not take the place of a later one, nor of one at the same place', () => {
    const { cards } = createEar()
    expect(cards.hear({ from, data: cardBytes({ seq: 3 }) })).toEqual({ verdict: 'accept' })
    const old = { verdict: 'ignore', code: 'CARD_SEQUENCE_OLD' }
    expect(cards.hear({ from, data: cardBytes({ seq: 2 }) })).toEqual(old)
    expect(cards.hear({ from, data: cardBytes({ seq: 3, changes: { models: ['other'] } }) })).toEqual(old)
    expect(cards.cardOf(NODE.did)).toMatchObject({ seq: 3, card: { models: ['word-count'] } })
  })
})

describe('a flood', () => {
  it('of one node is heard as slowly as a node may speak, and costs no more signatures', () => {
    const { cards, time } = createEar()
    const verdicts = Array.from({ length: 20 }, (_, seq) => cards.hear({ from, data: cardBytes({ seq }) }).verdict)
    expect(verdicts.filter((verdict) => verdict === 'accept')).toHaveLength(CARDS_OF_NODE.burst)
    time.now += 30_000
    expect(cards.hear({ from, data: cardBytes({ seq: 30 }) }).verdict).toBe('accept')
  })

  it('of forged cards does not use up what their node may say', () => {
    const { cards } = createEar()
    for (let seq = 0; seq < 20; seq += 1) cards.hear({ from, data: altered(cardBytes({ seq }), 'signature') })
    expect(cards.hear({ from: OTHER.did, data: cardBytes({ seq: 30 }) }).verdict).toBe('accept')
  })

  it('of keys from one neighbour is cut short, and pushes out nobody', () => {
    const { cards } = createEar()
    cards.hear({ from: OTHER.did, data: cardBytes() })
    const count = STRANGERS_OF_NEIGHBOUR.burst + 10
    const flood = Array.from({ length: count }, (_, at) =>
      cardBytes({ key: fixedKey(100 + at), changes: { offers: [] } }),
    )
    const verdicts = flood.map((data) => cards.hear({ from, data }).verdict)
    expect(verdicts.filter((verdict) => verdict === 'accept')).toHaveLength(STRANGERS_OF_NEIGHBOUR.burst)
    expect(cards.cardOf(NODE.did)?.seq).toBe(0)
    expect(cards.hear({ from: OTHER.did, data: cardBytes({ key: OTHER }) }).verdict).toBe('accept')
  })
})

describe('over gossip', () => {
  it('is passed on when it is right, and not when it is a lie', async () => {
    const network = new MemoryGossipNetwork()
    const [author, middle, end] = [NODE.did, NEIGHBOUR.did, OTHER.did].map((did) =>
      network.createGossip(did, MARKET_TOPICS),
    )
    if (author === undefined || middle === undefined || end === undefined) throw new TypeError('three nodes')
    const ears = [createEar({ gossip: middle }), createEar({ gossip: end })]
    for (const { cards } of ears) await cards.start()
    await author.publish(CARD_TOPIC, altered(cardBytes(), 'signature'))
    await author.publish(CARD_TOPIC, cardBytes({ seq: 1 }))
    await settle()
    expect(ears.map(({ cards }) => cards.cards.map(({ card, seq }) => [card.node, seq]))).toEqual([
      [[NODE.did, 1]],
      [[NODE.did, 1]],
    ])
    for (const { cards } of ears) await cards.stop()
  })
})
