import { CodedError } from '../../base/errors.ts'
import { type Amount, amountFromNanos } from '../../base/money.ts'
import { addDuration, durationFromMs, HOUR_MS, type Timestamp } from '../../base/time.ts'
import { type ContractId, type Did, parseContractId } from '../../core/evidence/names.ts'
import { type Currency, parseCurrency } from '../../core/ledger/ledger-names.ts'
import { type CertifiedEnding, receiptOfEnding } from '../../core/reputation/certified-ending.ts'
import { REPUTATION_POLICY_DEFAULTS, type ReputationPolicy } from '../../core/reputation/reputation-policy.ts'
import { REPUTATION_ROLES, type ReputationRole } from '../../core/reputation/reputation-receipt.ts'
import type { ReputationDetail, ReputationLine } from '../../core/reputation/reputation-view.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { readReputationReceipts } from '../../wire/v1/reputation-events.ts'
import { pause } from '../parties/contracts/contract-follower.ts'
import { CONTRACTS, type ContractNote, LAPSED } from '../parties/contracts/contract-notes.ts'
import { declined, type MarketAnswer, type MarketQuestion, type ReadEnvelope } from '../parties/market-door.ts'
import type { Party } from '../parties/party.ts'
import { certifyEnding, type EndingReading, sourceOf } from './certify-ending.ts'
import { createReputationOwner, type ReputationOwner } from './reputation-owner.ts'
import { ShownReceipts } from './shown-receipts.ts'

/** Whose contracts are counted, and the journal that the books are in. */
export type ReputationKeeperInit = {
  readonly party: Party
  /** The journal of these books alone. It outlives the keeper; whoever opened it closes it. */
  readonly log: EventLog
}

/** Topic of notes on what became of a contract's receipt, by contract: `counted`, or why it does not count. */
const COUNTED = 'reputation'
/** Topic of notes on the currencies of this party's contracts: those are believed. */
const CURRENCIES = 'reputation-currency'
/** One credit is one unit of evidence. */
const UNIT_NANOS: Amount = amountFromNanos(1_000_000_000n)
/** A journal below is read whole, so that it can be counted again when a currency is added. */
const COMPACT_AT_BYTES = 67_108_864
/** Between two looks at what has ended. */
const LOOK_MS = 1_000
/** Endings that are remembered as they were read. */
const ENDINGS_MAX = 32
const AGAIN_MS_MAX: number = HOUR_MS
const DECODER = new TextDecoder()

type Receipt = ReadEnvelope<'reputation-receipt'>

/**
 * What one party knows of others from its own contracts. When one of them has ended, it signs what the set certified, asks the other side for the same, and counts
 * both; a receipt counts with one signature only where the ending asks for no more.
 */
export class ReputationKeeper {
  private readonly party: Party
  private readonly log: EventLog
  private owner: ReputationOwner
  private at: Timestamp
  /** Books are changed one after the other. */
  private changing: Promise<unknown> = Promise.resolve()
  private readonly again = new Map<ContractId, { readonly at: Timestamp; readonly waitMs: number }>()
  /** Read last: both sides of a contract ask for its end, one behind the other. */
  private readonly endings = new Map<ContractId, EndingReading>()
  private readonly shown: ShownReceipts
  private close: (() => void) | undefined

  private constructor({ party, log }: ReputationKeeperInit) {
    this.party = party
    this.log = log
    this.at = party.components.clock.now()
    this.owner = this.createOwner()
    const counted = party.journal.notesOf(COUNTED).flatMap(([name, word]) => (word === 'counted' ? [name] : []))
    this.shown = new ShownReceipts(party, counted)
  }

  /** Reads the journal. Throws `STORE_CORRUPTED`, `REPUTATION_POLICY_CHANGED`, and what the journal throws. */
  static async open(init: ReputationKeeperInit): Promise<ReputationKeeper> {
    const keeper = new ReputationKeeper(init)
    await keeper.startOwner()
    return keeper
  }

  /** Credits of these issuers count: this party has worked for them or paid with them. */
  get policy(): ReputationPolicy {
    const notes = this.party.journal.notesOf(CURRENCIES)
    const believed = notes.flatMap(([text]) => parseCurrency(text) ?? [])
    return { ...REPUTATION_POLICY_DEFAULTS, unitNanos: new Map(believed.map((currency) => [currency, UNIT_NANOS])) }
  }

