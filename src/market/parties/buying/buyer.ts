import { CodedError } from '../../../base/errors.ts'
import { Turns } from '../turns.ts'
import type { BidderStanding } from '../../../core/auction/determine-winner.ts'
import type { Amount } from '../../../base/money.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../../../core/evidence/names.ts'
import { UNKNOWN_STANDING } from '../../../core/market/match-offers.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { MarketTask } from '../../../wire/v1/market-frames.ts'
import { type BuyerPolicy, type BuyRequest, inputOf, type OrderNote, requestHashOf } from './buy-order.ts'
import { checkChain } from './buyer-authority.ts'
import type { BuyerSide, ChosenSeller, ExposureOf, PayerCapabilities } from './buyer-side.ts'
import { OpenCalls } from '../auctions/open-calls.ts'
import { SEALED_BIDS_MAX } from '../auctions/buyer-auction.ts'
import { BuyerWork, type BuyerWorkInit } from './buyer-work.ts'
import { chooseSeller, declinedReason } from './choose-seller.ts'
import { pause } from '../contracts/contract-follower.ts'
import { type RoomInit, roomOf } from './exposure.ts'
import { forgetDecline, rememberDecline } from './decliners.ts'
import { agreeToCancel } from '../agree-to-cancel.ts'
import { CreditLags } from '../accounts/credit-accounts.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { declined, type MarketAnswer, type MarketQuestion } from '../market-door.ts'
import { noteOfRequest, Orders } from './orders.ts'
import type { Party } from '../party.ts'
import { HeardProgress } from '../progress/hear-progress.ts'
import { showCases } from '../show-case.ts'
import { adopt, purchaseOf } from '../restored-party.ts'
import { isArtifactHere, keepArtifact } from '../artifacts/artifact-files.ts'
import { orderSubject } from './uploads.ts'
import { type ArtifactName, taskHashOf } from '../contracts/task-package.ts'
import { askInTurn, releaseWinner } from '../auctions/winners-turn.ts'
import { writeContract } from './write-contract.ts'

/** Whom a buyer buys as, what it is told of sellers, and where the journals of its auctions are. */
export type BuyerComponents = {
  readonly party: Party
  /** Tokens by which this party acts for others; absent: it acts for itself alone. */
  readonly capabilities?: PayerCapabilities | undefined
  /** What is known of a seller; absent: nothing of anybody. */
  readonly standingOf?: (seller: Did) => Promise<BidderStanding>
  /** What a seller may have of others at one time, its bond included; absent: its bond alone. */
  readonly exposureOf?: ExposureOf
  /** Opens the journal of an auction by its name. */
  readonly openAuctionLog: (auction: Hash) => Promise<EventLog>
}

/**
 * What a buyer signs, and whether it accepts and rejects by the predicate alone (the default) where a purchase does not say so itself; otherwise people
 * decide.
 */
export type BuyerInit = Pick<BuyerWorkInit, 'acceptsAlone'> & { readonly policy: BuyerPolicy }

/** Contracts that are tried one after the other for one purchase, when sellers decline; of one node `SELLERS_OF_NODE_MAX` of them at most. */
const TRIES_MAX = 32
/** Before something is tried again that another contract is in the way of. */
const AGAIN_MS = 500
/** Before a notary set that did not answer is asked again. */
const UNREACHED_MS = 5_000

/**
 * Buys work: finds sellers, chooses by their offers or by an auction, signs a contract, has its money held, and looks at what is delivered before it pays. A purchase is
 * named by its key: asked for twice it happens once, and after a crash `start` goes on with it.
 */
export class Buyer {
  readonly party: Party
  readonly openCalls: OpenCalls
  private readonly orders: Orders
  private readonly side: BuyerSide
  private readonly init: BuyerInit
  private readonly works = new Map<ContractId, BuyerWork>()
  private readonly running = new Map<string, Promise<void>>()
  /** Purchases that nobody waits for, before that is written down. */
  private readonly givenUp = new Set<string>()
  /** Requests of one key. */
  private readonly turns = new Turns()
  private close: (() => void) | undefined

  constructor(components: BuyerComponents, init: BuyerInit) {
    const { party, capabilities, standingOf, exposureOf, openAuctionLog } = components
    this.party = party
    this.init = init
    this.orders = new Orders(party)
    this.openCalls = new OpenCalls(party)
    this.side = {
      party,
      openCalls: this.openCalls,
      orders: this.orders,
      policy: init.policy,
      capabilities,
      openAuctionLog,
      exposureOf: exposureOf ?? (async (_seller, { bondNanos }) => await Promise.resolve(bondNanos)),
      standingOf: async (seller) => (await standingOf?.(seller)) ?? UNKNOWN_STANDING,
    }
  }

