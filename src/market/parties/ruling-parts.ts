import { CodedError } from '../../base/errors.ts'
import { type Amount, amountFromNanos } from '../../base/money.ts'
import type { EscrowState } from '../../core/escrow/escrow-state.ts'
import { evidenceRootOf } from '../../core/escrow/evidence-root.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import { decodeSignature, keyOfSigner } from '../../wire/v1/checkpoint.ts'
import { rulingHash, statementBytes } from '../../wire/v1/escrow-events.ts'
import type { MarketFrame, MarketFrameOf } from '../../wire/v1/market-frames.ts'
import { declined, type MarketAnswer, type MarketQuestion } from './market-door.ts'
import type { Party } from './party.ts'
import { isBeforeRestore } from './restored-party.ts'

export type RulingStatement = MarketFrameOf<'ruling'>['statement']

/** A split that an arbiter has signed for a record; the signature was checked. */
export type SignedPart = { readonly arbiter: Did; readonly statement: RulingStatement; readonly signature: string }

/** Topic of notes on what an arbiter here has signed, by contract and record. */
const RULED_BY = 'ruled-by'
type RuledNote = {
  readonly me: Did
  readonly workerNanos: string
  readonly currency: Currency
  /** Who may see it; absent in notes from before there were questions for it, which are written anew. */
  readonly members?: readonly Did[]
}

/** Whoever asks has had to sign for it anew after this long: a request is not good for ever. */
const REQUEST_SPAN_MS = 3_600_000
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/** Name of the record that is ruled on; `undefined` where nothing is disputed, `open` while it may still grow. */
export function recordOf(state: EscrowState): Hash | 'open' | undefined {
  if (state.kind === 'FROZEN') return state.evidenceRoot
  if (state.kind !== 'DISPUTED') return undefined
  return state.evidenceBy === undefined ? evidenceRootOf(state.contract, state.evidence) : 'open'
}

/** Where a ruling is signed: one split for each record. */
export function placeOfRuling({ contract, evidenceRoot }: Pick<RulingStatement, 'contract' | 'evidenceRoot'>): string {
  return `${contract}/${evidenceRoot}`
}

/** Whether this party rules on a record: whoever was restored since the dispute began, and knows of no part of its own, may have signed another split. */
export function mayRule(party: Party, state: EscrowState, evidenceRoot: Hash): boolean {
  const { contract, terms } = state
  if (party.wallet.signedAt('ruling', placeOfRuling({ contract, evidenceRoot })) !== undefined) return true
  return 'ruleBy' in state && !isBeforeRestore(party, state.ruleBy - terms.timers.ruleMs)
}

/** This party's part, durable before anybody sees it. Throws `EVIDENCE_PLACE_TAKEN` where another split of the record was signed. */
export async function signPart(
  party: Party,
  statement: RulingStatement,
  { me, members }: { readonly me: Did; readonly members: readonly Did[] },
): Promise<string> {
  const place = placeOfRuling(statement)
  const signature = await party.wallet.sign({ kind: 'ruling', place, hash: rulingHash(statement), as: me })
  const { workerNanos, currency } = statement
  if (party.noteOf<RuledNote>(RULED_BY, place)?.members === undefined)
    await party.keep(RULED_BY, place, { me, workerNanos: workerNanos.toString(), currency, members })
  return signature
}

/** What this party has signed for a record; `undefined` when nothing. */
export async function ownPart(
  party: Party,
  { contract, evidenceRoot }: { readonly contract: ContractId; readonly evidenceRoot: Hash },
): Promise<SignedPart | undefined> {
  const place = placeOfRuling({ contract, evidenceRoot })
  const note = party.noteOf<RuledNote>(RULED_BY, place)
  if (note?.members === undefined) return undefined
  const workerNanos = amountFromNanos(BigInt(note.workerNanos))
  const statement = { contract, evidenceRoot, workerNanos, currency: note.currency }
  const signature = await party.wallet.sign({ kind: 'ruling', place, hash: rulingHash(statement), as: note.me })
  return { arbiter: note.me, statement, signature }
}

