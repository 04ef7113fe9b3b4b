import { afterEach, describe, expect, it } from 'vitest'
import { type FixedKey, fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import { auctionIdOf } from '../../../src/core/auction/auction-call.ts'
import type { AuctionCall } from '../../../src/core/auction/auction-call.ts'
import { commitmentOf } from '../../../src/core/auction/commitment.ts'
import type { Bid } from '../../../src/core/auction/commitment.ts'
import { transcriptHashOf } from '../../../src/core/auction/transcript.ts'
import { verifyTranscript } from '../../../src/core/auction/verify-transcript.ts'
import { AuctionHouse } from '../../../src/market/auctions/auction-house.ts'
import type { AuctionHouseComponents, Received } from '../../../src/market/auctions/auction-house.ts'
import type { OutgoingMessage } from '../../../src/market/auctions/auction-outbox.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { callOfBody } from '../../../src/wire/v1/auction-messages.ts'
import type { Authenticated } from '../../../src/wire/v1/authenticate.ts'
import { decodeEnvelope, encodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import type { Envelope } from '../../../src/wire/v1/envelope.ts'
import type { MessageBody, MessageType } from '../../../src/wire/v1/message-types.ts'
import { Money } from '../../core/auction/auction-money.ts'
import { CALL, NOTARY_SET, bidOf, given, hashOf, saltOf } from '../../core/auction/auction-world.ts'

const [host, alice, bob] = [fixedKey(1), fixedKey(2), fixedKey(3)]
const HOUSE_CALL: AuctionCall = { ...CALL, auctioneer: host.did, buyer: host.did }
const AUCTION = auctionIdOf(HOUSE_CALL)

/** Clock, timers, ledger and the sent messages of a house; the journal outlives it. */
class Surroundings {
  now = 500
  readonly log: EventLog
  readonly money = new Money([
    [alice.did, 50],
    [bob.did, 50],
  ])
  isLedgerGone = false
  sent: OutgoingMessage[] = []
  /** Journal length when each message left. */
  readonly lengths: number[] = []
  private timers: { at: number; callback: () => void }[] = []

  constructor(log: EventLog = createMemoryEventLog()) {
    this.log = log
  }

  get components(): AuctionHouseComponents {
    return {
      clock: { now: () => timestampFromMs(this.now) },
      timers: {
        schedule: (delayMs, callback) => {
          const timer = { at: this.now + delayMs, callback }
          this.timers.push(timer)
          return { cancel: () => void (this.timers = this.timers.filter((other) => other !== timer)) }
        },
      },
      signer: { sign: host.sign },
      log: this.log,
      ledger: {
        submit: async (orders, at: Timestamp) => {
          if (this.isLedgerGone) throw new Error('gone')
          return orders.map((order) => this.money.run([{ type: 'post-transfers', orders: [order] }], at))
        },
      },
      standingOf: async () => ({ capabilities: [], reputationPpm: 500_000, isNewcomer: false }),
      deliver: (message) => {
        this.sent.push(message)
        this.lengths.push(this.log.nextIndex)
      },
    }
  }

  /** The clock comes to an instant, and the timers up to it fire. */
  async advance(house: AuctionHouse, to: number): Promise<void> {
    for (;;) {
      const due = this.timers.filter(({ at }) => at <= to).toSorted((left, right) => left.at - right.at)[0]
      if (due === undefined) break
      this.now = Math.max(this.now, due.at)
      this.timers = this.timers.filter((other) => other !== due)
      due.callback()
      // A refused message waits behind what the timer started.
      await house.receive(messageOf('market-withdraw', { offer: AUCTION }, alice))
    }
    this.now = to
  }

  get types(): readonly string[] {
    return this.sent.map(({ type }) => type)
  }
}

let nonces = 0

function messageOf<Type extends MessageType>(type: Type, body: MessageBody<Type>, key: FixedKey): Authenticated {
  nonces += 1
  const nonce = Buffer.from(String(nonces).padStart(16, '0')).toString('base64url')
  const bytes = encodeEnvelope(
    {
      type,
      body,
      net: 'test',
      seq: 0,
      iss: key.did,
      aud: host.did,
      iat: timestampFromMs(1),
      exp: timestampFromMs(2),
      nonce,
    },
    key.sign,
  )
  const envelope = read(bytes)
  const evidence = { envelope: envelope.hash, iss: key.did, seq: 0, prev: undefined, at: timestampFromMs(0) }
  return { kind: 'authenticated', evidence, envelope }
}

function read(bytes: Uint8Array): Envelope {
  const decoded = decodeEnvelope(bytes)
  if (decoded.kind === 'refused') throw new Error(decoded.code)
  return decoded.envelope
}

function commitmentMessage(key: FixedKey, bid: Bid): Authenticated {
  const commitment = commitmentOf({ auction: AUCTION, bidder: key.did, salt: saltOf('salt'), bid })
  return messageOf('auction-commitment', { auction: AUCTION, commitment }, key)
}

function revealMessage(key: FixedKey, bid: Bid): Authenticated {
  return messageOf('auction-reveal', { auction: AUCTION, salt: saltOf('salt'), bid }, key)
}

const houses: AuctionHouse[] = []

async function open(around: Surroundings): Promise<AuctionHouse> {
  const house = await AuctionHouse.open(around.components, { call: HOUSE_CALL, network: 'test' })
  houses.push(house)
  return house
}

afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop()
})

