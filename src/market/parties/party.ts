import { canonicalJson, type JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import { type EscrowState, isTerminal } from '../../core/escrow/escrow-state.ts'
import type { ContractId, Did } from '../../core/evidence/names.ts'
import type { Clock } from '../../ports/clock.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import type { Random } from '../../ports/random.ts'
import type { DeferredSigner, VerifySignature } from '../../ports/signer.ts'
import type { Timers } from '../../ports/timers.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { MessageBody, MessageType } from '../../wire/v1/message-types.ts'
import type { ContractReplay } from './contracts/contract-replay.ts'
import { type FollowedContract, followContract } from './contracts/contract-follower.ts'
import { ProgressBoard } from './progress/progress-board.ts'
import { FileLoans } from './artifacts/file-loans.ts'
import { makeGuestRoom } from './auctions/heard-calls.ts'
import { type MarketDoor, type MarketHandlers, type ReadEnvelope, readEnvelope } from './market-door.ts'
import { type InboxRow, inboxOf, joinRows, type OutsideRow } from './inbox.ts'
import { type KeptAnswer, PartyOutbox } from './outbox.ts'
import { PartyJournal } from './journal/party-journal.ts'
import type { PartyLimits } from './journal/party-knowledge.ts'
import type { KeptEnvelope } from './journal/party-record.ts'
import { Wallet } from './accounts/wallet.ts'

/** The key and the stores of one party, what it takes from the platform, and its ways to the notary set and to other nodes. */
export type PartyComponents = {
  /** The journal of this party alone; whoever opened it closes it. */
  readonly log: EventLog
  /** Where the bytes of its files are; of this party alone, and closed by whoever opened it. */
  readonly files: KeyValueStore
  readonly signer: DeferredSigner
  /** Of keys in whose place that one is, the newest first: they go on with contracts that name them. */
  readonly formerSigners?: readonly DeferredSigner[]
  readonly verify: VerifySignature
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly notary: NotaryClient
  readonly door: MarketDoor
}

/** The network that a party is of, its limits, and who is told of failures. Limits that are absent are those of `PARTY_LIMITS_DEFAULT`. */
export type PartyInit = {
  /** Name of the network: messages of others are refused. */
  readonly network: string
  readonly limits?: Partial<PartyLimits>
  /** Work that nobody waits for failed; the party goes on with everything else. */
  readonly onFailure?: (cause: unknown) => void
}

/** Contracts that ended of which every step is remembered. */
const ENDED_MAX = 16

/** What buyer, seller and arbiter have in common: a key, a journal, and the ways to the notary set and to others. */
export class Party {
  readonly components: PartyComponents
  readonly journal: PartyJournal
  readonly wallet: Wallet
  readonly outbox: PartyOutbox
  readonly loans: FileLoans = new FileLoans()
  readonly progress: ProgressBoard = new ProgressBoard()
  readonly network: string
  private readonly init: PartyInit
  private readonly stopping = new AbortController()
  private readonly working = new Set<Promise<void>>()
  private readonly served = new Set<string>()
  private readonly strange = new Set<ContractId>()
  private readonly seen = new Map<ContractId, EscrowState>()
  private readonly listeners = new Set<() => void>()
  /** The last ones: books of reputation and prices look at each once more. */
  private readonly endedReplays = new Map<ContractId, ContractReplay>()
  private outside: readonly OutsideRow[] = []

  private constructor(components: PartyComponents, init: PartyInit, journal: PartyJournal) {
    this.components = components
    this.init = init
    this.network = init.network
    this.journal = journal
    this.wallet = new Wallet({ ...components, journal }, init)
    this.outbox = new PartyOutbox({ ...components, journal })
  }

  /** Reads the journal. Throws `STORE_CORRUPTED` and what the journal throws. */
  static async open(components: PartyComponents, init: PartyInit): Promise<Party> {
    return new Party(components, init, await PartyJournal.open(components, init.limits))
  }

  get did(): Did {
    return this.wallet.did
  }

  /** Its keys, the one that counts now first. */
  get keys(): readonly Did[] {
    return this.wallet.keys
  }

  /** Which of several keys is this party's own; `undefined` when none is. */
  ownAmong(keys: readonly Did[]): Did | undefined {
    return this.keys.find((key) => keys.includes(key))
  }

  get signal(): AbortSignal {
    return this.stopping.signal
  }

  get isStopped(): boolean {
    return this.stopping.signal.aborted
  }

  /** Nothing new is begun; what is under way ends. Idempotent. */
  async stop(): Promise<void> {
    this.stopping.abort(new DOMException('The party has stopped', 'AbortError'))
    this.outbox.stop()
    await Promise.allSettled(this.working)
  }

  /** Answers that several roles of one party give alike; they are added once, and end with the door. */
  serveOnce(name: string, handlers: MarketHandlers): void {
    if (this.served.has(name)) return
    this.served.add(name)
    this.components.door.serve(handlers)
  }

  /** Work that nobody waits for, owned by the party until it ends. */
  begin(work: () => Promise<void>): void {
    if (this.isStopped) return
    const done = work()
      .catch((cause: unknown) => {
        if (!this.isStopped) this.init.onFailure?.(cause)
      })
      .finally(() => this.working.delete(done))
    this.working.add(done)
  }

  /**
   * Whether this party signs in a contract: it does not where the contract names another key, which was lost. Then the contract ends by its timers, and `onFailure` is
   * told once.
   */
  signsFor(contract: ContractId, key: Did): boolean {
    if (this.keys.includes(key)) return true
    if (!this.strange.has(contract)) {
      this.strange.add(contract)
      this.init.onFailure?.(new CodedError('EVIDENCE_KEY_CHANGED', { message: `${contract} is signed by ${key}` }))
    }
    return false
  }

  /** Says something about a contract to the notary set, once for each act, and waits for the answer. */
  async tellNotary<Type extends MessageType>(
    contract: ContractId,
    { act, type, body }: { readonly act: string; readonly type: Type; readonly body: MessageBody<Type> },
  ): Promise<KeptAnswer & { readonly kept: KeptEnvelope }> {
    const { notary } = this.components
    const kept = await this.wallet.say({ act: `${contract}/${act}`, type, body, aud: notary.set.id, subject: contract })
    return { ...(await this.outbox.submit(kept)), kept }
  }

  /** A signed message to this party of the type that is due; `undefined` when it is another one, or wrong. */
  read<Type extends MessageType>(text: string, type: Type): ReadEnvelope<Type> | undefined {
    const { verify, clock, notary } = this.components
    const audience = ['*', ...this.keys, notary.set.id] as const
    return readEnvelope(text, type, { verify, clock, network: this.network, audience })
  }

  async hear({ envelope, bytes }: Pick<ReadEnvelope<MessageType>, 'envelope' | 'bytes'>): Promise<void> {
    if (envelope.type === 'auction-call' && this.journal.envelope(envelope.hash) === undefined)
      await makeGuestRoom(this.journal, bytes.byteLength, this.components.clock.now())
    // One of the union, by its type.
    await this.journal.append([{ kind: 'heard', kept: { envelope, bytes, act: undefined } as KeptEnvelope }])
  }

  /** The contract's states, certified; none where it lapses without any; each also shows in `states` until the contract has ended. */
  async *follow(contract: ContractId, lapsesAt?: Timestamp): AsyncGenerator<FollowedContract> {
    const init = { contract, signal: this.signal, ...(lapsesAt !== undefined && { lapsesAt }) }
    try {
      for await (const followed of followContract(this.components, init)) {
        const { state, replay } = followed
        if (isTerminal(state)) this.rememberEnd(contract, replay)
        if (isTerminal(state)) this.seen.delete(contract)
        else this.seen.set(contract, state)
        for (const listener of this.listeners) listener()
        yield followed
      }
    } finally {
      this.seen.delete(contract)
    }
  }

  /** A contract that was followed to its end a little while ago, every step of it checked; `undefined` for others. */
  endedReplay(contract: ContractId): ContractReplay | undefined {
    return this.endedReplays.get(contract)
  }

  /** Contracts under way, as their evidence gives them. */
  get states(): ReadonlyMap<ContractId, EscrowState> {
    return this.seen
  }

  /** What needs an act of this party, the nearest deadline first. */
  inbox(): readonly InboxRow[] {
    return joinRows(inboxOf(this.seen.values(), this.keys), this.outside)
  }

  /** What waits outside of contracts, from now on. */
  showOutside(rows: readonly OutsideRow[]): void {
    this.outside = rows
    for (const listener of this.listeners) listener()
  }

  /** As it was shown last. */
  get outsideRows(): readonly OutsideRow[] {
    return this.outside
  }

  /** Calls back whenever the inbox may have changed. @returns Ends it. */
  watchInbox(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  /** A note as it was written; whoever reads a topic has written it. */
  noteOf<Value>(topic: string, key: string): Value | undefined {
    return this.journal.note(topic, key) as Value | undefined
  }

  private rememberEnd(contract: ContractId, replay: ContractReplay): void {
    this.endedReplays.set(contract, replay)
    const [oldest] = this.endedReplays.keys()
    if (oldest !== undefined && this.endedReplays.size > ENDED_MAX) this.endedReplays.delete(oldest)
  }

  async keep(topic: string, key: string, value: object): Promise<void> {
    await this.journal.keepNote(topic, key, JSON.parse(canonicalJson(value)) as JsonValue)
  }
}
