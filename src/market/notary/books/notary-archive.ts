import type { Sha256Hex } from '../../../base/sha256.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import { type Block, type BlockEntry, GENESIS, hashOfBlock } from '../../../core/notary/block.ts'
import { canonicalText } from '../../../wire/v1/canonical.ts'
import { hashOfTransition } from '../../../wire/v1/notary-receipt.ts'
import { hashOfText } from '../../../wire/v1/signing-bytes.ts'
import type { ArchiveContents, ArchivedEntry, ContractFile, OutsideMessage } from './archive-contents.ts'
import { LEDGER_SUBJECT, stampOfBooksEvent } from './booked-event.ts'
import { type ChainPlace, describeTransition } from './describe-transition.ts'
import type { BookedStep } from './journaled-books.ts'

/** A block and its name. */
export type NamedBlock = { readonly block: Block; readonly hash: Hash }

type BlockFile = {
  readonly slot: number
  readonly at: Timestamp
  readonly previous: Hash
  readonly entries: ArchivedEntry[]
  readonly stateBefore: Hash
  /** How many of its entries somebody may still ask for. */
  wanted: number
  /** Once it is whole. */
  block: Block | undefined
  /** Of the whole block, once somebody has asked. */
  hash: Hash | undefined
}

export type NotaryArchiveInit = {
  /** How long a message outside of contracts is remembered at least after its end. */
  readonly clockSkewMs: number
  readonly hash?: Sha256Hex | undefined
}

const MINUTE_MS = 60_000
const STATE_DOMAIN = 'kernell/notary/state/v1\u0000'
const PAD = '0'.repeat(64) as Hash

/** Name of the state behind a block: it covers every transition so far. */
export function stateBehind(before: Hash, transitions: readonly Hash[], hash?: Sha256Hex): Hash {
  return hashOfText(STATE_DOMAIN + canonicalText([before, ...transitions]), hash)
}

/**
 * What was answered, so that it is answered again word for word: blocks, and transitions by message and by contract. It is made of the journal's steps and of
 * nothing else, so that a restart brings it back. A contract takes about 1 KiB for each message and goes when the books prune it; a message outside of contracts
 * goes when it could no longer be sent.
 *
 * ```text
 * steps -> contract files, messages -> entries -> blocks (dropped when none of their entries is wanted)
 * ```
 */
export class NotaryArchive {
  readonly files = new Map<ContractId, ContractFile>()
  private readonly init: NotaryArchiveInit
  private readonly messages = new Map<Hash, ArchivedEntry>()
  private readonly blocks = new Map<number, BlockFile>()
  /** Messages outside of contracts by the minute in which they end. */
  private readonly endings = new Map<number, OutsideMessage[]>()
  private ledgerChain: ChainPlace = { seq: 0, previous: PAD }
  private last: BlockFile | undefined
  private count = 0

  constructor(init: NotaryArchiveInit) {
    this.init = init
  }

  /** Of the newest block; 0 before the first. */
  get slot(): number {
    return this.last?.slot ?? 0
  }

  /** Messages that are remembered. */
  get size(): number {
    return this.messages.size
  }

  find(message: Hash): ArchivedEntry | undefined {
    return this.messages.get(message)
  }

  /** The message that used a nonce in a contract. */
  nonceUser(contract: ContractId, nonce: string): Hash | undefined {
    return this.files.get(contract)?.nonces.get(nonce)
  }

  /** The first message of the first block that has one and is stamped at `at` or behind it. */
  firstSince(at: Timestamp): ArchivedEntry | undefined {
    for (const { at: stamp, entries } of this.blocks.values()) {
      const message = stamp < at ? undefined : entries.find(({ isMessage }) => isMessage)
      if (message !== undefined) return message
    }
    return undefined
  }

  /** Where the next transition of a subject stands. */
  placeOf(contract: ContractId): ChainPlace {
    if (contract === LEDGER_SUBJECT) return this.ledgerChain
    const last = this.files.get(contract)?.entries.at(-1)
    if (last === undefined) return { seq: 0, previous: PAD }
    return { seq: last.transition.seq + 1, previous: last.transitionHash }
  }

  /** What there is, as of now. */
  get contents(): ArchiveContents {
    const outside = [...this.endings.values()].flat()
    return { chain: this.ledgerChain, count: this.count, blocks: this.blocks.values(), files: this.files, outside }
  }

  /** Entries of the journal whose envelopes somebody may still ask for: those of contracts that are kept. */
  wantedEntries(): ReadonlySet<number> {
    const wanted = new Set<number>()
    for (const { entries } of this.files.values())
      for (const { entry, isMessage } of entries) if (isMessage) wanted.add(entry)
    return wanted
  }

  /** Begins with what another archive held, in place of the steps before. */
  restore({ chain, count, blocks, files, outside }: ArchiveContents): void {
    this.ledgerChain = chain
    this.count = count
    for (const written of blocks) {
      const { slot, entries } = written
      const block: BlockFile = { ...written, entries: [...entries], wanted: 0, block: undefined, hash: undefined }
      this.blocks.set(slot, block)
      this.last = block
    }
    for (const [contract, file] of files) {
      this.files.set(contract, file)
      for (const entry of file.entries) this.want(entry)
    }
    for (const message of outside) {
      this.want(message.archived)
      this.keepUntilEnd(message)
    }
  }

  private want(entry: ArchivedEntry): void {
    const block = this.blocks.get(entry.slot)
    if (block !== undefined) block.wanted += 1
    if (entry.isMessage) this.messages.set(entry.transition.message as Hash, entry)
  }

