import { CodedError } from '../../base/errors.ts'
import type { Sha256Hex } from '../../base/sha256.ts'
import { canonicalJson } from '../../base/canonical-json.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { type Certificate, certificatesOf, type Decision } from '../../core/notary/certificate.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { EventLog } from '../../ports/event-log.ts'

export type DecisionStoreInit = {
  /** One decision a record, slot 1 first; whoever opened it closes it. */
  readonly log: EventLog
  readonly set: NotarySet
  readonly digest: Sha256Hex
}

/** Blocks whose certificates stay at hand. */
const KEPT = 32

/**
 * The blocks of a log with the quorum that this member saw first, so that it gives the same receipt for ever: another quorum for the same block would be right as
 * well, and other bytes.
 */
export class DecisionStore {
  private readonly init: DecisionStoreInit
  private readonly recent = new Map<number, Decision>()
  private readonly certificates = new Map<number, readonly Certificate[]>()
  private readonly unwritten = new Map<number, Decision>()
  private newest: Decision | undefined

  private constructor(init: DecisionStoreInit) {
    this.init = init
  }

  /** Throws `STORE_CORRUPTED`, and what the log throws. */
  static async open(init: DecisionStoreInit): Promise<DecisionStore> {
    const store = new DecisionStore(init)
    const { nextIndex } = init.log
    if (nextIndex > 0) store.newest = await store.read(nextIndex)
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
  async write(decision: Decision): Promise<void> {
    await this.init.log.append([utf8Bytes(canonicalJson(decision))])
    this.unwritten.delete(decision.block.slot)
  }

  /** `undefined` for a slot that is not decided here. */
  async certificatesOf(slot: number): Promise<readonly Certificate[] | undefined> {
    const known = this.certificates.get(slot)
    if (known !== undefined) return known
    const decision = this.recent.get(slot) ?? this.unwritten.get(slot) ?? (await this.read(slot))
    if (decision === undefined) return undefined
    const made = certificatesOf(this.init.set, decision, this.init.digest)
    keep(this.certificates, slot, made)
    return made
  }

  private async read(slot: number): Promise<Decision | undefined> {
    const { log } = this.init
    if (slot < 1 || slot > log.nextIndex) return undefined
    for await (const { payload } of log.read(slot - 1)) {
      const decision = decode(payload, slot)
      if (decision.block.slot === slot) return decision
      throw new CodedError('STORE_CORRUPTED', { message: `notary decisions: record ${slot - 1} is of another slot` })
    }
    return undefined
  }
}

function decode(payload: Uint8Array, slot: number): Decision {
  try {
    // Written by `write`, under the checksum of the log.
    return JSON.parse(new TextDecoder().decode(payload)) as Decision
  } catch (cause: unknown) {
    throw new CodedError('STORE_CORRUPTED', { message: `notary decisions: record ${slot - 1} is none`, cause })
  }
}

function keep<Value>(map: Map<number, Value>, slot: number, value: Value): void {
  map.set(slot, value)
  const [oldest] = map.keys()
  if (map.size > KEPT && oldest !== undefined) map.delete(oldest)
}
