import { assert } from '../../src/base/assert.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { type Timestamp, timestampFromMs } from '../../src/base/time.ts'
import type { Hash } from '../../src/core/evidence/names.ts'
import { type Block, hashOfBlock } from '../../src/core/notary/block.ts'
import { certificatesOf, type Decision } from '../../src/core/notary/certificate.ts'
import { NOTARY_MACHINE } from '../../src/core/notary/notary-machine.ts'
import type { NotaryEffect, NotaryEvent, Proposal } from '../../src/core/notary/notary-event.ts'
import type { NotaryState } from '../../src/core/notary/notary-state.ts'
import { SeenVotes } from '../../src/market/notary/set/seen-votes.ts'
import type { NotaryPlant } from './notary-plants.ts'
import { APPLICATION_START } from './notary-local.ts'
import { entryOf, execute, inputOf, setOf } from './notary-world.ts'

export type SimulationInit = {
  readonly seed: number
  readonly f: number
  readonly entries: number
  /** What the members from 0 to f - 1 do. */
  readonly fault: 'none' | 'silent' | 'lying'
  readonly plant?: NotaryPlant
}

export type SimulationResult = {
  readonly failures: readonly string[]
  readonly deliveries: number
  readonly slots: number
  readonly viewMax: number
  /** Virtual milliseconds until everybody had everything. */
  readonly endedAt: number
}

type Node = {
  readonly index: number
  state: NotaryState
  readonly decisions: Decision[]
  readonly timers: Map<string, number>
  readonly votes: SeenVotes
}

const LOSSY_UNTIL_MS = 1_500
const END_MS = 60_000
const START_MS = 1_000

/** Notaries over a network that loses, repeats and reorders messages for a while and then behaves, in virtual time. */
export class NotarySimulation {
  private readonly init: SimulationInit
  private readonly random
  private readonly nodes: Node[]
  private readonly queue = new Map<number, (() => void)[]>()
  private readonly failures: string[] = []
  private readonly log: Hash[] = []
  private now = START_MS
  private deliveries = 0

  constructor(init: SimulationInit) {
    this.init = init
    this.random = createRandomStream(init.seed)
    const set = setOf(init.f)
    this.nodes = set.members.map((_, index) => ({
      index,
      state: (init.plant?.machine ?? NOTARY_MACHINE).initial(inputOf(set, index, 2)),
      decisions: [],
      timers: new Map(),
      votes: new SeenVotes(),
    }))
  }

  run(): SimulationResult {
    for (let count = 0; count < this.init.entries; count += 1) {
      const at = this.random.nextBelow(LOSSY_UNTIL_MS)
      for (const node of this.honest()) {
        this.later(at + this.random.nextBelow(20), () =>
          this.give(node, { type: 'entries-submitted', now: this.clockOf(node), entries: [entryOf(`m${count}`)] }),
        )
      }
    }
    let endedAt = 0
    for (; this.now < END_MS && this.failures.length === 0; this.now += 1) {
      const due = this.queue.get(this.now)
      this.queue.delete(this.now)
      for (let head = 0; due !== undefined && head < due.length; head += 1) due[head]?.()
      if (due !== undefined && this.isDone()) {
        endedAt = this.now
        break
      }
    }
    if (endedAt === 0 && this.failures.length === 0) this.failures.push(`not decided: ${this.describe()}`)
    const viewMax = Math.max(...this.nodes.map(({ state }) => state.view))
    return { failures: this.failures, deliveries: this.deliveries, slots: this.log.length, viewMax, endedAt }
  }

  private honest(): readonly Node[] {
    return this.init.fault === 'none' ? this.nodes : this.nodes.filter(({ index }) => index >= this.init.f)
  }

  private isDone(): boolean {
    return this.honest().every(({ decisions }) => {
      const messages = new Set(decisions.flatMap(({ block }) => block.entries.map(({ message }) => message)))
      return messages.size >= this.init.entries
    })
  }

  private describe(): string {
    return this.honest()
      .map(
        ({ index, state }) =>
          `${index}: ${state.kind} view ${state.view} slot ${state.head.slot} ${state.work.kind} ${state.pending.length}`,
      )
      .join('; ')
  }

