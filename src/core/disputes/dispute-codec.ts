import type { JsonValue } from '../../base/canonical-json.ts'
import type { AcceptanceOutcome } from '../acceptance/evaluate-predicate.ts'
import { ESCROW_PARTIES, type EscrowParty } from '../escrow/escrow-terms.ts'
import type { Did, Hash } from '../evidence/names.ts'
import {
  member,
  readCount,
  readDid,
  readEvidence,
  readHash,
  readInstant,
  readList,
  readNanos,
} from '../json/json-members.ts'
import { compareTexts } from '../text/compare-texts.ts'
import type {
  Appeal,
  DisputeBasis,
  DisputeEvent,
  DisputeState,
  DisputeTerms,
  DisputeTimer,
  EvidencePiece,
  Ruling,
} from './dispute-state.ts'

const OUTCOMES: readonly AcceptanceOutcome[] = ['passed', 'failed', 'undecided']
const TIMERS: readonly DisputeTimer[] = ['evidence', 'replicate', 'commit', 'reveal', 'appeal']
const BASES: readonly DisputeBasis[] = ['predicate', 'replication', 'arbiters', 'none']

/** JSON of an event for the journal: amounts are decimal nano-units as text, absent members are left out. */
export function formatDisputeEvent(event: DisputeEvent): JsonValue {
  if (event.type === 'vote-revealed') return { ...event, workerNanos: event.workerNanos.toString() }
  if (event.type === 'ruling-appealed') return { ...event, bondNanos: event.bondNanos.toString() }
  return { ...event }
}

/** Reads what `formatDisputeEvent` wrote; `undefined` for anything else. */
export function parseDisputeEvent(json: unknown): DisputeEvent | undefined {
  const type = member(json, 'type')
  const at = readInstant(member(json, 'at'))
  if (at === undefined) return undefined
  if (type === 'timer-fired') {
    const name = TIMERS.find((timer) => timer === member(json, 'name'))
    const beacon = readHash(member(json, 'beacon'))
    if (name === undefined || (beacon === undefined && member(json, 'beacon') !== undefined)) return undefined
    return { type, name, at, ...(beacon !== undefined && { beacon }) }
  }
  if (type === 'predicate-evaluated') {
    const outcome = OUTCOMES.find((name) => name === member(json, 'outcome'))
    return outcome === undefined ? undefined : { type, outcome, at }
  }
  if (type === 'replicas-ended') {
    const result = readHash(member(json, 'result'))
    return result === undefined && member(json, 'result') !== undefined ? undefined : { type, result, at }
  }
  return parseSigned(json, type)
}

function parseSigned(json: unknown, type: unknown): DisputeEvent | undefined {
  const head = readEvidence(json)
  if (head === undefined) return undefined
  if (type === 'evidence-filed') {
    const hash = readHash(member(json, 'hash'))
    const sizeBytes = readCount(member(json, 'sizeBytes'))
    return hash === undefined || sizeBytes === undefined ? undefined : { ...head, type, hash, sizeBytes }
  }
  if (type === 'vote-committed') {
    const commitment = readHash(member(json, 'commitment'))
    return commitment === undefined ? undefined : { ...head, type, commitment }
  }
  if (type === 'ruling-appealed') {
    const bondNanos = readNanos(member(json, 'bondNanos'))
    return bondNanos === undefined ? undefined : { ...head, type, bondNanos }
  }
  if (type !== 'vote-revealed') return undefined
  const evidenceRoot = readHash(member(json, 'evidenceRoot'))
  const workerNanos = readNanos(member(json, 'workerNanos'))
  const salt = member(json, 'salt')
  if (evidenceRoot === undefined || workerNanos === undefined || typeof salt !== 'string') return undefined
  return { ...head, type, evidenceRoot, workerNanos, salt }
}

/** JSON of a state without its terms, which its contract has; the same for equal states. */
export function formatDisputeState(state: DisputeState): JsonValue {
  const { kind, at, predicate, beacon } = state
  const head = { kind, at, predicate, beacon, evidence: state.evidence.map((piece) => ({ ...piece })) }
  switch (state.kind) {
    case 'gathering':
      return head
    case 'replicating':
      return { ...head, root: state.root }
    case 'committing':
    case 'revealing': {
      const { root, round, panel, appeal } = state
      const votes = state.kind === 'revealing' ? state.votes : new Map<Did, bigint>()
      return {
        ...head,
        root,
        round,
        panel,
        appeal: appeal && { ...appeal, bondNanos: appeal.bondNanos.toString(), against: formatRuling(appeal.against) },
        commitments: sorted(state.commitments).map(([did, hash]) => ({ did, hash })),
        votes: sorted(votes).map(([did, nanos]) => ({ did, nanos: nanos.toString() })),
        until: state.kind === 'committing' ? state.commitBy : state.revealBy,
      }
    }
    case 'appealable':
      return {
        ...head,
        root: state.root,
        round: state.round,
        ruling: formatRuling(state.ruling),
        until: state.appealBy,
      }
    case 'ended':
      return { ...head, root: state.root, basis: state.basis, ruling: state.ruling && formatRuling(state.ruling) }
  }
}

