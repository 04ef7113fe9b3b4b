import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Sha256Hex } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Entry } from '../../core/notary/block.ts'
import { type Certificate, certificatesOf, type Decision } from '../../core/notary/certificate.ts'
import { createNotaryMachine, type NotaryMachine } from '../../core/notary/notary-machine.ts'
import type { Execution, NotaryEffect, NotaryEvent, NotaryTimer } from '../../core/notary/notary-event.ts'
import { CATCH_UP_MAX, type NotaryInput, type NotaryState } from '../../core/notary/notary-state.ts'
import { comparePositions, type VotePosition } from '../../core/notary/position.ts'
import { bytesOfVote, type VerifyStatement } from '../../core/notary/statement.ts'
import { bytesOfChange } from '../../core/notary/view-change.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'
import type { NotaryFrame } from '../../wire/v1/notary-messages.ts'
import { eventOfFrame } from './event-of-frame.ts'
import type { HighWaterFile } from './high-water.ts'

/** What orders are given for: the books. */
export type NotaryApplication = {
  /** Runs entries on top of what was applied, without keeping anything. */
  execute(block: { readonly slot: number; readonly at: Timestamp; readonly entries: readonly Entry[] }): Execution
  /** Keeps a certified block; one that was kept already is passed over. Throws `AssertionError` when it comes to something else here. */
  apply(decision: Decision): void
}

export type NotaryReplicaComponents = {
  /** The journal of this replica alone; whoever opened it closes it. */
  readonly log: EventLog
  readonly highWater: Pick<HighWaterFile, 'write'>
  readonly application: NotaryApplication
  /** Ed25519 with the key of this member: 64 bytes, base64url without padding. */
  readonly sign: (bytes: Uint8Array) => Promise<string>
  readonly verify: VerifyStatement
  readonly digest: Sha256Hex
  readonly clock: Clock
  readonly timers: Timers
  /** Hands a frame to the network, which may lose it. */
  readonly send: (to: number, frame: NotaryFrame) => void
  /** What the set decided, in order, with what clients accept. After a restart the last ones may come again. */
  readonly onCertificates: (certificates: readonly Certificate[]) => void
  /** The replica can go on no longer: its disk or its high-water file failed, or a copy of it runs elsewhere. */
  readonly onFailure: (cause: unknown) => void
}

/** Events that wait at most. Frames beyond are dropped, since their sender repeats them; entries are refused. */
const QUEUE_MAX = 4_096
/** Events of one append. */
const BATCH_EVENTS_MAX = 256
const COMPACT_AT_BYTES = 8_388_608

type Snapshot = { readonly state: NotaryState; readonly decisions: readonly Decision[] }
type Cast = Extract<NotaryEffect, { type: 'cast-vote' | 'cast-change' }>

/**
 * A replica of a notary set over its disk and network. What happens in one turn is one append to the journal; then one record of the high-water
 * file, then the signatures, then the messages: nothing signed is ever unknown after a crash.
 */
export class NotaryReplica {
  private readonly components: NotaryReplicaComponents
  private readonly input: NotaryInput
  private readonly machine: NotaryMachine
  private current: NotaryState
  private decisions: Decision[] = []
  private queue: NotaryEvent[] = []
  private running: Promise<void> | undefined
  private isStopped = true
  private readonly scheduled = new Map<NotaryTimer, ScheduledTimer>()

  constructor(components: NotaryReplicaComponents, input: NotaryInput) {
    this.components = components
    this.input = input
    this.machine = createNotaryMachine(components.digest)
    this.current = this.machine.initial(input)
  }

  get state(): NotaryState {
    return this.current
  }

  /**
   * Reads the journal and takes part from then on. `floor`: of `decideSigning`, where this replica has to catch up before it signs. Throws
   * `STORE_CORRUPTED` and what the journal throws.
   */
  async start(floor: VotePosition | undefined): Promise<void> {
    const { log, clock } = this.components
    const unanswered: NotaryEffect[] = []
    if (log.snapshot !== undefined) this.restore(log.snapshot.payload)
    for await (const { index, payload } of log.read(log.snapshot?.nextIndex ?? 0)) {
      const step = this.machine.transition(this.current, parseEvent(payload, index))
      this.current = step.state
      for (const effect of step.effects) {
        if (effect.type === 'apply-block') this.keep(effect.decision)
        else if (effect.type !== 'take-checkpoint') unanswered.push(effect)
      }
    }
    this.isStopped = false
    if (floor !== undefined) this.enqueue({ type: 'floor-raised', now: clock.now(), floor })
    else await this.run(unanswered.filter((effect) => this.isUnanswered(effect)))
    this.schedule('progress', this.input.timeoutMs)
    this.schedule('resend', this.input.resendMs)
  }

