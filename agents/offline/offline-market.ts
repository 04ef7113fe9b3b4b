import type { Amount } from 'kernell-os/core'
import { createInlineSignatures, verifySignatureWith } from 'kernell-os/keys'
import {
  Buyer,
  createNotarySet,
  MarketDoor,
  NotaryService,
  parseCurrency,
  parseHash,
  parseTransferId,
  Party,
  PORTABLE_HASHES,
  Seller,
  signerOfKey,
  TEST_ESCROW_RULES,
  hashOfWeights,
  type BuyerPolicy,
  type Currency,
  type Did,
  type Hash,
  type NotarySet,
  type NotarySetTerms,
  type ParameterSet,
  type SellerPolicy,
  type TaskRunner,
  type WeightTable,
} from 'kernell-os/market'
import { MemoryNetwork } from 'kernell-os/network'
import type { Clock, GovernanceView, NotaryClient, Signer, Timers, VerifySignature } from 'kernell-os/ports'
import { createMemoryEventLog, createMemoryKeyValueStore } from 'kernell-os/storage'

/** Parties whose rulings all sellers take. */
const ARBITERS = [14, 15]
const NETWORK = 'offline'
const span = (ms: number): never => ms as never
const nanos = (count: bigint): Amount => count as Amount

const clock: Clock = {
  now: () => span(Date.now()),
  monotonicMs: () => performance.now(),
  timeoutSignal: (delayMs) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new DOMException('Too late', 'TimeoutError')), delayMs).unref()
    return controller.signal
  },
}

const timers: Timers = {
  schedule: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs)
    return { cancel: () => clearTimeout(timer) }
  },
}

const random = {
  fraction: () => Math.random(),
  bytes: (count: number): Uint8Array => crypto.getRandomValues(new Uint8Array(count)),
}

/** One notary, one currency and any number of parties in one process, over memory and real time. For examples only: keys are numbers. */
export class OfflineMarket {
  readonly currency: Currency
  readonly set: NotarySet
  readonly rulesHash: Hash
  private readonly notary: NotaryService
  private readonly network = new MemoryNetwork()
  private readonly signatures = createInlineSignatures()
  private readonly verify: VerifySignature = verifySignatureWith(this.signatures)
  private readonly keyOf = new Map<Did, string>()
  private readonly nodes: {
    readonly party: Party
    readonly stop: () => Promise<void>
    readonly addPeer: (did: Did, address: string) => void
  }[] = []

  private constructor(founding: ParameterSet | undefined) {
    const made = createNotarySet({ epoch: 0, members: [{ key: this.didOf(1), address: '/memory/node-1' }], f: 0 })
    const currency = parseCurrency(`USD@${this.didOf(2)}`)
    const rulesHash = parseHash('5'.repeat(64))
    if (made.kind === 'refused' || currency === undefined || rulesHash === undefined) throw new TypeError('unreachable')
    this.set = made.set
    this.currency = currency
    this.rulesHash = rulesHash
    const components = {
      log: createMemoryEventLog(),
      highWater: { value: undefined, write: async () => undefined },
      signer: this.signatures.createSigner(this.seedOf(1)),
      verifier: this.signatures,
      hashes: PORTABLE_HASHES,
      clock,
      timers,
      onFailure: (cause: unknown) => void process.stderr.write(`${String(cause)}\n`),
    }
    const parameters = [{ hash: rulesHash, rules: TEST_ESCROW_RULES }]
    const init = {
      set: made.set,
      me: 0,
      feeOwner: this.didOf(3),
      network: NETWORK,
      clockSkewMs: span(1_000),
      parameters,
      ...(founding && { founding }),
    }
    this.notary = new NotaryService(components, init)
  }

