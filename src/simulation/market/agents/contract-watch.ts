import { amountFromNanos } from '../../../base/money.ts'
import type { DeliveredState } from '../../../core/escrow/escrow-state.ts'
import { type ContractId, parseContractId } from '../../../core/evidence/names.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../../../market/parties/contracts/contract-notes.ts'
import type { RunningParty } from '../party-machine.ts'
import type { EndedContract } from '../strategies/strategy.ts'

export type WatchInit = {
  /** A contract that this party pays for has a delivery. Told again whenever anything moves. */
  readonly onDelivered?: (state: DeliveredState) => void
  readonly onDisputed: (contract: ContractId) => void
  /** Told once for each contract and watch. */
  readonly onEnded: (ended: EndedContract, note: ContractNote) => Promise<void>
}

/** Before a look at what has moved: several things move at once, and a note on an end is written behind it. */
const LOOK_MS = 200

/** Tells an owner what becomes of the contracts of its party, as the party itself knows it. */
export function watchContracts(running: RunningParty, seen: Set<ContractId>, init: WatchInit): void {
  const { party } = running
  let isDue = false
  const look = async (): Promise<void> => {
    isDue = false
    for (const state of party.states.values()) {
      if (state.kind === 'DELIVERED' && state.terms.payer === party.did) init.onDelivered?.(state)
      if (state.kind === 'DISPUTED' || state.kind === 'FROZEN') init.onDisputed(state.contract)
    }
    for (const [name, value] of party.journal.notesOf(CONTRACTS)) {
      const contract = parseContractId(name)
      if (contract === undefined || seen.has(contract)) continue
      // Written by buyer and seller.
      const note = value as ContractNote
      if (note.ended === undefined) {
        // Its end was seen, and is not written down yet.
        if (!party.states.has(contract)) arm()
        continue
      }
      seen.add(contract)
      await init.onEnded(endedOf(contract, note), note)
    }
  }
  const arm = (): void => {
    if (isDue || party.isStopped) return
    isDue = true
    party.components.timers.schedule(LOOK_MS, () => party.begin(look))
  }
  party.watchInbox(arm)
  arm()
}

function endedOf(contract: ContractId, note: ContractNote): EndedContract {
  const { role, other, ended = '', terms } = note
  const { maxNanos } = readTerms(terms)
  return { contract, role, other, ended, priceNanos: amountFromNanos(maxNanos), wasRight: undefined }
}