  list(query: { readonly role: ReputationRole | undefined; readonly limit: number }): readonly ReputationLine[] {
    return this.owner.list(query)
  }

  /** In each role in which anything is known. */
  show(subject: Did): readonly ReputationDetail[] {
    return REPUTATION_ROLES.flatMap((role) => this.owner.show(subject, role) ?? [])
  }

  /** What payers have signed of this party's work: canonical texts, for its card. */
  receiptsToShow(): readonly string[] {
    return this.shown.texts()
  }

  /** Whether it is decided what an ended contract counts. */
  isDone(contract: ContractId): boolean {
    return this.party.journal.note(COUNTED, contract) !== undefined
  }

  /** Counts what has ended, and answers the other sides, until the party stops. */
  start(): void {
    this.close ??= this.party.components.door.serve({ receipt: async (question) => await this.answer(question) })
    const { timers } = this.party.components
    this.party.begin(async () => {
      while (!this.party.isStopped) {
        for (const contract of this.waiting()) await this.settle(contract)
        await pause(timers, LOOK_MS, this.party.signal)
      }
    })
  }

  /** After the party. */
  async stop(): Promise<void> {
    this.close?.()
    this.close = undefined
    await this.changing
    await this.owner.stop()
  }

  /** Contracts that have ended, whose receipt is due. */
  private waiting(): readonly ContractId[] {
    const { journal, components } = this.party
    const now = components.clock.now()
    return journal.notesOf(CONTRACTS).flatMap(([name, note]) => {
      const contract = parseContractId(name)
      // Written by buyer and seller.
      const ended = (note as ContractNote | null)?.ended
      const isEnded = ended !== undefined && ended !== LAPSED
      if (contract === undefined || !isEnded || journal.note(COUNTED, contract) !== undefined) return []
      return (this.again.get(contract)?.at ?? now) <= now ? [contract] : []
    })
  }

  private async settle(contract: ContractId): Promise<void> {
    if (this.party.isStopped) return
    try {
      if (await this.trySettle(contract)) {
        this.again.delete(contract)
        return
      }
    } catch (error: unknown) {
      // A set or a party that cannot be reached now is asked again.
      if (!CodedError.is(error) || !error.isRetryable) throw error
    }
    const waitMs = Math.min(2 * (this.again.get(contract)?.waitMs ?? LOOK_MS / 2), AGAIN_MS_MAX)
    const at = addDuration(this.party.components.clock.now(), durationFromMs(waitMs))
    this.again.set(contract, { at, waitMs })
  }

  /** @returns Whether nothing is left to be done. */
  private async trySettle(contract: ContractId): Promise<boolean> {
    const note = this.party.noteOf<ContractNote>(CONTRACTS, contract)
    const reading = await this.endingOf(contract)
    if (note === undefined || reading.kind === 'open') return false
    if (reading.kind === 'none') return await this.note(contract, 'REPUTATION_NOT_HELD')
    const { ending } = reading
    if (ending.custody === 'C1') return await this.note(contract, 'REPUTATION_CUSTODY_CREDIT')
    const own = await this.sign(ending)
    if (own === undefined) return await this.note(contract, 'REPUTATION_RECEIPT_OLD')
    const { door } = this.party.components
    const frame = { type: 'receipt', envelope: DECODER.decode(own.bytes) } as const
    const answer = await door.ask(note.peer, { frame }, { signal: this.party.signal }).catch((error: unknown) => {
      if (!CodedError.is(error) || this.party.isStopped) throw error
      return undefined
    })
    const other = answer?.frame.type === 'said' ? this.readOther(answer.frame.envelope, note.other) : undefined
    if (other !== undefined) await this.party.hear(other)
    return await this.count(ending, other === undefined ? [own] : [own, other])
  }

