import type { Did, Hash } from '../../core/evidence/names.ts'
import { blockOfCertificate, type Certificate } from '../../core/notary/certificate.ts'
import { checkDoubleVote, compareHeads, type DoubleVoteProof } from '../../core/notary/double-vote.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import type { VoteQuorum } from '../../core/notary/statement.ts'
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
import { CertifiedHeads } from './certified-heads.ts'
import { type CheckpointPair, GrowthCheck, type GrowthCheckInit } from './growth-check.ts'
import { RateTable } from './rate-table.ts'
import { type Suspicion, Suspicions } from './suspicions.ts'

/** Checkpoints of one journal that others are held against; those of the fewest entries are forgotten first. */
export const CHECKPOINTS_PER_MEMBER = 256
/** A member has one for each epoch. */
const JOURNALS_PER_MEMBER = 4
/** Checkpoints and proofs that one neighbour passes on. */
export const NOTARY_NEWS_OF_NEIGHBOUR: BucketRate = { perSecond: 10, burst: 200 }

/** A member that has signed what cannot both be true; without one, more than `f` of the set have, and the proof does not say who. */
export type Conviction = { readonly member: Did | undefined; readonly proof: NotaryProof }

export type NotaryWatchComponents = {
  /** Absent: nobody is told, and nothing is heard; what this node sees itself is kept all the same. */
  readonly gossip?: Gossip | undefined
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly verify: VerifySignature
  /** Where proofs survive a restart. */
  readonly store: KeyValueStore
  /** Asks a member how its journal begins. */
  readonly askBeginning: GrowthCheckInit['ask']
}

export type NotaryWatchInit = {
  /** Sets whose members are watched: keys of nobody could be proven to lie without end. */
  readonly sets: () => readonly NotarySet[]
  /** Told of each member that was convicted, once. */
  readonly onConvicted: (conviction: Conviction) => void
  /** Told of all that is suspected whenever that changes. */
  readonly onSuspicions: (suspicions: readonly Suspicion[]) => void
  readonly onFailure: (cause: unknown) => void
}

/**
 * Hears what the members of a notary set sign, holds it against what they have signed before, and keeps and tells everybody what convicts one of them. One proof of a kind is kept of
 * each member, which is as good as a thousand. What is of different lengths it asks about.
 */
export class NotaryWatch {
  private readonly components: NotaryWatchComponents
  private readonly init: NotaryWatchInit
  private readonly neighbours: RateTable
  private readonly seen = new Map<Did, Map<Hash, Map<number, SignedCheckpoint>>>()
  private readonly proofs = new Map<string, Conviction>()
  private readonly heads = new CertifiedHeads()
  private readonly ends: (() => void)[] = []
  private readonly writing = new Set<Promise<void>>()
  private readonly growth: GrowthCheck
  private readonly suspicions: Suspicions

  constructor(components: NotaryWatchComponents, init: NotaryWatchInit) {
    this.components = components
    this.init = init
    this.neighbours = new RateTable(NOTARY_NEWS_OF_NEIGHBOUR, () => components.clock.monotonicMs())
    const { onSuspicions: onChanged, onFailure } = init
    this.suspicions = new Suspicions({ store: components.store, onChanged, onFailure })
    this.growth = new GrowthCheck({
      ask: components.askBeginning,
      onContradiction: (view) => this.accuse(view),
      onUnshown: (member, pairs) => this.suspect(member, pairs),
    })
  }

  /** Whether it is in any network. */
  get isHeard(): boolean {
    return this.components.gossip !== undefined
  }

  get suspected(): readonly Suspicion[] {
    return this.suspicions.list
  }

  /** Members that are proven to have lied. */
  get convictions(): readonly Conviction[] {
    return [...this.proofs.values()]
  }

