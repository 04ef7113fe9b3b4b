import { assert } from '../../src/base/assert.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import type { Hash } from '../../src/core/evidence/names.ts'
import { type Block, hashOfBlock } from '../../src/core/notary/block.ts'
import { NOTARY_MACHINE } from '../../src/core/notary/notary-machine.ts'
import type { NotaryEffect, NotaryEvent, Proposal } from '../../src/core/notary/notary-event.ts'
import { leaderOf, type NotarySet } from '../../src/core/notary/notary-set.ts'
import type { NotaryState } from '../../src/core/notary/notary-state.ts'
import type { VoteStatement } from '../../src/core/notary/statement.ts'
import { type ChangeStatement, type Opening, openingOf } from '../../src/core/notary/view-change.ts'
import type { NotaryMachine, NotaryPlant } from './notary-plants.ts'
import { entryOf, execute, hashOf, inputOf, NOW } from './notary-world.ts'

/** Something a replica has sent. What is sent stays in the network for ever: to be lost is not to be taken from it yet. */
export type Fact =
  | { readonly kind: 'vote'; readonly statement: VoteStatement }
  | { readonly kind: 'change'; readonly statement: ChangeStatement }
  | { readonly kind: 'proposal'; readonly proposal: Proposal; readonly opening: Opening | undefined }
  | { readonly kind: 'restart' }

/** A replica and all that it has sent. */
export type Local = {
  readonly id: number
  /** The state with this index for `me`; twins differ in names only. */
  readonly states: Map<number, NotaryState>
  readonly facts: readonly number[]
  readonly steps: Map<number, number>
  readonly faults: readonly string[]
}

/** The first proposals of both contracts. */
export const ENTRIES = [entryOf('A'), entryOf('B')]
export const APPLICATION_START: Hash = hashOf('application')

/**
 * The replicas of the model, each state once. Two states are one when they differ only in which members signed a certificate, or in votes and
 * changes of others that were received and not used yet: these stay in the network and can be received again.
 */
export class LocalStates {
  readonly locals: Local[] = []
  readonly facts: Fact[] = []
  readonly blocks = new Map<string, Block>()
  readonly set: NotarySet
  readonly slots: number
  private readonly ids = new Map<string, number>()
  private readonly factIds = new Map<string, number>()
  private readonly machine: NotaryMachine
  private readonly isTrue: boolean
  /** Two members that lead no view of the model. */
  readonly twins: readonly [number, number] | undefined

  constructor(init: {
    set: NotarySet
    slots: number
    plant: NotaryPlant | undefined
    twins: readonly [number, number] | undefined
  }) {
    this.set = init.set
    this.slots = init.slots
    this.machine = init.plant?.machine ?? NOTARY_MACHINE
    this.isTrue = init.plant === undefined
    this.twins = init.twins
  }

  start(me: number): number {
    const fresh = this.machine.initial(inputOf(this.set, me))
    return this.run(fresh, [], [{ type: 'entries-submitted', now: NOW, entries: ENTRIES.slice(0, this.slots) }])
  }

  /** The state of a local for the member `me`. */
  stateOf(id: number, me: number): NotaryState {
    const local = this.local(id)
    const known = local.states.get(me)
    if (known !== undefined) return known
    const [[from, state] = []] = local.states
    assert(from !== undefined && state !== undefined, 'a local has a state')
    const renamed = rename(state, from, me) as NotaryState
    local.states.set(me, renamed)
    return renamed
  }

  local(id: number): Local {
    const local = this.locals[id]
    assert(local !== undefined, 'the local is known')
    return local
  }

  fact(id: number): Fact {
    const fact = this.facts[id]
    assert(fact !== undefined, 'the fact is known')
    return fact
  }

  /** What becomes of a local by events, once for each `action`. */
  step(
    id: number,
    action: number,
    make: () => { state: NotaryState; events: readonly NotaryEvent[]; fact?: Fact },
  ): number {
    const local = this.local(id)
    const known = local.steps.get(action)
    if (known !== undefined) return known
    const { state, events, fact } = make()
    const facts = fact === undefined ? local.facts : [...local.facts, this.intern(fact)]
    const next = this.run(state, facts, events)
    local.steps.set(action, next)
    return next
  }

  private run(from: NotaryState, known: readonly number[], events: readonly NotaryEvent[]): number {
    const facts = new Set(known)
    const faults: string[] = []
    const queue: NotaryEvent[] = [...events]
    let state = from
    for (let head = 0; head < queue.length; head += 1) {
      const event = queue[head]
      if (event === undefined) break
      const before = state
      let effects: readonly NotaryEffect[]
      try {
        const step = this.machine.transition(state, event)
        state = step.state
        effects = step.effects
      } catch (error: unknown) {
        faults.push(String(error))
        break
      }
      if (
        this.isTrue &&
        effects[0]?.type === 'event-refused' &&
        state !== before &&
        state.kind !== 'stopped' &&
        effects[0].code !== 'NOTARY_EXECUTION_DIVERGED'
      )
        faults.push('a refusal changes nothing')
      for (const effect of effects) {
        const answer = this.answer(state, effect, facts, faults)
        if (answer !== undefined) queue.push(answer)
      }
      faults.push(
        ...NOTARY_MACHINE.violations(state).filter((name) => !name.includes('head is certified') || this.set.f === 1),
      )
    }
    if (state.kind === 'stopped') faults.push('a replica stopped without a copy of it')
    return this.internLocal(
      normalised(state),
      [...facts].toSorted((left, right) => left - right),
      faults,
    )
  }