  private later(afterMs: number, run: () => void): void {
    const at = this.now + Math.max(1, afterMs)
    const due = this.queue.get(at) ?? []
    due.push(run)
    this.queue.set(at, due)
  }

  /** Clocks differ by a few milliseconds. */
  private clockOf({ index }: Node): Timestamp {
    return timestampFromMs(this.now + (index % 3))
  }

  private send(from: Node, to: number | undefined, make: (node: Node) => NotaryEvent): void {
    for (const node of this.nodes) {
      if (node.index === from.index || (to !== undefined && node.index !== to)) continue
      const isLossy = this.now < LOSSY_UNTIL_MS
      const copies = isLossy ? [0, 1, 1, 1, 2][this.random.nextBelow(5)] : 1
      for (let copy = 0; copy < (copies ?? 1); copy += 1) {
        const delay = 1 + this.random.nextBelow(isLossy ? 60 : 4)
        this.later(delay, () => this.give(node, make(node)))
      }
    }
  }

  private give(node: Node, event: NotaryEvent): void {
    if (this.init.fault === 'silent' && node.index < this.init.f) return
    this.deliveries += 1
    for (const { first } of node.votes.take(event)) {
      if (this.init.fault !== 'lying' || first.member >= this.init.f)
        this.failures.push(`member ${first.member} voted twice`)
    }
    const before = node.state
    const { state, effects } = (this.init.plant?.machine ?? NOTARY_MACHINE).transition(before, event)
    node.state = state
    const isLiar = this.init.fault === 'lying' && node.index < this.init.f
    if (!isLiar) {
      this.failures.push(...NOTARY_MACHINE.violations(state).map((what) => `${node.index}: ${what}`))
      if (effects[0]?.type === 'event-refused' && state.kind === before.kind && state.head !== before.head) {
        this.failures.push(`${node.index}: a refusal changed the head`)
      }
      if (state.kind === 'stopped') this.failures.push(`${node.index}: stopped without a copy`)
    }
    for (const effect of effects) this.handle(node, effect, isLiar)
  }

  private handle(node: Node, effect: NotaryEffect, isLiar: boolean): void {
    const now = (): Timestamp => this.clockOf(node)
    const signature = `by ${node.index}`
    switch (effect.type) {
      case 'execute': {
        const made = execute(this.applicationOf(node), effect.at, effect.entries)
        const { ticket } = effect
        this.later(this.random.nextBelow(4), () =>
          this.give(node, { type: 'block-executed', now: now(), ticket, ...made }),
        )
        return
      }
      case 'apply-block':
        return this.applied(node, effect.decision, isLiar)
      case 'cast-vote': {
        const vote = { ...effect.statement, member: node.index, signature }
        this.later(this.random.nextBelow(3), () => this.give(node, { type: 'vote-received', now: now(), vote }))
        if (isLiar) return this.lie(node, effect)
        const proposal = effect.proposal && { ...effect.proposal, signature: { member: node.index, signature } }
        this.send(node, undefined, (peer) =>
          proposal === undefined
            ? { type: 'vote-received', now: this.clockOf(peer), vote }
            : { type: 'proposal-received', now: this.clockOf(peer), proposal },
        )
        return
      }
      case 'cast-change': {
        const change = { ...effect.statement, member: node.index, signature }
        this.later(this.random.nextBelow(3), () => this.give(node, { type: 'change-received', now: now(), change }))
        this.send(node, undefined, (peer) => ({ type: 'change-received', now: this.clockOf(peer), change }))
        return
      }
      case 'send-again':
        return this.sendAgain(node, effect)
      case 'start-timer':
        return this.startTimer(node, effect)
      default:
        return this.handleOther(node, effect)
    }
  }

