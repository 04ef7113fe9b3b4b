import { createHash } from 'node:crypto'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { type Amount, amountFromNanos } from '../../../src/base/money.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { DurationMs } from '../../../src/base/time.ts'
import { TEST_ESCROW_RULES } from '../../../src/core/escrow/escrow-rules.ts'
import type { EscrowTimers, NotarySetTerms } from '../../../src/core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../../src/core/evidence/names.ts'
import {
  type AccountKind,
  type Currency,
  formatAccountId,
  parseCurrency,
  parseTransferId,
} from '../../../src/core/ledger/ledger-names.ts'
import type { OfferTerms } from '../../../src/core/market/offer-directory.ts'
import { createNotarySet, type NotarySet } from '../../../src/core/notary/notary-set.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { createInlineSignatures } from '../../../src/keys/pool/inline-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { CapabilityDesk } from '../../../src/market/capabilities/capability-desk.ts'
import { NotaryService } from '../../../src/market/notary/notary-service.ts'
import type { BuyerPolicy, BuyRequest, OrderNote } from '../../../src/market/parties/buying/buy-order.ts'
import { Buyer, type BuyerComponents, type BuyerInit } from '../../../src/market/parties/buying/buyer.ts'
import { MarketDoor } from '../../../src/market/parties/market-door.ts'
import { Party } from '../../../src/market/parties/party.ts'
import { Seller, type SellerComponents } from '../../../src/market/parties/selling/seller.ts'
import { type RestoredMark, takeOver } from '../../../src/market/parties/restored-party.ts'
import type { SellerPolicy } from '../../../src/market/parties/selling/seller-policy.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { MemoryNetwork } from '../../../src/network/memory/memory-transport.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import type { ContractView } from '../../../src/ports/notary-client.ts'
import type { Transport } from '../../../src/ports/transport.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'
import { encodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import type { MessageBody, MessageType } from '../../../src/wire/v1/message-types.ts'
import { KEYS, seededRandom, settle, signerOf, TestTime } from './party-fixtures.ts'

const NETWORK = 'test'
export const verify = verifySignatureWith(createNodeVerifier())

function madeSet(): NotarySet {
  const made = createNotarySet({ epoch: 0, members: [{ key: KEYS.notary.did, address: '/memory/notary' }], f: 0 })
  if (made.kind === 'refused') throw new TypeError(made.code)
  return made.set
}

export const SET: NotarySet = madeSet()
export const SET_TERMS: NotarySetTerms = { id: SET.id, epoch: 0, n: 1, m: 1, feeOwner: KEYS.feeOwner.did }
export const RULES_HASH = sha256Hex('rules') as Hash
export const USD = currencyOf('USD', KEYS.bank.did)
export const IOU = currencyOf('IOU', KEYS.buyer.did)

function currencyOf(code: string, issuer: Did): Currency {
  const currency = parseCurrency(`${code}@${issuer}`)
  if (currency === undefined) throw new TypeError(code)
  return currency
}

export function nanos(count: number | bigint): Amount {
  return amountFromNanos(BigInt(count))
}

const ms = (span: number): DurationMs => span as DurationMs

export const TIMERS: EscrowTimers = {
  offerMs: ms(5_000),
  holdMs: ms(5_000),
  startMs: ms(5_000),
  beatMs: ms(5_000),
  deliverMs: ms(60_000),
  graceMs: ms(0),
  acceptMs: ms(10_000),
  evidenceMs: ms(10_000),
  ruleMs: ms(60_000),
  refundMs: ms(20_000),
  retainMs: ms(100_000_000),
}

export const BUYER_POLICY: BuyerPolicy = {
  notarySet: SET_TERMS,
  parametersHash: RULES_HASH,
  parameters: new Map([[RULES_HASH, TEST_ESCROW_RULES]]),
  arbiters: { members: [], k: 0 },
  timers: TIMERS,
  bondPerMillion: 200_000,
  disputeBondPerMillion: 100_000,
  penaltyPerMillion: 100_000,
  feePerMillion: 10_000,
  fallbackPerMillion: 0,
  arbiterSharePerMillion: 500_000,
  vouchPerMillionMax: 500_000,
  newcomerNanosMax: nanos(10_000_000),
  creditNanosMax: nanos(10_000),
  windows: { bidMs: ms(300), revealMs: ms(300), settleMs: ms(300) },
  latencyMsMax: ms(30_000),
  depositPerMillion: 10_000,
  decrementPerMillion: 10_000,
}

export const SELLER_POLICY: SellerPolicy = {
  notarySets: [SET_TERMS],
  parameters: new Map([[RULES_HASH, TEST_ESCROW_RULES]]),
  custodyOf: () => ['C1', 'C2', 'C3'],
  creditNanosOf: () => nanos(10_000),
  hasOwnLine: () => false,
  creditTotalNanos: () => nanos(100_000),
  exposureNanosMax: nanos(1_000_000),
  contractsMax: 100,
  bondNanosMax: nanos(100_000),
  arbitersOf: () => [KEYS.arbiter.did, KEYS.secondArbiter.did],
  fallbackPerMillionMinOf: () => 0,
  bondPerMillionMax: 500_000,
  penaltyPerMillionMax: 100_000,
  depositsNanosMax: nanos(1_000),
  depositPerMillionMax: 200_000,
  depositMsMax: ms(86_400_000),
  feePerMillionMax: 20_000,
  signMsMax: ms(120_000),
  timersMin: { startMs: ms(100), beatMs: ms(100), deliverMs: ms(100) },
  timersMax: { ...TIMERS, acceptMs: ms(600_000), ruleMs: ms(600_000), refundMs: ms(600_000) },
}

/** Counts the words of a text. */
export const WORD_COUNTER: TaskRunner = {
  run: async ({ input }) => {
    const words = new TextDecoder().decode(input).split(/\s+/).filter(Boolean).length
    return {
      result: new TextEncoder().encode(JSON.stringify({ words })),
      counts: new Map([['bytes.in', BigInt(input.length)]]),
    }
  },
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export type SellerNode = { readonly party: Party; readonly seller: Seller; readonly transport: Transport }
export type BuyerNode = { readonly party: Party; readonly buyer: Buyer; readonly transport: Transport }
type NodeInit = {
  readonly key: FixedKey
  readonly log?: EventLog
  /** Keys before, the newest first; the node keeps the name that it had with the first of them. */
  readonly former?: readonly FixedKey[]
  /** Its journal is that of a backup. */
  readonly restored?: RestoredMark
}

/** One network, one notary and the time of a test; sellers and buyers come and go. */
/** What the notary is told besides: `issuers` are those that it lists. */
type MarketWorldInit = { readonly issuers?: readonly Did[] }

export class MarketWorld {
  readonly time = new TestTime()
  readonly failures: unknown[] = []
  readonly auctionLogs = new Map<Hash, EventLog>()
  notary: NotaryService
  private readonly network = new MemoryNetwork()
  private readonly books: EventLog = createMemoryEventLog()
  /** Files of parties, by their node: they outlive it. */
  private readonly files = new Map<Did, KeyValueStore>()
  private readonly addresses = new Map<Did, string>()
  private readonly transports = new Set<Transport>()
  private nodes = 0
  private seqs = new Map<string, number>()

  private readonly init: MarketWorldInit

  private constructor(init: MarketWorldInit) {
    this.init = init
    this.notary = this.createNotary()
  }

  static async create(
    funds: readonly (readonly [FixedKey, number])[] = [
      [KEYS.buyer, 10_000],
      [KEYS.seller, 10_000],
      [KEYS.rival, 10_000],
    ],
    init: MarketWorldInit = {},
  ): Promise<MarketWorld> {
    const world = new MarketWorld(init)
    await world.notary.start()
    for (const [currency, key] of [
      [USD, KEYS.bank],
      [IOU, KEYS.buyer],
    ] as const) {
      const recovery = { recoveryKey: KEYS.notary.did, recoveryDelayMs: ms(3_600_000) }
      await world.tell('ledger-currency-register', { currency, capNanos: nanos(1_000_000_000), ...recovery }, key)
    }
    for (const [key, amount] of funds) {
      const id = parseTransferId(sha256Hex(`fund ${key.did}`).slice(0, 32))
      if (id === undefined) throw new TypeError('unreachable')
      const credits = { id, owner: key.did, currency: USD, amountNanos: nanos(amount), reference: key.did.slice(-12) }
      await world.tell('ledger-issue', { ...credits, isConfirmed: true }, KEYS.bank)
    }
    return world
  }

  /** The tokens of a key. */
  async desk(key: FixedKey, log: EventLog = createMemoryEventLog()): Promise<CapabilityDesk> {
    const random = seededRandom(5_000 + (this.nodes += 1))
    return await CapabilityDesk.open({
      self: key.did,
      signer: signerOf(key),
      verify,
      clock: this.time.clock,
      random,
      log,
    })
  }

  /** A message straight to the notary. */
  async tell<Type extends MessageType>(type: Type, body: MessageBody<Type>, key: FixedKey): Promise<string> {
    const place = `${key.did}/${type}`
    const seq = this.seqs.get(place) ?? 0
    this.seqs.set(place, seq + 1)
    const iat = this.time.clock.now()
    const nonce = Buffer.from(sha256Hex(`${place}/${seq}`).slice(0, 32), 'hex').toString('base64url')
    const head = { net: NETWORK, iss: key.did, aud: SET.id, iat, exp: (iat + 60_000) as typeof iat, nonce, seq }
    const prev = seq === 0 ? {} : { prev: sha256Hex('before') as Hash }
    const { effect, code } = await this.notary.submit(encodeEnvelope({ type, body, ...head, ...prev }, key.sign))
    if (effect === 'refused') throw new Error(`${type}: ${code}`)
    return effect
  }

  async seller(
    { key, log = createMemoryEventLog(), former, restored }: NodeInit,
    changes: Partial<SellerComponents> & { readonly policy?: SellerPolicy } = {},
  ): Promise<SellerNode> {
    const { party, transport } = await this.party(key, log, former)
    await takeOver(party, restored)
    const { policy = SELLER_POLICY, ...components } = changes
    const seller = new Seller({ party, runner: WORD_COUNTER, ...components }, { policy })
    seller.start()
    return { party, seller, transport }
  }

  async buyer(
    { key, log = createMemoryEventLog(), former, restored }: NodeInit,
    {
      standingOf,
      exposureOf,
      capabilities,
      ...init
    }: Partial<BuyerInit> & Pick<BuyerComponents, 'standingOf' | 'exposureOf' | 'capabilities'> = {},
  ): Promise<BuyerNode> {
    const { party, transport } = await this.party(key, log, former)
    await takeOver(party, restored)
    const openAuctionLog = async (auction: Hash): Promise<EventLog> => {
      const known = this.auctionLogs.get(auction) ?? createMemoryEventLog()
      this.auctionLogs.set(auction, known)
      // The journal outlives the auction house that closes it.
      return new Proxy(known, {
        get: (target, name) => {
          if (name === 'close') return async () => undefined
          const member: unknown = Reflect.get(target, name, target)
          return typeof member === 'function' ? member.bind(target) : member
        },
      })
    }
    const known = { ...(standingOf && { standingOf }), ...(exposureOf && { exposureOf }) }
    const components = { party, openAuctionLog, capabilities, ...known }
    const buyer = new Buyer(components, { policy: BUYER_POLICY, ...init })
    buyer.start()
    return { party, buyer, transport }
  }

  async party(
    key: FixedKey,
    log: EventLog,
    former: readonly FixedKey[] = [],
  ): Promise<{ readonly party: Party; readonly transport: Transport }> {
    this.nodes += 1
    const { time } = this
    const random = seededRandom(1_000 + this.nodes)
    const node = former.at(-1) ?? key
    const identity = {
      did: node.did,
      sign: node.sign,
      verify: (peer: Did, bytes: Uint8Array, signature: Uint8Array) => verifyWith(peer, bytes, signature),
    }
    const transport = this.network.createTransport({ identity, clock: time.clock, random }, `node-${this.nodes}`)
    await transport.start()
    for (const [did, address] of this.addresses) transport.addPeer(did, address)
    this.addresses.set(node.did, `/memory/node-${this.nodes}`)
    for (const other of this.transports) other.addPeer(node.did, `/memory/node-${this.nodes}`)
    this.transports.add(transport)
    const door = new MarketDoor(transport)
    const files = this.files.get(node.did) ?? createMemoryKeyValueStore()
    this.files.set(node.did, files)
    const components = {
      log,
      files,
      signer: signerOf(key),
      formerSigners: former.map(signerOf),
      verify,
      clock: time.clock,
      timers: time,
      random,
      notary: this.notary,
      door,
    }
    const party = await Party.open(components, { network: NETWORK, onFailure: (cause) => this.failures.push(cause) })
    return { party, transport }
  }

  async leave({ party, transport }: { readonly party: Party; readonly transport: Transport }): Promise<void> {
    await party.stop()
    party.components.door.stop()
    await transport.stop()
    this.transports.delete(transport)
  }

  /** Moves time until a purchase has come to its end. */
  async until({ buyer }: BuyerNode, key: string, forMs = 400_000): Promise<OrderNote> {
    let isEnded = false
    const onEnd = (): void => void (isEnded = true)
    buyer.ended(key).then(onEnd, onEnd)
    const last = this.time.now + forMs
    await settle()
    while (!isEnded && this.time.now < last) await this.time.advanceTo(Math.min(last, this.time.nextAt ?? last))
    if (!isEnded) {
      const view = await this.view(buyer.order(key)?.contract)
      const events = view?.transitions.map(({ event, to }) => `${event} -> ${to}`)
      throw new Error(
        `${key} has not ended: ${JSON.stringify([view?.state, view?.timers, events])} ${this.failures.join(' | ')}`,
      )
    }
    const order = buyer.order(key)
    if (order === undefined) throw new TypeError('unreachable')
    return order
  }

  async view(contract: string | undefined): Promise<ContractView | undefined> {
    return contract === undefined ? undefined : await this.notary.contract(contract as ContractId)
  }

  /** A copy of the notary's books, as they are exported, with a checkpoint over all of it. */
  async booksText(): Promise<string> {
    await this.notary.checkpoint({ isFresh: true })
    const lines: string[] = []
    for await (const { payload } of this.books.read(0)) lines.push(new TextDecoder().decode(payload))
    return `${lines.join('\n')}\n`
  }

  /** Stamps under which the set has stamped hashes, by its journal. */
  async stampedAt(hashes: readonly Hash[]): Promise<readonly number[]> {
    const stamps = new Map<string, number>()
    for await (const { payload } of this.books.read(0))
      for (const line of new TextDecoder().decode(payload).split('\n')) {
        const found = /"at":(\d+).*"body":\{"currency":"[^"]+","hash":"([0-9a-f]{64})"\}/.exec(line)
        if (found?.[1] !== undefined && found[2] !== undefined) stamps.set(found[2], Number(found[1]))
      }
    return hashes.map((hash) => stamps.get(hash) ?? 0)
  }

  async balance(owner: Did, kind: AccountKind = 'available', currency = USD): Promise<bigint> {
    const id = formatAccountId({ owner, kind, currency })
    const all = (await this.notary.accounts({ owner })).ledgers.flatMap(({ accounts }) => accounts)
    return BigInt(all.find((line) => line.id === id)?.balanceNanos ?? '0')
  }

  offer(changes: Partial<OfferTerms> = {}): OfferTerms {
    const now = this.time.clock.now()
    return {
      skill: 'text.word-count',
      currency: USD,
      priceNanos: nanos(1_000),
      latencyMs: ms(1_000),
      inputBytesMax: 10_000,
      capabilities: [],
      validFrom: now,
      validUntil: (now + 1_000_000_000) as typeof now,
      capacity: 10,
      ...changes,
    }
  }

  private createNotary(): NotaryService {
    const signatures = createInlineSignatures()
    const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
    return new NotaryService(
      {
        log: this.books,
        highWater: { value: undefined, write: async () => undefined },
        signer: signatures.createSigner(KEYS.notary.seed),
        verifier: signatures,
        hashes: {
          ofBytes: digest,
          hexOfText: (text) => createHash('sha256').update(text).digest('hex'),
        },
        clock: this.time.clock,
        timers: this.time,
        onFailure: (cause) => this.failures.push(cause),
      },
      {
        set: SET,
        me: 0,
        feeOwner: KEYS.feeOwner.did,
        network: NETWORK,
        clockSkewMs: ms(30_000),
        parameters: [{ hash: RULES_HASH, rules: TEST_ESCROW_RULES }],
        ...this.init,
      },
    )
  }
}

function verifyWith(peer: Did, bytes: Uint8Array, signature: Uint8Array): boolean {
  const key = publicKeyOfDid(peer)
  return key !== undefined && verify({ publicKeyHex: Buffer.from(key).toString('hex'), bytes, signature })
}

/** A purchase of a word count for at most 2,000. */
export function wanted(changes: Partial<BuyRequest> = {}): BuyRequest {
  return {
    idempotencyKey: 'order-1',
    skill: 'text.word-count',
    input: bytesOf('one two three'),
    maxNanos: nanos(2_000),
    currency: USD,
    custody: 'C2',
    predicate: { kind: 'number-near', artifact: 'result', pointer: '/words', expected: '3', tolerance: '0' },
    peers: [KEYS.seller.did, KEYS.rival.did],
    ...changes,
  }
}
