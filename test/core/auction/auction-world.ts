import { canonicalJson } from '../../../src/base/canonical-json.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { sha256, sha256Hex } from '../../../src/base/sha256.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import { type AuctionCall, auctionIdOf } from '../../../src/core/auction/auction-call.ts'
import { AUCTION_MACHINE } from '../../../src/core/auction/auction-machine.ts'
import type { AuctionTranscript } from '../../../src/core/auction/auction-record.ts'
import type {
  AuctionEffect,
  AuctionEvent,
  AuctionInput,
  AuctionState,
} from '../../../src/core/auction/auction-state.ts'
import { type Bid, commitmentOf } from '../../../src/core/auction/commitment.ts'
import { parseSalt32, type Salt32 } from '../../../src/core/auction/delimited-hash.ts'
import type { BidderStanding } from '../../../src/core/auction/determine-winner.ts'
import type { Evidence } from '../../../src/core/evidence/evidence.ts'
import { type Did, type Hash, parseDid, parseHash } from '../../../src/core/evidence/names.ts'
import { type Currency, parseCurrency } from '../../../src/core/ledger/ledger-names.ts'
import type { Machine } from '../../../src/core/machine.ts'
import { encodeBase64 } from '../../../src/core/text/base64.ts'
import { utf8Bytes } from '../../../src/core/text/encode-utf8.ts'

export type AuctionMachine = Machine<AuctionState, AuctionEvent, AuctionEffect, AuctionInput>

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** The value, which the test knows to be there. */
export function given<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new TypeError('a value of the test is missing')
  return value
}

/** A DID of the right shape for a name, with the name at its end so that it is read back in print. */
export function didOf(name: string): Did {
  const digits = [...sha256(utf8Bytes(name)), ...sha256(utf8Bytes(`${name}2`))]
  return given(
    parseDid(
      `did:key:z6Mk${digits
        .map((digit) => BASE58[digit % 58])
        .join('')
        .slice(0, 44)}`,
    ),
  )
}

export function hashOf(label: string): Hash {
  return given(parseHash(sha256Hex(label)))
}

