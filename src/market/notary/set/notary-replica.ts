import { CodedError } from '../../../base/errors.ts'
import { certificatesOf } from '../../../core/notary/certificate.ts'
import { createNotaryMachine, type NotaryMachine } from '../../../core/notary/notary-machine.ts'
import type { NotaryEffect, NotaryEvent } from '../../../core/notary/notary-event.ts'
import type { EpochSuccessor } from '../../../core/notary/notary-set.ts'
import type { NotaryInput, NotaryState } from '../../../core/notary/notary-state.ts'
import type { NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import { BodyStore } from './body-store.ts'
import { eventOfFrame, type ProtocolFrame, signedIn } from './event-of-frame.ts'
import { InstanceLease } from '../instance-lease.ts'
import { KeptDecisions } from './kept-decisions.ts'
import type { NotaryMessage } from './notary-application.ts'
import type { NotaryReplicaComponents, ReplicaStanding, ReplicaStart } from './replica-components.ts'
import { compactReplicaJournal, readReplicaJournal } from './replica-journal.ts'
import { encodeRecord, type ReplicaItem as Item } from './replica-record.ts'
import { ReplicaOutput } from './replica-output.ts'
import { isUnanswered } from './replica-signer.ts'
import { SeenVotes } from './seen-votes.ts'
import { beginHighWater, decideStart, type StartKnown } from './start-decision.ts'

/** Events that wait at most. Frames beyond are dropped, since their sender repeats them; messages are refused. */
const QUEUE_MAX = 4_096
/** Events of one append. */
const BATCH_EVENTS_MAX = 256
const COMPACT_AT_BYTES = 8_388_608
/** Decided blocks that wait for bodies; the network is not listened to beyond. */
const BACKLOG_MAX = 64
/** Leases since its start behind which a replica gives up while somebody else has its key. Until then it may be its own process of before that others remember: it signs nothing while enough of them do. */
const REFUSED_LEASES = 4

/**
 * A replica of a notary set over its disk and network. What happens in one turn is one append to the journal; then one record of the high-water
 * file, then the signatures, then the messages: nothing signed is ever unknown after a crash. It signs only while it holds the lease of its key.
 */
export class NotaryReplica {
  private readonly components: NotaryReplicaComponents
  private readonly input: NotaryInput
  private readonly machine: NotaryMachine
  private readonly bodies = new BodyStore()
  private readonly votes = new SeenVotes()
  private readonly output: ReplicaOutput
  private readonly kept: KeptDecisions
  private lease: InstanceLease | undefined
  private startInit: (StartKnown & { readonly at: number }) | undefined
  private current: NotaryState
  private queue: Item[] = []
  private running: Promise<void> | undefined
  private phase: 'stopped' | 'asking' | 'begun' = 'stopped'
  private unanswered: NotaryEffect[] = []

  constructor(components: NotaryReplicaComponents, input: NotaryInput) {
    const { application, digest } = components
    const { set } = input
    this.components = components
    this.input = input
    this.machine = createNotaryMachine(digest)
    this.current = this.machine.initial(input)
    this.kept = new KeptDecisions(application, this.bodies, (decision) =>
      components.onCertificates(certificatesOf(set, decision, digest)),
    )
    this.output = new ReplicaOutput({
      components,
      input,
      bodies: this.bodies,
      kept: this.kept,
      state: () => this.current,
      answer: (event) => this.answer(event),
      onTimer: (name) => {
        if (name === 'tick') this.tick()
        else this.enqueue({ type: 'timer-fired', now: components.clock.now(), name })
      },
    })
  }

  get state(): NotaryState {
    return this.current
  }

  get standing(): ReplicaStanding {
    if (this.phase === 'stopped' || this.current.kind === 'stopped') return 'stopped'
    if (this.phase === 'asking') return 'asking'
    return this.current.floor === undefined ? 'taking-part' : 'behind'
  }

  /**
   * Reads the journal and then takes part as soon as it may sign: at once where it is alone, else when enough other members have said what they
   * have seen of it; until then `standing` is `asking`. Throws `NOTARY_RESTORED`, `NOTARY_STATE_BEHIND`, `NOTARY_JOURNAL_OTHER`, `STORE_CORRUPTED` and
   * what the journal throws.
   */
  async start(init: ReplicaStart): Promise<void> {
    const { clock, log, verify, highWater } = this.components
    const { set, me } = this.input
    this.lease = new InstanceLease({ set, me, ...init, now: () => clock.monotonicMs(), verify })
    this.startInit = { ...init, hasJournal: log.nextIndex > 0, at: clock.monotonicMs() }
    await this.load()
    await beginHighWater(highWater, { set, cast: this.current.cast, start: this.startInit })
    this.phase = 'asking'
    this.begin()
    if (set.members.length > 1) this.tick()
  }

  /** Waits for the turn under way. Idempotent. */
  async stop(): Promise<void> {
    this.phase = 'stopped'
    this.output.cancelTimers()
    await this.running
  }

  /** Messages that were authenticated here. @returns False when too many wait, or nothing is taken now: the sender repeats them. */
  submit(messages: readonly NotaryMessage[]): boolean {
    if (this.phase !== 'begun' || this.queue.length + 2 > QUEUE_MAX) return false
    if (this.output.exchange.isFull(messages.length)) return false
    const entries = messages.map(({ message, contract }) => ({ message, contract }))
    this.answer({ type: 'bodies-received', messages })
    this.answer({ type: 'entries-submitted', now: this.components.clock.now(), entries })
    return true
  }

  /** Ends the epoch: nothing more is signed in it. `onEpochChange` says when `2f + 1` members have. */
  endEpoch(successor: EpochSuccessor): boolean {
    return this.enqueue({ type: 'epoch-ended', now: this.components.clock.now(), ...successor })
  }

  /** A frame from a member, as the channel knows it. @returns False when it was dropped: of another set, wrongly signed, or too much. */
  receive(from: number, frame: NotaryFrame): boolean {
    const { set } = this.input
    const { lease, current } = this
    if (this.phase === 'stopped' || lease === undefined) return false
    if (frame.set !== set.id || set.members[from] === undefined) return false
    switch (frame.type) {
      case 'notary-witness-ask':
        this.components.send(from, lease.answer(from, frame, current))
        return true
      case 'notary-witness':
        lease.take(from, frame, this.phase === 'asking')
        if (this.phase === 'asking') this.begin()
        else if (this.output.isWaiting) this.enqueue({ type: 'woken' })
        return true
      case 'notary-bodies':
        this.takeBodies(frame.bodies).catch((error: unknown) => this.fail(error))
        return true
      case 'notary-chunk':
        return this.enqueue({ type: 'piece-received', frame })
      case 'notary-bodies-ask':
      case 'notary-chunk-ask':
      case 'notary-state':
      case 'notary-epoch-end':
        this.output.help(from, frame)
        return true
      default:
        return this.receiveProtocol(from, frame)
    }
  }

  private receiveProtocol(from: number, frame: ProtocolFrame): boolean {
    const { verify, clock, onDoubleVote } = this.components
    if (this.kept.backlog.length >= BACKLOG_MAX && frame.type !== 'notary-ask') return false
    const event = eventOfFrame({ set: this.input.set, from, frame, now: clock.now() }, verify)
    if (event === undefined) return false
    this.lease?.note(signedIn(event))
    for (const twice of this.votes.take(event)) onDoubleVote?.({ set: frame.set, ...twice })
    return this.enqueue(event)
  }

  private async load(): Promise<void> {
    for await (const found of readReplicaJournal(this.components.log, this.input.set)) {
      if (found.type === 'snapshot') {
        this.current = { ...found.snapshot.state, input: this.input }
        for (const decision of found.snapshot.decisions) this.kept.add(decision)
        this.bodies.put(found.snapshot.messages)
      } else if (found.type === 'bodies-received') this.bodies.put(found.messages)
      else this.replay(found)
    }
    this.kept.drain()
  }

  private replay(event: NotaryEvent): void {
    this.lease?.note(signedIn(event))
    this.votes.take(event)
    const effects = this.step(event)
    for (const effect of effects) if (effect.type === 'apply-block') this.kept.add(effect.decision)
    this.unanswered.push(...effects)
  }

  /** Takes part when it may; throws when it never may. */
  private begin(): void {
    const { startInit, lease, current } = this
    const { set, me } = this.input
    if (startInit === undefined || lease === undefined) return
    const decision = decideStart({ set, me, cast: current.cast, start: startInit, witnesses: lease.witnesses })
    if (decision.kind === 'refuse') this.phase = 'stopped'
    if (decision.kind === 'refuse') throw decision.error
    if (decision.kind === 'wait' || (set.members.length > 1 && !lease.isHeld)) return
    this.phase = 'begun'
    const now = this.components.clock.now()
    if (decision.kind === 'catch-up') this.answer({ type: 'floor-raised', now, floor: decision.floor })
    else this.answer({ type: 'woken' })
    this.output.schedule('progress', this.input.timeoutMs)
    this.output.schedule('resend', this.input.resendMs)
  }

  /** What is repeated until it is answered. */
  private tick(): void {
    const { lease, startInit } = this
    if (this.phase === 'stopped' || lease === undefined || startInit === undefined) return
    const isLate = this.components.clock.monotonicMs() - startInit.at > REFUSED_LEASES * startInit.leaseMs
    if (lease.isOtherHeard && isLate) {
      this.fail(new CodedError('NOTARY_INSTANCE_OTHER', { message: `member ${this.input.me} runs elsewhere` }))
      return
    }
    this.output.sendAll(lease.ask())
    if (this.phase === 'begun') {
      this.output.askAgain()
      if (this.output.isWaiting) this.enqueue({ type: 'woken' })
    }
    this.output.schedule('tick', Math.min(startInit.leaseMs / 4, this.input.resendMs))
  }

  private enqueue(item: Item): boolean {
    if (this.phase !== 'begun' || this.queue.length >= QUEUE_MAX) return false
    this.answer(item)
    return true
  }

  /** Takes what this replica told itself, which is never dropped, and starts a turn where none is under way. */
  private answer(item: Item): void {
    this.queue.push(item)
    if (this.running === undefined) this.wake()
  }

  private wake(): void {
    this.running = Promise.resolve()
      .then(async () => await this.work())
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.running = undefined
        if (this.queue.length > 0 && this.phase !== 'stopped') this.wake()
      })
  }

  private fail(error: unknown): void {
    if (this.phase === 'stopped') return
    this.phase = 'stopped'
    this.output.cancelTimers()
    this.components.onFailure(error)
  }

  private async work(): Promise<void> {
    const { clock, log } = this.components
    while (this.queue.length > 0 && this.phase === 'begun') {
      const records: Uint8Array[] = []
      const effects: NotaryEffect[] = this.unanswered.filter((effect) => isUnanswered(this.current, effect))
      this.unanswered = []
      for (const item of this.queue.splice(0, BATCH_EVENTS_MAX)) {
        if (item.type === 'woken') continue
        if (item.type === 'piece-received') {
          const decision = await this.output.transfer.takePiece(item.frame)
          if (decision !== undefined) this.queue.unshift({ type: 'state-installed', now: clock.now(), decision })
        } else if (item.type === 'bodies-received') {
          this.bodies.put(item.messages)
          records.push(encodeRecord(item))
        } else {
          const before = this.current
          effects.push(...this.step(item))
          // A refusal is as good after a crash as before; what it makes this replica send changes nothing here.
          if (this.current !== before) records.push(encodeRecord(item))
        }
      }
      if (records.length > 0) await log.append(records)
      const isHeld = this.input.set.members.length === 1 || this.lease?.isHeld === true
      await this.output.run(effects, isHeld)
      await this.compactWhenLarge()
      if (this.current.kind === 'stopped') {
        throw new CodedError('NOTARY_CLONE_SEEN', { message: `member ${this.input.me}: ${this.current.code}` })
      }
    }
  }

  private step(event: NotaryEvent): readonly NotaryEffect[] {
    const { state, effects } = this.machine.transition(this.current, event)
    if (event.type === 'state-installed' && state !== this.current) this.kept.restartAt(event.decision)
    this.current = state
    return effects
  }

  private async takeBodies(bodies: readonly string[]): Promise<void> {
    const { messages, fresh } = await this.output.exchange.take(bodies, () => this.output.need)
    if (messages.length > 0) this.enqueue({ type: 'bodies-received', messages })
    if (fresh.length === 0) return
    this.enqueue({ type: 'entries-submitted', now: this.components.clock.now(), entries: fresh })
  }

  private async compactWhenLarge(): Promise<void> {
    const { log, application } = this.components
    if (log.sizeBytes < COMPACT_AT_BYTES || this.queue.length > 0 || this.kept.backlog.length > 0) return
    await application.durable()
    const { input, current: state, bodies, kept } = this
    await compactReplicaJournal(log, { set: input.set, state, bodies, decisions: kept.decisions })
  }
}
