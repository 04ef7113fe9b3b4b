import type { Did, Hash } from '../../core/evidence/names.ts'
import { checkDoubleVote, type DoubleVoteProof } from '../../core/notary/double-vote.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import type { BucketRate } from '../../core/peers/token-bucket.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Gossip, GossipMessage, GossipVerdict } from '../../ports/gossip.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import { canonicalText } from '../../wire/v1/canonical.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { CHECKPOINT_TOPIC, PROOF_TOPIC, TOPIC_BYTES_MAX } from '../../wire/v1/gossip-topics.ts'
import { type NotaryProof, readNotaryProof, readSignedCheckpoint } from '../../wire/v1/notary-proofs.ts'
import { contradicts } from '../ledger/compare-journals.ts'
import { isCheckpointSigned } from '../ledger/sign-checkpoint.ts'
import { isSplitViewProven } from '../ledger/split-view.ts'
import { verifyStatementWith } from '../parties/contracts/contract-replay.ts'
import { RateTable } from './rate-table.ts'

/** Checkpoints of one journal that others are held against; those of the fewest entries are forgotten first. */
export const CHECKPOINTS_PER_MEMBER = 256
/** A member has one for each epoch. */
const JOURNALS_PER_MEMBER = 4
/** Checkpoints and proofs that one neighbour passes on. */
export const NOTARY_NEWS_OF_NEIGHBOUR: BucketRate = { perSecond: 10, burst: 200 }

/** A member that has signed what cannot both be true. */
export type Conviction = { readonly member: Did; readonly proof: NotaryProof }

export type NotaryWatchComponents = {
  /** Absent: nobody is told, and nothing is heard; what this node sees itself is kept all the same. */
  readonly gossip?: Gossip | undefined
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly verify: VerifySignature
  /** Where proofs survive a restart. */
  readonly store: KeyValueStore
}

export type NotaryWatchInit = {
  /** Sets whose members are watched: keys of nobody could be proven to lie without end. */
  readonly sets: () => readonly NotarySet[]
  /** Told of each member that was convicted, once. */
  readonly onConvicted: (conviction: Conviction) => void
  readonly onFailure: (cause: unknown) => void
}

/**
 * Hears what the members of a notary set sign, holds it against what they have signed before, and keeps and tells everybody what convicts one of them. One proof of a kind is kept of
 * each member, which is as good as a thousand.
 */
export class NotaryWatch {
  private readonly components: NotaryWatchComponents
  private readonly init: NotaryWatchInit
  private readonly neighbours: RateTable
  private readonly seen = new Map<Did, Map<Hash, Map<number, SignedCheckpoint>>>()
  private readonly proofs = new Map<string, Conviction>()
  private readonly ends: (() => void)[] = []
  private readonly writing = new Set<Promise<void>>()

  constructor(components: NotaryWatchComponents, init: NotaryWatchInit) {
    this.components = components
    this.init = init
    this.neighbours = new RateTable(NOTARY_NEWS_OF_NEIGHBOUR, () => components.clock.monotonicMs())
  }

  /** Whether it is in any network. */
  get isHeard(): boolean {
    return this.components.gossip !== undefined
  }

  /** Members that are proven to have lied. */
  get convictions(): readonly Conviction[] {
    return [...this.proofs.values()]
  }

  /** Reads the proofs that were kept, and listens from now on. */
  async start(): Promise<void> {
    const { store, gossip } = this.components
    for await (const { value } of store.iterate({}, { onDamaged: () => {} })) {
      const proof = readNotaryProof(value)
      const member = proof && this.convict(proof)
      if (proof !== undefined && member !== undefined) this.proofs.set(keyOf({ member, proof }), { member, proof })
    }
    if (gossip === undefined) return
    this.ends.push(
      gossip.subscribe(CHECKPOINT_TOPIC, { judge: (message) => this.hearCheckpoint(message), receive: () => {} }),
      gossip.subscribe(PROOF_TOPIC, { judge: (message) => this.hearProof(message), receive: () => {} }),
    )
  }

  /** Idempotent. Resolves when everything is with the store. */
  async stop(): Promise<void> {
    for (const end of this.ends.splice(0)) end()
    await Promise.all(this.writing)
  }

  /** Tells everybody where a journal stands. */
  async announce(signed: SignedCheckpoint): Promise<void> {
    this.compare(signed)
    await this.components.gossip?.publish(CHECKPOINT_TOPIC, utf8Bytes(canonicalText(signed)))
  }

