import { sha256Hex } from '../../../base/sha256.ts'
import { parseHash } from '../../../core/evidence/names.ts'
import { hashOfBlock } from '../../../core/notary/block.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import { bytesOfVote, type Vote, type VoteStatement } from '../../../core/notary/statement.ts'
import { encodeSignature } from '../../../wire/v1/checkpoint.ts'
import { decodeEnvelope } from '../../../wire/v1/envelope.ts'
import type { NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import { encodeSubmitAnswer, isNotaryQuestion } from '../../../wire/v1/notary-questions.ts'
import { formatReceipt, statementSigningBytes } from '../../../wire/v1/notary-receipt.ts'
import type { RandomStream } from '../../../base/random-stream.ts'
import type { FaultKind } from '../../faults/fault-plan.ts'
import type { MarketIdentity } from '../market-network.ts'

/** Kinds of lies that a member of a notary set can tell, all of them with its real key. */
export const NOTARY_LIES = [
  'notary-withholds',
  'notary-votes-twice',
  'notary-splits',
  'notary-stamps-falsely',
  'notary-goes-on',
  'notary-answers-falsely',
] as const satisfies readonly FaultKind[]

export type NotaryLie = (typeof NOTARY_LIES)[number]

export function isNotaryLie(kind: FaultKind): kind is NotaryLie {
  return NOTARY_LIES.some((each) => each === kind)
}

export type LyingNotaryInit = {
  readonly identity: MarketIdentity
  readonly set: NotarySet
  readonly me: number
  readonly random: RandomStream
  /** Told of each lie that leaves. */
  readonly onLie: (kind: NotaryLie) => void
}

type FrameType = NotaryFrame['type']

/** What it keeps back, and whether from one member alone: the strength of the lie says which of these. */
const WITHHELD: readonly (readonly FrameType[])[] = [
  ['notary-proposal'],
  ['notary-vote'],
  ['notary-decision', 'notary-bodies', 'notary-state', 'notary-chunk'],
  ['notary-proposal', 'notary-vote', 'notary-change', 'notary-witness', 'notary-decision', 'notary-bodies'],
]
/** Frames of before that it says again. */
const REMEMBERED_MAX = 64
const SIGNED_TYPES: readonly FrameType[] = ['notary-proposal', 'notary-vote', 'notary-change']

/**
 * What a member of a notary set makes of what its honest service wants to say. Nothing here breaks a signature: it signs with its own key what it should not, leaves out,
 * repeats, and answers what is not so.
 */
export class LyingNotary {
  private readonly init: LyingNotaryInit
  private readonly lies = new Map<NotaryLie, number>()
  private readonly remembered: NotaryFrame[] = []
  private lastAnswer: Uint8Array | undefined

  constructor(init: LyingNotaryInit) {
    this.init = init
  }

  begin(kind: NotaryLie, strength: number): void {
    this.lies.set(kind, strength)
  }

  end(kind: NotaryLie): void {
    this.lies.delete(kind)
  }

  does(kind: NotaryLie): boolean {
    return this.lies.has(kind)
  }

  get isHonest(): boolean {
    return this.lies.size === 0
  }

  /** Of two voices under one key, whether a member hears the second one. */
  hearsSecond(member: number): boolean {
    const strength = this.lies.get('notary-splits')
    if (strength === undefined) return false
    // One to fourteen: some, and not all, of four.
    const some = 1 + Math.floor(strength * 14)
    return ((some >> (member % 4)) & 1) === 1
  }

  /** What really goes to a member where the service says this. */
  said(to: number, frame: NotaryFrame): readonly NotaryFrame[] {
    if (this.isHonest) return [frame]
    if (this.withholds(to, frame)) return []
    const twice = this.lies.get('notary-votes-twice')
    const more = twice === undefined ? [] : this.otherVotes(frame)
    const again = this.again(frame)
    if (more.length > 0) this.init.onLie('notary-votes-twice')
    const votes = (twice ?? 0) < 0.5 ? [frame, ...more] : [...more, frame]
    return again === undefined ? votes : [...votes, again]
  }

  /** What its service hears of a frame of a member; `undefined`: nothing. Whoever goes on as a leader of before does not hear of later views. */
  heard(frame: NotaryFrame): NotaryFrame | undefined {
    if (this.does('notary-goes-on') && (frame.type === 'notary-change' || frame.type === 'notary-proposal')) {
      this.init.onLie('notary-goes-on')
      return undefined
    }
    // Others find that another process has its key; it does not want to know.
    if (frame.type === 'notary-witness' && this.does('notary-splits'))
      return { ...frame, isFree: true, seenVote: undefined, seenChange: undefined }
    return frame
  }

  /** What a client gets in the place of an answer; `undefined`: none at all. */
  answered(question: Uint8Array, answer: Uint8Array): Uint8Array | undefined {
    const before = this.lastAnswer
    this.lastAnswer = answer
    const { random, onLie } = this.init
    if (!this.does('notary-answers-falsely')) return answer
    const way = random.nextBelow(4)
    onLie('notary-answers-falsely')
    if (way === 0) return undefined
    if (way === 1 && before !== undefined) return before
    if (way === 2 && answer.byteLength > 0) {
      const changed = answer.slice()
      const at = random.nextBelow(changed.byteLength)
      changed[at] = (changed[at] ?? 0) ^ 1
      return changed
    }
    return this.refusal(question) ?? answer
  }

  private withholds(to: number, { type }: NotaryFrame): boolean {
    const strength = this.lies.get('notary-withholds')
    if (strength === undefined) return false
    const types = WITHHELD[Math.floor(strength * WITHHELD.length)] ?? []
    const isFromOne = Math.floor(strength * 64) % 2 === 0
    const one = Math.floor(strength * 997) % this.init.set.members.length
    if (!types.includes(type) || (isFromOne && to !== one)) return false
    this.init.onLie('notary-withholds')
    return true
  }

  /** A vote of its own for the same place and another block, and two that it has signed in the name of another member, one for each. */
  private otherVotes(frame: NotaryFrame): readonly NotaryFrame[] {
    const voted = voteIn(frame)
    if (voted === undefined) return []
    const { set, me } = this.init
    const { phase, view, slot, block } = voted
    const other = parseHash(sha256Hex(`another block than ${block}`)) ?? block
    const own = this.signed({ phase, view, slot, block: other })
    const forged = [this.signed({ phase, view, slot, block }), own].map((vote) => ({
      ...vote,
      member: (me + 1) % set.members.length,
    }))
    return [own, ...forged].map((vote) => ({
      type: 'notary-vote',
      set: frame.set,
      vote,
    }))
  }

  private signed(statement: VoteStatement): Vote {
    const { identity, set, me } = this.init
    const signature = encodeSignature(identity.signer.sign(bytesOfVote(set, statement)))
    return { ...statement, member: me, signature }
  }

  /** Something that it has signed before, in whatever view that was. */
  private again(frame: NotaryFrame): NotaryFrame | undefined {
    const { random, onLie } = this.init
    const { remembered } = this
    if (!this.does('notary-goes-on')) return undefined
    const old = remembered.length === 0 ? undefined : remembered[random.nextBelow(remembered.length)]
    if (SIGNED_TYPES.includes(frame.type)) remembered.push(frame)
    if (remembered.length > REMEMBERED_MAX) remembered.shift()
    if (old !== undefined) onLie('notary-goes-on')
    return old
  }

  /** Under its key alone: an envelope was refused that was not. */
  private refusal(question: Uint8Array): Uint8Array | undefined {
    if (isNotaryQuestion(question)) return undefined
    const decoded = decodeEnvelope(question)
    if (decoded.kind === 'refused') return undefined
    const { identity, set, me } = this.init
    const code = 'LEDGER_BALANCE_SHORT'
    const statement = { message: decoded.envelope.hash, effect: 'refused', code } as const
    const signature = encodeSignature(identity.signer.sign(statementSigningBytes(set.id, statement)))
    const receipt = formatReceipt(set.id, { kind: 'statement', statement, signatures: [{ member: me, signature }] })
    return encodeSubmitAnswer({ effect: 'refused', code, receipt: new TextEncoder().encode(receipt) })
  }
}

/** The vote that a frame of its signer carries. */
function voteIn(frame: NotaryFrame): VoteStatement | undefined {
  if (frame.type === 'notary-vote') return frame.vote
  if (frame.type !== 'notary-proposal') return undefined
  const { view, block } = frame.proposal
  return { phase: 'prepare', view, slot: block.slot, block: hashOfBlock(block) }
}