  /** Answers from now on, and goes on with purchases that have not ended. */
  start(): void {
    if (this.close !== undefined) return
    this.party.serveOnce('cases', showCases(this.party))
    this.party.serveOnce('cancel', agreeToCancel(this.party))
    const progress = new HeardProgress(this.party)
    this.close = this.party.components.door.serve({
      progress: async (question) => await progress.take(question),
      'call-joined': async (question) => await this.openCalls.join(question),
      voucher: async (question) => await this.signVoucher(question),
      result: async (question) => await this.takeResult(question),
    })
    for (const key of this.orders.keys()) this.goOn(key)
  }

  stop(): void {
    this.close?.()
    this.close = undefined
  }

  /**
   * Begins a purchase, or finds the one that its key names. Throws `MARKET_KEY_CONFLICT` where the key names another request, `EVIDENCE_FILE_LARGE` and
   * `EVIDENCE_FULL`, `CAPABILITY_CHAIN_REFUSED`, and what the journal throws.
   */
  async buy(request: BuyRequest): Promise<OrderNote> {
    return await this.turns.take(request.idempotencyKey, async () => await this.buyInTurn(request))
  }

  private async buyInTurn(request: BuyRequest): Promise<OrderNote> {
    const { party } = this
    const key = request.idempotencyKey
    const requestHash = requestHashOf(request)
    await party.wallet.ready
    const known = this.order(key)
    if (known !== undefined && known.requestHash !== requestHash)
      throw new CodedError('MARKET_KEY_CONFLICT', { message: `${key} names another purchase` })
    if (known === undefined) {
      if (request.capability !== undefined) checkChain(this.side, request.capability)
      const input = inputOf(request)
      const salts = await Promise.all(party.keys.map(async (as) => await party.wallet.saltOf(key, as)))
      const tasks = salts.map((salt) => taskOf(request.skill, input, salt))
      // Made after a backup that this party came back from.
      const restored = tasks.find((one) => purchaseOf(party, taskHashOf(one)) !== undefined)
      const [task = restored] = restored === undefined ? tasks : [restored]
      if (task === undefined) throw new TypeError('A party has a key')
      if (request.input instanceof Uint8Array) await keepArtifact(party.journal, orderSubject(key), request.input)
      else if (!(await isArtifactHere(party.journal, orderSubject(key), request.input)))
        throw new CodedError('REQUEST_INVALID', { message: `The input of ${key} is not here` })
      const note = noteOfRequest(request, { requestHash, task, input: input.hash, at: party.components.clock.now() })
      await this.orders.put(key, note)
      const contract = purchaseOf(party, taskHashOf(task))
      if (contract !== undefined && !(await adopt(party, key, contract))) {
        await this.orders.drop(key)
        throw new CodedError('MARKET_KEY_CONFLICT', { message: `${key} names the purchase of ${contract}` })
      }
    }
    this.goOn(key)
    return this.orders.get(key)
  }

  /** A purchase as it stands; `undefined` for an unknown key. */
  order(key: string): OrderNote | undefined {
    return this.orders.find(key)
  }

  /**
   * Ends a purchase before this buyer signs its contract. @returns Whether nothing was signed, so that nothing can be held any more; else the contract goes on as its terms say.
   * Throws `MARKET_ORDER_UNKNOWN`, and what the journal throws.
   */
  async giveUp(key: string): Promise<boolean> {
    const { contract, failed } = this.orders.get(key)
    const id = parseContractId(contract ?? '')
    if (failed !== undefined) return true
    if (id !== undefined && (this.works.has(id) || this.party.wallet.said(`${id}/contract`) !== undefined)) return false
    this.givenUp.add(key)
    await this.orders.change(key, { isGivenUp: true })
    this.givenUp.delete(key)
    return true
  }

  /** What a seller may be given at one more time now, beside what it has. */
  async roomOf(seller: Did, init: RoomInit): Promise<Amount> {
    return await roomOf(this.side, seller, init)
  }

  /** What it signs, whatever it buys. */
  get policy(): BuyerPolicy {
    return this.init.policy
  }

  /** The work on a contract of this buyer; `undefined` where there is none under way. */
  workOf(contract: ContractId): BuyerWork | undefined {
    return this.works.get(contract)
  }

  /** Resolves when nothing goes on any more with a purchase: its contract has ended, or it came to none. */
  async ended(key: string): Promise<OrderNote> {
    await this.running.get(key)
    return this.orders.get(key)
  }

