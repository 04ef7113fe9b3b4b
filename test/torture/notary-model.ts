import { assert } from '../../src/base/assert.ts'
import { type Block, GENESIS, hashOfBlock } from '../../src/core/notary/block.ts'
import type { NotaryEvent, Proposal } from '../../src/core/notary/notary-event.ts'
import { leaderOf, type NotarySet, quorumOf } from '../../src/core/notary/notary-set.ts'
import { initialState, type NotaryState } from '../../src/core/notary/notary-state.ts'
import type { VoteQuorum, VoteStatement } from '../../src/core/notary/statement.ts'
import { type Change, type ChangeStatement, type Opening, openingOf } from '../../src/core/notary/view-change.ts'
import {
  APPLICATION_START,
  EARLY_STAMP,
  ENTRIES,
  type Fact,
  FAR_STAMP,
  keyOfOpening,
  LATE_STAMP,
  LocalStates,
} from './notary-local.ts'
import type { NotaryPlant } from './notary-plants.ts'
import { execute, hashOf, NOW, setOf } from './notary-world.ts'

export type NotaryModelInit = {
  /** Index of the member that lies. */
  readonly byzantine: number
  /** The last view in which it may lead or lie. */
  readonly lastView: number
  /** Slots of the log, 1 or 2: one message of one contract in each. */
  readonly slots: number
  /** Also stamps a little ahead of the honest clocks, from the liar. */
  readonly hasLateStamps: boolean
  /** One replica may start once from an older copy of its directory. */
  readonly hasRestart: boolean
  readonly plant: NotaryPlant | undefined
}

/** The three honest replicas, as numbers of `LocalStates`. */
export type Global = readonly [number, number, number]

export type Move = { readonly position: number; readonly local: number; readonly what: string }

const ACTION = { timeout: 0, jump: 1, proposal: 2, prepare: 3, commit: 4, decision: 5, open: 6, restart: 7 } as const
const BASE = 1 << 20

type VoteFact = { readonly id: number; readonly statement: VoteStatement; readonly holders: readonly number[] }
type ChangeFact = { readonly member: number; readonly id: number; readonly statement: ChangeStatement }

/** What the network holds in a global state. */
type Network = {
  readonly quorums: readonly VoteFact[]
  readonly changes: readonly ChangeFact[]
  readonly proposals: readonly { readonly id: number; readonly proposal: Proposal; readonly from: number }[]
}

/** The moves of the model: what one honest replica can do next, with a network that loses, repeats and reorders, and one member that lies. */
export class NotaryModel {
  readonly init: NotaryModelInit
  readonly set: NotarySet
  readonly states: LocalStates
  readonly honest: readonly [number, number, number]
  readonly twinPositions: readonly [number, number] | undefined
  private readonly openingKeys = new Map<string, number>()
  private readonly openings = new Map<string, KnownOpening | undefined>()
  private readonly lies = new Map<string, readonly ChangeFact[]>()
  private readonly proposals = new Map<string, readonly number[]>()

  constructor(init: NotaryModelInit) {
    this.init = init
    this.set = withQuorum(setOf(1), init.plant?.quorum)
    const [first = 0, second = 0, third = 0] = [0, 1, 2, 3].filter((member) => member !== init.byzantine)
    this.honest = [first, second, third]
    const silent = this.honest.filter((member) => member > init.lastView)
    const [left, right] = silent
    const areTwins = left !== undefined && right !== undefined && !init.hasRestart
    this.twinPositions = areTwins ? [this.honest.indexOf(left), this.honest.indexOf(right)] : undefined
    this.states = new LocalStates({
      set: this.set,
      slots: init.slots,
      plant: init.plant,
      twins: areTwins ? [left, right] : undefined,
    })
  }

  start(): Global {
    const [first, second, third] = this.honest
    return this.canonical([this.states.start(first), this.states.start(second), this.states.start(third)])
  }

  canonical(global: Global): Global {
    const twins = this.twinPositions
    if (twins === undefined) return global
    const [left, right] = twins
    const [leftId = 0, rightId = 0] = [global[left], global[right]]
    if (leftId <= rightId) return global
    const swapped: [number, number, number] = [...global]
    swapped[left] = rightId
    swapped[right] = leftId
    return swapped
  }