  /** A member of the set has seen another one vote twice. */
  report(proof: DoubleVoteProof): void {
    this.accuse({ v: 1, kind: 'double-vote', ...proof })
  }

  hearCheckpoint({ from, data }: Pick<GossipMessage, 'from' | 'data'>): GossipVerdict {
    if (data.byteLength > (TOPIC_BYTES_MAX[CHECKPOINT_TOPIC] ?? 0)) return 'reject'
    if (!this.neighbours.take(from)) return 'ignore'
    const signed = readSignedCheckpoint(data)
    if (signed === undefined) return 'reject'
    const { signer } = signed.checkpoint
    if (!this.isMember(signer)) return 'ignore'
    if (!isCheckpointSigned(signed, this.components.verify)) return 'reject'
    return this.compare(signed) ? 'accept' : 'ignore'
  }

  hearProof({ from, data }: Pick<GossipMessage, 'from' | 'data'>): GossipVerdict {
    if (data.byteLength > (TOPIC_BYTES_MAX[PROOF_TOPIC] ?? 0)) return 'reject'
    if (!this.neighbours.take(from)) return 'ignore'
    const proof = readNotaryProof(data)
    if (proof === undefined) return 'reject'
    if (!this.isAboutMember(proof)) return 'ignore'
    const member = this.convict(proof)
    if (member === undefined) return 'reject'
    return this.keep({ member, proof }) ? 'accept' : 'ignore'
  }

  /** Holds a checkpoint against those of its signer. @returns Whether it says anything new. */
  private compare(signed: SignedCheckpoint): boolean {
    const { signer, journal, entries } = signed.checkpoint
    const journals = this.seen.get(signer) ?? new Map<Hash, Map<number, SignedCheckpoint>>()
    this.seen.set(signer, journals)
    const known = journals.get(journal) ?? new Map<number, SignedCheckpoint>()
    // Whoever names journals without end is not to have those forgotten that came first.
    if (known.size === 0 && journals.size >= JOURNALS_PER_MEMBER) return false
    journals.set(journal, known)
    const before = known.get(entries)
    if (before === undefined) {
      known.set(entries, signed)
      if (known.size > CHECKPOINTS_PER_MEMBER) known.delete(Math.min(...known.keys()))
      return known.has(entries)
    }
    if (contradicts(before, signed))
      this.accuse({ v: 1, kind: 'split-view', signer, journal, checkpoints: [before, signed] })
    return false
  }

  private accuse(proof: NotaryProof): void {
    const member = this.convict(proof)
    if (member === undefined || !this.keep({ member, proof })) return
    const { gossip } = this.components
    if (gossip !== undefined) this.own(gossip.publish(PROOF_TOPIC, utf8Bytes(canonicalText(proof))))
  }

  /** @returns Whether it is the first of its kind against this member. */
  private keep(conviction: Conviction): boolean {
    const key = keyOf(conviction)
    if (this.proofs.has(key)) return false
    this.proofs.set(key, conviction)
    this.own(this.components.store.put(key, utf8Bytes(canonicalText(conviction.proof)), { sync: true }))
    this.init.onConvicted(conviction)
    return true
  }

  /** Whom a proof convicts; `undefined` where it convicts nobody. */
  private convict(proof: NotaryProof): Did | undefined {
    const { verify } = this.components
    if (proof.kind === 'split-view')
      return this.isMember(proof.signer) && isSplitViewProven(proof, verify) ? proof.signer : undefined
    const set = this.init.sets().find(({ id }) => id === proof.set)
    if (set === undefined) return undefined
    const verdict = checkDoubleVote(set, proof, verifyStatementWith(verify))
    return verdict.kind === 'proven' ? set.members[proof.first.member]?.key : undefined
  }

  private isAboutMember(proof: NotaryProof): boolean {
    return proof.kind === 'split-view'
      ? this.isMember(proof.signer)
      : this.init.sets().some(({ id }) => id === proof.set)
  }

  private isMember(key: Did): boolean {
    return this.init.sets().some(({ members }) => members.some((member) => member.key === key))
  }

  private own(work: Promise<void>): void {
    const done = work.catch(this.init.onFailure).finally(() => this.writing.delete(done))
    this.writing.add(done)
  }
}

function keyOf({ member, proof }: Conviction): string {
  return `${proof.kind}/${member}`
}
