import { CodedError } from '../../../base/errors.ts'
import { TRANSFER_MACHINE, type TransferEffect, type TransferEvent } from '../../../core/artifacts/transfer-machine.ts'
import type { ContractId, Did, Hash } from '../../../core/evidence/names.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import { pieceBytesAt, type PieceList } from '../../../wire/v1/piece-list.ts'
import { rememberDecline } from '../buying/decliners.ts'
import { hashOfBytes } from '../contracts/task-package.ts'
import type { Party } from '../party.ts'
import { missingPieces } from './artifact-files.ts'

/** Longest wait for one piece: with four under way a link of 35 kB/s is enough. */
const PIECE_WAIT_MS = 30_000

export type PiecesWanted = {
  readonly contract: ContractId
  readonly list: PieceList
  /** Whose files they become. */
  readonly subject: string
  /** Nodes that may have them. */
  readonly nodes: readonly Did[]
  /** What of the contract it is, for whoever watches; absent: nobody is told. */
  readonly part?: 'input' | 'result'
  /** By what an arbiter may have them: its `dispute-case-request`. */
  readonly envelope?: string
}

/**
 * Fetches the pieces of a list that are not here yet. Each is looked at by itself and kept at once, so that a transfer that breaks off, or whose program ends, is gone on with
 * by the next call. A node that sends other bytes than it was asked for is asked for nothing more, and put behind others when somebody is chosen.
 *
 * @returns Whether all of them are here now. Throws what the journal throws, `EVIDENCE_FULL` where there is no room.
 */
export async function fetchPieces(
  party: Party,
  wanted: PiecesWanted,
  { signal = party.signal }: AbortOptions = {},
): Promise<boolean> {
  const missing = missingPieces(party.journal, wanted.subject, wanted.list)
  if (missing.length === 0) return true
  return await new Transfer(party, wanted, AbortSignal.any([signal, party.signal])).run(missing)
}

class Transfer {
  private readonly party: Party
  private readonly wanted: PiecesWanted
  private readonly signal: AbortSignal
  private readonly sizes: ReadonlyMap<Hash, number>
  private readonly done = Promise.withResolvers<boolean>()
  private state = TRANSFER_MACHINE.initial({ missing: [], nodes: [] })

  constructor(party: Party, wanted: PiecesWanted, signal: AbortSignal) {
    this.party = party
    this.wanted = wanted
    this.signal = signal
    this.sizes = new Map(wanted.list.pieces.map((piece, index) => [piece, pieceBytesAt(wanted.list, index)]))
  }

  async run(missing: readonly Hash[]): Promise<boolean> {
    this.state = TRANSFER_MACHINE.initial({ missing, nodes: this.wanted.nodes })
    const stop = (): void => this.done.resolve(false)
    this.signal.addEventListener('abort', stop, { once: true })
    try {
      if (this.signal.aborted) return false
      this.apply({ type: 'begun' })
      return await this.done.promise
    } finally {
      this.signal.removeEventListener('abort', stop)
    }
  }

  private apply(event: TransferEvent): void {
    const { state, effects } = TRANSFER_MACHINE.transition(this.state, event)
    this.state = state
    for (const effect of effects) this.perform(effect)
  }

  private perform(effect: TransferEffect): void {
    switch (effect.type) {
      case 'ask':
        this.ask(effect.piece, effect.of).catch((error: unknown) => this.done.reject(error))
        return
      case 'source-dropped':
        if (effect.reason === 'forged')
          this.party.begin(async () => await rememberDecline(this.party, effect.node, true))
        return
      case 'ended':
        this.done.resolve(effect.isComplete)
        return
      case 'event-refused':
        return
    }
  }

  /** Says how much is here. */
  private tell(): void {
    const { contract, list, part, subject } = this.wanted
    if (part === undefined) return
    const missing = new Set(missingPieces(this.party.journal, subject, list))
    const totalBytes = list.sizeBytes
    const missingBytes = list.pieces.reduce(
      (sum, piece, index) => (missing.has(piece) ? sum + pieceBytesAt(list, index) : sum),
      0,
    )
    this.party.progress.note(contract, { [part]: { doneBytes: totalBytes - missingBytes, totalBytes } })
  }

  /** What fails here fails the transfer: a journal that takes nothing keeps no piece. */
  private async ask(piece: Hash, from: Did): Promise<void> {
    const type = await this.fetch(piece, from)
    if (!this.signal.aborted) this.apply({ type, piece, from })
  }

  private async fetch(piece: Hash, from: Did): Promise<'came' | 'forged' | 'lost' | 'denied'> {
    const { party, signal } = this
    const { contract, subject, envelope } = this.wanted
    const frame = { type: 'file-wanted', contract, hash: piece, ...(envelope !== undefined && { envelope }) } as const
    let answer
    try {
      answer = await party.components.door.ask(from, { frame }, { signal, waitMs: PIECE_WAIT_MS })
    } catch (error: unknown) {
      if (CodedError.is(error) || signal.aborted) return 'lost'
      throw error
    }
    if (answer.frame.type !== 'file') return 'denied'
    const isRight = answer.bytes.byteLength === this.sizes.get(piece) && hashOfBytes(answer.bytes) === piece
    if (!isRight) return 'forged'
    await party.journal.keepFile(subject, answer.bytes)
    this.tell()
    return 'came'
  }
}
