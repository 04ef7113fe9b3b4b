import { CodedError } from '../../base/errors.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { certificatesOf, type Decision } from '../../core/notary/certificate.ts'
import { bytesOfEpochChange } from '../../core/notary/epoch-change.ts'
import { decideSigning } from '../../core/notary/high-water.ts'
import { createNotaryMachine, type NotaryMachine } from '../../core/notary/notary-machine.ts'
import type { NotaryEffect, NotaryEvent, NotaryTimer } from '../../core/notary/notary-event.ts'
import { leaderOf } from '../../core/notary/notary-set.ts'
import { CATCH_UP_MAX, type EpochSuccessor, type NotaryInput, type NotaryState } from '../../core/notary/notary-state.ts'
import { comparePositions, type VotePosition } from '../../core/notary/position.ts'
import { bytesOfVote } from '../../core/notary/statement.ts'
import { bytesOfChange } from '../../core/notary/view-change.ts'
import type { ScheduledTimer } from '../../ports/timers.ts'
import type { NotaryFrame } from '../../wire/v1/notary-messages.ts'
import { BodyStore, framesOfBodies, LOOSE_MAX } from './body-store.ts'
import { EpochEnds } from './epoch-ends.ts'
import { eventOfFrame, type ProtocolFrame, signedIn } from './event-of-frame.ts'
import { InstanceLease } from './instance-lease.ts'
import { KeptDecisions } from './kept-decisions.ts'
import type { NotaryMessage } from './notary-application.ts'
import type { NotaryReplicaComponents, ReplicaStanding, ReplicaStart } from './replica-components.ts'
import { checkJournalSet, decodeRecord, decodeSnapshot, encodeRecord, encodeSnapshot } from './replica-record.ts'
import { StateTransfer } from './state-transfer.ts'

/** Events that wait at most. Frames beyond are dropped, since their sender repeats them; messages are refused. */
const QUEUE_MAX = 4_096
/** Events of one append. */
const BATCH_EVENTS_MAX = 256
const COMPACT_AT_BYTES = 8_388_608
/** Decided blocks that wait for bodies; the network is not listened to beyond. */
const BACKLOG_MAX = 64
/** Leases without a grant, while somebody else has one, before a replica that starts gives up. */
const REFUSED_LEASES = 4

type Cast = Extract<NotaryEffect, { type: 'cast-vote' | 'cast-change' }>
type Execute = Extract<NotaryEffect, { type: 'execute' }>
type Item =
  | NotaryEvent
  | { readonly type: 'bodies-received'; readonly messages: readonly NotaryMessage[] }
  | { readonly type: 'piece-received'; readonly frame: Extract<NotaryFrame, { type: 'notary-chunk' }> }
  /** Something that waited may go on. */
  | { readonly type: 'woken' }

/**
 * A replica of a notary set over its disk and network. What happens in one turn is one append to the journal; then one record of the high-water
 * file, then the signatures, then the messages: nothing signed is ever unknown after a crash. It signs only while it holds the lease of its key.
 */
export class NotaryReplica {
  private readonly components: NotaryReplicaComponents
  private readonly input: NotaryInput
  private readonly machine: NotaryMachine
  private readonly bodies = new BodyStore()
  private readonly ends: EpochEnds
  private readonly transfer: StateTransfer
  private readonly kept: KeptDecisions
  private readonly scheduled = new Map<NotaryTimer | 'tick', ScheduledTimer>()
  private lease: InstanceLease | undefined
  private startInit: (ReplicaStart & { readonly hasJournal: boolean; readonly at: number }) | undefined
  private current: NotaryState
  private queue: Item[] = []
  private running: Promise<void> | undefined
  private phase: 'stopped' | 'asking' | 'begun' = 'stopped'
  /** A block that waits for bodies, or for the blocks before it. */
  private parked: Execute | undefined
  /** Signatures that wait for the lease. */
  private casts: Cast[] = []
  private unanswered: NotaryEffect[] = []
  private asks = 0