/** Nothing is signed for the asking: what this arbiter has signed is shown, to arbiters of the contract alone, at the node that they have signed for. */
export async function showPart(
  party: Party,
  { from, frame: { contract, evidenceRoot, envelope } }: MarketQuestion<'ruling-wanted'>,
): Promise<MarketAnswer> {
  const note = party.noteOf<RuledNote>(RULED_BY, placeOfRuling({ contract, evidenceRoot }))
  const asked = party.read(envelope, 'dispute-case-request')?.envelope
  const isAbout = asked?.body.contract === contract && asked.head.contract === contract && asked.body.node === from
  const part =
    isAbout && note?.members?.includes(asked.head.iss) ? await ownPart(party, { contract, evidenceRoot }) : undefined
  if (part === undefined) return declined('MARKET_CONTRACT_UNKNOWN')
  return { frame: { type: 'ruling', statement: part.statement, signature: part.signature } }
}

export type AskInit = {
  readonly state: EscrowState
  readonly evidenceRoot: Hash
  readonly me: Did
  /** Nodes at which other arbiters may be: a part counts by its signature alone. */
  readonly nodes: readonly Did[]
}

/** What other arbiters have signed for a record, as far as their nodes can be reached; one split of each. */
export async function askParts(
  party: Party,
  { state: { contract, terms }, evidenceRoot, me, nodes }: AskInit,
): Promise<readonly SignedPart[]> {
  const { door, clock } = party.components
  const node = door.did
  const request = await party.wallet.say({
    act: `${contract}/ruling-request/${node}/${Math.floor(clock.now() / REQUEST_SPAN_MS)}`,
    type: 'dispute-case-request',
    body: { contract, node },
    aud: '*',
    subject: contract,
    as: me,
  })
  const frame = { type: 'ruling-wanted', contract, evidenceRoot, envelope: DECODER.decode(request.bytes) } as const
  const answers = await Promise.all(nodes.map(async (asked) => await askNode(party, asked, frame)))
  const parts = new Map<Did, SignedPart>()
  for (const answer of answers) {
    if (answer?.type !== 'ruling') continue
    const { statement, signature } = answer
    const isOfRecord =
      statement.contract === contract &&
      statement.evidenceRoot === evidenceRoot &&
      statement.currency === terms.currency &&
      statement.workerNanos <= terms.maxNanos
    const arbiter = isOfRecord ? signerAmong(party, terms.arbiters.members, { statement, signature }) : undefined
    if (arbiter !== undefined && arbiter !== me) parts.set(arbiter, { arbiter, statement, signature })
  }
  return [...parts.values()].toSorted((one, other) => (one.arbiter < other.arbiter ? -1 : 1))
}

/** A node that cannot be reached says nothing now. */
export async function askNode(party: Party, node: Did, frame: MarketFrame): Promise<MarketFrame | undefined> {
  const { door } = party.components
  try {
    return (await door.ask(node, { frame }, { signal: party.signal })).frame
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    return undefined
  }
}

/** Which of the arbiters has signed. */
export function signerAmong(
  party: Party,
  members: readonly Did[],
  { statement, signature }: { readonly statement: RulingStatement; readonly signature: string },
): Did | undefined {
  const signed = decodeSignature(signature)
  if (signed === undefined) return undefined
  const bytes = statementBytes('ruling', rulingHash(statement))
  return members.find((member) => {
    const publicKeyHex = keyOfSigner(member)
    return publicKeyHex !== undefined && party.components.verify({ publicKeyHex, bytes, signature: signed })
  })
}

/** Splits that were signed, and by whom; the one with the most signatures first. */
export type RulingSplit = { readonly workerNanos: Amount; readonly arbiters: readonly Did[] }

export function splitsOf(parts: readonly SignedPart[]): readonly RulingSplit[] {
  const splits = new Map<bigint, RulingSplit>()
  for (const { arbiter, statement } of parts) {
    const { workerNanos } = statement
    splits.set(workerNanos, { workerNanos, arbiters: [...(splits.get(workerNanos)?.arbiters ?? []), arbiter] })
  }
  return [...splits.values()].toSorted(
    (one, other) => other.arbiters.length - one.arbiters.length || (one.workerNanos < other.workerNanos ? -1 : 1),
  )
}
