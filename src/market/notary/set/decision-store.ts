import { CodedError } from '../../../base/errors.ts'
import type { Sha256Hex } from '../../../base/sha256.ts'
import { canonicalJson } from '../../../base/canonical-json.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { utf8Bytes } from '../../../core/text/encode-utf8.ts'
import { type Certificate, certificatesOf, type Decision } from '../../../core/notary/certificate.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { NotaryStatement } from '../../../wire/v1/notary-receipt.ts'

export type DecisionStoreInit = {
  /** One decision a record, slot 1 first; whoever opened it closes it. */
  readonly log: EventLog
  readonly set: NotarySet
  readonly digest: Sha256Hex
  /** Size of the log from which on it is made smaller; absent: 64 MiB. */
  readonly compactAtBytes?: number | undefined
}

/** A block with its certificate, and what was said of its entries that changed nothing, where that is known. */
export type DecisionRecord = {
  readonly decision: Decision
  readonly said: readonly NotaryStatement[] | undefined
  /** Of the books, at a checkpoint. */
  readonly root: Hash | undefined
}

/** Blocks whose certificates stay at hand. */
const KEPT = 32
/** Size of the log that starts a compaction, and blocks before the newest that are kept whatever they are for. */
const COMPACT_AT_BYTES = 67_108_864
const RECENT_SLOTS = 2_048

/**
 * The blocks of a log with the quorum that this member saw first, so that it gives the same receipt for ever: another quorum for the same block would be right as
 * well, and other bytes.
 */
export class DecisionStore {
  private readonly init: DecisionStoreInit
  private readonly recent = new Map<number, Decision>()
  private readonly certificates = new Map<number, readonly Certificate[]>()
  private readonly unwritten = new Map<number, Decision>()
  /** Of slots before the records of the log, by slot. */
  private kept: ReadonlyMap<number, string> = new Map()
  private compactAt: number
  private newest: Decision | undefined

  private constructor(init: DecisionStoreInit) {
    this.init = init
    this.compactAt = init.compactAtBytes ?? COMPACT_AT_BYTES
  }

  /** Throws `STORE_CORRUPTED`, and what the log throws. */
  static async open(init: DecisionStoreInit): Promise<DecisionStore> {
    const store = new DecisionStore(init)
    const { log } = init
    if (log.snapshot !== undefined) store.kept = readSnapshot(log.snapshot.payload)
    if (log.nextIndex > 0) store.newest = (await store.read(log.nextIndex))?.decision
    return store
  }

  /** The last one that was put; `undefined` before the first. */
  get last(): Decision | undefined {
    return this.newest
  }

  /** At hand from now on; `written` makes it durable. */
  put(decision: Decision): void {
    this.newest = decision
    const { slot } = decision.block
    this.unwritten.set(slot, decision)
    keep(this.recent, slot, decision)
  }

  /** Resolves when the decision that was put is on stable storage. Called in the order of slots, behind the journal's entries of the block. */
  async write({ decision, said, root }: DecisionRecord): Promise<void> {
    const text = canonicalJson({
      ...decision,
      ...(said !== undefined && { said }),
      ...(root !== undefined && { root }),
    })
    await this.init.log.append([utf8Bytes(text)])
    this.unwritten.delete(decision.block.slot)
  }

  /** `undefined` for a slot that is not decided here. */
  async certificatesOf(slot: number): Promise<readonly Certificate[] | undefined> {
    const known = this.certificates.get(slot)
    if (known !== undefined) return known
    const decision = this.recent.get(slot) ?? this.unwritten.get(slot) ?? (await this.read(slot))?.decision
    if (decision === undefined) return undefined
    const made = certificatesOf(this.init.set, decision, this.init.digest)
    keep(this.certificates, slot, made)
    return made
  }

  /** `state` of the block of a slot; `undefined` where it is not kept. */
  async stateOf(slot: number): Promise<Hash | undefined> {
    const decision = this.recent.get(slot) ?? (await this.read(slot))?.decision
    return decision?.block.state
  }

  /** What is written from a slot on, one slot after the other; nothing where that slot is not kept. */
  async *from(slot: number): AsyncGenerator<DecisionRecord, void> {
    const { log } = this.init
    const start = log.snapshot?.nextIndex ?? 0
    let next = slot
    for (; next <= start; next += 1) {
      const text = this.kept.get(next)
      if (text === undefined) return
      yield decode(text, next)
    }
    if (next > log.nextIndex) return
    for await (const { payload } of log.read(next - 1)) {
      yield decode(new TextDecoder().decode(payload), next)
      next += 1
    }
  }

  /**
   * When the log is large, drops blocks that nobody asks for any more: those of which `isWanted` says so are kept, and the newest. Where that is most of them, it waits
   * until there are twice as many. Called behind a write, and before the next one.
   */
  async compactWhenLarge(isWanted: (slot: number) => boolean): Promise<void> {
    const { log } = this.init
    if (log.sizeBytes < this.compactAt) return
    const { nextIndex } = log
    const lines: string[] = []
    let characters = 0
    const take = (slot: number, text: string): void => {
      if (slot + RECENT_SLOTS < nextIndex && !isWanted(slot)) return
      lines.push(text)
      characters += text.length
    }
    for (const [slot, text] of this.kept) take(slot, text)
    const start = log.snapshot?.nextIndex ?? 0
    for await (const { index, payload } of log.read(start)) take(index + 1, new TextDecoder().decode(payload))
    if (2 * characters > log.sizeBytes) {
      this.compactAt = 2 * log.sizeBytes
      return
    }
    const payload = utf8Bytes(lines.join('\n'))
    await log.compact({ nextIndex, payload })
    this.kept = readSnapshot(payload)
  }

  private async read(slot: number): Promise<DecisionRecord | undefined> {
    const { log } = this.init
    const kept = this.kept.get(slot)
    if (kept !== undefined) return decode(kept, slot)
    if (slot <= (log.snapshot?.nextIndex ?? 0) || slot > log.nextIndex) return undefined
    for await (const { payload } of log.read(slot - 1)) return decode(new TextDecoder().decode(payload), slot)
    return undefined
  }
}

function readSnapshot(payload: Uint8Array): ReadonlyMap<number, string> {
  const kept = new Map<number, string>()
  for (const line of new TextDecoder().decode(payload).split('\n')) {
    if (line === '') continue
    const { slot } = parse(line, 'its snapshot').block
    kept.set(slot, line)
  }
  return kept
}

function decode(text: string, slot: number): DecisionRecord {
  const { block, quorum, said, root } = parse(text, `record ${slot - 1}`)
  if (block.slot !== slot)
    throw new CodedError('STORE_CORRUPTED', { message: `notary decisions: record ${slot - 1} is of another slot` })
  return { decision: { block, quorum }, said, root }
}

type Written = Decision & { readonly said?: readonly NotaryStatement[]; readonly root?: Hash }

function parse(text: string, what: string): Written {
  try {
    // Written by `write`, under the checksum of the log.
    return JSON.parse(text) as Written
  } catch (cause: unknown) {
    throw new CodedError('STORE_CORRUPTED', { message: `notary decisions: ${what} is none`, cause })
  }
}

function keep<Value>(map: Map<number, Value>, slot: number, value: Value): void {
  map.set(slot, value)
  const [oldest] = map.keys()
  if (map.size > KEPT && oldest !== undefined) map.delete(oldest)
}
