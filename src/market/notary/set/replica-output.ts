import type { NotaryEffect, NotaryEvent, NotaryTimer } from '../../../core/notary/notary-event.ts'
import type { NotaryInput, NotaryState } from '../../../core/notary/notary-state.ts'
import type { ScheduledTimer } from '../../../ports/timers.ts'
import type { NotaryFrame } from '../../../wire/v1/notary-messages.ts'
import { BodyExchange, type BodyNeed } from './body-exchange.ts'
import { type BodyStore, framesOfBodies } from './body-store.ts'
import { EpochEnds } from './epoch-ends.ts'
import type { KeptDecisions } from './kept-decisions.ts'
import { OwedDecisions, type SlotRange } from './owed-decisions.ts'
import type { NotaryReplicaComponents } from './replica-components.ts'
import { type Cast, ReplicaSigner } from './replica-signer.ts'
import { StateTransfer } from './state-transfer.ts'

export type ReplicaOutputInit = {
  readonly components: NotaryReplicaComponents
  readonly input: NotaryInput
  readonly bodies: BodyStore
  readonly kept: KeptDecisions
  readonly state: () => NotaryState
  /** Feeds an answer back. */
  readonly answer: (event: NotaryEvent) => void
  readonly onTimer: (name: NotaryTimer | 'tick') => void
}

type Execute = Extract<NotaryEffect, { type: 'execute' }>

type HelpFrame = Extract<
  NotaryFrame,
  { type: 'notary-bodies-ask' | 'notary-chunk-ask' | 'notary-state' | 'notary-epoch-end' }
>

/** What a replica does for the effects of its machine, after the events that caused them are durable. */
export class ReplicaOutput {
  readonly exchange: BodyExchange
  readonly transfer: StateTransfer
  private readonly init: ReplicaOutputInit
  private readonly signer: ReplicaSigner
  private readonly ends: EpochEnds
  private readonly owed: OwedDecisions
  private readonly scheduled = new Map<NotaryTimer | 'tick', ScheduledTimer>()
  /** A block that waits for bodies, or for the blocks before it. */
  private parked: Execute | undefined

  constructor(init: ReplicaOutputInit) {
    const { components, input, bodies, kept } = init
    const { set, me } = input
    const { application, verify, digest, send } = components
    this.init = init
    this.ends = new EpochEnds(set, verify)
    this.owed = new OwedDecisions({
      timers: components.timers,
      pauseMs: input.resendMs / 2,
      send: (to, range) => this.sendDecisions(to, range),
    })
    this.transfer = new StateTransfer({ set, application, verify, digest, send })
    this.exchange = new BodyExchange({ set, me, bodies, kept, application, send })
    this.signer = new ReplicaSigner({
      components,
      input,
      onSigned: init.answer,
      sendAll: (frame) => this.sendAll(frame),
    })
  }

  /** Whether something may go on by itself: a signature with the lease, a block with its bodies. */
  get isWaiting(): boolean {
    return this.signer.isWaiting || this.parked !== undefined
  }

  get need(): BodyNeed {
    return { state: this.init.state(), parked: this.parked?.entries ?? [] }
  }

  /** What is repeated until it is answered. */
  askAgain(): void {
    const { floor, head, input } = this.init.state()
    this.exchange.askAgain(this.need)
    this.transfer.askAgain()
    if (floor !== undefined) this.sendAll({ type: 'notary-ask', set: input.set.id, slot: head.slot + 1 })
    const end = this.ends.of(input.me)
    if (end !== undefined) this.sendAll(end)
  }

  /** Frames of members that change nothing in the machine. */
  help(from: number, frame: HelpFrame): void {
    const { components, input, bodies, state } = this.init
    switch (frame.type) {
      case 'notary-bodies-ask':
        for (const sent of framesOfBodies(input.set.id, bodies.some(frame.messages))) components.send(from, sent)
        return
      case 'notary-chunk-ask':
        this.transfer.sendPiece(from, frame.slot, frame.index)
        return
      case 'notary-state':
        this.transfer.takeOffer(from, frame, state().head.slot)
        return
      case 'notary-epoch-end':
        this.takeEnd(frame)
        return
    }
  }

  cancelTimers(): void {
    for (const timer of this.scheduled.values()) timer.cancel()
    this.scheduled.clear()
    this.owed.cancelTimers()
  }

