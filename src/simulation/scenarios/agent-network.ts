import { z } from 'zod'
import type { ActorRef } from '../../actors/actor-ref.ts'
import type { AgentDefinition } from '../../actors/agent-definition.ts'
import { Cell, STOPPED } from '../../actors/cell/cell.ts'
import { defineAgent } from '../../actors/define-agent.ts'
import { INTENSITY_DEFAULT } from '../../actors/supervision/supervise.ts'
import type { ActorSystem } from '../../actors/system/actor-system.ts'
import type { AnyEventObject } from 'xstate'
import { type Conduct, createMisbehaverLogic, type MisbehaverInput } from '../actors/misbehaver-logic.ts'
import type { RandomStream } from '../../base/random-stream.ts'
import { createSimulatedActors } from '../actors/simulated-actors.ts'
import { defineScenario, type Play, type PlayEnd, type Scenario } from '../scenario/scenario.ts'
import type { Stage } from '../scenario/stage.ts'
import { AgentHealth, teamOf } from './agent-network/agent-health.ts'
import { DelegationBook } from './agent-network/delegation-book.ts'
import { type Network, networkAgent } from './agent-network/network-agent.ts'
import { type ClientEnd, networkClient } from './agent-network/network-client.ts'
import { drawShape, type Place, TREE_AGENTS } from './agent-network/network-shape.ts'
import { SupervisionWatch } from './agent-network/supervision-watch.ts'

const SHARE = z.number().min(0).max(1)

const schema = z.strictObject({
  agents: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(10_000)
    .describe('in trees of 85; clients, helpers and misbehavers come on top'),
  steps: z
    .int()
    .min(2)
    .max(1_000_000)
    .default(20)
    .describe('messages that an agent handles, about: a task and its result are two'),
  misbehaving: SHARE.default(0.02).describe('share of agents with a misbehaver in front of them'),
  failing: SHARE.default(0.000_1).describe('chance that an agent fails over a task'),
  slow: SHARE.default(0.1).describe('share of agents whose part of a task takes time'),
})

type Options = z.infer<typeof schema>

const CONDUCT: Conduct = { drop: 0.1, duplicate: 0.1, lie: 0.1, delay: 0.1, delayMsMax: 200 }
const FRAIL_SHARE = 0.3
const INTENSITY = { restarts: 30, withinMs: 60_000 }

const misbehaver: AgentDefinition = defineAgent({
  name: 'misbehaver',
  restart: 'permanent',
  logic: createMisbehaverLogic(),
}) as AgentDefinition

/** Ten thousand agents that hand tasks down their trees and answers up, under supervisors, some of them dishonest, some of them failing. */
export const agentNetwork: Scenario<Options> = defineScenario({
  name: 'agent-network',
  summary: 'delegation trees of thousands of agents with failures, deadlines and misbehavers',
  schema,
  open: async (stage, options) => await Promise.resolve(new AgentNetwork(stage, options).play),
})

class AgentNetwork {
  private readonly stage: Stage
  private readonly options: Options
  private readonly system: ActorSystem
  private readonly network: Network
  private readonly watch: SupervisionWatch
  private readonly refs: ActorRef[] = []
  private readonly clients: ActorRef[] = []
  private readonly ends = new Map<number, ClientEnd>()
  private misbehavers = 0

  constructor(stage: Stage, options: Options) {
    this.stage = stage
    this.options = options
    const { world, handled } = stage
    const owner = world.createProcess('network')
    this.system = createSimulatedActors({ world, owner, count: handled })
    const places = drawShape(stage.random('shape'), options)
    this.network = {
      places,
      book: new DelegationBook(places.length),
      failing: options.failing,
      frail: drawFrail(stage.random('frail'), places, options.failing),
      health: new AgentHealth(
        places,
        () => owner.clock.monotonicMs(),
        (team) => this.watch.isLost(team),
      ),
      random: stage.random('failures'),
      doors: [],
      aboveOf: (place) => this.aboveOf(place),
      counts: { failed: 0, helpers: 0 },
    }
    this.watch = new SupervisionWatch({ agents: INTENSITY, teams: INTENSITY_DEFAULT }, () => owner.clock.monotonicMs())
    this.system.onSupervision((event) => {
      this.watch.see(event)
      this.network.health.see(event)
      if (event.type === 'actor-restarted') this.restarted(event.id)
    })
    for (const { tree, isMisbehaving } of places) if (isMisbehaving) this.network.book.trouble(tree)
    this.populate()
  }

  get play(): Play {
    const tasks = Math.ceil(this.options.steps / 2)
    return {
      playMs: tasks * 10_000,
      convergeMs: 600_000,
      watch: () => this.look(),
      watchEvery: 16_384,
      isSettled: () => this.isSettled,
      finish: async () => await Promise.resolve(this.finish()),
    }
  }

  private get isSettled(): boolean {
    return this.clients.every((_, tree) => this.ends.has(tree) || this.isLost(tree)) && this.network.book.isEmpty
  }

  private populate(): void {
    const random = this.stage.random('teams')
    let supervisor: ActorRef | undefined
    for (const place of this.network.places) {
      if (place.parent === undefined) {
        const strategy = random.nextUnit() < 0.8 ? 'one-for-one' : 'rest-for-one'
        supervisor = this.system.supervise({ id: teamOf(place.tree), strategy, intensity: INTENSITY })
        this.spawnClient(place, supervisor)
      }
      if (supervisor !== undefined) this.spawnAgent(place, supervisor)
    }
    this.stage.agents = this.refs.length + this.clients.length + this.misbehavers
  }