  private answer(
    state: NotaryState,
    effect: NotaryEffect,
    facts: Set<number>,
    faults: string[],
  ): NotaryEvent | undefined {
    const { me } = state.input
    const signature = `by ${me}`
    if (effect.type === 'execute') {
      const application = this.blocks.get(state.head.block)?.state ?? APPLICATION_START
      return {
        type: 'block-executed',
        now: NOW,
        ticket: effect.ticket,
        ...execute(application, effect.at, effect.entries),
      }
    }
    if (effect.type === 'cast-vote') {
      const { statement, proposal } = effect
      if (statement.view < state.view) faults.push('a vote in a view that was left')
      facts.add(this.intern({ kind: 'vote', statement }))
      if (proposal !== undefined) {
        this.blocks.set(hashOfBlock(proposal.block), proposal.block)
        const opening = openingOf(this.set, proposal.view, proposal.changes)
        const sent = { ...proposal, signature: { member: me, signature } }
        facts.add(this.intern({ kind: 'proposal', proposal: sent, opening }))
      }
      return { type: 'vote-received', now: NOW, vote: { ...statement, member: me, signature } }
    }
    if (effect.type === 'cast-change') {
      facts.add(this.intern({ kind: 'change', statement: effect.statement }))
      return { type: 'change-received', now: NOW, change: { ...effect.statement, member: me, signature } }
    }
    return undefined
  }

  intern(fact: Fact): number {
    const key = keyOfFact(fact)
    const known = this.factIds.get(key)
    if (known !== undefined) return known
    this.facts.push(fact)
    this.factIds.set(key, this.facts.length - 1)
    return this.facts.length - 1
  }

  private internLocal(state: NotaryState, facts: readonly number[], faults: readonly string[]): number {
    const { me } = state.input
    const name = this.twins?.includes(me) === true ? 'twin' : me
    const key = `${name} ${keyOfState(state)} ${facts.join(',')} ${faults.join()}`
    const known = this.ids.get(key)
    if (known !== undefined) return known
    const id = this.locals.length
    this.locals.push({ id, states: new Map([[me, state]]), facts, steps: new Map(), faults })
    this.ids.set(key, id)
    return id
  }
}

/** Only what this replica sent itself, and the vote that came with the proposal, is kept of what was received. */
function normalised(state: NotaryState): NotaryState {
  const { input, votes, changes, view } = state
  const leader = leaderOf(input.set, view)
  const isKept = ({ member, phase }: { member: number; phase: string }): boolean =>
    member === input.me || (member === leader && phase === 'prepare')
  return {
    ...state,
    votes: votes.filter(isKept),
    changes: changes.filter(({ member }) => member === input.me),
    tickets: 0,
    attempts: 0,
    head: state.head,
  }
}

function keyOfState({
  kind,
  view,
  head,
  work,
  prepared,
  votes,
  opening,
  input,
  pending,
  cast,
  floor,
}: NotaryState): string {
  const leads = leaderOf(input.set, view) === input.me && kind === 'following'
  const open = leads && view > 0 ? openingOf(input.set, view, opening) : undefined
  const others = votes.filter(({ member }) => member !== input.me)
  return [
    kind,
    view,
    head.slot,
    head.block.slice(0, 12),
    work.kind,
    'hash' in work ? work.hash.slice(0, 12) : '',
    prepared === undefined ? '' : `${prepared.quorum.view} ${prepared.quorum.block.slice(0, 12)}`,
    others.map(({ block }) => block.slice(0, 12)).join(),
    open === undefined ? '' : keyOfOpening(open),
    pending.length,
    cast === undefined ? '' : `${cast.view} ${cast.slot} ${cast.phase} ${cast.block.slice(0, 12)}`,
    floor === undefined ? '' : `${floor.view} ${floor.slot}`,
  ].join('/')
}

export function keyOfOpening({ start, required }: Opening): string {
  return required === undefined ? `${start}` : `${start} ${required.view} ${required.hash.slice(0, 12)}`
}

function keyOfFact(fact: Fact): string {
  if (fact.kind === 'restart') return 'restart'
  if (fact.kind === 'vote') {
    const { phase, view, slot, block } = fact.statement
    return `${phase} ${view} ${slot} ${block}`
  }
  if (fact.kind === 'change') {
    const { view, head, prepared } = fact.statement
    return `change ${view} ${head.slot} ${head.block} ${prepared?.quorum.view} ${prepared?.quorum.block}`
  }
  const { view, block } = fact.proposal
  return `proposal ${view} ${hashOfBlock(block)} ${fact.opening === undefined ? '' : keyOfOpening(fact.opening)}`
}

/** The same state of another member. */
function rename(value: unknown, from: number, to: number): unknown {
  if (Array.isArray(value)) return value.map((item) => rename(item, from, to))
  if (value === `by ${from}`) return `by ${to}`
  if (value === `by ${to}`) return `by ${from}`
  if (typeof value !== 'object' || value === null) return value
  const renamed: Record<string, unknown> = {}
  for (const [key, member] of Object.entries(value)) {
    const isName = key === 'member' || key === 'me'
    if (isName && member === from) renamed[key] = to
    else if (isName && member === to) renamed[key] = from
    else renamed[key] = rename(member, from, to)
  }
  return renamed
}

export const FAR_STAMP = timestampFromMs(NOW + 11)
export const LATE_STAMP = timestampFromMs(NOW + 1)
export const EARLY_STAMP = timestampFromMs(NOW - 1)