export function saltOf(label: string): Salt32 {
  const text = encodeBase64(sha256(utf8Bytes(label)))
  return given(parseSalt32(text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')))
}

export const ISSUER: Did = didOf('issuer')
export const CURRENCY: Currency = given(parseCurrency(`USD@${ISSUER}`))
export const NOTARY_SET: Hash = hashOf('notary-set')

/** A sound call: commitments in 1000..1999, reveals in 2000..2999, the beacon before 3500. */
export const CALL: AuctionCall = {
  auctioneer: didOf('auctioneer'),
  buyer: didOf('buyer'),
  skill: 'text.word-count',
  task: hashOf('task'),
  currency: CURRENCY,
  kind: 'second',
  reservePriceNanos: amountFromNanos(100n),
  latencyMsMax: durationFromMs(1000),
  depositNanos: amountFromNanos(5n),
  forfeitTo: ISSUER,
  opensAt: timestampFromMs(1000),
  bidMs: durationFromMs(1000),
  revealMs: durationFromMs(1000),
  settleMs: durationFromMs(500),
  bidsMax: 8,
  filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: amountFromNanos(100n) },
  weights: { price: 1, latency: 0, reputation: 0 },
  english: undefined,
  notarySet: NOTARY_SET,
  salt: saltOf('call'),
}

/** A sound English call: bids in 1000..1999, the last 200 ms move the end by 300, twice at most. */
export const ENGLISH_CALL: AuctionCall = {
  ...CALL,
  kind: 'english',
  depositNanos: amountFromNanos(0n),
  revealMs: durationFromMs(0),
  english: {
    minimumDecrementNanos: amountFromNanos(5n),
    extensionWindowMs: durationFromMs(200),
    extensionMs: durationFromMs(300),
    extensionsMax: 2,
  },
}

export const STANDING: BidderStanding = { capabilities: [], reputationPpm: 500_000, isNewcomer: false }

export function bidOf(priceNanos: number | bigint, latencyMs = 100): Bid {
  return { priceNanos: amountFromNanos(BigInt(priceNanos)), latencyMs: durationFromMs(latencyMs) }
}

/** Drives one machine and keeps everything that left it. */
export class AuctionWorld {
  readonly call: AuctionCall
  readonly auction: Hash
  readonly effects: AuctionEffect[] = []
  readonly events: AuctionEvent[] = []
  state: AuctionState
  private readonly machine: AuctionMachine
  private messages = 0

  constructor(call: AuctionCall, machine: AuctionMachine = AUCTION_MACHINE) {
    this.call = call
    this.machine = machine
    this.state = machine.initial({ call, at: timestampFromMs(0) })
    this.auction = auctionIdOf(call)
  }

  /** Applies an event; throws when an invariant breaks or a refusal changes something. */
  apply(event: AuctionEvent): readonly AuctionEffect[] {
    const { state, effects } = this.machine.transition(this.state, event)
    if (effects.some(({ type }) => type === 'event-refused') && (state !== this.state || effects.length > 1)) {
      throw new Error('a refusal changed something')
    }
    const broken = this.machine.violations(state)
    if (broken.length > 0) throw new Error(`broken: ${broken.join('; ')}`)
    this.state = state
    this.events.push(event)
    this.effects.push(...effects)
    return effects
  }

  evidence(name: string, at: number, label?: string): Evidence & { readonly auction: Hash } {
    this.messages += 1
    return {
      envelope: hashOf(label ?? `message ${this.messages}`),
      iss: didOf(name),
      seq: 0,
      prev: undefined,
      at: timestampFromMs(at),
      auction: this.auction,
    }
  }

  publish(at = 500): readonly AuctionEffect[] {
    return this.apply({ type: 'call-published', ...this.evidence('auctioneer', at) })
  }

  commitmentOf(name: string, bid: Bid): Hash {
    return commitmentOf({ auction: this.auction, bidder: didOf(name), salt: saltOf(name), bid })
  }

  /** Envelope hashes depend on the bidder and not on the order of calls. */
  commit(name: string, bid: Bid, at: number, standing: BidderStanding = STANDING): readonly AuctionEffect[] {
    const commitment = this.commitmentOf(name, bid)
    const evidence = this.evidence(name, at, `commit ${name}`)
    return this.apply({ type: 'commitment-received', ...evidence, commitment, standing })
  }

  answerDeposit(name: string, isHeld: boolean, at: number): readonly AuctionEffect[] {
    return this.apply({ type: 'deposit-answered', bidder: didOf(name), isHeld, at: timestampFromMs(at) })
  }

  reveal(name: string, bid: Bid, at: number): readonly AuctionEffect[] {
    const evidence = this.evidence(name, at, `reveal ${name} ${bid.priceNanos}`)
    return this.apply({ type: 'bid-revealed', ...evidence, salt: saltOf(name), bid })
  }

  beacon(label: string, at: number, checkpointAt = at): readonly AuctionEffect[] {
    return this.apply({
      type: 'beacon-certified',
      set: NOTARY_SET,
      checkpoint: hashOf(label),
      checkpointAt: timestampFromMs(checkpointAt),
      at: timestampFromMs(at),
    })
  }

  placeBid(name: string, bid: Bid, at: number, standing: BidderStanding = STANDING): readonly AuctionEffect[] {
    const evidence = this.evidence(name, at, `bid ${name} ${bid.priceNanos}`)
    return this.apply({ type: 'english-bid-placed', ...evidence, bid, standing })
  }

  cancel(name: string, at: number): readonly AuctionEffect[] {
    return this.apply({ type: 'call-cancelled', ...this.evidence(name, at) })
  }

  fire(name: 'commit' | 'reveal' | 'beacon' | 'bidding', at: number): readonly AuctionEffect[] {
    return this.apply({ type: 'timer-fired', name, at: timestampFromMs(at) })
  }

  /** The transcript that was published. */
  get transcript(): AuctionTranscript {
    const found = this.effects.find((effect) => effect.type === 'publish-transcript')
    return given(found?.transcript)
  }

  get receipts(): readonly Extract<AuctionEffect, { type: 'issue-receipt' }>['receipt'][] {
    return this.effects.flatMap((effect) => (effect.type === 'issue-receipt' ? [effect.receipt] : []))
  }

  /** The list that was published between the windows. */
  get commitments(): readonly Hash[] {
    const found = this.effects.find((effect) => effect.type === 'publish-commitments')
    return given(found?.commitments)
  }
}

/** The code of a refusal; `undefined` when the event was taken. */
export function refusalOf(effects: readonly AuctionEffect[]): string | undefined {
  const [first] = effects
  return first?.type === 'event-refused' ? first.code : undefined
}

/** Equal values are equal texts. */
export function textOf(value: unknown): string {
  return canonicalJson(
    JSON.parse(JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? `${member}n` : member))),
  )
}