  /** Waits for the turn under way. Idempotent. */
  async stop(): Promise<void> {
    this.isStopped = true
    for (const timer of this.scheduled.values()) timer.cancel()
    this.scheduled.clear()
    await this.running
  }

  /** Messages that were authenticated here. @returns False when too many wait: the sender repeats them. */
  submit(entries: readonly Entry[]): boolean {
    return this.enqueue({ type: 'entries-submitted', now: this.components.clock.now(), entries })
  }

  /** A frame from a member, as the channel knows it. @returns False when it was dropped: of another set, wrongly signed, or too much. */
  receive(from: number, frame: NotaryFrame): boolean {
    const { verify, clock } = this.components
    const event = eventOfFrame({ set: this.input.set, from, frame, now: clock.now() }, verify)
    return event !== undefined && this.enqueue(event)
  }

  private enqueue(event: NotaryEvent): boolean {
    if (this.isStopped || this.queue.length >= QUEUE_MAX) return false
    this.answer(event)
    return true
  }

  /** Takes what this replica told itself, which is never dropped, and starts a turn where none is under way. */
  private answer(event: NotaryEvent): void {
    this.queue.push(event)
    if (this.running === undefined) this.wake()
  }

  private wake(): void {
    this.running = Promise.resolve()
      .then(async () => await this.work())
      .catch((error: unknown) => {
        this.isStopped = true
        this.components.onFailure(error)
      })
      .finally(() => {
        this.running = undefined
        if (this.queue.length > 0 && !this.isStopped) this.wake()
      })
  }

  private async work(): Promise<void> {
    while (this.queue.length > 0 && !this.isStopped) {
      const records: Uint8Array[] = []
      const effects: NotaryEffect[] = []
      for (const event of this.queue.splice(0, BATCH_EVENTS_MAX)) {
        const step = this.machine.transition(this.current, event)
        // A refusal is as good after a crash as before; what it makes this replica send changes nothing here.
        if (step.state !== this.current) records.push(new TextEncoder().encode(canonicalJson(event)))
        this.current = step.state
        effects.push(...step.effects)
      }
      if (records.length > 0) await this.components.log.append(records)
      await this.run(effects)
      await this.compactWhenLarge()
      if (this.current.kind === 'stopped') {
        throw new CodedError('NOTARY_INSTANCE_OTHER', { message: `member ${this.input.me}: ${this.current.code}` })
      }
    }
  }

  /** Effects of events that are durable, in order; signatures together, behind one record of the high-water file. */
  private async run(effects: readonly NotaryEffect[]): Promise<void> {
    const casts: Cast[] = []
    for (const effect of effects) {
      if (effect.type === 'cast-vote' || effect.type === 'cast-change') casts.push(effect)
      else this.runOne(effect)
    }
    const last = casts.at(-1)
    if (last === undefined) return
    await this.components.highWater.write({ epoch: this.input.set.epoch, position: positionOf(last) })
    for (const cast of casts) await this.signAndSend(cast)
  }

  private runOne(effect: Exclude<NotaryEffect, Cast>): void {
    const { application, clock } = this.components
    const set = this.input.set.id
    switch (effect.type) {
      case 'execute':
        this.answer({ type: 'block-executed', now: clock.now(), ticket: effect.ticket, ...application.execute(effect) })
        return
      case 'apply-block':
        this.keep(effect.decision)
        return
      case 'send-again': {
        const { proposal, votes, change } = effect
        if (proposal !== undefined) this.sendAll({ type: 'notary-proposal', set, proposal })
        for (const vote of votes) this.sendAll({ type: 'notary-vote', set, vote })
        if (change !== undefined) this.sendAll({ type: 'notary-change', set, change })
        return
      }
      case 'forward-entries':
        this.components.send(effect.to, { type: 'notary-entries', set, entries: effect.entries })
        return
      case 'ask-progress':
        this.sendTo(effect.to, { type: 'notary-ask', set, slot: effect.slot })
        return
      case 'send-decisions':
        for (const decision of this.decisions) {
          const { slot } = decision.block
          if (slot >= effect.fromSlot && slot <= effect.toSlot) {
            this.components.send(effect.to, { type: 'notary-decision', set, decision })
          }
        }
        return
      case 'start-timer':
        this.schedule(effect.name, Math.max(0, effect.firesAt - clock.now()))
        return
      case 'cancel-timer':
        this.scheduled.get(effect.name)?.cancel()
        return
      case 'take-checkpoint':
        this.decisions = this.decisions.filter(({ block }) => block.slot >= effect.truncateBefore)
        return
      case 'report-double-vote':
      case 'event-refused':
        return
    }
  }