  /** Takes a step of the journal; those of one block follow each other. */
  add(step: BookedStep): void {
    const { slot, contract, event, message, sent } = step.booked
    if (slot !== this.last?.slot) this.begin(slot, stampOfBooksEvent(event))
    const block = this.last
    if (block === undefined) return
    const transition = describeTransition(step, this.placeOf(contract))
    const transitionHash = hashOfTransition(transition, this.init.hash)
    const index = block.entries.length
    const isMessage = sent !== undefined
    const archived = { slot, index, entry: this.count, transition, transitionHash, isMessage }
    this.count += 1
    block.entries.push(archived)
    if (isMessage) this.messages.set(message, archived)
    if (contract === LEDGER_SUBJECT) this.keepOutside(step, archived)
    else this.keepInContract(step, archived)
    for (const effect of step.effects) if (effect.type === 'prune-contract') this.prune(effect.record.contract)
  }

  /** The block of a slot, whole from the first call on; `undefined` for one that is gone or never was. */
  block(slot: number): Block | undefined {
    const file = this.blocks.get(slot)
    if (file === undefined) return undefined
    const { entries, previous, at, stateBefore } = file
    file.block ??= {
      slot,
      previous,
      at,
      entries: entries.map(blockEntryOf),
      state: stateBehind(
        stateBefore,
        entries.map(({ transitionHash }) => transitionHash),
        this.init.hash,
      ),
    }
    return file.block
  }

  /** Whether somebody may still ask for an entry of the block of a slot. */
  isWanted(slot: number): boolean {
    return (this.blocks.get(slot)?.wanted ?? 0) > 0
  }

  /** The same with its name, which is worked out once. */
  named(slot: number): NamedBlock | undefined {
    const block = this.block(slot)
    const file = this.blocks.get(slot)
    if (block === undefined || file === undefined) return undefined
    file.hash ??= hashOfBlock(block, this.init.hash)
    return { block, hash: file.hash }
  }

  /** Forgets messages outside of contracts that have ended long enough. */
  forget(now: Timestamp): void {
    for (const [endsAt, messages] of this.endings) {
      if (endsAt + this.init.clockSkewMs > now) continue
      for (const { archived } of messages) this.drop(archived, archived.transition.message as Hash)
      this.endings.delete(endsAt)
    }
  }

  private begin(slot: number, at: Timestamp): void {
    const before = this.last === undefined ? undefined : this.block(this.last.slot)
    const previous = before && this.named(before.slot)?.hash
    const file: BlockFile = {
      slot,
      at,
      previous: previous ?? GENESIS,
      entries: [],
      stateBefore: before?.state ?? PAD,
      wanted: 0,
      block: undefined,
      hash: undefined,
    }
    const { last } = this
    this.last = file
    this.blocks.set(slot, file)
    if (last !== undefined && last.wanted === 0) this.blocks.delete(last.slot)
  }

  private keepOutside({ booked: { sent } }: BookedStep, archived: ArchivedEntry): void {
    const { transition, transitionHash } = archived
    this.ledgerChain = { seq: transition.seq + 1, previous: transitionHash }
    if (sent === undefined) return
    const { iss, nonce, exp } = sent.envelope.head
    this.keepUntilEnd({ iss, nonce, exp, archived })
    if (this.last !== undefined) this.last.wanted += 1
  }

  private keepUntilEnd(message: OutsideMessage): void {
    const endsAt = Math.floor(message.exp / MINUTE_MS) * MINUTE_MS + MINUTE_MS
    const messages = this.endings.get(endsAt) ?? []
    messages.push(message)
    this.endings.set(endsAt, messages)
  }

  private keepInContract({ booked, effects }: BookedStep, archived: ArchivedEntry): void {
    const { contract, sent, message, event } = booked
    const file = this.files.get(contract) ?? emptyFile()
    this.files.set(contract, file)
    file.entries.push(archived)
    if (this.last !== undefined) this.last.wanted += 1
    if (sent !== undefined) file.nonces.set(nonceKey(sent.envelope.head), message)
    if (sent?.envelope.type === 'escrow-award') file.auction = sent.envelope.body.auction
    if (event.type === 'message-received' && event.message.type === 'delivered') file.result = event.message.result
    for (const effect of effects) {
      if (effect.type !== 'ledger-effect') continue
      const { effect: inner } = effect
      if (inner.type !== 'event-refused' && 'id' in inner) file.transfers.add(inner.id)
    }
  }

  private prune(contract: ContractId): void {
    const file = this.files.get(contract)
    this.files.delete(contract)
    for (const entry of file?.entries ?? []) this.drop(entry, entry.transition.message as Hash)
  }

  private drop(entry: ArchivedEntry | undefined, message: Hash): void {
    if (entry === undefined) return
    this.messages.delete(message)
    const block = this.blocks.get(entry.slot)
    if (block === undefined) return
    block.wanted -= 1
    if (block.wanted <= 0 && block !== this.last) this.blocks.delete(entry.slot)
  }
}

/** By whom and with which nonce: the key under which a message is the only one. */
export function nonceKey({ iss, nonce }: { readonly iss: string; readonly nonce: string }): string {
  return `${iss}/${nonce}`
}

function emptyFile(): ContractFile {
  return { entries: [], nonces: new Map(), transfers: new Set(), auction: undefined, result: undefined }
}

function blockEntryOf({ transition, transitionHash }: ArchivedEntry): BlockEntry {
  return {
    message: transition.message as Hash,
    contract: transition.contract as ContractId,
    seq: transition.seq,
    transition: transitionHash,
  }
}