  /** Parties are numbers from 10 upward; each of `funded` starts with 10 credits. */
  static async open(
    funded: readonly number[],
    { founding }: { readonly founding?: ParameterSet } = {},
  ): Promise<OfflineMarket> {
    const market = new OfflineMarket(founding)
    await market.notary.start()
    const bank = await market.party(2)
    const { currency, notary } = market
    const recovery = { recoveryKey: market.didOf(3), recoveryDelayMs: span(3_600_000) }
    const head = { aud: market.set.id }
    const register = { currency, capNanos: nanos(1_000_000_000_000n), ...recovery }
    const said = [await bank.wallet.say({ act: 'register', type: 'ledger-currency-register', body: register, ...head })]
    for (const number of funded) {
      const id = parseTransferId(String(number).padStart(32, '0'))
      if (id === undefined) throw new TypeError('unreachable')
      const credits = { id, owner: market.didOf(number), currency, amountNanos: nanos(10_000_000_000n) }
      const body = { ...credits, reference: `example ${number}`, isConfirmed: true }
      said.push(await bank.wallet.say({ act: `issue/${number}`, type: 'ledger-issue', body, ...head }))
    }
    for (const { bytes } of said) await notary.submit(bytes)
    return market
  }

  /** The notary, as parties know it. */
  get door(): Pick<NotaryClient, 'set'> {
    return this.notary
  }

  /** What the notary's operator does. @returns The hash of the table, once it counts. */
  async publishWeights(table: WeightTable): Promise<Hash> {
    const hash = hashOfWeights(table)
    this.notary.publishWeights(table)
    while ((await this.governance()).weights?.hash !== hash) await new Promise((resolve) => setTimeout(resolve, 10))
    return hash
  }

  /** For a market that was opened with `founding`. */
  async governance(): Promise<GovernanceView> {
    const view = await this.notary.governance()
    if (view === undefined) throw new TypeError('This market has no governance')
    return view
  }

  didOf(number: number): Did {
    const { publicKeyHex } = this.signerOf(number)
    const did = signerOfKey(publicKeyHex)
    this.keyOf.set(did, publicKeyHex)
    return did
  }

  async party(number: number): Promise<Party> {
    const did = this.didOf(number)
    const signer = this.signerOf(number)
    const verify = (peer: Did, bytes: Uint8Array, signature: Uint8Array): boolean =>
      this.verify({ publicKeyHex: this.keyOf.get(peer) ?? '', bytes, signature })
    const identity = { did, sign: (bytes: Uint8Array) => signer.sign(bytes), verify }
    const address = `/memory/node-${number}`
    const transport = this.network.createTransport({ identity, clock, random }, `node-${number}`)
    await transport.start()
    const door = new MarketDoor(transport)
    const stores = { log: createMemoryEventLog(), files: createMemoryKeyValueStore() }
    const components = { ...stores, signer, verify: this.verify, clock, timers, random, door }
    const party = await Party.open({ ...components, notary: this.notary }, { network: NETWORK })
    for (const other of this.nodes) {
      other.addPeer(did, address)
      transport.addPeer(other.party.did, `/memory/node-${this.numberOf(other.party.did)}`)
    }
    const stop = async (): Promise<void> => {
      await party.stop()
      await transport.stop()
    }
    this.numbers.set(did, number)
    this.nodes.push({ party, stop, addPeer: (peer, at) => transport.addPeer(peer, at) })
    return party
  }

  /** A seller of `text.word-count` at a price. */
  async seller(number: number, priceNanos: bigint, runner: TaskRunner = WORD_COUNTER): Promise<Seller> {
    const party = await this.party(number)
    const seller = new Seller({ party, runner }, { policy: this.sellerPolicy() })
    seller.start()
    const now = Date.now()
    const validity = { validFrom: span(now - 1_000), validUntil: span(now + 60_000) }
    const limits = { latencyMs: span(1_000), inputBytesMax: 100_000, capacity: 8, capabilities: [] }
    const { currency } = this
    await seller.offer(
      { skill: 'text.word-count', currency, priceNanos: nanos(priceNanos), ...limits, ...validity },
      'words',
    )
    return seller
  }

