import { hashTrieForEach } from '../../../core/collections/hash-trie.ts'
import { type EndedState, type EscrowState, isTerminal } from '../../../core/escrow/escrow-state.ts'
import { type ContractId, parseContractId } from '../../../core/evidence/names.ts'
import type { BookedStep } from '../../../market/notary/books/journaled-books.ts'
import { CONTRACTS, type ContractNote } from '../../../market/parties/contracts/contract-notes.ts'
import type { CheckBook } from '../../checks/check-book.ts'
import { findContractFault, findDeadlineFault, findRepetition } from '../../checks/market-contracts.ts'
import { findDisagreement } from '../../checks/market-journals.ts'
import { findFlowFault, findLedgerFault, outstandingNanos } from '../../checks/market-ledger.ts'
import { findReputationFault, type ShownReputation } from '../../checks/market-reputation.ts'
import { contractOf } from '../../checks/market-steps.ts'
import type { NotaryMachine } from '../notary-machine.ts'
import type { RunningParty } from '../party-machine.ts'
import type { SimulatedMarket } from '../simulated-market.ts'
import { type AuditedBooks, auditBooks, readBookLines } from './read-books.ts'

export const MARKET_CHECKS = [
  'money-conserved',
  'no-double-settle',
  'once-per-key',
  'deadlines',
  'journals-agree',
  'ledger-verifies',
  'replay-same',
  'reputation-recomputed',
] as const
export type MarketCheck = (typeof MARKET_CHECKS)[number]

/** Topic of the notes of `ReputationKeeper` on what it has counted. */
const COUNTED = 'reputation'

/**
 * Looks at everything that a market must keep: reads the books of each notary from its disk, verifies and replays them, and holds what parties and notaries say against
 * that. Machines go on meanwhile; those that are down are looked at by their disks alone.
 *
 * @param notaries Whose books are looked at: all of them where nobody lies.
 * @returns The books of whoever has most of them; `undefined` where no notary has any.
 */
export async function checkMarket(
  market: SimulatedMarket,
  checks: CheckBook,
  notaries: readonly NotaryMachine[] = market.notaries,
): Promise<AuditedBooks | undefined> {
  const journals = new Map<string, readonly string[]>()
  const views = new Map<string, ReadonlyMap<ContractId, string>>()
  // Signed before the disk is read, so that what is on it is covered; without entries there is nothing to sign.
  for (const { machine, service } of notaries) if (service !== undefined) await seal(service, machine.name, checks)
  for (const notary of notaries) journals.set(notary.machine.name, await readBookLines(market, notary))
  checks.check('journals-agree', findDisagreement(journals))
  const [longest] = [...journals].toSorted(([, one], [, other]) => other.length - one.length)
  if (longest === undefined || longest[1].length === 0) return undefined
  const [name, lines] = longest
  const books = await auditBooks(market, { name, lines })
  checkBooks(market, { books, checks })
  const notary = notaries.find(({ machine }) => machine.name === name)
  if (notary !== undefined) views.set(name, await viewsOf(notary, books.steps))
  for (const [where, view] of views) checks.check('replay-same', findOtherState(where, view, books))
  const endings = endingsIn(books.steps)
  for (const { running } of market.parties.values())
    if (running !== undefined) checks.check('reputation-recomputed', findReputationFault(shownBy(running), endings))
  return books
}

async function seal(service: NonNullable<NotaryMachine['service']>, name: string, checks: CheckBook): Promise<void> {
  await service.checkpoint({ isFresh: true }).catch((error: unknown) => {
    checks.check('ledger-verifies', `${name} signs nothing: ${error instanceof Error ? error.message : String(error)}`)
  })
}

function checkBooks(
  { bank, currency }: SimulatedMarket,
  { books, checks }: { readonly books: AuditedBooks; readonly checks: CheckBook },
): void {
  const { verification, steps, state } = books
  const { firstBad, equivocations, gaps } = verification
  const isForged = firstBad !== null || equivocations.length > 0
  checks.check('ledger-verifies', isForged ? JSON.stringify({ firstBad, equivocations, gaps }) : undefined)
  checks.check('no-double-settle', findContractFault(steps))
  checks.check('once-per-key', findRepetition(steps))
  checks.check('deadlines', findDeadlineFault(steps))
  if (state === undefined) return
  const { ledger } = state.books
  checks.check('money-conserved', findLedgerFault(ledger) ?? findFlowFault(steps))
  const owed = outstandingNanos(ledger, currency)
  const isIssued = owed === bank.issuedNanos
  checks.check('money-conserved', isIssued ? undefined : `${owed} are outstanding, and ${bank.issuedNanos} were issued`)
}

/** States of contracts as a notary that runs shows them. */
async function viewsOf(
  { service }: NotaryMachine,
  steps: readonly BookedStep[],
): Promise<ReadonlyMap<ContractId, string>> {
  const views = new Map<ContractId, string>()
  const known = new Set(steps.flatMap((step) => contractOf(step)?.contract ?? []))
  for (const contract of service === undefined ? [] : known) {
    const view = await service?.contract(contract)
    if (view !== undefined) views.set(contract, `${view.state} ${view.capturedNanos}`)
  }
  return views
}

/** A notary shows what the replay of its journal gives. */
function findOtherState(
  name: string,
  views: ReadonlyMap<ContractId, string>,
  { state }: AuditedBooks,
): string | undefined {
  if (state === undefined) return undefined
  let fault: string | undefined
  hashTrieForEach(state.books.contracts, (replayed: EscrowState) => {
    const shown = views.get(replayed.contract)
    if (shown === undefined) return
    const captured = 'capturedNanos' in replayed ? replayed.capturedNanos.toString() : (shown.split(' ')[1] ?? '')
    const given = `${replayed.kind} ${captured}`
    if (shown !== given) fault ??= `${name} shows ${replayed.contract} as ${shown}, and its journal gives ${given}`
  })
  return fault
}

function endingsIn(steps: readonly BookedStep[]): ReadonlyMap<ContractId, EndedState> {
  const endings = new Map<ContractId, EndedState>()
  for (const step of steps) {
    const to = contractOf(step)?.to
    if (to !== undefined && isTerminal(to) && to.kind !== 'ABORTED') endings.set(to.contract, to)
  }
  return endings
}

function shownBy({ party, reputation }: RunningParty): ShownReputation {
  const { journal } = party
  const notes = journal.notesOf(CONTRACTS).map(([name, note]) => [name, note as ContractNote] as const)
  const counted = notes.flatMap(([name]) =>
    journal.note(COUNTED, name) === 'counted' ? (parseContractId(name) ?? []) : [],
  )
  const others = new Set(notes.map(([, { other }]) => other))
  return { holder: party.did, counted, shown: [...others].flatMap((other) => reputation.show(other)) }
}