  private spawnClient(place: Place, supervisor: ActorRef): void {
    const { network, options } = this
    const onEnd = (end: ClientEnd): void => void this.ends.set(place.tree, end)
    const input = { network, place, tasks: Math.ceil(options.steps / 2), notes: { ...NOTHING_YET }, onEnd }
    this.clients.push(this.system.spawn(networkClient, { id: 'client', supervisor, input }))
  }

  private spawnAgent(place: Place, supervisor: ActorRef): void {
    const { network } = this
    const ref = this.system.spawn(networkAgent, { id: `agent-${place.at}`, supervisor, input: { network, place } })
    this.refs.push(ref)
    network.doors[place.at] = place.isMisbehaving ? this.spawnMisbehaver(place, supervisor) : ref
  }

  /** Stands between an agent and the one above it, both ways. */
  private spawnMisbehaver({ at, parent }: Place, supervisor: ActorRef): ActorRef {
    const { refs } = this
    this.misbehavers += 1
    const input: MisbehaverInput = {
      target: {
        send: (event) => refs[event.type === 'task' ? at : (parent ?? at)]?.send(event),
      },
      conduct: CONDUCT,
      seed: this.stage.random(`misbehaver ${at}`).nextUint32(),
      lieOf: (event) => (event.type === 'task' ? event : { ...event, done: Number(event['done']) + 1 }),
    }
    return this.system.spawn(misbehaver, { id: `misbehaver-${at}`, supervisor, input })
  }

  private aboveOf({ at, parent, tree, isMisbehaving }: Place): { send(event: AnyEventObject): unknown } {
    const above = parent === undefined ? this.clients[tree] : this.refs[parent]
    return (isMisbehaving ? this.network.doors[at] : above) ?? NOBODY
  }

  /** Whoever starts again has forgotten what it waited for. */
  private restarted(id: string): void {
    const [, tree = '', name = '', number = ''] = /^team-(\d+)\/(client|agent)(?:-(\d+))?$/.exec(id) ?? []
    if (name === 'client') this.network.book.drop([Number(tree) * TREE_AGENTS])
    else if (name === 'agent') this.network.book.drop(this.network.places[Number(number)]?.children ?? [])
  }

  private isLost(tree: number): boolean {
    return this.watch.isLost(teamOf(tree))
  }

  private look(): void {
    const { checks } = this.stage
    this.watch.tell(checks)
    const { book, places } = this.network
    for (const { tree, at } of places) if (this.watch.counts.lostTeams > 0 && this.isLost(tree)) book.drop([at])
    book.tell(checks)
    this.network.health.tell(checks)
  }

  private finish(): PlayEnd {
    this.look()
    const { book, counts } = this.network
    const { checks } = this.stage
    const { handedOver, answered, timedOut, dropped } = book.counts
    const isEven = book.isEmpty && handedOver === answered + timedOut + dropped
    checks.check('delegation-answered', isEven ? undefined : `${handedOver} were handed over, and not all have ended`)
    const census = this.census()
    checks.check('no-orphans', census.wrong)
    const ends = [...this.ends.values()]
    const sum = (part: keyof ClientEnd): number => ends.reduce((total, end) => total + end[part], 0)
    const metrics = {
      tasks: sum('given') + sum('unanswered'),
      tasksUnanswered: sum('unanswered'),
      partsDone: sum('done'),
      partsMissing: sum('missing'),
      ...book.counts,
      ...this.watch.counts,
      helpers: counts.helpers,
      misbehavers: this.misbehavers,
      live: census.live,
      deadLetters: this.system.deadLetters.count,
    }
    const state = Array.from(this.ends, ([tree, { done, missing, given, unanswered }]) => [
      tree,
      done,
      missing,
      given,
      unanswered,
    ])
    return { metrics, state: { metrics, ends: state } }
  }

  /** Everybody who lives, from the top down. */
  private census(): { readonly live: number; readonly wrong: string | undefined } {
    let wrong: string | undefined
    let live = 0
    const waiting: Cell[] = this.system.root === undefined ? [] : [this.system.root]
    for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
      live += 1
      if (cell.status === STOPPED) wrong = `${cell.id} has ended and is still below its parent`
      if (cell.behaviour.definition.name === 'helper') wrong = `${cell.id} has nothing to do and lives`
      for (let child = cell.firstChild; child !== undefined; child = child.older) waiting.push(child)
    }
    const lost = this.clients.filter((_, tree) => this.isLost(tree)).length
    const gone = [...this.refs, ...this.clients].filter((ref) => ref instanceof Cell && ref.status === STOPPED).length
    if (lost === 0 && gone > 0) wrong = `${gone} agents have ended, and their teams have not`
    return { live, wrong }
  }
}

const NOTHING_YET = { task: 0, done: 0, missing: 0, given: 0, unanswered: 0 }

const NOBODY = { send: () => false }

/** Some trees fail so often that supervisors have much to do, wherever anybody may fail at all. */
function drawFrail(random: RandomStream, places: readonly Place[], failing: number): ReadonlySet<number> {
  const frail = new Set<number>()
  for (const { parent, tree } of places)
    if (parent === undefined && random.nextUnit() < FRAIL_SHARE && failing > 0) frail.add(tree)
  return frail
}