  /** The other side's receipt is counted and answered with this one's, as soon as this one sees the end. */
  private async answer({ from, frame }: MarketQuestion<'receipt'>): Promise<MarketAnswer> {
    const other = this.party.read(frame.envelope, 'reputation-receipt')
    const contract = other?.envelope.body.contract
    const note = contract === undefined ? undefined : this.party.noteOf<ContractNote>(CONTRACTS, contract)
    if (other === undefined || contract === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    if (note === undefined || note.peer !== from || other.envelope.head.iss !== note.other)
      return declined('MARKET_CONTRACT_UNKNOWN')
    const reading = await this.endingOf(contract)
    if (reading.kind !== 'ending' || reading.ending.custody === 'C1') return declined('MARKET_CONTRACT_UNKNOWN')
    const own = await this.sign(reading.ending)
    if (own === undefined) return declined('MARKET_CONTRACT_UNKNOWN')
    await this.party.hear(other)
    await this.count(reading.ending, [own, other])
    return { frame: { type: 'said', envelope: DECODER.decode(own.bytes) } }
  }

  private async endingOf(contract: ContractId): Promise<EndingReading> {
    const known = this.endings.get(contract)
    if (known !== undefined) return known
    const { notary, verify } = this.party.components
    const ended = this.party.endedReplay(contract)
    const reading = await certifyEnding({ notary, contract, verify, signal: this.party.signal, ended })
    if (reading.kind === 'ending') this.endings.set(contract, reading)
    const [oldest] = this.endings.keys()
    if (oldest !== undefined && this.endings.size > ENDINGS_MAX) this.endings.delete(oldest)
    return reading
  }

  /** What this party signs about an end, once; `undefined` when its message has expired since. */
  private async sign(ending: CertifiedEnding): Promise<Receipt | undefined> {
    const { contract, payer, worker } = ending
    const body = receiptOfEnding(ending, { payerSource: sourceOf(payer), workerSource: sourceOf(worker) })
    const act = `${contract}/reputation-receipt`
    const said = await this.party.wallet.say({ act, type: 'reputation-receipt', body, aud: '*', subject: contract })
    return this.party.read(DECODER.decode(said.bytes), 'reputation-receipt')
  }

  private readOther(text: string, other: Did): Receipt | undefined {
    const read = this.party.read(text, 'reputation-receipt')
    return read?.envelope.head.iss === other ? read : undefined
  }

  /** @returns Whether the contract is done with: counted, or refused for good. */
  private async count(ending: CertifiedEnding, receipts: readonly Receipt[]): Promise<boolean> {
    const counting = this.changing.then(async () => await this.countNow(ending, receipts))
    this.changing = counting.catch(() => undefined)
    return await counting
  }

  private async countNow(ending: CertifiedEnding, receipts: readonly Receipt[]): Promise<boolean> {
    const { contract, currency, endedAt } = ending
    await this.believe(currency)
    this.at = [this.party.components.clock.now(), endedAt, this.at].reduce((late, at) => (at > late ? at : late))
    const messages = receipts.map(({ message }) => message)
    const reading = readReputationReceipts(messages, { ending, at: this.at })
    // The other side says something else: what this one signed may still stand alone.
    if (reading.kind === 'refused')
      return receipts.length > 1 ? await this.countNow(ending, receipts.slice(0, 1)) : false
    const effects = await this.owner.run(reading.event)
    const refusal = effects.find((effect) => effect.type === 'event-refused')
    if (refusal === undefined) {
      this.refresh()
      return await this.note(contract, 'counted')
    }
    const isEarly = refusal.code === 'REPUTATION_RECEIPT_UNSIGNED' || refusal.code === 'REPUTATION_TIME_BACK'
    return isEarly ? false : await this.note(contract, refusal.code)
  }

  /** Another currency is another policy: the books are counted again from their journal. */
  private async believe(currency: Currency): Promise<void> {
    if (this.party.journal.note(CURRENCIES, currency) !== undefined) return
    await this.party.journal.keepNote(CURRENCIES, currency, { unitNanos: UNIT_NANOS.toString() })
    await this.owner.stop()
    this.owner = this.createOwner()
    await this.startOwner()
  }

  private createOwner(): ReputationOwner {
    const { log, policy } = this
    return createReputationOwner({ log }, { policy, at: 0 as Timestamp, compactAtBytes: COMPACT_AT_BYTES })
  }

  private async startOwner(): Promise<void> {
    await this.owner.start()
    this.refresh()
  }

  /** Whom this party trusts follows from itself alone. */
  private refresh(): void {
    this.owner.refreshTrust([{ peer: this.party.did, weight: 1n }])
  }

  private async note(contract: ContractId, word: string): Promise<true> {
    await this.party.journal.keepNote(COUNTED, contract, word)
    if (word === 'counted') this.shown.add(contract)
    return true
  }
}
