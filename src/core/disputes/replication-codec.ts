import type { JsonValue } from '../../base/canonical-json.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { member, readDid, readEvidence, readHash, readInstant, readList } from '../json/json-members.ts'
import { compareTexts } from '../text/compare-texts.ts'
import type { ReplicationEvent, ReplicationState, ReplicationTerms } from './replication-machine.ts'

/** JSON of an event for the journal; absent members are left out. */
export function formatReplicationEvent(event: ReplicationEvent): JsonValue {
  return { ...event }
}

/** Reads what `formatReplicationEvent` wrote; `undefined` for anything else. */
export function parseReplicationEvent(json: unknown): ReplicationEvent | undefined {
  const type = member(json, 'type')
  const at = readInstant(member(json, 'at'))
  if (type === 'timer-fired') {
    const name = member(json, 'name')
    return at === undefined || (name !== 'commit' && name !== 'reveal') ? undefined : { type, name, at }
  }
  const head = readEvidence(json)
  if (head === undefined) return undefined
  if (type === 'result-committed') {
    const commitment = readHash(member(json, 'commitment'))
    return commitment === undefined ? undefined : { ...head, type, commitment }
  }
  const result = readHash(member(json, 'result'))
  const salt = member(json, 'salt')
  if (type !== 'result-revealed' || result === undefined || typeof salt !== 'string') return undefined
  return { ...head, type, result, salt }
}

/** JSON of a state without its terms; the same for equal states. */
export function formatReplicationState(state: ReplicationState): JsonValue {
  const head = { kind: state.kind, at: state.at, commitments: formatPairs(state.commitments) }
  if (state.kind === 'committing') return head
  const reveals = formatPairs(state.reveals)
  return state.kind === 'revealing' ? { ...head, reveals } : { ...head, reveals, result: state.result }
}

/** Reads what `formatReplicationState` wrote, under the terms that it was made by; `undefined` for anything else. */
export function parseReplicationState(json: unknown, terms: ReplicationTerms): ReplicationState | undefined {
  const kind = member(json, 'kind')
  const at = readInstant(member(json, 'at'))
  const commitments = parsePairs(member(json, 'commitments'))
  if (at === undefined || commitments === undefined) return undefined
  if (kind === 'committing') return { kind, terms, at, commitments }
  const reveals = parsePairs(member(json, 'reveals'))
  if (reveals === undefined) return undefined
  if (kind === 'revealing') return { kind, terms, at, commitments, reveals }
  const result = readHash(member(json, 'result'))
  if (kind !== 'ended' || (result === undefined && member(json, 'result') !== undefined)) return undefined
  return { kind, terms, at, commitments, reveals, result }
}

function formatPairs(map: ReadonlyMap<Did, Hash>): JsonValue {
  return [...map].sort(([left], [right]) => compareTexts(left, right)).map(([did, hash]) => ({ did, hash }))
}

function parsePairs(json: unknown): ReadonlyMap<Did, Hash> | undefined {
  const pairs = readList(json, (item): readonly [Did, Hash] | undefined => {
    const did = readDid(member(item, 'did'))
    const hash = readHash(member(item, 'hash'))
    return did === undefined || hash === undefined ? undefined : [did, hash]
  })
  return pairs && new Map(pairs)
}
