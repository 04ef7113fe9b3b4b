import { CodedError } from '../../../base/errors.ts'
import type { Amount } from '../../../base/money.ts'
import type { EscrowState } from '../../../core/escrow/escrow-state.ts'
import { type ContractId, type Did, type Hash, parseDid } from '../../../core/evidence/names.ts'
import { type ContractRow, inboxOf } from '../../../market/parties/inbox.ts'
import { declined, type MarketAnswer, type MarketQuestion } from '../../../market/parties/market-door.ts'
import type { Party } from '../../../market/parties/party.ts'
import {
  askNode,
  askParts,
  mayRule,
  ownPart,
  placeOfRuling,
  recordOf,
  type RulingSplit,
  type RulingStatement,
  showPart,
  type SignedPart,
  signerAmong,
  signPart,
  splitsOf,
} from '../../../market/parties/ruling-parts.ts'
import { rulingHash } from '../../../wire/v1/escrow-events.ts'
import type { MessageBody } from '../../../wire/v1/message-types.ts'
import { type ControlRequest, invalidRequest, optionalText } from '../../control/control-request.ts'
import { nanosOf } from './credit-desk.ts'

/** How far a ruling has come: what its arbiters have signed for the record, as far as this node was shown it. */
export type RulingView = {
  /** Signatures of the split that most have signed, and how many of the same it takes. */
  readonly signed: number
  readonly needed: number
  /** Which split this node's arbiter has signed; it signs no other one. */
  readonly mine: Amount | null
  readonly splits: readonly RulingSplit[]
  /** Arbiters that have signed nothing, or whose node was not reached. */
  readonly silent: readonly Did[]
}

/** What became of an arbiter's part. */
export type RulingParts =
  /** k arbiters have signed the same split: this goes to the notary set. */
  | { readonly kind: 'whole'; readonly body: MessageBody<'escrow-ruling'> }
  /** This part is signed, and others are missing. */
  | { readonly kind: 'part'; readonly ruling: RulingView }
  | { readonly kind: 'refused'; readonly code: string; readonly ruling?: RulingView }

/** Which split an arbiter signs: an amount, or what another arbiter has signed. */
export type RulingChoice = {
  readonly split: { readonly workerNanos: Amount } | { readonly like: Did }
  /** Signs beside other splits that were signed before. */
  readonly isApart: boolean
}

export type RulingInit = {
  readonly party: Party
  /** Nodes at which other arbiters may be: each is asked, and a part counts by its signature alone. */
  readonly peers: () => readonly Did[]
}

type RuledRow = ContractRow & { readonly ruling?: RulingView | undefined }

/** Topic of notes on disputes that an owner of this node has looked at as an arbiter, by contract. */
const CASES = 'arbitrated'

type Seat = { readonly state: EscrowState; readonly evidenceRoot: Hash; readonly me: Did }

/** Rulings by persons. One arbiter signs one split for one state of the record; before it does, it is told what the others have signed. */
export class RulingDesk {
  private readonly init: RulingInit

  constructor(init: RulingInit) {
    this.init = init
    init.party.serveOnce('ruling', {
      ruling: async (question) => await this.cosign(question),
      'ruling-wanted': async (question) => await showPart(init.party, question),
    })
  }

  /** What has been signed so far; `undefined` where nothing is ruled on now, or not by this node. Nothing is signed. */
  async look(state: EscrowState | undefined): Promise<RulingView | undefined> {
    const seat = this.seatIn(state)
    if (typeof seat === 'string') return undefined
    const { contract } = seat.state
    const { journal } = this.init.party
    if (journal.note(CASES, contract) === undefined) await journal.keepNote(CASES, contract, {})
    return viewOf(seat, await this.partsOf(seat))
  }

  /** Contracts that this node was to rule on when somebody looked at them here. */
  get cases(): readonly string[] {
    return this.init.party.journal.notesOf(CASES).map(([contract]) => contract)
  }

  /** Forgets a case that has ended. */
  async drop(contract: ContractId): Promise<void> {
    const { journal } = this.init.party
    if (journal.note(CASES, contract) !== undefined) await journal.keepNote(CASES, contract, null)
  }

  /** What waits in contracts; a ruling does not once this arbiter's part is signed, and until then it shows those of the others. */
  async rowsOf(
    states: readonly EscrowState[],
    { isQuiet }: { readonly isQuiet: boolean },
  ): Promise<readonly RuledRow[]> {
    const { party } = this.init
    const rows: RuledRow[] = []
    for (const row of inboxOf(states, party.keys)) {
      const state = row.act === 'rule' ? states.find(({ contract }) => contract === row.contract) : undefined
      const evidenceRoot = state && recordOf(state)
      if (state === undefined || evidenceRoot === undefined || evidenceRoot === 'open') rows.push(row)
      else if ((await ownPart(party, { contract: state.contract, evidenceRoot })) === undefined)
        rows.push({ ...row, ruling: isQuiet ? undefined : await this.look(state) })
    }
    return rows
  }

