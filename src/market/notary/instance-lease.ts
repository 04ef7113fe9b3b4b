import type { PeerWitness } from '../../core/notary/high-water.ts'
import { honestShareOf, type NotarySet, quorumOf } from '../../core/notary/notary-set.ts'
import { laterPosition, type VotePosition } from '../../core/notary/position.ts'
import type { VerifyStatement, Vote } from '../../core/notary/statement.ts'
import { verifyQuorum } from '../../core/notary/statement.ts'
import { verifyVote } from '../../core/notary/verify-message.ts'
import { type Change, isQuorumOf, type ProvenHead, verifyChange } from '../../core/notary/view-change.ts'
import type { Witness, WitnessAsk } from '../../wire/v1/notary-messages.ts'

export type LeaseInit = {
  readonly set: NotarySet
  readonly me: number
  /** 32 hexadecimal digits, drawn by this process. */
  readonly instance: string
  /** How long a grant of another member counts here, milliseconds; there it counts twice as long. */
  readonly leaseMs: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly verify: VerifyStatement
}

type Seen = { vote?: Vote; change?: Change }

/**
 * One process for each key: a replica signs only while `2f` other members have heard of no other process with its key. Each of them remembers the
 * process that asked first, until it was not heard of for two leases; whoever asked has the grant for one lease from the moment of asking, by its own
 * clock. So of two copies that run at once one at most signs, unless members forget by starting again meanwhile.
 *
 * The same question and answer tell a replica that starts what was seen of it (`decideSigning`).
 */
export class InstanceLease {
  private readonly init: LeaseInit
  /** The process of each other member that was heard, until when. */
  private readonly heard = new Map<number, { readonly instance: string; readonly until: number }>()
  private readonly granted = new Map<number, number>()
  /** Until when a refusal counts, which a later answer may not lift where none arrives. */
  private readonly refused = new Map<number, number>()
  /** When the question was asked whose answer of a member counts. */
  private readonly answered = new Map<number, number>()
  private readonly known = new Map<number, PeerWitness>()
  private readonly seen = new Map<number, Seen>()

  constructor(init: LeaseInit) {
    this.init = init
  }

  get witnesses(): readonly PeerWitness[] {
    return [...this.known.values()]
  }

  /** Whether this process may sign now. */
  get isHeld(): boolean {
    const { set, now } = this.init
    const at = now()
    const grants = [...this.granted.values()].filter((until) => until > at)
    return grants.length >= quorumOf(set) - 1
  }

  /** Whether an honest member hears another process with this key. */
  get isOtherHeard(): boolean {
    const at = this.init.now()
    const refusals = [...this.refused.values()].filter((until) => until > at)
    return refusals.length >= honestShareOf(this.init.set)
  }

  ask(): WitnessAsk {
    const { set, instance, now } = this.init
    return { type: 'notary-witness-ask', set: set.id, instance, asked: Math.floor(now()) }
  }

  /** Takes note of something signed with the key of a member, after it was verified. */
  note(signed: { readonly vote: Vote } | { readonly change: Change } | undefined): void {
    if (signed === undefined) return
    const member = 'vote' in signed ? signed.vote.member : signed.change.member
    const seen = this.seen.get(member) ?? {}
    this.seen.set(member, seen)
    if ('vote' in signed) {
      if (seen.vote === undefined || laterPosition(seen.vote, signed.vote) !== seen.vote) seen.vote = signed.vote
    } else if (seen.change === undefined || seen.change.view < signed.change.view) seen.change = signed.change
  }

  /** Answers another member, and remembers its process where it is the only one. */
  answer(from: number, ask: WitnessAsk, at: { readonly view: number; readonly head: ProvenHead }): Witness {
    const { set, leaseMs, now } = this.init
    const before = this.heard.get(from)
    const isFree = before === undefined || before.instance === ask.instance || before.until <= now()
    if (isFree) this.heard.set(from, { instance: ask.instance, until: now() + 2 * leaseMs })
    const { vote, change } = this.seen.get(from) ?? {}
    const { instance, asked } = ask
    const { slot, block, quorum } = at.head
    return {
      type: 'notary-witness',
      set: set.id,
      instance,
      asked,
      isFree,
      seenVote: vote,
      seenChange: change,
      view: at.view,
      head: { slot, block, quorum },
    }
  }

  /** An answer; one that proves less than it says counts for nothing. `isStarting`: what it says of the log is of interest. */
  take(from: number, witness: Witness, isStarting: boolean): void {
    const { instance, now, leaseMs } = this.init
    if (witness.instance !== instance || witness.asked > now()) return
    // Answers may overtake each other: what was asked later counts.
    if (witness.asked < (this.answered.get(from) ?? 0)) return
    this.answered.set(from, witness.asked)
    if (!witness.isFree) {
      this.refused.set(from, witness.asked + leaseMs)
      this.granted.delete(from)
      return
    }
    this.refused.delete(from)
    if (isStarting) {
      const seen = this.positionIn(witness)
      if (seen === 'wrong') return
      this.known.set(from, { member: from, seen, headSlot: witness.head.slot, view: witness.view })
    }
    this.granted.set(from, Math.max(this.granted.get(from) ?? 0, witness.asked + leaseMs))
  }

  private positionIn({ head, seenVote, seenChange }: Witness): VotePosition | undefined | 'wrong' {
    const { set, me, verify } = this.init
    if (!isHeadProven(set, head, verify)) return 'wrong'
    if (seenVote !== undefined && (seenVote.member !== me || !verifyVote(set, seenVote, verify))) return 'wrong'
    if (seenChange !== undefined && (seenChange.member !== me || !verifyChange(set, seenChange, verify))) return 'wrong'
    const changed: VotePosition | undefined = seenChange && {
      view: seenChange.view,
      slot: seenChange.head.slot + 1,
      phase: 'change',
    }
    const voted: VotePosition | undefined = seenVote && {
      view: seenVote.view,
      slot: seenVote.slot,
      phase: seenVote.phase,
    }
    return laterPosition(changed, voted)
  }
}

function isHeadProven(set: NotarySet, { slot, block, quorum }: ProvenHead, verify: VerifyStatement): boolean {
  if (quorum === undefined) return slot === 0
  return isQuorumOf(set, quorum, { phase: 'commit', slot, block }) && verifyQuorum(set, quorum, verify)
}
