import type { MerkleHash, MerkleNode, Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { prunedEntry, unknownEntry } from './journal-records.ts'
import { indexOfEntry } from './journal-line.ts'
import { type ConsistencyProof, type InclusionProof, isEntryProven, MerkleStore } from './journal-proofs.ts'
import type { Place } from './journal-segments.ts'

export type ProverComponents = {
  readonly log: EventLog
  readonly digest: Sha256
  /** Entries of the journal as it stands. */
  entries(): number
  /** Where the log begins. */
  cut(): Place
  /** The text of an entry before that, where it was kept. */
  readKept(index: number): Promise<string | undefined>
  /** Hashes of all entries, 32 bytes each. */
  hashes(): Promise<Uint8Array>
}

export type ProvenAmong = { readonly entries?: number | undefined; readonly archived?: string | undefined }

/** Answers for a journal that entries are in it, and that it only grew. The tree is built when the first proof is asked for. */
export class JournalProver {
  private readonly components: ProverComponents
  private store: MerkleStore | undefined
  /** Where the journal was opened, and the number of entries before each checkpoint since: an entry's record comes behind so many. */
  private start: Place = { entries: 0, records: 0 }
  private checkpointsAt: number[] = []

  /** @param isWhole  Every node of the tree will be shown to `put`. */
  constructor(components: ProverComponents, isWhole: boolean) {
    this.components = components
    if (isWhole) this.store = new MerkleStore(components.digest)
  }

  put(node: MerkleNode, hash: MerkleHash): void {
    this.store?.put(node, hash)
  }

  startAt(start: Place): void {
    this.start = start
    this.checkpointsAt = []
  }

  addCheckpoint(entries: number): void {
    this.checkpointsAt.push(entries)
  }

  async proveEntry(index: number, { archived, entries: wanted }: ProvenAmong): Promise<InclusionProof> {
    const line = archived ?? (await this.readEntry(index))
    const store = await this.loadStore()
    const all = this.components.entries()
    const entries = Math.min(wanted ?? all, all)
    if (line === undefined || !(index >= 0 && index < entries)) throw unknownEntry(index)
    const proof = store.proveEntry({ index, entries, line })
    if (archived !== undefined && !isEntryProven(proof, this.components.digest)) throw unknownEntry(index)
    return proof
  }

  async proveConsistency(from: number, to: number): Promise<ConsistencyProof> {
    if (!(from >= 0 && from <= to && to <= this.components.entries())) throw unknownEntry(to)
    const store = await this.loadStore()
    return store.proveConsistency(from, to)
  }

  private async loadStore(): Promise<MerkleStore> {
    const { components } = this
    while (this.store === undefined) {
      const hashes = await components.hashes()
      // Entries may have come while they were read: then once more.
      if (hashes.length === 32 * components.entries()) this.store = MerkleStore.of(hashes, components.digest)
    }
    return this.store
  }

  /** The canonical text of an entry; `undefined` where there is none. Throws `LEDGER_ENTRY_PRUNED`. */
  async readEntry(index: number): Promise<string | undefined> {
    const { components, start, checkpointsAt } = this
    if (!Number.isSafeInteger(index) || index < 0 || index >= components.entries()) return undefined
    const cut = components.cut()
    if (index < cut.entries) {
      const kept = await components.readKept(index)
      if (kept === undefined) throw prunedEntry(index)
      return kept
    }
    const isBefore = index < start.entries
    const from = isBefore ? cut : start
    // Before the start it is not known how many checkpoints there are: the entry is at this record, or behind.
    const between = isBefore ? 0 : checkpointsAt.filter((entries) => entries <= index).length
    const decoder = new TextDecoder()
    for await (const { payload } of components.log.read(from.records + index - from.entries + between)) {
      const line = decoder.decode(payload)
      if (indexOfEntry(line) === index) return line
    }
    return undefined
  }
}
