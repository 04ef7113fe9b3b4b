import type { ContractId } from '../../../core/evidence/names.ts'
import { PROGRESS_BYTES_MAX } from '../../../wire/v1/market-frames.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { declined, type MarketAnswer, type MarketQuestion, TAKEN } from '../market-door.ts'
import type { Party } from '../party.ts'

/** Words of one worker about one contract come no faster: half of what an honest one leaves between two. */
export const PROGRESS_PAUSE_LEAST_MS = 250
/** Contracts of which it is known when their worker spoke last. */
const HEARD_MAX = 1_024

/**
 * Takes a worker's word on how far it is: of the node that works for this party's contract alone, while the work goes on, each newer than the one before. It is shown, and never
 * believed: what is paid follows from delivery and vouchers.
 */
export class HeardProgress {
  private readonly party: Party
  private readonly heardAt = new Map<ContractId, number>()

  constructor(party: Party) {
    this.party = party
  }

  async take({ from, frame, bytes }: MarketQuestion<'progress'>): Promise<MarketAnswer> {
    const { party } = this
    const { contract, step, donePpm, text } = frame
    const note = party.noteOf<ContractNote>(CONTRACTS, contract)
    const state = party.states.get(contract)?.kind
    if (note?.role !== 'payer' || note.peer !== from || (state !== 'HELD' && state !== 'WORKING'))
      return declined('MARKET_CONTRACT_UNKNOWN')
    if (bytes.byteLength > PROGRESS_BYTES_MAX) return declined('MARKET_FRAME_LARGE')
    const now = party.components.clock.now()
    if (now - (this.heardAt.get(contract) ?? -Infinity) < PROGRESS_PAUSE_LEAST_MS) return declined('MARKET_BUSY')
    const before = party.progress.of(contract)?.work
    if (before !== undefined && step <= before.step) return declined('MARKET_STATEMENT_DECLINED')
    this.remember(contract, now)
    const partialBytes = (before?.partialBytes ?? 0) + bytes.byteLength
    const said = { ...(donePpm !== undefined && { donePpm }), ...(text !== undefined && { text }) }
    party.progress.note(contract, {
      work: { step, ...said, partialBytes, ...(bytes.byteLength > 0 && { partial: bytes }) },
    })
    return await Promise.resolve(TAKEN)
  }

  private remember(contract: ContractId, now: number): void {
    this.heardAt.delete(contract)
    this.heardAt.set(contract, now)
    const [oldest] = this.heardAt.keys()
    if (oldest !== undefined && this.heardAt.size > HEARD_MAX) this.heardAt.delete(oldest)
  }
}