  /** Effects of events that are durable, in order; signatures together, behind one record of the high-water file. */
  async run(effects: readonly NotaryEffect[], isHeld: boolean): Promise<void> {
    for (const effect of effects) {
      if (effect.type === 'cast-vote' || effect.type === 'cast-change') this.signer.add(effect)
      else if (effect.type === 'cast-epoch-end') await this.castEnd(effect)
      else this.runOne(effect)
    }
    this.init.kept.drain()
    this.execute()
    if (this.init.kept.backlog.length > 0 || this.parked !== undefined) this.exchange.ask(this.need)
    await this.signer.flush(this.init.state(), isHeld)
  }

  private runOne(effect: Exclude<NotaryEffect, Cast | { type: 'cast-epoch-end' }>): void {
    const { clock, send } = this.init.components
    const set = this.init.input.set.id
    switch (effect.type) {
      case 'execute':
        this.parked = effect
        this.init.kept.drain()
        this.execute()
        return
      case 'apply-block':
        this.init.kept.add(effect.decision)
        this.init.kept.drain()
        return
      case 'send-again': {
        const { proposal, votes, change } = effect
        if (proposal !== undefined) this.sendAll({ type: 'notary-proposal', set, proposal })
        for (const vote of votes) this.sendAll({ type: 'notary-vote', set, vote })
        if (change !== undefined) this.sendAll({ type: 'notary-change', set, change })
        return
      }
      case 'forward-entries': {
        const known = this.init.bodies.some(effect.entries.map(({ message }) => message))
        for (const frame of framesOfBodies(set, known)) send(effect.to, frame)
        return
      }
      case 'ask-progress':
        if (effect.to === undefined) this.sendAll({ type: 'notary-ask', set, slot: effect.slot })
        else send(effect.to, { type: 'notary-ask', set, slot: effect.slot })
        return
      case 'send-decisions':
        this.owed.ask(effect.to, effect)
        return
      case 'start-timer':
        this.schedule(effect.name, Math.max(0, effect.firesAt - clock.now()))
        return
      case 'cancel-timer':
        this.scheduled.get(effect.name)?.cancel()
        return
      case 'take-checkpoint':
        this.init.kept.truncate(effect.truncateBefore, effect.quorum.slot)
        this.exchange.sweep(this.need)
        return
      case 'event-refused':
        return
    }
  }

  /** What is decided, one by one; from before what is kept, a copy. */
  private sendDecisions(to: number, range: SlotRange): void {
    const { kept, components, input } = this.init
    const { fromSlot } = range
    const sendAll = (): void => {
      for (const decision of kept.range(range))
        components.send(to, { type: 'notary-decision', set: input.set.id, decision })
    }
    if (kept.firstSlot <= fromSlot) {
      sendAll()
      return
    }
    this.transfer
      .offer(to, kept.decisions, fromSlot)
      .then((isOffered) => {
        if (!isOffered) sendAll()
      })
      .catch((cause: unknown) => components.onFailure(cause))
  }

  /** Runs the block that waits, when everything before it is applied and all its bodies are here. */
  private execute(): void {
    const { parked } = this
    const { application, clock } = this.init.components
    if (parked === undefined) return
    const { work } = this.init.state()
    if (!('ticket' in work) || work.ticket !== parked.ticket) {
      this.parked = undefined
      return
    }
    const messages = this.init.bodies.all(parked.entries)
    if (messages === undefined || application.slot + 1 !== parked.slot) return
    this.parked = undefined
    const { slot, at, ticket } = parked
    const execution = application.execute({ slot, at, messages })
    this.init.answer({ type: 'block-executed', now: clock.now(), ticket, ...execution })
  }

  private async castEnd(effect: Extract<NotaryEffect, { type: 'cast-epoch-end' }>): Promise<void> {
    const state = this.init.kept.decisions.at(-1)?.block.state ?? this.init.components.application.state
    const frame = await this.signer.signEnd(effect, state)
    this.takeEnd(frame)
    this.sendAll(frame)
  }

  private takeEnd(frame: Extract<NotaryFrame, { type: 'notary-epoch-end' }>): void {
    const change = this.ends.take(frame)
    if (change !== undefined) this.init.components.onEpochChange(change)
  }

  sendAll(frame: NotaryFrame): void {
    for (const to of this.init.input.set.members.keys())
      if (to !== this.init.input.me) this.init.components.send(to, frame)
  }

  schedule(name: NotaryTimer | 'tick', afterMs: number): void {
    this.scheduled.get(name)?.cancel()
    const { onTimer, components } = this.init
    this.scheduled.set(
      name,
      components.timers.schedule(afterMs, () => onTimer(name)),
    )
  }
}
