import type { Hash } from '../../../src/core/evidence/names.ts'
import { type GovernanceMachine, GovernanceWorld, SET_HASH, tableOf } from './governance-world.ts'

/** A world with one proposal of voter 0 (weights 40, 30, 20, 10), voting until 1000, its timelock until 1500, executable until 1800. */
function proposed(machine: GovernanceMachine): { readonly world: GovernanceWorld; readonly id: Hash } {
  const world = new GovernanceWorld(machine)
  const { id, code } = world.propose()
  if (code !== undefined) throw new Error(code)
  return { world, id }
}

function carried(machine: GovernanceMachine): { readonly world: GovernanceWorld; readonly id: Hash } {
  const started = proposed(machine)
  started.world.vote(started.id, 0)
  started.world.vote(started.id, 1)
  return started
}

/** What happens, as text, in a line for each event; a script that a right machine plays as written. */
export const SCRIPTS: Readonly<Record<string, (machine: GovernanceMachine) => readonly unknown[]>> = {
  'carried, waits, executed': (machine) => {
    const { world, id } = carried(machine)
    return [
      world.fire(id, 'close', 1000),
      world.proposal(id).kind,
      world.execute(id, 1499),
      world.execute(id, 1500),
      world.proposal(id).kind,
      world.state.current === SET_HASH,
      world.effects.map(({ type }) => type).join(' '),
      world.execute(id, 1500),
    ]
  },
  'a vote counts before the end and not at it': (machine) => {
    const { world, id } = proposed(machine)
    return [world.vote(id, 0, { at: 999 }), world.vote(id, 1, { at: 1000 }), world.vote(id, 2, { at: 1001 })]
  },
  'timers at their stamps': (machine) => {
    const { world, id } = carried(machine)
    return [
      world.fire(id, 'close', 999),
      world.fire(id, 'close', 1000),
      world.fire(id, 'close', 1000),
      world.fire(id, 'expire', 1799),
      world.fire(id, 'expire', 1800),
      world.proposal(id).kind,
    ]
  },
  'executed a tick before it expires': (machine) => {
    const { world, id } = carried(machine)
    return [world.execute(id, 1799), world.proposal(id).kind]
  },
  'expired at the stamp itself': (machine) => {
    const { world, id } = carried(machine)
    return [world.execute(id, 1800), world.fire(id, 'expire', 1800)]
  },
  'one voter votes twice': (machine) => {
    const { world, id } = proposed(machine)
    return [world.vote(id, 2), world.vote(id, 2), world.fire(id, 'close', 1000), world.proposal(id).kind]
  },
  'a quorum is of weight and not of heads': (machine) => {
    const { world, id } = proposed(machine)
    return [world.vote(id, 2), world.vote(id, 3), world.fire(id, 'close', 1000), world.proposal(id).kind]
  },
  'an abstention takes part and is not for': (machine) => {
    const { world, id } = proposed(machine)
    world.vote(id, 0, { choice: 'abstain' })
    return [world.vote(id, 3), world.fire(id, 'close', 1000), world.proposal(id).kind]
  },
  'half for is not more than half': (machine) => {
    const { world, id } = proposed(machine)
    world.vote(id, 1, { choice: 'against' })
    world.vote(id, 2)
    return [world.vote(id, 3), world.fire(id, 'close', 1000), world.proposal(id).kind]
  },
  'delegated weight counts, through another, once': (machine) => {
    const world = new GovernanceWorld(machine)
    world.delegate(0, 1)
    world.delegate(1, 3)
    const { id } = world.propose()
    world.vote(id, 3)
    world.fire(id, 'close', 1000)
    const proposal = world.proposal(id)
    return [proposal.kind, proposal.kind === 'queued' ? proposal.tally.for : undefined]
  },
  'a second delegation takes the place of the first': (machine) => {
    const world = new GovernanceWorld(machine)
    world.delegate(0, 1)
    world.delegate(0, 3)
    const { id } = world.propose()
    world.vote(id, 1)
    world.vote(id, 3, { choice: 'against' })
    world.fire(id, 'close', 1000)
    return [world.proposal(id)].map((known) => (known.kind === 'rejected' ? known.tally : known.kind))
  },
  'an own vote overrides': (machine) => {
    const world = new GovernanceWorld(machine)
    world.delegate(0, 3)
    const { id } = world.propose()
    world.vote(id, 3)
    world.vote(id, 0, { choice: 'against' })
    world.fire(id, 'close', 1000)
    return [world.proposal(id)].map((known) => (known.kind === 'rejected' ? known.tally : known.kind))
  },
  'a delegation after the proposal does not count for it': (machine) => {
    const { world, id } = proposed(machine)
    world.delegate(0, 3, 1)
    world.vote(id, 3, { at: 2 })
    world.fire(id, 'close', 1000)
    return [world.proposal(id).kind]
  },
  'cycles, oneself, and paths that are too long': (machine) => {
    const world = new GovernanceWorld(machine)
    world.take({ type: 'weights-published', table: tableOf(Array.from({ length: 10 }, () => 1n)), at: world.now })
    const path = [1, 2, 3, 4, 5, 6, 7].map((from) => world.delegate(from, from + 1))
    const self = world.delegate(8, 8)
    const cycles = [world.delegate(8, 1), world.delegate(3, 1)]
    const last = [world.delegate(0, 1), world.delegate(8, 9)]
    return [...path, self, ...cycles, ...last, world.delegate(0, 1), world.delegate(0, undefined), world.delegate(8, 9)]
  },
  'a timelock is longer than every live contract': (machine) => {
    const world = new GovernanceWorld(machine)
    world.open('long delivery', { deliver: 800, grace: 100, rule: 100 })
    world.open('long ruling', { deliver: 200, rule: 600 })
    return [
      world.propose({ timelock: 499 }).code,
      world.propose({ timelock: 1500 }).code,
      world.propose({ timelock: 1501 }).code,
      world.close('long ruling', 1),
      world.propose({ at: 1, timelock: 1001 }).code,
      world.propose({ at: 1, timelock: 1000 }).code,
      world.propose({ at: 1, timelock: 946_080_000_001, by: 1 }).code,
      world.propose({ at: 1, timelock: 946_080_000_002, by: 1 }).code,
    ]
  },
  'a contract that came after the proposal does not hold the execution up': (machine) => {
    const { world, id } = carried(machine)
    world.open('late', { deliver: 400_000, rule: 100_000, at: 1400 })
    return [world.execute(id, 1500), world.proposal(id).kind, world.state.sets.length]
  },
  'a contract under a set beside the governed ones counts for the timelock': (machine) => {
    const world = new GovernanceWorld(machine)
    const opened = world.open('beside', { deliver: 600, rule: 100, set: null })
    return [
      opened,
      world.propose({ timelock: 700 }).code,
      world.state.sets.map(({ liveContracts }) => liveContracts),
      world.close('beside', 1),
      world.propose({ at: 1, timelock: 500 }).code,
    ]
  },
  'only voters delegate, and to voters': (machine) => {
    const world = new GovernanceWorld(machine)
    return [world.delegate(4, 0), world.delegate(4, undefined), world.delegate(0, 4), world.delegate(0, 3)]
  },
  'whoever leaves the table delegates no more': (machine) => {
    const world = new GovernanceWorld(machine)
    world.delegate(0, 1)
    world.delegate(1, 3)
    world.table = tableOf([40n, 30n, 20n])
    world.take({ type: 'weights-published', table: world.table, at: world.now })
    const left = [world.delegate(1, undefined), world.delegate(1, 0), world.delegate(1, 2), world.delegate(2, 3)]
    const { id } = world.propose()
    world.vote(id, 2)
    world.fire(id, 'close', 1000)
    const proposal = world.proposal(id)
    return [...left, proposal.kind === 'queued' ? proposal.tally.for : proposal.kind]
  },
  'a live contract keeps its set': (machine) => {
    const { world, id } = carried(machine)
    world.open('old', { deliver: 100, rule: 100, at: 1400 })
    world.execute(id, 1500)
    const counts = world.state.sets.map(({ liveContracts }) => liveContracts)
    return [
      counts,
      world.open('new', { deliver: 100, rule: 100, at: 1500, set: SET_HASH }),
      world.close('old', 1600),
      world.state.sets.length,
    ]
  },
  'a proposal is for one set': (machine) => {
    const { world, id } = carried(machine)
    const { id: other } = world.propose({ at: 1, by: 1, change: { name: 'clock.epsilonMs', value: 9n } })
    world.vote(other, 0, { at: 2 })
    world.vote(other, 1, { at: 2 })
    return [world.execute(id, 1501), world.execute(other, 1502), world.proposal(other).kind]
  },
  'cancelled by its proposer alone': (machine) => {
    const { world, id } = carried(machine)
    const { id: other } = world.propose({ at: 1 })
    return [
      world.cancel(id, 1, 2),
      world.cancel(id, 0, 1200),
      world.cancel(id, 0, 1201),
      world.execute(id, 1600),
      world.cancel(hashless(id), 0, 1600),
      world.cancel(other, 0, 1601),
      world.proposal(other).kind,
    ]
  },
  'weights are those of the moment of the proposal': (machine) => {
    const { world, id } = proposed(machine)
    world.take({ type: 'weights-published', table: tableOf([1n, 1n, 1n, 1n, 1000n]), at: world.now })
    const late = world.vote(id, 4)
    world.vote(id, 0)
    world.vote(id, 1)
    world.fire(id, 'close', 1000)
    return [late, world.proposal(id).kind, world.propose({ at: 1000 }).code]
  },
  'what may not be proposed': (machine) => {
    const world = new GovernanceWorld(machine)
    const four = [0, 1, 2, 3].map((at) => world.propose({ at, by: 2 }).code)
    return [
      world.propose({ at: 4, by: 5 }).code,
      world.propose({ at: 4, change: { name: 'fee.perMillionMax', value: 1_000_001n } }).code,
      world.propose({ at: 4, change: { name: 'fee.perMillionMax', value: 50_000n } }).code,
      world.propose({ at: 4, change: { name: 'maximum.ruleMs', value: 99n } }).code,
      ...four,
      world.propose({ at: 4, by: 2 }).code,
      world.propose({ at: 2 }).code,
    ]
  },
}

/** A name that nothing has. */
function hashless(id: Hash): Hash {
  return `${id.slice(1)}${id.slice(0, 1)}` as Hash
}
