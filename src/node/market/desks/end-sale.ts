import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { ZERO_AMOUNT } from '../../../base/money.ts'
import { type ContractId, parseContractId } from '../../../core/evidence/names.ts'
import { CONTRACTS, type ContractNote, readTerms } from '../../../market/parties/contracts/contract-notes.ts'
import type { Party } from '../../../market/parties/party.ts'
import type { ContractView, NotaryClient } from '../../../ports/notary-client.ts'
import { cancelHash } from '../../../wire/v1/escrow-events.ts'
import { type ControlRequest, requiredText } from '../../control/control-request.ts'
import { contractOf } from './credit-desk.ts'
import { unknownContract } from './escrow-answers.ts'

/** Contracts that are shown for one input; more of them are one payer's own doing. */
const SALES_MAX = 16
/** In which both parties may end a contract together. */
const ENDED_TOGETHER: readonly string[] = ['HELD', 'WORKING']

/** How a contract that this node works on stands, for whoever may want it ended. */
export type StandingSale = {
  readonly contract: ContractId
  /** `UNKNOWN` where the set knows it not, yet or any more. */
  readonly state: string
  /** There is a result: it is delivered, or about to be. */
  readonly isMade: boolean
  /** When what is held goes back by itself, milliseconds since 1970; `null` where nothing is held or the timers say nothing of it. */
  readonly lapsesAt: number | null
}

/** The contracts of this node for exactly one input of a skill, the newest first, at most 16. Throws `REQUEST_INVALID`. */
export async function listSales(party: Party, notary: NotaryClient, request: ControlRequest): Promise<JsonValue> {
  const [skill, inputHash] = [requiredText(request, 'skill'), requiredText(request, 'inputHash')]
  const found = party.journal.notesOf(CONTRACTS).flatMap(([name, note]) => {
    // Written by buyer and seller.
    const { role, task } = note as ContractNote
    const contract = parseContractId(name)
    const isMeant = role === 'worker' && task.skill === skill && task.inputHash === inputHash
    return contract !== undefined && isMeant ? [contract] : []
  })
  const sales: StandingSale[] = []
  for (const contract of found.toReversed().slice(0, SALES_MAX))
    sales.push(standing(contract, noteOf(party, contract), await viewOf(notary, contract)))
  return { sales }
}

/**
 * Ends a contract of this node's work together with its payer, for nothing: this node signs that first, which is its word until the delivery, and asks the payer's node for
 * its signature; with both of them the set gives the price back. Whoever has to sign yet does it with `kernell escrow cancel`. @returns How the contract stands then.
 * Throws `MARKET_OBJECT_UNKNOWN` for a contract that this node does not work on.
 */
export async function endSale(party: Party, notary: NotaryClient, request: ControlRequest): Promise<JsonValue> {
  const contract = contractOf(request)
  const note = noteOf(party, contract)
  const { currency } = readTerms(note.terms)
  const statement = { contract, amountNanos: ZERO_AMOUNT, currency }
  const hash = cancelHash(statement)
  const signature = await party.wallet.sign({ kind: 'cancel', place: `${contract}/${hash}`, hash })
  const before = await viewOf(notary, contract)
  if (before !== undefined && ENDED_TOGETHER.includes(before.state)) {
    const other = await signatureOfPayer(party, note, { type: 'cancel', statement, signature })
    if (other !== undefined) {
      const signatures = [
        { iss: party.wallet.keyFor(contract), signature },
        { iss: note.other, signature: other },
      ]
      const body = { statement, signatures }
      await party.tellNotary(contract, { act: 'end-sale', type: 'escrow-cancel', body })
    }
  }
  return standing(contract, noteOf(party, contract), await viewOf(notary, contract))
}

/** What this node has made it knows by itself: a set that does not answer keeps nobody from giving up. */
async function viewOf(notary: NotaryClient, contract: ContractId): Promise<ContractView | undefined> {
  try {
    return await notary.contract(contract)
  } catch (error: unknown) {
    if (!CodedError.is(error) || !error.isRetryable) throw error
    return undefined
  }
}

type CancelFrame = Parameters<Party['components']['door']['ask']>[1]['frame'] & { readonly type: 'cancel' }

/** `undefined` where its node declines, or does not answer. */
async function signatureOfPayer(party: Party, { peer }: ContractNote, frame: CancelFrame): Promise<string | undefined> {
  try {
    const answer = await party.components.door.ask(peer, { frame }, { signal: party.signal })
    return answer.frame.type === 'cosigned' ? answer.frame.signature : undefined
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    return undefined
  }
}

function noteOf(party: Party, contract: ContractId): ContractNote {
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  if (note?.role !== 'worker') throw unknownContract(contract)
  return note
}

function standing(contract: ContractId, note: ContractNote, view: ContractView | undefined): StandingSale {
  return {
    contract,
    state: view?.state ?? note.ended ?? 'UNKNOWN',
    isMade: note.result !== undefined || (view?.resultHash ?? null) !== null,
    lapsesAt: lapseOf(note, view),
  }
}

/** A worker that has given its word may have started meanwhile, so that what is held comes back by T_deliver at the latest. */
function lapseOf({ terms }: ContractNote, view: ContractView | undefined): number | null {
  const firesAt = (name: string): number | undefined => view?.timers.find((timer) => timer.name === name)?.firesAt
  const startBy = firesAt('start')
  if (startBy === undefined) return firesAt('deliver') ?? firesAt('hold') ?? firesAt('offer') ?? null
  const { startMs, deliverMs, graceMs } = readTerms(terms).timers
  return startBy - startMs + deliverMs + graceMs
}