  stateAt(global: Global, position: number): NotaryState {
    return this.states.stateOf(global[position] ?? 0, this.honest[position] ?? 0)
  }

  /** What was sent by the honest, with the quorums that the liar's vote completes when `isHelped`. */
  networkOf(global: Global, isHelped: boolean): Network {
    const holders = new Map<number, number[]>()
    const changes: ChangeFact[] = []
    const proposals: { id: number; proposal: Proposal; from: number }[] = []
    for (const [position, local] of global.entries()) {
      const member = this.honest[position] ?? 0
      for (const id of this.states.local(local).facts) {
        const fact = this.states.fact(id)
        if (fact.kind === 'vote') holders.set(id, [...(holders.get(id) ?? []), member])
        else if (fact.kind === 'change') changes.push({ member, id, statement: fact.statement })
        else if (fact.kind === 'proposal') proposals.push({ id, proposal: fact.proposal, from: member })
      }
    }
    const kept = isHelped ? new Set<string>() : this.decidedIn(global)
    const quorums: VoteFact[] = []
    for (const [id, members] of holders) {
      const fact = this.states.fact(id)
      if (fact.kind !== 'vote') continue
      // What an honest replica has decided, it has the certificate of, with the liar's signature in it or not.
      const isKept = fact.statement.phase === 'commit' && kept.has(fact.statement.block)
      const needed = quorumOf(this.set) - (isHelped || isKept ? 1 : 0)
      if (members.length >= needed) quorums.push({ id, statement: fact.statement, holders: members })
    }
    return { quorums, changes, proposals }
  }

  private decidedIn(global: Global): ReadonlySet<string> {
    const decided = new Set<string>()
    for (const position of [0, 1, 2]) {
      let block = this.states.blocks.get(this.stateAt(global, position).head.block)
      while (block !== undefined) {
        decided.add(hashOfBlock(block))
        block = this.states.blocks.get(block.previous)
      }
    }
    return decided
  }

  movesOf(global: Global, isHelped: boolean, lastView = this.init.lastView): readonly Move[] {
    const network = this.networkOf(global, isHelped)
    const moves: Move[] = []
    for (const position of [0, 1, 2]) {
      const id = global[position] ?? 0
      const state = this.stateAt(global, position)
      const step = (action: number, what: string, events: () => readonly NotaryEvent[]): void => {
        const local = this.states.step(id, action, () => ({ state, events: events() }))
        moves.push({ position, local, what })
      }
      this.viewMoves(state, { network, step, isHelped, lastView })
      this.proposalMoves(state, { network, step, isHelped, lastView })
      this.voteMoves(state, { network, step, isHelped, lastView })
      if (this.init.hasRestart && isHelped && position === 2) this.restartMove(id, state, moves)
    }
    return moves
  }

  private viewMoves(state: NotaryState, { network, step, isHelped, lastView }: Offer): void {
    if (state.view < lastView && state.pending.length > 0) {
      step(ACTION.timeout * BASE, 'timeout', () => [{ type: 'timer-fired', name: 'progress', now: NOW }])
      const heard = state.kind === 'changing' ? this.heardBy(state, network, isHelped) : undefined
      if (heard !== undefined) {
        step(ACTION.timeout * BASE + 1, 'timeout, with others', () => [
          ...heard.map((change): NotaryEvent => ({ type: 'change-received', now: NOW, change })),
          { type: 'timer-fired', name: 'progress', now: NOW },
        ])
      }
    }
    for (let view = state.view + 1; isHelped && view <= lastView; view += 1) {
      const others = network.changes.filter(
        ({ member, statement }) => member !== state.input.me && statement.view >= view,
      )
      // Whoever leads the view opens it with what it has joined by; for the rest one is as good as another.
      const isOpened = leaderOf(this.set, view) === state.input.me
      for (const other of isOpened ? others : others.slice(0, 1)) {
        const action = (ACTION.jump + 8 * (isOpened ? other.id + 1 : 0)) * BASE + view
        step(action, `joins view ${view}`, () => [
          { type: 'change-received', now: NOW, change: signed(this.lie(view), this.init.byzantine) },
          { type: 'change-received', now: NOW, change: signed(other.statement, other.member) },
        ])
      }
    }
    if (state.kind !== 'changing' || leaderOf(this.set, state.view) !== state.input.me) return
    for (const { changes, key } of this.openingsFor(state.view, network, { isHelped, mine: state.input.me })) {
      step(ACTION.open * BASE + key, `opens view ${state.view}`, () =>
        changes
          .filter(({ member }) => member !== state.input.me)
          .map((change) => ({ type: 'change-received', now: NOW, change })),
      )
    }
  }

