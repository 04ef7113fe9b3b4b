import { addDuration, type Timestamp } from '../../../base/time.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import { type ContractId, type Did, parseContractId } from '../../../core/evidence/names.ts'
import type { MarketTask } from '../../../wire/v1/market-frames.ts'
import { isInPieces } from '../../../wire/v1/piece-list.ts'
import { inputSubject, isArtifactHere } from '../artifacts/artifact-files.ts'
import { fetchArtifact } from '../artifacts/fetch-artifact.ts'
import { CONTRACTS } from '../contracts/contract-notes.ts'
import { inputNameOf } from '../contracts/task-package.ts'
import { CLOCK_SKEW_MS } from '../market-door.ts'
import type { Party } from '../party.ts'

/** Topic of notes on inputs in pieces that come before this party has signed their contract. */
const UNSIGNED_INPUTS = 'unsigned-input'
type UnsignedInput = { readonly peer: Did; readonly payer: Did; readonly bytes: number; readonly until: number }

export type UnsignedContract = {
  readonly contract: ContractId
  readonly terms: EscrowTerms
  readonly task: MarketTask
  /** The node that asks for the signature. */
  readonly from: Did
  /** The list of the pieces, whose name the task has. */
  readonly list: Uint8Array
}

/**
 * Inputs in pieces of contracts with a penalty, which have to be here before the worker signs. Nothing was paid for them, and keys cost nothing: one at a time of each payer and
 * each node, `unsignedBytesMax` of all together, and what was not signed goes when it cannot be any more.
 */
export class UnsignedInputs {
  private readonly party: Party
  private readonly fetching = new Set<ContractId>()

  constructor(party: Party) {
    this.party = party
  }

  /** @returns `undefined` once all of it is here; until then it is fetched. */
  async refuse(wanted: UnsignedContract): Promise<'MARKET_INPUT_MISSING' | 'MARKET_BUSY' | undefined> {
    const { party } = this
    const { contract, terms, task, from, list } = wanted
    if (!isInPieces(task.inputBytes)) return undefined
    await dropUnsigned(party, party.components.clock.now())
    if (await isArtifactHere(party.journal, inputSubject(contract), inputNameOf(task))) return undefined
    const note: UnsignedInput = {
      peer: from,
      payer: terms.payer,
      bytes: task.inputBytes,
      until: addDuration(terms.signBy, CLOCK_SKEW_MS),
    }
    if (party.journal.note(UNSIGNED_INPUTS, contract) === undefined) {
      if (!this.hasRoom(note)) return 'MARKET_BUSY'
      await party.keep(UNSIGNED_INPUTS, contract, note)
      await party.journal.keepFile(contract, list)
    }
    this.begin(wanted)
    return 'MARKET_INPUT_MISSING'
  }

  private hasRoom({ peer, payer, bytes }: UnsignedInput): boolean {
    const others = unsignedOf(this.party).map(([, note]) => note)
    if (others.some((other) => other.peer === peer || other.payer === payer)) return false
    const held = others.reduce((sum, other) => sum + other.bytes, bytes)
    return held <= this.party.journal.limits.unsignedBytesMax
  }

  private begin({ contract, terms, task, from }: UnsignedContract): void {
    const { party } = this
    if (this.fetching.has(contract)) return
    this.fetching.add(contract)
    party.begin(async () => {
      try {
        const leftMs = Math.max(1, terms.signBy - party.components.clock.now())
        const signal = AbortSignal.any([party.signal, party.components.clock.timeoutSignal(leftMs)])
        const wanted = { contract, subject: inputSubject(contract), name: inputNameOf(task), node: from }
        await fetchArtifact(party, wanted, { signal })
      } finally {
        this.fetching.delete(contract)
      }
    })
  }
}

/** Forgets inputs whose contract is signed by now, and drops those whose contract cannot be any more. */
export async function dropUnsigned(party: Party, now: Timestamp): Promise<void> {
  const { journal } = party
  for (const [contract, { until }] of unsignedOf(party)) {
    const isSigned = journal.note(CONTRACTS, contract) !== undefined
    if (!isSigned && until > now) continue
    if (!isSigned) for (const subject of [contract, inputSubject(contract)]) await journal.dropFiles(subject)
    await journal.keepNote(UNSIGNED_INPUTS, contract, null)
  }
}

function unsignedOf({ journal }: Party): readonly (readonly [ContractId, UnsignedInput])[] {
  return journal.notesOf(UNSIGNED_INPUTS).flatMap(([key, note]) => {
    const contract = parseContractId(key)
    // Written above.
    return contract === undefined ? [] : [[contract, note as UnsignedInput] as const]
  })
}