/** Reads what `formatDisputeState` wrote, under the terms that it was made by; `undefined` for anything else. */
export function parseDisputeState(json: unknown, terms: DisputeTerms): DisputeState | undefined {
  const kind = member(json, 'kind')
  const at = readInstant(member(json, 'at'))
  const predicate = OUTCOMES.find((name) => name === member(json, 'predicate'))
  const evidence = readList(member(json, 'evidence'), parsePiece)
  const beacon = readHash(member(json, 'beacon'))
  const root = readHash(member(json, 'root'))
  if (at === undefined || predicate === undefined || evidence === undefined) return undefined
  const head = { terms, at, predicate, evidence, beacon }
  if (kind === 'gathering') return { kind, ...head }
  if (root === undefined) return undefined
  if (kind === 'replicating') return { kind, ...head, root }
  const ruling = parseRuling(member(json, 'ruling'))
  if (kind === 'ended') {
    const basis = BASES.find((name) => name === member(json, 'basis'))
    return basis === undefined ? undefined : { kind, ...head, root, basis, ruling }
  }
  const round = readCount(member(json, 'round'))
  const until = readInstant(member(json, 'until'))
  if (round === undefined || until === undefined) return undefined
  if (kind === 'appealable') return ruling && { kind, ...head, root, round, ruling, appealBy: until }
  const panel = readList(member(json, 'panel'), readDid)
  const commitments = readPairs(member(json, 'commitments'), 'hash', readHash)
  const votes = readPairs(member(json, 'votes'), 'nanos', readNanos)
  if (panel === undefined || commitments === undefined || votes === undefined) return undefined
  const appeal = parseAppeal(member(json, 'appeal'))
  const roundHead = { ...head, root, round, panel, appeal, commitments }
  if (kind === 'committing') return { kind, ...roundHead, commitBy: until }
  return kind === 'revealing' ? { kind, ...roundHead, revealBy: until, votes } : undefined
}

function formatRuling({ workerNanos, payerNanos, signers }: Ruling): JsonValue {
  return { workerNanos: workerNanos.toString(), payerNanos: payerNanos.toString(), signers }
}

function parseRuling(json: unknown): Ruling | undefined {
  const workerNanos = readNanos(member(json, 'workerNanos'))
  const payerNanos = readNanos(member(json, 'payerNanos'))
  const signers = readList(member(json, 'signers'), readDid)
  if (workerNanos === undefined || payerNanos === undefined || signers === undefined) return undefined
  return { workerNanos, payerNanos, signers }
}

function parseAppeal(json: unknown): Appeal | undefined {
  const by = readParty(member(json, 'by'))
  const bondNanos = readNanos(member(json, 'bondNanos'))
  const against = parseRuling(member(json, 'against'))
  return by === undefined || bondNanos === undefined || against === undefined ? undefined : { by, bondNanos, against }
}

function parsePiece(json: unknown): EvidencePiece | undefined {
  const party = readParty(member(json, 'party'))
  const hash = readHash(member(json, 'hash'))
  const sizeBytes = readCount(member(json, 'sizeBytes'))
  return party === undefined || hash === undefined || sizeBytes === undefined ? undefined : { party, hash, sizeBytes }
}

function readParty(json: unknown): EscrowParty | undefined {
  return ESCROW_PARTIES.find((name) => name === json)
}

function readPairs<Value extends Hash | bigint>(
  json: unknown,
  name: string,
  read: (value: unknown) => Value | undefined,
): ReadonlyMap<Did, Value> | undefined {
  const pairs = readList(json, (item): readonly [Did, Value] | undefined => {
    const did = readDid(member(item, 'did'))
    const value = read(member(item, name))
    return did === undefined || value === undefined ? undefined : [did, value]
  })
  return pairs && new Map(pairs)
}

function sorted<Value>(map: ReadonlyMap<Did, Value>): readonly (readonly [Did, Value])[] {
  return [...map].sort(([left], [right]) => compareTexts(left, right))
}