  /**
   * Changes by which a replica knows that enough have left for its view, or for later ones, to go on: one at most for a later one, since by two it would join them there, and
   * for a leader no two for its own, which it would open. Both are moves of their own.
   */
  private heardBy(state: NotaryState, network: Network, isHelped: boolean): readonly Change[] | undefined {
    const { view, input } = state
    const others = network.changes.filter(({ member }) => member !== input.me)
    const level = others.filter(({ statement }) => statement.view === view)
    const ahead = others.filter(({ statement, member }) => {
      return statement.view > view && !level.some((change) => change.member === member)
    })
    const lie = isHelped ? [{ statement: this.lie(view), member: this.init.byzantine }] : []
    const isLeading = leaderOf(this.set, view) === input.me
    const heard = [...[...level, ...lie].slice(0, isLeading ? 1 : 2), ...ahead.slice(0, 1)].slice(-2)
    return heard.length < 2 ? undefined : heard.map(({ statement, member }) => signed(statement, member))
  }

  private proposalMoves(state: NotaryState, { network, step, isHelped }: Offer): void {
    for (const { id, proposal, from } of network.proposals) {
      if (from === state.input.me || proposal.block.slot !== state.head.slot + 1) continue
      step(ACTION.proposal * BASE + id, `proposal of ${from}`, () => [
        { type: 'proposal-received', now: NOW, proposal },
      ])
    }
    if (!isHelped) return
    for (const id of this.liesFor(state, network)) {
      step(ACTION.proposal * BASE + id, 'proposal of the liar', () => {
        const fact = this.states.fact(id)
        assert(fact.kind === 'proposal', 'a lie is a proposal')
        return [{ type: 'proposal-received', now: NOW, proposal: fact.proposal }]
      })
    }
  }

  private voteMoves(state: NotaryState, { network, step, isHelped }: Offer): void {
    for (const { id, statement, holders } of network.quorums) {
      if (statement.slot !== state.head.slot + 1) continue
      const hash = 'hash' in state.work ? state.work.hash : undefined
      const isMine = hash === statement.block && statement.view === state.view && state.kind === 'following'
      const isShort = holders.length < quorumOf(this.set)
      const members = isHelped || isShort ? [...holders, this.init.byzantine] : holders
      const votes = (): readonly NotaryEvent[] =>
        members
          .filter((member) => member !== state.input.me)
          .map((member) => ({
            type: 'vote-received',
            now: NOW,
            vote: { ...statement, member, signature: `by ${member}` },
          }))
      if (statement.phase === 'prepare') {
        if (isMine && state.prepared?.quorum.view !== state.view) step(ACTION.prepare * BASE + id, 'prepared', votes)
        continue
      }
      if (isMine) step(ACTION.commit * BASE + id, 'committed', votes)
      const block = this.states.blocks.get(statement.block)
      assert(block !== undefined, 'a certified block was seen')
      const quorum = this.quorumFrom(statement, members)
      step(ACTION.decision * BASE + id, 'certificate', () => [
        { type: 'decision-received', now: NOW, decision: { block, quorum } },
      ])
    }
  }