  async buyer(
    number: number,
    init: { readonly acceptsAlone?: boolean; readonly arbiters?: readonly number[] } = {},
  ): Promise<Buyer> {
    const party = await this.party(number)
    const members = (init.arbiters ?? []).map((arbiter) => this.didOf(arbiter)).toSorted()
    const policy: BuyerPolicy = { ...this.buyerPolicy(), arbiters: { members, k: members.length } }
    const { acceptsAlone = true } = init
    const buyer = new Buyer({ party, openAuctionLog: async () => createMemoryEventLog() }, { policy, acceptsAlone })
    buyer.start()
    return buyer
  }

  get setTerms(): NotarySetTerms {
    return { id: this.set.id, epoch: 0, n: 1, m: 1, feeOwner: this.didOf(3) }
  }

  /** What somebody may spend, in nano-units. */
  async balanceOf(owner: Did): Promise<bigint> {
    const lines = (await this.notary.accounts({ owner })).ledgers.flatMap(({ accounts }) => accounts)
    return BigInt(lines.find(({ kind }) => kind === 'available')?.balanceNanos ?? '0')
  }

  async close(): Promise<void> {
    for (const { stop } of this.nodes) await stop()
    await this.notary.stop()
  }

  private readonly numbers = new Map<Did, number>()

  private numberOf(did: Did): number {
    return this.numbers.get(did) ?? 0
  }

  private seedOf(number: number): Uint8Array {
    return new Uint8Array(32).fill(number)
  }

  private signerOf(number: number): Signer {
    return this.signatures.createSigner(this.seedOf(number))
  }

  private sellerPolicy(): SellerPolicy {
    return {
      notarySets: [this.setTerms],
      parameters: new Map([[this.rulesHash, TEST_ESCROW_RULES]]),
      custodyOf: () => ['C2', 'C3'],
      creditNanosOf: () => nanos(0n),
      hasOwnLine: () => false,
      creditTotalNanos: () => nanos(0n),
      exposureNanosMax: nanos(100_000_000_000n),
      contractsMax: 8,
      bondNanosMax: nanos(10_000_000_000n),
      arbitersOf: () => ARBITERS.map((number) => this.didOf(number)),
      fallbackPerMillionMinOf: () => 0,
      bondPerMillionMax: 500_000,
      penaltyPerMillionMax: 100_000,
      depositsNanosMax: nanos(1_000_000_000n),
      depositPerMillionMax: 200_000,
      depositMsMax: span(600_000),
      feePerMillionMax: 50_000,
      signMsMax: span(120_000),
      timersMin: { startMs: span(100), beatMs: span(100), deliverMs: span(100) },
      timersMax: this.buyerPolicy().timers,
    }
  }

  private buyerPolicy(): BuyerPolicy {
    const timers_ = { offerMs: 2_000, holdMs: 2_000, startMs: 2_000, beatMs: 2_000, deliverMs: 5_000, graceMs: 0 }
    const later = { acceptMs: 2_000, evidenceMs: 200, ruleMs: 4_000, refundMs: 0, retainMs: 600_000 }
    return {
      notarySet: this.setTerms,
      parametersHash: this.rulesHash,
      parameters: new Map([[this.rulesHash, TEST_ESCROW_RULES]]),
      arbiters: { members: [], k: 0 },
      timers: { ...timers_, ...later } as never,
      bondPerMillion: 200_000,
      disputeBondPerMillion: 100_000,
      penaltyPerMillion: 100_000,
      feePerMillion: 10_000,
      fallbackPerMillion: 0,
      arbiterSharePerMillion: 500_000,
      vouchPerMillionMax: 500_000,
      newcomerNanosMax: nanos(1_000_000_000n),
      creditNanosMax: nanos(0n),
      windows: { bidMs: span(200), revealMs: span(200), settleMs: span(200) },
      latencyMsMax: span(30_000),
      depositPerMillion: 10_000,
      decrementPerMillion: 10_000,
    }
  }
}

/** Counts the words of a text. */
export const WORD_COUNTER: TaskRunner = {
  run: async ({ input }) => {
    const words = new TextDecoder().decode(input).split(/\s+/).filter(Boolean).length
    const result = new TextEncoder().encode(JSON.stringify({ words }))
    return { result, counts: new Map([['bytes.in', BigInt(input.byteLength)]]) }
  },
}
