import type { EscrowStateKind } from '../../core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import { type ContractId, type Did, parseContractId } from '../../core/evidence/names.ts'
import type { OfferTerms } from '../../core/market/offer-directory.ts'
import { CONTRACTS, type ContractNote, readTerms } from './contract-notes.ts'
import type { Party } from './party.ts'
import type { PartyCode } from './party-codes.ts'

/** Contracts beyond the tasks of an offer that were signed for payers for whom nothing was done before, and whose work has not begun. */
const STRANGERS_MAX = 16
/** Tasks of an offer that count for that bound at most. */
const TASKS_MAX = 64

type OpenContract = {
  readonly contract: ContractId
  readonly note: ContractNote
  readonly isHeld: boolean
  /** `waiting`: signed, and not begun; `work`: begun, and not delivered. */
  readonly stage: 'waiting' | 'work' | 'delivered'
}

const UNHELD_STATES: ReadonlySet<EscrowStateKind> = new Set(['DRAFT', 'OFFERED', 'AGREED', 'ABORTED'])

/**
 * What a seller has promised. A place is taken by work whose price is held. What is signed and has not begun may come to nothing, so that it takes none from other payers: it
 * counts for whom it was signed for, and for strangers together, and no more is signed than can be delivered in time if all of it is held; tasks that come at once wait
 * for each other (`TaskQueue`).
 */
export class SellerPlaces {
  private readonly party: Party

  constructor(party: Party) {
    this.party = party
  }

  /** Contracts that have not ended, and the sum of their prices. */
  open(): { readonly contracts: number; readonly nanos: bigint } {
    const open = this.openContracts()
    return { contracts: open.length, nanos: open.reduce((sum, { note }) => sum + priceOf(note), 0n) }
  }

  /** Why a contract finds no place; `undefined` where it does. */
  refuse(terms: EscrowTerms, offer: OfferTerms): PartyCode | undefined {
    const { skill, capacity, latencyMs } = offer
    const open = this.openContracts().filter(({ note }) => note.task.skill === skill)
    const atWork = open.filter(({ stage }) => stage === 'work').length
    const waiting = open.filter(({ stage }) => stage === 'waiting')
    const isOwn = ({ note }: OpenContract): boolean => note.other === terms.payer
    if (atWork + waiting.filter(isOwn).length >= capacity) return 'MARKET_BUSY'
    const rounds = Math.ceil((atWork + waiting.length + 1) / capacity)
    if (rounds * latencyMs > terms.timers.deliverMs) return rounds === 1 ? 'MARKET_LIMIT_PASSED' : 'MARKET_BUSY'
    const customers = this.customers()
    if (customers.has(terms.payer)) return undefined
    // In C1 nothing has to be shown, so that keys without a credit must not stand in the way of those that have some.
    const strangers = waiting.filter(
      ({ note }) => !customers.has(note.other) && isLent(note) === (terms.custody === 'C1'),
    )
    return strangers.length >= STRANGERS_MAX + Math.min(capacity, TASKS_MAX) ? 'MARKET_BUSY' : undefined
  }

  /** Whether the payer has, by the notary set, what is to be held of it here, together with what was signed for it before. Rejects as `NotaryClient.accounts`. */
  async refuseShort({ payer, currency, custody, maxNanos, bonds }: EscrowTerms): Promise<PartyCode | undefined> {
    if (custody === 'C1') return undefined
    const { notary } = this.party.components
    const { ledgers } = await notary.accounts({ owner: payer, currency }, { signal: this.party.signal })
    const lines = ledgers.filter((ledger) => ledger.currency === currency).flatMap(({ accounts }) => accounts)
    const available = lines.find(({ owner, kind }) => owner === payer && kind === 'available')
    let needed: bigint = maxNanos + bonds.payerNanos
    // After the balance: what was held in between is in neither.
    for (const terms of await this.waitingOf(payer)) {
      if (terms.currency === currency) needed += terms.maxNanos + terms.bonds.payerNanos
    }
    return BigInt(available?.balanceNanos ?? '0') < needed ? 'MARKET_PAYER_SHORT' : undefined
  }

  /** Terms that were signed for a payer, in C2 and C3, and whose price is not held. This party may hear of a hold a little later than it happens. */
  private async waitingOf(payer: Did): Promise<readonly EscrowTerms[]> {
    const { notary } = this.party.components
    const waiting: EscrowTerms[] = []
    for (const { contract, note, isHeld } of this.openContracts()) {
      if (note.other !== payer || isHeld || isLent(note)) continue
      const view = await notary.contract(contract, { signal: this.party.signal })
      if (view === undefined || UNHELD_STATES.has(view.state)) waiting.push(readTerms(note.terms))
    }
    return waiting
  }

  private openContracts(): readonly OpenContract[] {
    return this.notes().flatMap(([name, note]) => {
      const contract = parseContractId(name)
      if (contract === undefined || note.ended !== undefined) return []
      const kind = this.party.states.get(contract)?.kind
      const isHeld = note.isHeld === true
      return [{ contract, note, isHeld, stage: stageOf(kind, isHeld) }]
    })
  }

  /** Payers for whom work was done here. */
  private customers(): ReadonlySet<Did> {
    return new Set(this.notes().flatMap(([, note]) => (note.result === undefined ? [] : [note.other])))
  }

  private notes(): readonly (readonly [string, ContractNote])[] {
    // Written by buyer and seller.
    const notes = this.party.journal.notesOf(CONTRACTS).map(([name, note]) => [name, note as ContractNote] as const)
    return notes.filter(([, { role }]) => role === 'worker')
  }
}

/** A price that is held takes no place before the work begins: the payer may keep the input back. After a start, until its state is seen, what was held is at work. */
function stageOf(kind: EscrowStateKind | undefined, isHeld: boolean): OpenContract['stage'] {
  if (kind === undefined) return isHeld ? 'work' : 'waiting'
  if (kind === 'HELD' || UNHELD_STATES.has(kind)) return 'waiting'
  return kind === 'WORKING' ? 'work' : 'delivered'
}

function priceOf({ terms }: ContractNote): bigint {
  return BigInt((JSON.parse(terms) as { readonly maxNanos: string }).maxNanos)
}

function isLent({ terms }: ContractNote): boolean {
  return (JSON.parse(terms) as { readonly custody: string }).custody === 'C1'
}