  private handleOther(node: Node, effect: NotaryEffect): void {
    switch (effect.type) {
      case 'cancel-timer':
        node.timers.delete(effect.name)
        return
      case 'ask-progress': {
        const { slot, to } = effect
        this.send(node, to, (peer) => ({ type: 'progress-asked', now: this.clockOf(peer), from: node.index, slot }))
        return
      }
      case 'send-decisions':
        for (const decision of node.decisions.slice(effect.fromSlot - 1, effect.toSlot)) {
          this.send(node, effect.to, (peer) => ({ type: 'decision-received', now: this.clockOf(peer), decision }))
        }
        return
      case 'forward-entries': {
        const { entries, to } = effect
        this.send(node, to, (peer) => ({ type: 'entries-submitted', now: this.clockOf(peer), entries }))
        return
      }
      case 'cast-epoch-end':
      case 'take-checkpoint':
      case 'event-refused':
      case 'execute':
      case 'apply-block':
      case 'cast-vote':
      case 'cast-change':
      case 'send-again':
      case 'start-timer':
        return
    }
  }

  private startTimer(node: Node, { name, firesAt }: Extract<NotaryEffect, { type: 'start-timer' }>): void {
    node.timers.set(name, firesAt)
    this.later(firesAt - this.clockOf(node), () => {
      if (node.timers.get(name) !== firesAt) return
      this.give(node, { type: 'timer-fired', now: this.clockOf(node), name })
    })
  }

  private sendAgain(node: Node, { proposal, votes, change }: Extract<NotaryEffect, { type: 'send-again' }>): void {
    if (proposal !== undefined) {
      this.send(node, undefined, (peer) => ({ type: 'proposal-received', now: this.clockOf(peer), proposal }))
    }
    for (const vote of votes)
      this.send(node, undefined, (peer) => ({ type: 'vote-received', now: this.clockOf(peer), vote }))
    if (change !== undefined) {
      this.send(node, undefined, (peer) => ({ type: 'change-received', now: this.clockOf(peer), change }))
    }
  }

  private applicationOf({ decisions }: Node): Hash {
    return decisions.at(-1)?.block.state ?? APPLICATION_START
  }

  private applied(node: Node, decision: Decision, isLiar: boolean): void {
    const { block } = decision
    assert(block.slot === node.decisions.length + 1, 'slots are applied in order')
    const before = node.decisions.at(-1)?.block.at ?? 0
    const due = execute(this.applicationOf(node), block.at, block.entries)
    node.decisions.push(decision)
    if (isLiar) return
    if (block.at < before) this.failures.push(`the stamp of slot ${block.slot} goes backward`)
    if (block.state !== due.state) this.failures.push(`slot ${block.slot} has a wrong transition`)
    if (certificatesOf(node.state.input.set, decision).length !== block.entries.length)
      this.failures.push('no certificate')
    const hash = hashOfBlock(block)
    const known = this.log[block.slot - 1]
    if (known === undefined) this.log[block.slot - 1] = hash
    else if (known !== hash) this.failures.push(`two blocks in slot ${block.slot}`)
  }

  /** Another proposal for every second peer, votes for both, and now and then for neither. */
  private lie(node: Node, { statement, proposal }: Extract<NotaryEffect, { type: 'cast-vote' }>): void {
    const signature = { member: node.index, signature: `by ${node.index}` }
    const other = proposal && this.otherBlock(node, proposal.block)
    for (const peer of this.nodes) {
      const block = this.random.nextBelow(2) === 0 ? proposal?.block : other
      const sent: Proposal | undefined = proposal && block && { ...proposal, block, signature }
      if (sent !== undefined) {
        this.send(node, peer.index, () => ({ type: 'proposal-received', now: this.clockOf(peer), proposal: sent }))
      }
      for (const hash of [statement.block, ...(other === undefined ? [] : [hashOfBlock(other)])]) {
        for (const phase of ['prepare', 'commit'] as const) {
          if (this.random.nextBelow(3) === 0) continue
          const vote = { ...statement, phase, block: hash, ...signature }
          this.send(node, peer.index, () => ({ type: 'vote-received', now: this.clockOf(peer), vote }))
        }
      }
    }
  }

  private otherBlock(node: Node, block: Block): Block {
    const at = timestampFromMs(block.at + 1)
    const { results, state } = execute(this.applicationOf(node), at, block.entries)
    const entries = block.entries.map((entry, index) => ({ ...entry, ...results[index] }))
    return { ...block, at, entries, state }
  }
}
