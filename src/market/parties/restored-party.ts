import { CodedError } from '../../base/errors.ts'
import { HOUR_MS, type Timestamp } from '../../base/time.ts'
import { formatPredicate, predicateHash } from '../../core/acceptance/acceptance-predicate.ts'
import { type ContractId, type Hash, parseContractId } from '../../core/evidence/names.ts'
import { decodeEnvelope } from '../../wire/v1/envelope.ts'
import type { MessageType } from '../../wire/v1/message-types.ts'
import { termsText } from '../../wire/v1/escrow-events.ts'
import { ANY_RESULT, ORDERS, type OrderNote } from './buying/buy-order.ts'
import { pause } from './contracts/contract-follower.ts'
import { CONTRACTS, type ContractNote } from './contracts/contract-notes.ts'
import { ContractReplay } from './contracts/contract-replay.ts'
import { CLOCK_SKEW_MS } from './market-door.ts'
import { RETRY_FIRST_MS, RETRY_LAST_MS } from './outbox.ts'
import type { Party } from './party.ts'
import type { PartyRecord } from './journal/party-record.ts'
import { taskHashOf } from './contracts/task-package.ts'
import { RESTORED, type RestoredNote } from './accounts/wallet.ts'

/** What a backup says of itself: when it was made, and when a directory was made out of it. */
export type RestoredMark = { readonly at: Timestamp; readonly since: Timestamp }

/** Topic of notes on purchases that this party made after its backup, by the hash of their task. */
const PURCHASES = 'restored-purchase'
/** Pages of transfers that are read at most, the newest first. */
const PAGES_MAX = 64

/** What a party says for its own sake about a contract: asked for again, it is the same message. */
const ACTS: Partial<Readonly<Record<MessageType, string>>> = {
  'escrow-offer': 'offer',
  'escrow-award': 'award',
  'escrow-contract': 'contract',
  'escrow-hold-request': 'hold',
  'escrow-withdraw': 'withdraw',
  'escrow-accept': 'accept',
  'escrow-reject': 'reject/1',
  'escrow-start': 'start',
  'escrow-delivery': 'deliver',
}

/**
 * Whoever comes back from a backup has forgotten what it said since. Before it says anything, it takes its own messages over from the evidence of the notary set: those
 * of contracts that it knows, and contracts that it paid for and does not know any more. Until the set has answered, everything that this party would say waits.
 *
 * @param mark  `undefined` for a directory that nobody restored.
 */
export async function takeOver(party: Party, mark: RestoredMark | undefined): Promise<void> {
  const before = party.noteOf<RestoredNote>(RESTORED, 'mark')
  const isNew = mark !== undefined && before?.at !== mark.at
  const note = isNew ? { at: mark.at, since: mark.since, isDone: false } : before
  if (note === undefined || note.isDone) return
  if (isNew) await party.keep(RESTORED, 'mark', note)
  const done = Promise.withResolvers<void>()
  party.wallet.speakAfter(done.promise)
  party.begin(async () => {
    try {
      await takeOverPatiently(party, note.since)
      await party.keep(RESTORED, 'mark', { ...note, isDone: true })
      done.resolve()
    } catch (error: unknown) {
      done.reject(error)
      throw error
    }
  })
}

async function takeOverPatiently(party: Party, since: number): Promise<void> {
  for (let pauseMs = RETRY_FIRST_MS; ; pauseMs = Math.min(2 * pauseMs, RETRY_LAST_MS)) {
    party.signal.throwIfAborted()
    try {
      await takeOverAll(party, since)
      return
    } catch (error: unknown) {
      if (party.isStopped || !CodedError.is(error) || !error.isRetryable) throw error
    }
    await pause(party.components.timers, pauseMs, party.signal)
  }
}

async function takeOverAll(party: Party, since: number): Promise<void> {
  const known = new Map<ContractId, ContractNote>()
  for (const [name, note] of party.journal.notesOf(CONTRACTS)) {
    const contract = parseContractId(name)
    // Written by buyer and seller.
    if (contract !== undefined && (note as ContractNote).ended === undefined) known.set(contract, note as ContractNote)
  }
  for (const contract of new Set([...known.keys(), ...(await contractsSince(party, since))])) {
    const { state, steps } = await importContract(party, contract)
    const isSigned = steps.some(({ envelope }) => envelope?.type === 'escrow-contract')
    if (state !== undefined && isSigned && party.keys.includes(state.terms.payer))
      await party.keep(PURCHASES, state.terms.taskHash, { contract })
    // Its worker may have an offer of it already, which would be another one than that which was said now.
    const isUnsaid = state === undefined && party.journal.envelopesOf(contract).length === 0
    if (known.get(contract)?.role === 'payer' && isUnsaid) await dropUnsaid(party, contract)
  }
  for (const [key, value] of party.journal.notesOf(ORDERS)) {
    const { call, ...order } = value as OrderNote
    const isOpen = order.failed === undefined
    const contract = isOpen ? purchaseOf(party, taskHashOf(order.task)) : undefined
    if (contract !== undefined) await adopt(party, key, contract)
    // What it said to bidders since is not known any more: another auction, under another name, is held instead.
    else if (isOpen && call !== undefined && order.transcriptFile === undefined) await party.keep(ORDERS, key, order)
  }
}