  constructor(components: NotaryReplicaComponents, input: NotaryInput) {
    const { application, verify, digest, send } = components
    const { set } = input
    this.components = components
    this.input = input
    this.machine = createNotaryMachine(digest)
    this.current = this.machine.initial(input)
    this.ends = new EpochEnds(set, verify)
    this.transfer = new StateTransfer({ set, application, verify, digest, send })
    this.kept = new KeptDecisions(application, this.bodies, (decision) =>
      components.onCertificates(certificatesOf(set, decision, digest)),
    )
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
    const { clock, log, verify } = this.components
    const { set, me } = this.input
    const { instance, leaseMs } = init
    this.lease = new InstanceLease({ set, me, instance, leaseMs, now: () => clock.monotonicMs(), verify })
    this.startInit = { ...init, hasJournal: log.nextIndex > 0, at: clock.monotonicMs() }
    await this.load()
    this.phase = 'asking'
    this.begin()
    if (set.members.length > 1) this.tick()
  }

  /** Waits for the turn under way. Idempotent. */
  async stop(): Promise<void> {
    this.phase = 'stopped'
    for (const timer of this.scheduled.values()) timer.cancel()
    this.scheduled.clear()
    await this.running
  }

  /** Messages that were authenticated here. @returns False when too many wait, or nothing is taken now: the sender repeats them. */
  submit(messages: readonly NotaryMessage[]): boolean {
    const isFull = this.bodies.size + messages.length > LOOSE_MAX + this.kept.entries || this.phase !== 'begun'
    if (isFull || this.queue.length + 2 > QUEUE_MAX) return false
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
        else if (this.casts.length > 0) this.enqueue({ type: 'woken' })
        return true
      case 'notary-bodies-ask':
        for (const sent of framesOfBodies(set.id, this.bodies.some(frame.messages))) this.components.send(from, sent)
        return true
      case 'notary-bodies':
        this.takeBodies(frame.bodies).catch((error: unknown) => this.fail(error))
        return true
      case 'notary-state':
        if (this.phase === 'begun') this.transfer.takeOffer(from, frame, current.head.slot)
        return true
      case 'notary-chunk-ask':
        this.transfer.sendPiece(from, frame.slot, frame.index)
        return true
      case 'notary-chunk':
        return this.enqueue({ type: 'piece-received', frame })
      case 'notary-epoch-end':
        this.takeEnd(frame)
        return true
      default:
        return this.receiveProtocol(from, frame)
    }
  }

  private receiveProtocol(from: number, frame: ProtocolFrame): boolean {
    const { verify, clock } = this.components
    if (this.kept.backlog.length >= BACKLOG_MAX && frame.type !== 'notary-ask') return false
    const event = eventOfFrame({ set: this.input.set, from, frame, now: clock.now() }, verify)
    if (event === undefined) return false
    const signed = signedIn(event)
    if (signed !== undefined) this.lease?.note(signed)
    return this.enqueue(event)
  }

  private async load(): Promise<void> {
    const { log } = this.components
    const { set } = this.input
    if (log.snapshot !== undefined) {
      const snapshot = decodeSnapshot(log.snapshot.payload)
      checkJournalSet(set, snapshot)
      this.current = { ...snapshot.state, input: this.input }
      this.bodies.put(snapshot.messages)
      for (const decision of snapshot.decisions) this.kept.add(decision)
    }
    for await (const { index, payload } of log.read(log.snapshot?.nextIndex ?? 0)) {
      const record = decodeRecord(payload, index)
      if (record.type === 'journal-opened') checkJournalSet(set, record)
      else if (record.type === 'bodies-received') this.bodies.put(record.messages)
      else {
        const signed = signedIn(record)
        if (signed !== undefined) this.lease?.note(signed)
        for (const effect of this.step(record)) {
          if (effect.type === 'apply-block') this.kept.add(effect.decision)
          else if (effect.type !== 'take-checkpoint') this.unanswered.push(effect)
        }
      }
    }
    this.kept.drain()
    if (log.nextIndex === 0) {
      await log.append([encodeRecord({ type: 'journal-opened', set: set.id, epoch: set.epoch })])
    }
  }

  /** Takes part when it may; throws when it never may. */
  private begin(): void {
    const { startInit, lease, current } = this
    const { set, me } = this.input
    if (startInit === undefined || lease === undefined) return
    const { highWater, isRestored, hasJournal } = startInit
    const isAlone = set.members.length === 1
    const decision = decideSigning({
      set,
      me,
      journal: hasJournal ? { epoch: set.epoch, position: current.cast } : undefined,
      highWater,
      restored: isRestored ? { epoch: set.epoch } : undefined,
      witnesses: lease.witnesses,
    })
    if (decision.kind === 'refuse') {
      if (!isAlone && decision.code === 'NOTARY_RESTORED') return
      this.phase = 'stopped'
      throw refusal(decision.code, me)
    }
    if (decision.kind === 'wait' || (!isAlone && !lease.isHeld)) return
    this.phase = 'begun'
    const now = this.components.clock.now()
    if (decision.kind === 'catch-up') this.answer({ type: 'floor-raised', now, floor: decision.floor })
    else this.answer({ type: 'woken' })
    this.schedule('progress', this.input.timeoutMs)
    this.schedule('resend', this.input.resendMs)
  }

  /** What is repeated until it is answered. */
  private tick(): void {
    const { lease, startInit, current } = this
    if (this.phase === 'stopped' || lease === undefined || startInit === undefined) return
    const { leaseMs } = startInit
    const set = this.input.set.id
    const isLate = this.components.clock.monotonicMs() - startInit.at > REFUSED_LEASES * leaseMs
    if (lease.isOtherHeard && (this.phase === 'begun' || isLate)) {
      this.fail(new CodedError('NOTARY_INSTANCE_OTHER', { message: `member ${this.input.me} runs elsewhere` }))
      return
    }
    this.sendAll(lease.ask())
    if (this.phase === 'begun') {
      this.askBodies()
      this.transfer.askAgain()
      if (current.floor !== undefined) this.sendAll({ type: 'notary-ask', set, slot: current.head.slot + 1 })
      const end = this.ends.of(this.input.me)
      if (end !== undefined) this.sendAll(end)
      if (this.casts.length > 0 || this.parked !== undefined) this.enqueue({ type: 'woken' })
    }
    this.schedule('tick', Math.min(leaseMs / 4, this.input.resendMs))
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
    for (const timer of this.scheduled.values()) timer.cancel()
    this.components.onFailure(error)
  }

  private async work(): Promise<void> {
    while (this.queue.length > 0 && this.phase === 'begun') {
      const records: Uint8Array[] = []
      const effects: NotaryEffect[] = this.unanswered.filter((effect) => this.isUnanswered(effect))
      this.unanswered = []
      for (const item of this.queue.splice(0, BATCH_EVENTS_MAX)) {
        if (item.type === 'woken') continue
        if (item.type === 'piece-received') {
          const decision = await this.transfer.takePiece(item.frame)
          const now = this.components.clock.now()
          if (decision !== undefined) this.queue.unshift({ type: 'state-installed', now, decision })
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
      if (records.length > 0) await this.components.log.append(records)
      await this.run(effects)
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

  /** Effects of events that are durable, in order; signatures together, behind one record of the high-water file. */
  private async run(effects: readonly NotaryEffect[]): Promise<void> {
    for (const effect of effects) {
      if (effect.type === 'cast-vote' || effect.type === 'cast-change') this.casts.push(effect)
      else if (effect.type === 'cast-epoch-end') await this.castEnd(effect)
      else this.runOne(effect)
    }
    this.kept.drain()
    this.execute()
    await this.castAll()
  }

  private runOne(effect: Exclude<NotaryEffect, Cast | { type: 'cast-epoch-end' }>): void {
    const { clock, send } = this.components
    const set = this.input.set.id
    switch (effect.type) {
      case 'execute':
        this.parked = effect
        this.kept.drain()
        if (!this.execute()) this.askBodies()
        return
      case 'apply-block':
        this.kept.add(effect.decision)
        this.kept.drain()
        if (this.kept.backlog.length > 0) this.askBodies()
        return
      case 'send-again': {
        const { proposal, votes, change } = effect
        if (proposal !== undefined) this.sendAll({ type: 'notary-proposal', set, proposal })
        for (const vote of votes) this.sendAll({ type: 'notary-vote', set, vote })
        if (change !== undefined) this.sendAll({ type: 'notary-change', set, change })
        return
      }
      case 'forward-entries': {
        const known = this.bodies.some(effect.entries.map(({ message }) => message))
        for (const frame of framesOfBodies(set, known)) send(effect.to, frame)
        return
      }
      case 'ask-progress':
        if (effect.to === undefined) this.sendAll({ type: 'notary-ask', set, slot: effect.slot })
        else send(effect.to, { type: 'notary-ask', set, slot: effect.slot })
        return
      case 'send-decisions': {
        const isGone = this.kept.firstSlot > effect.fromSlot
        if (isGone && this.transfer.offer(effect.to, this.kept.decisions)) return
        for (const decision of this.kept.range(effect)) send(effect.to, { type: 'notary-decision', set, decision })
        return
      }
      case 'start-timer':
        this.schedule(effect.name, Math.max(0, effect.firesAt - clock.now()))
        return
      case 'cancel-timer':
        this.scheduled.get(effect.name)?.cancel()
        return
      case 'take-checkpoint':
        this.kept.truncate(effect.truncateBefore, effect.quorum.slot)
        this.sweep()
        return
      case 'report-double-vote':
      case 'event-refused':
        return
    }
  }

  /** Runs the block that waits, when everything before it is applied and all its bodies are here. */
  private execute(): boolean {
    const { parked } = this
    const { application, clock } = this.components
    if (parked === undefined) return true
    const { work } = this.current
    if (!('ticket' in work) || work.ticket !== parked.ticket) {
      this.parked = undefined
      return true
    }
    const messages = this.bodies.all(parked.entries)
    if (messages === undefined || application.slot + 1 !== parked.slot) return false
    this.parked = undefined
    const { slot, at, ticket } = parked
    const execution = application.execute({ slot, at, messages })
    this.answer({ type: 'block-executed', now: clock.now(), ticket, ...execution })
    return true
  }

  /** Asks for missing bodies: the leader first, then the others in turn. */
  private askBodies(): void {
    const { set, me } = this.input
    const next = this.kept.backlog[0]?.block ?? this.parked
    const messages = next === undefined ? [] : this.bodies.missing(next.entries)
    if (messages.length === 0) {
      this.asks = 0
      return
    }
    const count = set.members.length
    let to = (leaderOf(set, this.current.view) + this.asks) % count
    if (to === me) to = (to + 1) % count
    this.asks = (this.asks + 1) % count
    this.components.send(to, { type: 'notary-bodies-ask', set: set.id, messages })
  }

  private async takeBodies(bodies: readonly string[]): Promise<void> {
    const { application, clock } = this.components
    const admitted = await this.bodies.admit(application, bodies)
    if (admitted === undefined || admitted.length === 0 || this.phase !== 'begun') return
    const decided = new Set(this.kept.backlog.flatMap(({ block }) => block.entries.map(({ message }) => message)))
    const wanted = new Set([...decided, ...(this.parked?.entries ?? []).map(({ message }) => message)])
    const isFull = this.bodies.size + admitted.length > LOOSE_MAX + this.kept.entries
    if (isFull) this.sweep()
    const messages = isFull ? admitted.filter(({ message }) => wanted.has(message)) : admitted
    if (messages.length === 0) return
    this.enqueue({ type: 'bodies-received', messages })
    const entries = messages
      .filter(({ message }) => !decided.has(message))
      .map(({ message, contract }) => ({ message, contract }))
    if (entries.length > 0) this.enqueue({ type: 'entries-submitted', now: clock.now(), entries })
  }

  /** Forgets bodies that nothing waits for. */
  private sweep(): void {
    const { pending, work } = this.current
    const worked = work.kind === 'drafting' ? work.entries : 'block' in work ? work.block.entries : []
    const waiting = [...pending, ...worked, ...(this.parked?.entries ?? [])]
    this.bodies.retain(new Set<Hash>([...waiting.map(({ message }) => message), ...this.kept.messages()]))
  }

  /** Signs what waits, where it still matters, while the lease is held. */
  private async castAll(): Promise<void> {
    const { head, view, floor, kind } = this.current
    const due = this.casts.filter((cast) => {
      const position = positionOf(cast)
      return position.slot > head.slot && position.view >= view && floor === undefined && kind !== 'stopped'
    })
    const isHeld = this.input.set.members.length === 1 || this.lease?.isHeld === true
    this.casts = isHeld ? [] : due
    const last = due.at(-1)
    if (last === undefined || !isHeld) return
    const { phase, slot, view: castView } = positionOf(last)
    const position = { phase, slot, view: castView }
    await this.components.highWater.write({ epoch: this.input.set.epoch, position })
    for (const cast of due) await this.signAndSend(cast)
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
    else {
      const signed = { ...proposal, signature: { member: me, signature } }
      this.sendAll({ type: 'notary-proposal', set: set.id, proposal: signed })
    }
  }

  private async castEnd(effect: Extract<NotaryEffect, { type: 'cast-epoch-end' }>): Promise<void> {
    const { set, me } = this.input
    const { to, epoch, slot, block, at } = effect
    const state = this.kept.decisions.at(-1)?.block.state ?? this.components.application.state
    const end = { from: set.id, to, epoch, slot, block, at, state }
    const signature = await this.components.sign(bytesOfEpochChange(end))
    const frame = { type: 'notary-epoch-end', set: set.id, end, signature: { member: me, signature } } as const
    this.takeEnd(frame)
    this.sendAll(frame)
  }

  private takeEnd(frame: Extract<NotaryFrame, { type: 'notary-epoch-end' }>): void {
    const change = this.ends.take(frame)
    if (change !== undefined) this.components.onEpochChange(change)
  }

  private sendAll(frame: NotaryFrame): void {
    for (const to of this.input.set.members.keys()) if (to !== this.input.me) this.components.send(to, frame)
  }

  private schedule(name: NotaryTimer | 'tick', afterMs: number): void {
    const { timers, clock } = this.components
    this.scheduled.get(name)?.cancel()
    const fire = (): void => {
      if (name === 'tick') this.tick()
      else this.enqueue({ type: 'timer-fired', now: clock.now(), name })
    }
    this.scheduled.set(name, timers.schedule(afterMs, fire))
  }

  /** Whether the crash came between an effect and its answer. A statement is signed again word for word, which gives the same signature. */
  private isUnanswered(effect: NotaryEffect): boolean {
    const { work, cast, floor, end, head } = this.current
    if (effect.type === 'cast-epoch-end') return end !== undefined && effect.slot === head.slot
    if (floor !== undefined) return false
    if (effect.type === 'execute') return 'ticket' in work && work.ticket === effect.ticket
    const isCast = effect.type === 'cast-vote' || effect.type === 'cast-change'
    return isCast && cast !== undefined && comparePositions(positionOf(effect), cast) === 0
  }

  private async compactWhenLarge(): Promise<void> {
    const { log, application } = this.components
    if (log.sizeBytes < COMPACT_AT_BYTES || this.queue.length > 0 || this.kept.backlog.length > 0) return
    await application.durable()
    const { id, epoch } = this.input.set
    const decisions = this.kept.decisions.slice(-CATCH_UP_MAX)
    const { pending, work } = this.current
    const worked = work.kind === 'drafting' ? work.entries : 'block' in work ? work.block.entries : []
    const named = [...decisions.flatMap(({ block }) => block.entries), ...pending, ...worked]
    const messages = this.bodies.some([...new Set(named.map(({ message }) => message))])
    const payload = encodeSnapshot({ set: id, epoch, state: this.current, decisions, messages })
    await log.compact({ nextIndex: log.nextIndex, payload })
  }
}

function positionOf(cast: Cast): VotePosition {
  if (cast.type === 'cast-vote') return cast.statement
  return { view: cast.statement.view, slot: cast.statement.head.slot + 1, phase: 'change' }
}

/** What keeps a replica from starting, as an error. */
function refusal(code: string, me: number): CodedError {
  if (code === 'NOTARY_RESTORED' || code === 'NOTARY_STATE_BEHIND') {
    return new CodedError(code, { message: `member ${me} may have signed what its journal does not hold` })
  }
  return new CodedError('NOTARY_JOURNAL_OTHER', { message: `member ${me}: ${code}` })
}