  private restartMove(id: number, state: NotaryState, moves: Move[]): void {
    const local = this.states.local(id)
    if (local.facts.some((fact) => this.states.fact(fact).kind === 'restart')) return
    const next = this.states.step(id, ACTION.restart * BASE, () => {
      const fresh: NotaryState = { ...initialState(state.input), head: state.head, pending: state.pending }
      const { cast } = state
      const fact: Fact = { kind: 'restart' }
      if (cast === undefined || this.init.plant?.isFloorForgotten === true) return { state: fresh, events: [], fact }
      return { state: fresh, events: [{ type: 'floor-raised', now: NOW, floor: cast }], fact }
    })
    moves.push({ position: 2, local: next, what: 'starts from an older copy' })
  }

  /** Every pair of start and duty that changes in the network, with or without the liar's, give a view. */
  openingsFor(
    view: number,
    network: Network,
    { isHelped, mine }: { isHelped: boolean; mine: number | undefined },
  ): readonly (KnownOpening & { readonly changes: readonly Change[] })[] {
    const honest = network.changes.filter(({ statement }) => statement.view === view)
    const size = quorumOf(this.set)
    const groups = subsets(honest, size)
    if (isHelped) {
      for (const lie of this.changesOfLiar(view, network)) {
        for (const group of subsets(honest, size - 1)) groups.push([...group, lie])
      }
    }
    const found = new Map<number, KnownOpening & { changes: readonly Change[] }>()
    for (const group of groups) {
      if (mine !== undefined && !group.some(({ member }) => member === mine)) continue
      const known = this.openingFrom(view, group)
      if (known === undefined || found.has(known.key)) continue
      found.set(known.key, { ...known, changes: group.map(({ statement, member }) => signed(statement, member)) })
    }
    return [...found.values()]
  }

  /** What changes say of a view, by the real function; members do not matter to it as long as they differ. */
  private openingFrom(view: number, group: readonly ChangeFact[]): KnownOpening | undefined {
    const name = `${view} ${group
      .map(({ id }) => id)
      .toSorted((left, right) => left - right)
      .join()}`
    const known = this.openings.get(name)
    if (known !== undefined || this.openings.has(name)) return known
    const opening = openingOf(
      this.set,
      view,
      group.map(({ statement, member }) => signed(statement, member)),
    )
    const text = opening === undefined ? '' : `${view} ${keyOfOpening(opening)}`
    const key = this.openingKeys.get(text) ?? this.openingKeys.size
    this.openingKeys.set(text, key)
    const made = opening === undefined ? undefined : { opening, key }
    this.openings.set(name, made)
    return made
  }

  /** Every change that the liar can prove: it may hide what it knows, and show what the honest signed. */
  private changesOfLiar(view: number, network: Network): readonly ChangeFact[] {
    const name = `${view} ${network.quorums
      .map(({ id }) => id)
      .toSorted((left, right) => left - right)
      .join()}`
    const known = this.lies.get(name)
    if (known !== undefined) return known
    const heads: ChangeStatement['head'][] = [{ slot: 0, block: GENESIS, quorum: undefined }]
    for (const { statement, holders } of network.quorums) {
      if (statement.phase !== 'commit') continue
      const quorum = this.quorumFrom(statement, [...holders, this.init.byzantine])
      heads.push({ slot: statement.slot, block: statement.block, quorum })
    }
    const statements: ChangeStatement[] = []
    for (const head of heads) {
      statements.push({ view, head, prepared: undefined })
      for (const { statement, holders } of network.quorums) {
        const block = this.states.blocks.get(statement.block)
        if (statement.phase !== 'prepare' || statement.view >= view || block?.previous !== head.block) continue
        const quorum = this.quorumFrom(statement, [...holders, this.init.byzantine])
        statements.push({ view, head, prepared: { block, quorum } })
      }
    }
    const lies = new Map<number, ChangeFact>()
    for (const statement of statements) {
      const id = this.states.intern({ kind: 'change', statement })
      if (!lies.has(id)) lies.set(id, { member: this.init.byzantine, id, statement })
    }
    const made = [...lies.values()]
    this.lies.set(name, made)
    return made
  }

  private lie(view: number): ChangeStatement {
    return { view, head: { slot: 0, block: GENESIS, quorum: undefined }, prepared: undefined }
  }