  private async signAndSend(cast: Cast): Promise<void> {
    const { sign, clock } = this.components
    const { set, me } = this.input
    if (cast.type === 'cast-change') {
      const change = { ...cast.statement, member: me, signature: await sign(bytesOfChange(set, cast.statement)) }
      this.answer({ type: 'change-received', now: clock.now(), change })
      this.sendAll({ type: 'notary-change', set: set.id, change })
      return
    }
    const { statement, proposal } = cast
    const signature = await sign(bytesOfVote(set, statement))
    const vote = { ...statement, member: me, signature }
    this.answer({ type: 'vote-received', now: clock.now(), vote })
    if (proposal === undefined) this.sendAll({ type: 'notary-vote', set: set.id, vote })
    else
      this.sendAll({
        type: 'notary-proposal',
        set: set.id,
        proposal: { ...proposal, signature: { member: me, signature } },
      })
  }

  private keep(decision: Decision): void {
    const { application, onCertificates, digest } = this.components
    application.apply(decision)
    this.decisions.push(decision)
    onCertificates(certificatesOf(this.input.set, decision, digest))
  }

  private sendTo(to: number | undefined, frame: NotaryFrame): void {
    if (to === undefined) this.sendAll(frame)
    else this.components.send(to, frame)
  }

  private sendAll(frame: NotaryFrame): void {
    for (const to of this.input.set.members.keys()) if (to !== this.input.me) this.components.send(to, frame)
  }

  private schedule(name: NotaryTimer, afterMs: number): void {
    const { timers, clock } = this.components
    this.scheduled.get(name)?.cancel()
    const fire = (): void => void this.enqueue({ type: 'timer-fired', now: clock.now(), name })
    this.scheduled.set(name, timers.schedule(afterMs, fire))
  }

  /** Whether the crash came between an effect and its answer. A statement is signed again word for word, which gives the same signature. */
  private isUnanswered(effect: NotaryEffect): boolean {
    const { work, cast } = this.current
    if (effect.type === 'execute') return 'ticket' in work && work.ticket === effect.ticket
    const isCast = effect.type === 'cast-vote' || effect.type === 'cast-change'
    return isCast && cast !== undefined && comparePositions(positionOf(effect), cast) === 0
  }

  private restore(payload: Uint8Array): void {
    // Written by `compactWhenLarge`.
    const snapshot = JSON.parse(new TextDecoder().decode(payload)) as Snapshot
    this.current = snapshot.state
    for (const decision of snapshot.decisions) this.keep(decision)
  }

  private async compactWhenLarge(): Promise<void> {
    const { log } = this.components
    if (log.sizeBytes < COMPACT_AT_BYTES || this.queue.length > 0) return
    const snapshot: Snapshot = { state: this.current, decisions: this.decisions.slice(-CATCH_UP_MAX) }
    await log.compact({ nextIndex: log.nextIndex, payload: new TextEncoder().encode(canonicalJson(snapshot)) })
  }
}

function positionOf(cast: Cast): VotePosition {
  if (cast.type === 'cast-vote') return cast.statement
  return { view: cast.statement.view, slot: cast.statement.head.slot + 1, phase: 'change' }
}

function parseEvent(payload: Uint8Array, index: number): NotaryEvent {
  try {
    // Written by `work`, under the checksum of the journal.
    return JSON.parse(new TextDecoder().decode(payload)) as NotaryEvent
  } catch (cause: unknown) {
    throw new CodedError('STORE_CORRUPTED', { message: `notary journal: record ${index} is no event`, cause })
  }
}