  /** Signs a split of a dispute whose record is closed, and collects what others have signed. Throws `MARKET_KEY_REUSED` for a second split of one record. */
  async rule(state: EscrowState | undefined, { split, isApart }: RulingChoice): Promise<RulingParts> {
    const seat = this.seatIn(state)
    if (typeof seat === 'string') return { kind: 'refused', code: seat }
    const { contract, terms } = seat.state
    const parts = await this.partsOf(seat)
    const ruling = viewOf(seat, parts)
    const like = 'like' in split ? parts.find(({ arbiter }) => arbiter === split.like) : undefined
    const workerNanos = 'like' in split ? like?.statement.workerNanos : split.workerNanos
    if (workerNanos === undefined) return { kind: 'refused', code: 'MARKET_RULING_UNKNOWN', ruling }
    if (workerNanos > terms.maxNanos) return { kind: 'refused', code: 'ESCROW_RULING_AMOUNT' }
    const { evidenceRoot, me } = seat
    const statement = { contract, evidenceRoot, workerNanos, currency: terms.currency }
    const known = this.init.party.wallet.signedAt('ruling', placeOfRuling(statement))
    if (known !== undefined && known !== rulingHash(statement))
      throw new CodedError('MARKET_KEY_REUSED', { message: 'This arbiter has signed another split of this record' })
    const isAlone = parts.length > 0 && parts.every((part) => part.statement.workerNanos !== workerNanos)
    if (known === undefined && isAlone && !isApart) return { kind: 'refused', code: 'MARKET_RULING_DIFFERS', ruling }
    return await this.collect(seat, { statement, parts: parts.filter(({ arbiter }) => arbiter !== me) })
  }

  private seatIn(state: EscrowState | undefined): Seat | string {
    const evidenceRoot = state && recordOf(state)
    if (state === undefined || evidenceRoot === undefined) return 'ESCROW_STATE_WRONG'
    if (evidenceRoot === 'open') return 'ESCROW_RECORD_OPEN'
    const me = this.init.party.ownAmong(state.terms.arbiters.members)
    if (me === undefined) return 'ESCROW_SIGNER_WRONG'
    return mayRule(this.init.party, state, evidenceRoot) ? { state, evidenceRoot, me } : 'MARKET_RESTORED'
  }

  /** What is signed for a record: this node's own part first, then those of the others. */
  private async partsOf({ state, evidenceRoot, me }: Seat): Promise<readonly SignedPart[]> {
    const { party, peers } = this.init
    const own = await ownPart(party, { contract: state.contract, evidenceRoot })
    const others = await askParts(party, { state, evidenceRoot, me, nodes: peers() })
    return own === undefined ? others : [own, ...others]
  }

  private async collect(
    seat: Seat,
    { statement, parts }: { readonly statement: RulingStatement; readonly parts: readonly SignedPart[] },
  ): Promise<RulingParts> {
    const { party, peers } = this.init
    const { me } = seat
    const { members, k } = seat.state.terms.arbiters
    const signature = await signPart(party, statement, { me, members })
    const isSame = (part: SignedPart): boolean => part.statement.workerNanos === statement.workerNanos
    const signatures = new Map([[me, signature]])
    for (const part of parts) if (isSame(part)) signatures.set(part.arbiter, part.signature)
    // An arbiter that is a program signs when it is shown a split to which it comes by itself.
    for (const peer of peers()) {
      if (signatures.size >= k) break
      const frame = await askNode(party, peer, { type: 'ruling', statement, signature })
      if (frame?.type !== 'cosigned') continue
      const arbiter = signerAmong(party, members, { statement, signature: frame.signature })
      if (arbiter !== undefined) signatures.set(arbiter, frame.signature)
    }
    if (signatures.size < k) {
      const same = [...signatures].map(([arbiter, signed]) => ({ arbiter, statement, signature: signed }))
      return { kind: 'part', ruling: viewOf(seat, [...same, ...parts.filter((part) => !isSame(part))]) }
    }
    const listed = [...signatures].slice(0, k).toSorted(([left], [right]) => (left < right ? -1 : 1))
    return {
      kind: 'whole',
      body: { statement, signatures: listed.map(([iss, signed]) => ({ iss, signature: signed })) },
    }
  }

  /** Nothing is signed for the asking: only what this arbiter has ruled itself is shown. */
  private async cosign({ frame: { statement } }: MarketQuestion<'ruling'>): Promise<MarketAnswer> {
    const own = await ownPart(this.init.party, statement)
    if (own === undefined || rulingHash(own.statement) !== rulingHash(statement))
      return declined('MARKET_STATEMENT_DECLINED')
    return { frame: { type: 'cosigned', signature: own.signature } }
  }
}

/** Throws `REQUEST_INVALID` without an amount or an arbiter, and with both. */
export function rulingChoiceOf(request: ControlRequest): RulingChoice {
  const isApart = request['isApart'] === true
  const text = optionalText(request, 'like')
  if (text === undefined) return { split: { workerNanos: nanosOf(request, 'nanos') }, isApart }
  const like = parseDid(text)
  if (like === undefined) throw invalidRequest('like', 'like must be the did:key of an arbiter')
  if (optionalText(request, 'nanos') !== undefined)
    throw invalidRequest('like', 'A split is named by an amount or by an arbiter that has signed it, not by both')
  return { split: { like }, isApart }
}

/** Whether a ruling is the one that is asked for. */
export function isChosen(
  { statement, signatures }: MessageBody<'escrow-ruling'>,
  { split }: Pick<RulingChoice, 'split'>,
): boolean {
  return 'like' in split
    ? signatures.some(({ iss }) => iss === split.like)
    : statement.workerNanos === split.workerNanos
}

function viewOf({ state, me }: Seat, parts: readonly SignedPart[]): RulingView {
  const { members, k } = state.terms.arbiters
  const splits = splitsOf(parts)
  return {
    signed: splits[0]?.arbiters.length ?? 0,
    needed: k,
    mine: parts.find(({ arbiter }) => arbiter === me)?.statement.workerNanos ?? null,
    splits,
    silent: members.filter((member) => parts.every(({ arbiter }) => arbiter !== member)),
  }
}