const beacon = async (house: AuctionHouse): Promise<Received> =>
  await house.certifyBeacon({ set: NOTARY_SET, checkpoint: hashOf('beacon'), checkpointAt: timestampFromMs(2000) })

/** Alice bids 40 and bob 55; only alice reveals where `isBobSilent`. */
async function playWhole(around: Surroundings, isBobSilent = false): Promise<AuctionHouse> {
  const house = await open(around)
  await house.publish()
  around.now = 1000
  await house.receive(commitmentMessage(alice, bidOf(40)))
  await house.receive(commitmentMessage(bob, bidOf(55)))
  await around.advance(house, 2000)
  await house.receive(revealMessage(alice, bidOf(40)))
  if (!isBobSilent) await house.receive(revealMessage(bob, bidOf(55)))
  await beacon(house)
  await around.advance(house, 3000)
  return house
}

describe('an auction house', () => {
  it('runs an auction from the call to the transcript', async () => {
    const around = new Surroundings()
    const house = await playWhole(around)
    expect(around.types).toEqual([
      'auction-call',
      'auction-receipt',
      'auction-receipt',
      'auction-commitments',
      'auction-receipt',
      'auction-receipt',
      'auction-transcript',
    ])
    const transcript = given(house.transcript)
    expect(verifyTranscript(transcript)).toMatchObject({ ok: true, winner: alice.did, clearingNanos: 55n })
    const last = read(given(around.sent.at(-1)).bytes)
    expect(last.type === 'auction-transcript' && last.body.transcriptHash).toBe(transcriptHashOf(transcript))
    // The winner's stays until its contract is held.
    expect([around.money.balance(alice.did), around.money.balance(bob.did)]).toEqual([45n, 50n])
  })

  it('publishes the call whose hash names the auction', async () => {
    const around = new Surroundings()
    await (await open(around)).publish()
    const call = read(given(around.sent[0]).bytes)
    expect(call.type === 'auction-call' && auctionIdOf(callOfBody(call.body))).toBe(AUCTION)
    expect(call.head.contract).toBe(AUCTION)
  })

  it('takes the deposit of who does not reveal', async () => {
    const around = new Surroundings()
    await playWhole(around, true)
    expect([around.money.balance(alice.did), around.money.balance(bob.did)]).toEqual([45n, 45n])
  })

  it('signs one chain of positions without gaps', async () => {
    const around = new Surroundings()
    await playWhole(around)
    const heads = around.sent.map(({ bytes }) => read(bytes))
    expect(heads.map(({ head }) => head.seq)).toEqual(heads.map((_, at) => at))
    expect(heads.slice(1).map(({ head }) => head.prev)).toEqual(heads.slice(0, -1).map(({ hash }) => hash))
    expect(new Set(heads.map(({ head }) => head.nonce)).size).toBe(heads.length)
  })

  it('lets no message leave before the journal has what it follows from', async () => {
    const around = new Surroundings()
    await playWhole(around)
    // call; two commitments and the answers to their holds; the end of the window; two reveals; then beacon and close.
    expect(around.lengths).toEqual([1, 3, 5, 6, 7, 8, 10])
  })

  it('answers a repeated message with the same bytes', async () => {
    const around = new Surroundings()
    const house = await open(around)
    await house.publish()
    around.now = 1000
    const message = commitmentMessage(alice, bidOf(40))
    await house.receive(message)
    await house.receive(message)
    const [first, again] = around.sent.slice(1)
    expect(again?.bytes).toEqual(first?.bytes)
    expect(around.sent.length).toBe(3)
  })

  it('says why it refuses, and journals nothing of it', async () => {
    const around = new Surroundings()
    const house = await open(around)
    await house.publish()
    const { nextIndex } = around.log
    expect(await house.receive(commitmentMessage(alice, bidOf(40)))).toEqual({
      kind: 'refused',
      code: 'AUCTION_NOT_OPEN',
    })
    expect(await house.receive(messageOf('market-withdraw', { offer: AUCTION }, alice))).toEqual({
      kind: 'refused',
      code: 'AUCTION_STATE_WRONG',
    })
    expect(around.log.nextIndex).toBe(nextIndex)
  })

  it('refuses a bidder whose deposit is not held, by a signed message', async () => {
    const around = new Surroundings()
    const house = await open(around)
    await house.publish()
    around.now = 1000
    await house.receive(commitmentMessage(fixedKey(9), bidOf(40)))
    const refusal = read(given(around.sent.at(-1)).bytes)
    expect(refusal.type === 'auction-refusal' && refusal.body.code).toBe('AUCTION_DEPOSIT_REFUSED')
  })

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])(
    'goes on after a restart at journal length %i, with the same bytes',
    async (length) => {
      const whole = new Surroundings()
      nonces = 0
      await playWhole(whole)
      const log = createMemoryEventLog()
      for await (const { index, payload } of whole.log.read(0)) if (index < length) await log.append([payload])
      const around = new Surroundings(log)
      around.now = 1000
      const house = await open(around)
      // Everybody sends again, as after silence.
      nonces = 0
      await house.publish()
      await house.receive(commitmentMessage(alice, bidOf(40)))
      await house.receive(commitmentMessage(bob, bidOf(55)))
      await around.advance(house, 2000)
      nonces = 3
      await house.receive(revealMessage(alice, bidOf(40)))
      await house.receive(revealMessage(bob, bidOf(55)))
      await beacon(house)
      await around.advance(house, 3000)
      const bytesOf = ({ sent }: Surroundings): readonly string[] => [
        ...new Set(sent.map(({ bytes }) => Buffer.from(bytes).toString())),
      ]
      expect(transcriptHashOf(given(house.transcript))).toBe(transcriptHashOf(given(houses[0]?.transcript)))
      expect(bytesOf(around)).toEqual(bytesOf(whole))
      // Holds that the journal knows to be answered do not go to the new ledger again; the winner's stays until its contract is held.
      const winners = length < 3 ? 45n : 50n
      expect([around.money.balance(alice.did), around.money.balance(bob.did)]).toEqual([winners, 50n])
    },
  )

  it('sends orders again until the ledger has them', async () => {
    const around = new Surroundings()
    const house = await open(around)
    await house.publish()
    around.now = 1000
    around.isLedgerGone = true
    await house.receive(commitmentMessage(alice, bidOf(40)))
    expect(around.types).toEqual(['auction-call'])
    around.isLedgerGone = false
    await around.advance(house, 1250)
    expect(around.types).toEqual(['auction-call', 'auction-receipt'])
    expect(around.money.balance(alice.did)).toBe(45n)
  })

  it('gives a deposit back that the ledger took too late', async () => {
    const around = new Surroundings()
    const house = await open(around)
    await house.publish()
    around.now = 1000
    around.isLedgerGone = true
    await house.receive(commitmentMessage(alice, bidOf(40)))
    await around.advance(house, 1999)
    around.isLedgerGone = false
    await around.advance(house, 2000)
    await house.settled()
    expect(around.types).toEqual(['auction-call', 'auction-commitments', 'auction-refusal'])
    expect(around.money.balance(alice.did)).toBe(50n)
  })

  it('takes nothing any more when the journal has failed', async () => {
    const around = new Surroundings()
    const failing: EventLog = { ...bound(around.log), append: async () => await Promise.reject(new Error('disk')) }
    const house = await AuctionHouse.open({ ...around.components, log: failing }, { call: HOUSE_CALL, network: 'test' })
    await expect(house.publish()).rejects.toThrow('disk')
    await expect(house.publish()).rejects.toThrow('disk')
    expect(around.sent).toEqual([])
    await house.stop()
    await expect(house.publish()).rejects.toThrow('closed')
  })

  it('refuses a journal of something else', async () => {
    const log = createMemoryEventLog()
    await log.append([new TextEncoder().encode('{}')])
    await expect(open(new Surroundings(log))).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })

  it('is called off', async () => {
    const around = new Surroundings()
    const house = await open(around)
    await house.publish()
    around.now = 1000
    await house.receive(commitmentMessage(alice, bidOf(40)))
    expect(around.money.balance(alice.did)).toBe(45n)
    expect(await house.cancel()).toEqual({ kind: 'taken' })
    expect(around.types).toEqual(['auction-call', 'auction-receipt', 'auction-cancel'])
    expect(around.money.balance(alice.did)).toBe(50n)
  })
})

function bound(log: EventLog): EventLog {
  return {
    get nextIndex() {
      return log.nextIndex
    },
    get snapshot() {
      return log.snapshot
    },
    get sizeBytes() {
      return log.sizeBytes
    },
    append: async (payloads) => await log.append(payloads),
    read: (fromIndex) => log.read(fromIndex),
    compact: async (snapshot) => await log.compact(snapshot),
    close: async () => await log.close(),
  }
}
