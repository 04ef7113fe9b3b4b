import type { ClusterTiming } from '../../core/cluster/cluster-timing.ts'
import { healthScore } from '../../core/cluster/health.ts'
import {
  createPeering,
  isClear,
  mayAct,
  mayPlace,
  stepPeering,
  type Peering,
  type PeeringEffect,
  type PeeringEvent,
} from '../../core/cluster/peering.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { Transport } from '../../ports/transport.ts'
import { hexOfBytes } from '../../base/hex.ts'
import type { ActorEnvironment } from '../environment.ts'
import type { ClusterSecret, Handshake } from './cluster-secret.ts'
import {
  batchBytes,
  CLUSTER_PROTOCOL,
  CLUSTER_VERSION,
  questionBytes,
  readAnswer,
  type Batch,
  type ClusterAnswer,
  type ClusterQuestion,
  type NodeFacts,
} from './cluster-message.ts'

export type ClusterPeerInit = {
  readonly index: number
  readonly name: string
  readonly did: Did
  readonly transport: Transport
  readonly environment: ActorEnvironment
  readonly secret: ClusterSecret
  readonly timing: ClusterTiming
  /** The process of this node. */
  readonly run: string
  /** What this node says of itself. */
  readonly facts: () => NodeFacts
  readonly onEffect: (peer: ClusterPeer, effect: PeeringEffect) => void
  /** Takes a batch; the number of the record that is to come next. */
  readonly onBatch: (peer: ClusterPeer, batch: Batch) => number
}

/** A challenge that was given and not met yet. */
type Challenge = { readonly handshake: Handshake; readonly atMs: number }

const NONCE_BYTES = 16
const NO_FACTS: NodeFacts = { labels: [], capacity: 0, load: 0 }
/** A session's handshake, and a batch, may take so many heartbeats before they are tried again. */
const ANSWER_BEATS = 4

/**
 * Another node of the cluster: the handshake, heartbeats both ways, and what `Peering` says of them. Of two nodes the one with the lower DID asks for the
 * session; the other one knocks.
 */
export class ClusterPeer {
  readonly index: number
  readonly name: string
  readonly did: Did
  /** What the other node said of itself last. */
  facts: NodeFacts = NO_FACTS
  peering: Peering
  private readonly init: ClusterPeerInit
  private challenge: Challenge | undefined
  private isAsking = false
  /** The other side knows of the session: what comes to it before would be of none. */
  private isConfirmed = false
  private isStopped = false

  constructor(init: ClusterPeerInit) {
    this.init = init
    this.index = init.index
    this.name = init.name
    this.did = init.did
    this.peering = createPeering(init.timing, init.environment.clock.monotonicMs())
  }

  get session(): string | undefined {
    return this.peering.session?.id
  }

  /** The process at the other end of the session. */
  get run(): string | undefined {
    return this.peering.session?.run
  }

  get mayPlace(): boolean {
    return mayPlace(this.peering)
  }

  get isClear(): boolean {
    return isClear(this.peering, this.nowMs())
  }

  get health(): number {
    return this.session === undefined ? 0 : healthScore(this.peering.health, this.nowMs(), this.init.timing)
  }

  /** Whether what was placed here under that session may act. */
  mayAct(session: string): boolean {
    return mayAct(this.peering, session, this.nowMs())
  }

  /** What is due now: an end of the session, a heartbeat, another try to get a session. */
  beat(): void {
    this.step({ type: 'tick', atMs: this.nowMs() })
    if (this.isStopped) return
    const { session } = this
    if (session !== undefined) this.sendBeat(session).catch(() => {})
    else if (this.init.transport.did < this.did) this.askForSession().catch(() => {})
    else this.ask({ t: 'knock' }).catch(() => {})
  }

  /** Time has passed: what is over ends before anything else is done. */
  look(): void {
    this.step({ type: 'tick', atMs: this.nowMs() })
  }

  drop(): void {
    this.step({ type: 'session-dropped', atMs: this.nowMs() })
  }

  /** Says good-bye, and asks for no other session. What is placed here must have ended. */
  async leave(): Promise<void> {
    this.isStopped = true
    const { session } = this
    if (session !== undefined) await this.ask({ t: 'bye', session }).catch(() => undefined)
    this.drop()
  }

  /** Sends records; rejects when they must be sent again. */
  async sendBatch(batch: Batch): Promise<number> {
    if (!this.isConfirmed) throw new Error('The other side does not know the session yet')
    const answer = await this.request(batchBytes(batch))
    if (answer.t === 'taken') return answer.next
    this.step({ type: 'session-refused', session: batch.session, atMs: this.nowMs() })
    throw new Error('The session has ended')
  }

  /** Answers what the other node asks. */
  answer(question: ClusterQuestion | (Batch & { readonly t: 'batch' })): ClusterAnswer {
    this.look()
    if (this.isStopped) return { t: 'refused' }
    switch (question.t) {
      case 'hello':
        return this.giveChallenge(question)
      case 'proof':
        return this.takeProof(question)
      case 'knock':
        if (this.session === undefined) this.askForSession().catch(() => {})
        return { t: 'fine' }
      case 'beat':
      case 'bye':
      case 'batch':
        return question.session === this.session ? this.answerInSession(question) : { t: 'unknown' }
    }
  }

