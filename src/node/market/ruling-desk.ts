import { CodedError } from '../../base/errors.ts'
import type { Amount } from '../../base/money.ts'
import type { EscrowState } from '../../core/escrow/escrow-state.ts'
import { evidenceRootOf } from '../../core/escrow/evidence-root.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import { declined, type MarketAnswer, type MarketQuestion } from '../../market/parties/market-door.ts'
import type { Party } from '../../market/parties/party.ts'
import { decodeSignature, keyOfSigner } from '../../wire/v1/checkpoint.ts'
import { rulingHash, statementBytes } from '../../wire/v1/escrow-events.ts'
import type { MarketFrameOf } from '../../wire/v1/market-frames.ts'
import type { MessageBody } from '../../wire/v1/message-types.ts'

type Statement = MarketFrameOf<'ruling'>['statement']

/** What became of an arbiter's part. */
export type RulingParts =
  /** k arbiters have signed the same split: this goes to the notary set. */
  | { readonly kind: 'whole'; readonly body: MessageBody<'escrow-ruling'> }
  /** This part is signed, and others are missing. */
  | { readonly kind: 'part'; readonly signed: number; readonly needed: number }
  | { readonly kind: 'refused'; readonly code: string }

export type RulingInit = {
  readonly party: Party
  /** Nodes at which other arbiters may be: each is asked, and a part counts by its signature alone. */
  readonly peers: () => readonly Did[]
}

/** Topic of notes on the key that ruled, by the place of the ruling. */
const RULED_BY = 'ruled-by'

/** Rulings by persons. One arbiter signs one split for one state of the record, and shows its part to whoever has signed the same. */
export class RulingDesk {
  private readonly init: RulingInit

  constructor(init: RulingInit) {
    this.init = init
    init.party.serveOnce('ruling', { ruling: async (question) => await this.answer(question) })
  }

  /** Signs a split of a dispute whose record is closed, and collects what others have signed. Throws `MARKET_KEY_REUSED` for a second split of one record. */
  async rule(state: EscrowState | undefined, workerNanos: Amount): Promise<RulingParts> {
    const { party } = this.init
    const root = state && rootOf(state)
    if (state === undefined || root === undefined) return { kind: 'refused', code: 'ESCROW_STATE_WRONG' }
    if (root === 'open') return { kind: 'refused', code: 'ESCROW_RECORD_OPEN' }
    const { contract, terms } = state
    const me = party.ownAmong(terms.arbiters.members)
    if (me === undefined) return { kind: 'refused', code: 'ESCROW_SIGNER_WRONG' }
    if (workerNanos > terms.maxNanos) return { kind: 'refused', code: 'ESCROW_RULING_AMOUNT' }
    const statement: Statement = { contract, evidenceRoot: root, workerNanos, currency: terms.currency }
    const signatures = await this.collect(statement, { ...terms.arbiters, me })
    const { k } = terms.arbiters
    if (signatures.size < k) return { kind: 'part', signed: signatures.size, needed: k }
    const listed = [...signatures].slice(0, k).toSorted(([left], [right]) => (left < right ? -1 : 1))
    return { kind: 'whole', body: { statement, signatures: listed.map(([iss, signature]) => ({ iss, signature })) } }
  }

  private async collect(
    statement: Statement,
    { members, k, me }: EscrowState['terms']['arbiters'] & { readonly me: Did },
  ): Promise<ReadonlyMap<Did, string>> {
    const { party, peers } = this.init
    const hash = rulingHash(statement)
    const place = placeOf(statement)
    const known = party.wallet.signedAt('ruling', place)
    if (known !== undefined && known !== hash)
      throw new CodedError('MARKET_KEY_REUSED', { message: 'This arbiter has signed another split of this record' })
    const signature = await party.wallet.sign({ kind: 'ruling', place, hash, as: me })
    // Whoever asks is shown this very signature, by whichever key it is.
    await party.keep(RULED_BY, place, { me })
    const signatures = new Map([[me, signature]])
    for (const peer of peers()) {
      if (signatures.size >= k) break
      const other = await this.askOther(peer, { type: 'ruling', statement, signature })
      if (other === undefined) continue
      const iss = members.find((member) => isSignedBy(member, { hash, signature: other }, party))
      if (iss !== undefined) signatures.set(iss, other)
    }
    return signatures
  }

  private async askOther(peer: Did, frame: MarketFrameOf<'ruling'>): Promise<string | undefined> {
    const { door } = this.init.party.components
    try {
      const answer = await door.ask(peer, { frame }, { signal: this.init.party.signal })
      return answer.frame.type === 'cosigned' ? answer.frame.signature : undefined
    } catch (error: unknown) {
      // An arbiter that cannot be reached has signed nothing that counts now.
      if (!CodedError.is(error)) throw error
      return undefined
    }
  }

  /** Nothing is signed for the asking: only what this arbiter has ruled itself is shown. */
  private async answer({ frame: { statement } }: MarketQuestion<'ruling'>): Promise<MarketAnswer> {
    const { wallet } = this.init.party
    const [place, hash] = [placeOf(statement), rulingHash(statement)]
    if (wallet.signedAt('ruling', place) !== hash) return declined('MARKET_STATEMENT_DECLINED')
    const as = this.init.party.noteOf<{ readonly me: Did }>(RULED_BY, place)?.me
    return { frame: { type: 'cosigned', signature: await wallet.sign({ kind: 'ruling', place, hash, as }) } }
  }
}

/** Name of the record that is ruled on; `undefined` where nothing is disputed. */
function rootOf(state: EscrowState): Hash | 'open' | undefined {
  if (state.kind === 'FROZEN') return state.evidenceRoot
  if (state.kind !== 'DISPUTED') return undefined
  return state.evidenceBy === undefined ? evidenceRootOf(state.contract, state.evidence) : 'open'
}

function placeOf({ contract, evidenceRoot }: { readonly contract: ContractId; readonly evidenceRoot: Hash }): string {
  return `${contract}/${evidenceRoot}`
}

function isSignedBy(
  member: Did,
  { hash, signature }: { readonly hash: Hash; readonly signature: string },
  party: Party,
): boolean {
  const publicKeyHex = keyOfSigner(member)
  const signed = decodeSignature(signature)
  const bytes = statementBytes('ruling', hash)
  return (
    publicKeyHex !== undefined &&
    signed !== undefined &&
    party.components.verify({ publicKeyHex, bytes, signature: signed })
  )
}