  private goOn(key: string): void {
    const { failed, contract } = this.orders.get(key)
    const note = contract === undefined ? undefined : this.party.noteOf<ContractNote>(CONTRACTS, contract)
    if (failed !== undefined || note?.ended !== undefined || this.running.has(key)) return
    const done = Promise.withResolvers<void>()
    this.running.set(key, done.promise)
    this.party.begin(async () => {
      try {
        await this.party.wallet.ready
        await this.persevere(key)
      } finally {
        this.running.delete(key)
        done.resolve()
      }
    })
  }

  /** A notary set that does not answer is asked again, for as long as the party runs. */
  private async persevere(key: string): Promise<void> {
    for (;;) {
      try {
        await this.run(key)
        return
      } catch (error: unknown) {
        if (this.party.isStopped || !CodedError.is(error) || !error.isRetryable) throw error
        await this.wait(UNREACHED_MS)
      }
    }
  }

  /** Every step looks at what is there already, so that the whole can be run again. */
  private async run(key: string): Promise<void> {
    const { orders, side } = this
    const lags = new CreditLags()
    for (let tries = 0; tries < this.triesMax(key);) {
      if (await this.isGivenUp(key)) return
      if (orders.get(key).contract === undefined) {
        const chosen = await chooseSeller(side, key)
        if (chosen === undefined) return
        if (!(await this.write(key, chosen))) return
      }
      const { peer, terms } = orders.contractOf(key)
      const code = await askInTurn(side, key)
      if (await this.isGivenUp(key)) return
      if (code === undefined) {
        await forgetDecline(this.party, peer)
        if (await this.isGivenUp(key)) return
        await this.workOn(key)
        return
      }
      const lag = lags.believe(code, terms)
      await orders.dropContract(key, { code, isForNow: lag !== undefined })
      if (lag === undefined) {
        tries += 1
        await rememberDecline(this.party, peer)
      } else await this.wait(AGAIN_MS * 2 ** (lag - 1))
    }
    await orders.fail(key, 'BUY_DECLINED', declinedReason(orders.get(key)))
  }

  /** Once this buyer has signed it is too late. */
  private async isGivenUp(key: string): Promise<boolean> {
    const { contract, isGivenUp } = this.orders.get(key)
    if (isGivenUp !== true && !this.givenUp.has(key)) return false
    if (contract !== undefined && this.party.wallet.said(`${contract}/contract`) !== undefined) return false
    if (contract !== undefined) await this.orders.dropContract(key, { code: 'BUY_GIVEN_UP', isForNow: true })
    await this.orders.fail(key, 'BUY_GIVEN_UP')
    return true
  }

  /** Of an auction everybody in the ranking is asked. */
  private triesMax(key: string): number {
    return this.orders.get(key).auction === undefined ? TRIES_MAX : SEALED_BIDS_MAX
  }

  /** @returns False when the purchase has failed. */
  private async write(key: string, chosen: ChosenSeller): Promise<boolean> {
    for (;;) {
      // One after the other, so that two purchases do not both count on the same room.
      const outcome = await this.orders.inTurn(async () => await writeContract(this.side, { ...chosen, key }))
      if (outcome !== 'later') return outcome === 'written'
      await this.wait(AGAIN_MS)
    }
  }

  private async wait(waitMs: number): Promise<void> {
    const { components, signal } = this.party
    await pause(components.timers, waitMs, signal)
    signal.throwIfAborted()
  }

  private async workOn(key: string): Promise<void> {
    const { contract, terms } = this.orders.contractOf(key)
    const { cosignature = '' } = this.orders.get(key)
    const { policy } = this.init
    const acceptsAlone = this.orders.get(key).request.acceptsAlone ?? this.init.acceptsAlone
    const work = new BuyerWork(this.party, {
      contract,
      terms,
      cosignature,
      policy,
      onHeld: () => releaseWinner(this.side, key),
      ...(acceptsAlone !== undefined && { acceptsAlone }),
    })
    this.works.set(contract, work)
    try {
      const code = await work.run()
      if (code !== undefined) await this.orders.fail(key, 'BUY_NOT_HELD', { reason: code })
    } finally {
      this.works.delete(contract)
    }
  }

  private async signVoucher({ from, frame }: MarketQuestion<'voucher'>): Promise<MarketAnswer> {
    const work = this.works.get(frame.statement.contract)
    return work === undefined ? declined('MARKET_CONTRACT_UNKNOWN') : await work.signVoucher(from, frame)
  }

  private async takeResult({ from, frame, bytes }: MarketQuestion<'result'>): Promise<MarketAnswer> {
    const work = this.works.get(frame.contract)
    return work === undefined ? declined('MARKET_CONTRACT_UNKNOWN') : await work.takeResult(from, bytes, frame.meter)
  }
}

function taskOf(skill: string, { hash, sizeBytes }: ArtifactName, salt: MarketTask['salt']): MarketTask {
  return { skill, salt, inputHash: hash, inputBytes: sizeBytes }
}
