import type { ContractId } from '../../../core/evidence/names.ts'

/** What a worker says of its work on the way. It is its word alone: nothing is accepted or paid by it. */
export type WorkProgress = {
  /** An estimate of what is done, in millionths. */
  readonly donePpm?: number
  /** What is being done, in a few words: at most `PROGRESS_TEXT_MAX` characters. */
  readonly text?: string
  /** What there is of the result that was not told before. Whoever has it has it before it is accepted: a worker that gives away what it sells says how far it is, and no more. */
  readonly partial?: Uint8Array
}

/** How much of something has gone over, bytes. */
export type Transferred = { readonly doneBytes: number; readonly totalBytes: number }

/** How far a contract is between two of its states. */
export type ContractProgress = {
  /** The input, on its way to the worker. */
  readonly input?: Transferred
  /** The result, on its way to the payer. */
  readonly result?: Transferred
  readonly work?: {
    /** Rises with each word of the worker. */
    readonly step: number
    readonly donePpm?: number
    readonly text?: string
    /** Bytes of the result that were told so far, and the last of them. */
    readonly partialBytes: number
    readonly partial?: Uint8Array
  }
}

export type ProgressListener = (contract: ContractId, progress: ContractProgress) => void

/** Contracts of which it is known; the one that was spoken of longest ago goes first. */
const CONTRACTS_MAX = 256

/** How far the contracts of a party are, in memory alone: what counts is in the journal. */
export class ProgressBoard {
  private readonly known = new Map<ContractId, ContractProgress>()
  private readonly listeners = new Set<ProgressListener>()

  of(contract: ContractId): ContractProgress | undefined {
    return this.known.get(contract)
  }

  note(contract: ContractId, part: ContractProgress): void {
    const progress = { ...this.known.get(contract), ...part }
    this.known.delete(contract)
    this.known.set(contract, progress)
    const [oldest] = this.known.keys()
    if (oldest !== undefined && this.known.size > CONTRACTS_MAX) this.known.delete(oldest)
    for (const listener of this.listeners) listener(contract, progress)
  }

  /** @returns Ends it. */
  watch(listener: ProgressListener): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }
}