  /** Reads the proofs that were kept, and listens from now on. */
  async start(): Promise<void> {
    const { store, gossip } = this.components
    await this.suspicions.start()
    for await (const { value } of store.iterate({}, { onDamaged: () => {} })) {
      const proof = readNotaryProof(value)
      for (const conviction of (proof && this.convict(proof)) ?? []) this.proofs.set(keyOf(conviction), conviction)
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
    await this.growth.stop()
    await this.suspicions.settle()
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

  /** A certificate that was found right: another one of its slot is held against it. */
  see(certificate: Certificate): void {
    const block = blockOfCertificate(certificate)
    if (block === undefined) return
    const { set, view, slot, signatures } = certificate
    const second: VoteQuorum = { phase: 'commit', view, slot, block, signatures }
    const first = this.heads.take(set, second)
    if (first !== undefined) this.accuse({ v: 1, kind: 'two-certificates', set, first, second })
  }

  hearCheckpoint({ from, data }: Pick<GossipMessage, 'from' | 'data'>): GossipVerdict {
    if (data.byteLength > (TOPIC_BYTES_MAX[CHECKPOINT_TOPIC] ?? 0)) return 'reject'
    if (!this.neighbours.take(from)) return 'ignore'
    const signed = readSignedCheckpoint(data)
    if (signed === undefined) return 'reject'
    const { signer } = signed.checkpoint
    if (!this.isMember(signer)) return 'ignore'
    if (!isCheckpointSigned(signed, this.components.verify)) return 'reject'
    if (!this.compare(signed)) return 'ignore'
    this.growth.look(signer, this.beside(signed))
    return 'accept'
  }

  hearProof({ from, data }: Pick<GossipMessage, 'from' | 'data'>): GossipVerdict {
    if (data.byteLength > (TOPIC_BYTES_MAX[PROOF_TOPIC] ?? 0)) return 'reject'
    if (!this.neighbours.take(from)) return 'ignore'
    const proof = readNotaryProof(data)
    if (proof === undefined) return 'reject'
    if (!this.isAboutMember(proof)) return 'ignore'
    const convictions = this.convict(proof)
    if (convictions === undefined) return 'reject'
    return this.keepAll(convictions) ? 'accept' : 'ignore'
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
      this.compareWithOthers(signed)
      known.set(entries, signed)
      if (known.size > CHECKPOINTS_PER_MEMBER) known.delete(Math.min(...known.keys()))
      return known.has(entries)
    }
    if (contradicts(before, signed))
      this.accuse({ v: 1, kind: 'split-view', signer, journal, checkpoints: [before, signed] })
    return false
  }

  /** Which of two members lies, the two do not say. */
  private compareWithOthers(signed: SignedCheckpoint): void {
    const { signer: member, journal, entries } = signed.checkpoint
    for (const [other, journals] of this.seen) {
      const theirs = other === member ? undefined : journals.get(journal)?.get(entries)
      if (theirs !== undefined && contradicts(theirs, signed))
        this.suspicions.add({ kind: 'at-odds', member, other, journal, entries })
    }
  }

  /** Pairs of a checkpoint with those of its signer that cover a little less and a little more. */
  private beside(signed: SignedCheckpoint): readonly CheckpointPair[] {
    const { signer, journal, entries } = signed.checkpoint
    const known = this.seen.get(signer)?.get(journal) ?? new Map<number, SignedCheckpoint>()
    // Every journal begins with nothing.
    const shorter = known.get(Math.max(...[...known.keys()].filter((size) => size > 0 && size < entries)))
    const longer =
      entries === 0 ? undefined : known.get(Math.min(...[...known.keys()].filter((size) => size > entries)))
    return [
      ...(shorter === undefined ? [] : [{ shorter, longer: signed }]),
      ...(longer === undefined ? [] : [{ shorter: signed, longer }]),
    ]
  }

  private suspect(member: Did, [pair]: readonly CheckpointPair[]): void {
    const kind = 'beginning-not-shown'
    if (pair === undefined) {
      this.suspicions.clear({ kind, member })
      return
    }
    const { entries: from, journal } = pair.shorter.checkpoint
    this.suspicions.add({ kind, member, journal, from, to: pair.longer.checkpoint.entries })
  }

  private accuse(proof: NotaryProof): void {
    const convictions = this.convict(proof)
    if (convictions === undefined || !this.keepAll(convictions)) return
    const { gossip } = this.components
    if (gossip !== undefined) this.own(gossip.publish(PROOF_TOPIC, utf8Bytes(canonicalText(proof))))
  }

  /** @returns Whether one of them is new. */
  private keepAll(convictions: readonly Conviction[]): boolean {
    return convictions.map((conviction) => this.keep(conviction)).includes(true)
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

  /** Whom a proof convicts; `undefined` where it proves nothing. */
  private convict(proof: NotaryProof): readonly Conviction[] | undefined {
    const { verify } = this.components
    if (proof.kind === 'split-view') {
      const { signer: member } = proof
      return this.isMember(member) && isSplitViewProven(proof, verify) ? [{ member, proof }] : undefined
    }
    const set = this.init.sets().find(({ id }) => id === proof.set)
    if (set === undefined) return undefined
    const verifyStatement = verifyStatementWith(verify)
    const verdict =
      proof.kind === 'double-vote'
        ? checkDoubleVote(set, proof, verifyStatement)
        : compareHeads(set, { ...proof, verify: verifyStatement })
    if (verdict.kind === 'refused') return undefined
    const members = verdict.members.map((index) => set.members[index]?.key)
    return (members.length === 0 ? [undefined] : members).map((member) => ({ member, proof }))
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
  const subject = member ?? (proof.kind === 'split-view' ? proof.signer : proof.set)
  return `${proof.kind}/${subject}`
}