/** Whether it may sign a bid in an auction: one that began before it was restored, and in which it knows of no word of its own, it leaves alone. */
export function mayBid(party: Party, auction: Hash, beganAt: number): boolean {
  return party.keys.some((key) => party.journal.headOf(key, auction) !== undefined) || !isBeforeRestore(party, beganAt)
}

/**
 * Whether something that began at an instant may have begun before this party was restored: what it signed about it since the backup it does not know any more, and the
 * notary set does not either where it is no matter of the set.
 */
export function isBeforeRestore(party: Party, beganAt: number): boolean {
  const mark = party.noteOf<RestoredNote>(RESTORED, 'mark')
  return mark !== undefined && beganAt - CLOCK_SKEW_MS <= mark.at
}

async function dropUnsaid(party: Party, contract: ContractId): Promise<void> {
  for (const [key, value] of party.journal.notesOf(ORDERS)) {
    const { contract: named, terms: _terms, peer: _peer, cosignature: _signature, ...rest } = value as OrderNote
    if (named === contract) await party.keep(ORDERS, key, rest)
  }
  await party.journal.keepNote(CONTRACTS, contract, null)
}

/** Contracts that moved money of this party since, and that it knows nothing of. */
async function contractsSince(party: Party, since: number): Promise<ReadonlySet<ContractId>> {
  const { notary } = party.components
  const found = new Set<ContractId>()
  for (const owner of party.keys) {
    let after: string | undefined
    for (let pages = 0; pages < PAGES_MAX; pages += 1) {
      const { transfers, next } = await notary.transfers({ owner, after }, { signal: party.signal })
      for (const { contract } of transfers)
        if (contract !== null && party.journal.note(CONTRACTS, contract) === undefined) found.add(contract)
      const isBefore = transfers.length > 0 && transfers.every(({ at }) => at !== null && at < since - HOUR_MS)
      if (next === null || isBefore) break
      after = next
    }
  }
  return found
}

/**
 * Takes over what the set has of a contract. Of what cannot be checked, as under an earlier epoch of the set, only the places are taken that this party's messages have.
 * Rejects as the set does.
 */
async function importContract(party: Party, contract: ContractId): Promise<ContractReplay> {
  const { notary, verify } = party.components
  const replay = new ContractReplay({ set: notary.set, contract, verify })
  const records = new Map<Hash, PartyRecord>()
  const acts = new Set<string>()
  let isChecked = true
  for (const piece of await notary.evidence(contract, { signal: party.signal })) {
    isChecked &&= replay.take(piece) === undefined
    const { envelope: bytes } = piece
    const reading = bytes && decodeEnvelope(bytes)
    if (bytes === undefined || reading === undefined || reading.kind === 'refused') continue
    const { envelope } = reading
    const isOwn = party.keys.includes(envelope.head.iss) && envelope.head.contract === contract
    if ((!isChecked && !isOwn) || party.journal.envelope(envelope.hash) !== undefined) continue
    const act = isOwn && isChecked ? ACTS[envelope.type] : undefined
    const named = act === undefined ? undefined : `${contract}/${act}`
    const isFree = named !== undefined && party.wallet.said(named) === undefined && !acts.has(named)
    if (isFree) acts.add(named)
    const kept = { envelope, bytes, act: isFree ? named : undefined }
    records.set(envelope.hash, { kind: isFree ? 'said' : 'heard', kept })
  }
  await party.journal.append([...records.values()])
  return replay
}

/** The contract that was made for a task after the backup; `undefined` where there is none. */
export function purchaseOf(party: Party, task: Hash): ContractId | undefined {
  return party.noteOf<{ readonly contract: ContractId }>(PURCHASES, task)?.contract
}

/**
 * Goes on with a purchase where the set has it. Where the node of its worker is not known any more, what the worker delivered is known by its hash.
 *
 * @returns False where the contract is about something else than what is asked for.
 */
export async function adopt(party: Party, key: string, contract: ContractId): Promise<boolean> {
  const { state, steps } = await importContract(party, contract)
  const order = party.noteOf<OrderNote>(ORDERS, key)
  if (state === undefined || order === undefined) return false
  const { terms } = state
  const predicate = order.request.predicate ?? ANY_RESULT
  if (predicateHash(predicate) !== terms.predicateHash || order.request.currency !== terms.currency) return false
  const signed = steps.find(({ envelope }) => envelope?.type === 'escrow-contract')?.envelope
  const signatures = signed?.type === 'escrow-contract' ? signed.body.signatures : []
  const cosignature = signatures.find(({ iss }) => iss === terms.worker)?.signature
  if (cosignature === undefined) return false
  const note: ContractNote = party.noteOf<ContractNote>(CONTRACTS, contract) ?? {
    role: 'payer',
    other: terms.worker,
    peer: terms.worker,
    task: order.task,
    predicate: formatPredicate(predicate),
    input: order.input,
    terms: termsText(terms),
  }
  await party.keep(CONTRACTS, contract, note)
  await party.keep(ORDERS, key, { ...order, contract, terms: note.terms, peer: note.peer, cosignature })
  await party.journal.keepNote(PURCHASES, terms.taskHash, null)
  return true
}
