import type { Certificate } from '../../../core/notary/certificate.ts'
import type { DoubleVoteProof } from '../../../core/notary/double-vote.ts'
import type { SetLineage } from '../../../core/notary/set-lineage.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { NotaryWatch } from '../../../market/gossip/notary-watch.ts'
import { SetQuestions } from '../../../market/notary/set-questions.ts'
import type { NotaryService } from '../../../market/notary/notary-service.ts'
import { pause } from '../../../market/parties/contracts/contract-follower.ts'
import { SeveralGossips } from '../../../network/ways/several-gossips.ts'
import type { Gossip } from '../../../ports/gossip.ts'
import type { Transport } from '../../../ports/transport.ts'
import type { MarketComponents } from '../market-components.ts'
import { PROOFS_STORE } from './convicted-members.ts'

/** Longest wait for a member that is asked how its journal begins. */
const ASK_MS = 10_000
/** Between two announcements of where the journal of a notary stands. */
const ANNOUNCE_MS = 60_000

export type Watched = {
  /** Networks that this node hears. */
  readonly networks: readonly (Gossip | undefined)[]
  /** Reaches the members. */
  readonly transport: Transport
}

/** What a node hears of the members of its notary set, and what its own notary says and sees. */
export class NotaryWatchRole {
  private readonly components: MarketComponents
  private readonly stopping = new AbortController()
  /** Seen before anybody listened. */
  private readonly early: DoubleVoteProof[] = []
  private watch: NotaryWatch | undefined
  private announcing: Promise<void> | undefined

  constructor(components: MarketComponents) {
    this.components = components
  }

  /** A member of the set of this node's notary has voted twice. */
  report(proof: DoubleVoteProof): void {
    if (this.watch === undefined) this.early.push(proof)
    else this.watch.report(proof)
  }

  /** A certificate of the set that holds. */
  see(certificate: Certificate): void {
    this.watch?.see(certificate)
  }

  /** Watches the members of a set and of those before it, in all networks that this node hears. */
  async start({ set, before }: SetLineage, { networks, transport }: Watched): Promise<void> {
    if (this.watch !== undefined) return
    const { clock, directory, onError, convicted } = this.components
    const sets = [set, ...before.map((former) => former.set)]
    const heard = networks.flatMap((network) => network ?? [])
    const watch = new NotaryWatch(
      {
        gossip: heard.length === 0 ? undefined : new SeveralGossips(heard),
        clock,
        verify: verifySignatureWith(createNodeVerifier()),
        store: directory.store.sublevel(PROOFS_STORE),
        askBeginning: async (member, sizes, signal) => {
          const known = sets.find(({ members }) => members.some(({ key }) => key === member)) ?? set
          const index = known.members.findIndex(({ key }) => key === member)
          const questions = new SetQuestions(transport, { set: known, timeoutMs: ASK_MS })
          return await questions.one(index, { about: 'growth', ...sizes }, signal)
        },
      },
      {
        sets: () => sets,
        onConvicted: ({ member, proof }) => convicted.add({ member, kind: proof.kind }),
        onSuspicions: (suspicions) => convicted.suspect(suspicions),
        onFailure: onError,
      },
    )
    await watch.start()
    this.watch = watch
    for (const proof of this.early.splice(0)) watch.report(proof)
  }

  /** Says from now on where the journal of this node's own notary stands, where anybody may hear it: to say it is work, and grows the journal. */
  announce(service: Pick<NotaryService, 'entries' | 'checkpoint'>): void {
    if (this.watch?.isHeard === true) this.announcing ??= this.announceAll(service)
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.stopping.abort()
    await this.announcing
    await this.watch?.stop()
  }

  private async announceAll(service: Pick<NotaryService, 'entries' | 'checkpoint'>): Promise<void> {
    const { signal } = this.stopping
    let told = 0
    while (!signal.aborted) {
      try {
        // A journal that nobody wrote into stays empty.
        const signed = service.entries > told ? await service.checkpoint() : undefined
        if (signed !== undefined && signed.checkpoint.entries > told) await this.watch?.announce(signed)
        told = signed?.checkpoint.entries ?? told
      } catch (error: unknown) {
        if (!signal.aborted) this.components.onError(error)
      }
      await pause(this.components.timers, ANNOUNCE_MS, signal)
    }
  }
}