  private quorumFrom(statement: VoteStatement, members: readonly number[]): VoteQuorum {
    const signatures = members
      .toSorted((left, right) => left - right)
      .slice(0, quorumOf(this.set))
      .map((member) => ({ member, signature: `by ${member}` }))
    return { ...statement, signatures }
  }

  /** What the liar can propose to one replica in the views that it leads. */
  private liesFor(state: NotaryState, network: Network): readonly number[] {
    const { byzantine, lastView } = this.init
    const found: number[] = []
    for (let view = byzantine; view <= lastView; view += 4) {
      const openings = view === 0 ? [undefined] : this.openingsFor(view, network, { isHelped: true, mine: undefined })
      for (const open of openings) found.push(...this.proposalsOn(state, view, open))
    }
    return found
  }

  private proposalsOn(
    state: NotaryState,
    view: number,
    open: (KnownOpening & { readonly changes: readonly Change[] }) | undefined,
  ): readonly number[] {
    const name = `${view} ${open?.key} ${state.head.block}`
    const known = this.proposals.get(name)
    if (known !== undefined) return known
    const { byzantine } = this.init
    const required = open?.opening.start === state.head.slot + 1 ? open.opening.required : undefined
    const blocks = [...this.blocksOn(state), ...(required === undefined ? [] : [required.block])]
    const made = blocks.map((block) => {
      this.states.blocks.set(hashOfBlock(block), block)
      const signature = { member: byzantine, signature: `by ${byzantine}` }
      const proposal: Proposal = { view, block, changes: open?.changes ?? [], signature }
      return this.states.intern({ kind: 'proposal', proposal, opening: open?.opening })
    })
    const distinct = [...new Set(made)]
    this.proposals.set(name, distinct)
    return distinct
  }

  /** Sound and unsound blocks on a head: either contract first, late and early and far stamps, a transition that nobody computes. */
  private blocksOn({ head }: NotaryState): readonly Block[] {
    if (head.slot >= this.init.slots) return []
    const application = this.states.blocks.get(head.block)?.state ?? APPLICATION_START
    const stamps = this.init.hasLateStamps ? [NOW, LATE_STAMP] : [NOW]
    const far = this.init.plant === undefined && this.init.lastView > 1 ? [] : [FAR_STAMP, EARLY_STAMP]
    const blocks: Block[] = []
    for (const entry of ENTRIES) {
      if (head.slot > 0 && this.states.blocks.get(head.block)?.entries[0]?.message === entry.message) continue
      for (const at of [...stamps, ...far.filter((stamp) => stamp > NOW || head.slot > 0)]) {
        const { results, state } = execute(application, at, [entry])
        const [result] = results
        if (result === undefined) continue
        blocks.push({ slot: head.slot + 1, previous: head.block, at, entries: [{ ...entry, ...result }], state })
      }
    }
    const [first] = blocks
    const [entry] = first?.entries ?? []
    if (first !== undefined && entry !== undefined && this.init.lastView <= 1) {
      blocks.push({ ...first, entries: [{ ...entry, transition: hashOf('a lie') }] })
    }
    return blocks
  }
}

type KnownOpening = { readonly opening: Opening; readonly key: number }

type Offer = {
  readonly network: Network
  readonly isHelped: boolean
  readonly lastView: number
  readonly step: (action: number, what: string, events: () => readonly NotaryEvent[]) => void
}

function signed(statement: ChangeStatement, member: number): Change {
  return { ...statement, member, signature: `by ${member}` }
}

function subsets<Value>(values: readonly Value[], size: number): Value[][] {
  if (size === 0) return [[]]
  const found: Value[][] = []
  for (const [index, value] of values.entries()) {
    for (const rest of subsets(values.slice(index + 1), size - 1)) found.push([value, ...rest])
  }
  return found
}

/** A set whose quorum is another: for the plant only, since no real set has such an `f`. */
function withQuorum(set: NotarySet, quorum: number | undefined): NotarySet {
  return quorum === undefined ? set : { ...set, f: (quorum - 1) / 2 }
}
