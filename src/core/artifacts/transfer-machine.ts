import { assertNever } from '../../base/assert.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Machine, Step } from '../machine.ts'

/** Pieces that are asked for at once: with pieces of 256 KiB one window of a stream, so that what else two nodes say to each other does not wait behind them for long. */
export const PIECES_IN_FLIGHT_MAX = 4
/** Times in a row that a source gives nothing before it is asked no more. */
export const LOSSES_MAX = 3

/** A node that may have the pieces. */
export type TransferSource = {
  readonly node: Did
  /** Pieces that it has been asked for and has not given. */
  readonly asked: number
  /** Answers in a row that did not come. */
  readonly losses: number
}

export type TransferState = {
  readonly kind: 'fetching' | 'complete' | 'failed'
  /** Pieces that nobody is asked for now, those that come first first. */
  readonly missing: readonly Hash[]
  /** Who is asked for what. */
  readonly asked: ReadonlyMap<Hash, Did>
  readonly sources: readonly TransferSource[]
}

export type TransferInput = {
  /** Pieces that are not here; one that stands twice in a list is one. */
  readonly missing: readonly Hash[]
  readonly nodes: readonly Did[]
}

/**
 * `came`: the bytes are those of the name, and kept. `forged`: they are not. `lost`: there was no answer. `denied`: the node has no such piece, or does not give it. `begun`:
 * nothing was asked for yet.
 */
export type TransferEvent =
  | { readonly type: 'begun' }
  | { readonly type: 'came'; readonly piece: Hash; readonly from: Did }
  | { readonly type: 'forged'; readonly piece: Hash; readonly from: Did }
  | { readonly type: 'lost'; readonly piece: Hash; readonly from: Did }
  | { readonly type: 'denied'; readonly piece: Hash; readonly from: Did }

export type TransferEffect =
  | { readonly type: 'ask'; readonly piece: Hash; readonly of: Did }
  | { readonly type: 'source-dropped'; readonly node: Did; readonly reason: 'forged' | 'lost' | 'denied' }
  | { readonly type: 'ended'; readonly isComplete: boolean }
  | { readonly type: 'event-refused'; readonly code: 'TRANSFER_NOT_ASKED' }

type TransferStep = Step<TransferState, TransferEffect>

/**
 * Fetches the pieces of one artefact, each once, from whoever has them.
 *
 * ```text
 * fetching -- last piece came --> complete
 *     \------ no source is left --> failed
 * ```
 *
 * Who sends what it was not asked for, or answers a name with other bytes, is asked for nothing more: an honest program never does. Who is silent is asked again, and may come
 * back. What came stays, whatever becomes of the transfer, so that the next one is about the rest.
 */
export const TRANSFER_MACHINE: Machine<TransferState, TransferEvent, TransferEffect, TransferInput> = {
  name: 'transfer',
  initial: ({ missing, nodes }) => ({
    kind: 'fetching',
    missing: [...new Set(missing)],
    asked: new Map(),
    sources: [...new Set(nodes)].map((node) => ({ node, asked: 0, losses: 0 })),
  }),
  transition,
  violations,
}

function transition(state: TransferState, event: TransferEvent): TransferStep {
  if (event.type === 'begun') return goOn(state, [])
  const { piece, from } = event
  if (state.asked.get(piece) !== from)
    return { state, effects: [{ type: 'event-refused', code: 'TRANSFER_NOT_ASKED' }] }
  const asked = new Map(state.asked)
  asked.delete(piece)
  const settled = { ...state, asked, sources: state.sources.map((source) => settle(source, event)) }
  switch (event.type) {
    case 'came':
      return goOn(settled, [])
    case 'forged':
    case 'denied':
      return goOn(withoutSource(again(settled, piece), from), [
        { type: 'source-dropped', node: from, reason: event.type },
      ])
    case 'lost': {
      const source = settled.sources.find(({ node }) => node === from)
      if (source === undefined || source.losses < LOSSES_MAX) return goOn(again(settled, piece), [])
      return goOn(withoutSource(again(settled, piece), from), [{ type: 'source-dropped', node: from, reason: 'lost' }])
    }
    default:
      return assertNever(event)
  }
}

function settle(source: TransferSource, { type, from }: Exclude<TransferEvent, { type: 'begun' }>): TransferSource {
  if (source.node !== from) return source
  return { ...source, asked: source.asked - 1, losses: type === 'lost' ? source.losses + 1 : 0 }
}

function again(state: TransferState, piece: Hash): TransferState {
  return { ...state, missing: [piece, ...state.missing] }
}

/** What a source that is dropped still owes is waited for: it may come, and nobody else is asked for it meanwhile. */
function withoutSource(state: TransferState, node: Did): TransferState {
  return { ...state, sources: state.sources.filter((source) => source.node !== node) }
}

/** Asks for as much as may be asked for, of the source that owes least. */
function goOn(state: TransferState, before: readonly TransferEffect[]): TransferStep {
  const effects = [...before]
  if (state.kind !== 'fetching') return { state, effects }
  const asked = new Map(state.asked)
  const missing = [...state.missing]
  let { sources } = state
  while (missing.length > 0 && asked.size < PIECES_IN_FLIGHT_MAX && sources.length > 0) {
    const least = sources.reduce((one, other) => (other.asked + other.losses < one.asked + one.losses ? other : one))
    const piece = missing.shift()
    if (piece === undefined) break
    asked.set(piece, least.node)
    sources = sources.map((source) => (source === least ? { ...source, asked: source.asked + 1 } : source))
    effects.push({ type: 'ask', piece, of: least.node })
  }
  const next = { ...state, asked, missing, sources }
  if (asked.size > 0) return { state: next, effects }
  const isComplete = missing.length === 0
  return {
    state: { ...next, kind: isComplete ? 'complete' : 'failed' },
    effects: [...effects, { type: 'ended', isComplete }],
  }
}

function violations({ kind, missing, asked, sources }: TransferState): readonly string[] {
  const found: string[] = []
  if (asked.size > PIECES_IN_FLIGHT_MAX) found.push('more pieces are asked for than may be')
  if (missing.some((piece) => asked.has(piece))) found.push('a piece is asked for and missing')
  if (new Set(missing).size !== missing.length) found.push('a piece is missing twice')
  if (kind === 'complete' && missing.length + asked.size > 0) found.push('a transfer is complete without a piece')
  if (kind === 'fetching' && asked.size === 0) found.push('nothing is asked for')
  if (sources.some((source) => source.asked < 0)) found.push('a source owes less than nothing')
  return found
}