  private answerInSession(
    question: Extract<ClusterQuestion, { t: 'beat' | 'bye' }> | (Batch & { readonly t: 'batch' }),
  ): ClusterAnswer {
    const { session } = question
    this.isConfirmed = true
    if (question.t === 'batch') return { t: 'taken', next: this.init.onBatch(this, question) }
    if (question.t === 'bye') {
      this.step({ type: 'peer-left', session, atMs: this.nowMs() })
      return { t: 'fine' }
    }
    this.facts = question.facts
    this.step({ type: 'beat-came', session, atMs: this.nowMs() })
    return { t: 'beaten', facts: this.init.facts() }
  }

  private async sendBeat(session: string): Promise<void> {
    if (!this.isConfirmed) return
    const sentAtMs = this.nowMs()
    const answer = await this.ask({ t: 'beat', session, facts: this.init.facts() })
    if (answer.t === 'beaten') {
      if (session === this.session) this.facts = answer.facts
      this.step({ type: 'beat-answered', session, sentAtMs, atMs: this.nowMs() })
    } else this.step({ type: 'session-refused', session, atMs: this.nowMs() })
  }

  private async askForSession(): Promise<void> {
    if (this.isAsking || this.isStopped || this.session !== undefined) return
    // Only one side asks; a knock at the other one means nothing.
    if (!(this.init.transport.did < this.did)) return
    this.isAsking = true
    try {
      await this.shakeHands()
    } finally {
      this.isAsking = false
    }
  }

  private async shakeHands(): Promise<void> {
    const { transport, run, secret, facts } = this.init
    const askerNonce = this.nonce()
    const challenge = await this.ask({ t: 'hello', v: CLUSTER_VERSION, nonce: askerNonce, run })
    if (challenge.t !== 'challenge' || this.isStopped) return
    const handshake: Handshake = {
      asker: transport.did,
      answerer: this.did,
      askerNonce,
      answererNonce: challenge.nonce,
      askerRun: run,
      answererRun: challenge.run,
    }
    const sentAtMs = this.nowMs()
    const proof = secret.prove('asker', handshake)
    const welcome = await this.ask({ t: 'proof', nonce: challenge.nonce, proof, facts: facts() })
    if (welcome.t !== 'welcome' || this.isStopped || !secret.isProof(welcome.proof, 'answerer', handshake)) return
    this.facts = welcome.facts
    this.begin(handshake, { heldSinceMs: sentAtMs, grantedAtMs: sentAtMs })
    // So that the other side may begin as well.
    if (this.session !== undefined) await this.sendBeat(this.session)
  }

  private giveChallenge({ v, nonce, run }: Extract<ClusterQuestion, { t: 'hello' }>): ClusterAnswer {
    const { transport } = this.init
    if (v !== CLUSTER_VERSION || !(this.did < transport.did)) return { t: 'refused' }
    const handshake: Handshake = {
      asker: this.did,
      answerer: transport.did,
      askerNonce: nonce,
      answererNonce: this.nonce(),
      askerRun: run,
      answererRun: this.init.run,
    }
    // One per peer: the latest.
    this.challenge = { handshake, atMs: this.nowMs() }
    return { t: 'challenge', nonce: handshake.answererNonce, run: this.init.run }
  }

  private takeProof({ nonce, proof, facts }: Extract<ClusterQuestion, { t: 'proof' }>): ClusterAnswer {
    const { challenge } = this
    const { secret } = this.init
    if (challenge?.handshake.answererNonce !== nonce) return { t: 'refused' }
    // Met or not: a challenge is for one try.
    this.challenge = undefined
    const { handshake, atMs } = challenge
    if (!secret.isProof(proof, 'asker', handshake)) return { t: 'refused' }
    this.facts = facts
    this.begin(handshake, { heldSinceMs: atMs, grantedAtMs: this.nowMs() })
    return { t: 'welcome', proof: secret.prove('answerer', handshake), facts: this.init.facts() }
  }

  private begin(handshake: Handshake, times: { readonly heldSinceMs: number; readonly grantedAtMs: number }): void {
    const { secret, transport } = this.init
    const run = handshake.asker === transport.did ? handshake.answererRun : handshake.askerRun
    const session = secret.prove('session', handshake)
    this.isConfirmed = handshake.asker === transport.did
    this.step({ type: 'session-began', session, run, ...times, atMs: this.nowMs() })
  }

  private step(event: PeeringEvent): void {
    const { state, effects } = stepPeering(this.peering, event)
    this.peering = state
    for (const effect of effects) this.init.onEffect(this, effect)
  }

  private async ask(question: ClusterQuestion): Promise<ClusterAnswer> {
    return await this.request(questionBytes(question))
  }

  private async request(body: Uint8Array): Promise<ClusterAnswer> {
    const { transport, timing } = this.init
    const timeoutMs = timing.heartbeatMs * ANSWER_BEATS
    return readAnswer(await transport.request(this.did, { protocol: CLUSTER_PROTOCOL, body, timeoutMs }))
  }

  private nonce(): string {
    return hexOfBytes(this.init.environment.random.bytes(NONCE_BYTES))
  }

  private nowMs(): number {
    return this.init.environment.clock.monotonicMs()
  }
}
