/**
 * A small cluster, explored exhaustively: one home with one actor, two hosts, the machines of `src/core/cluster` as they are. A message may come at any
 * time after it was sent, any number of times, or never. A node does what it has to do at any later time, so one that is stopped and wakes up is
 * among the runs. The clock of each host is off by 0 or 1 tick, and never goes back. The second host gets its sessions at once, so that the model stays
 * small enough to be looked at whole; all else is the same for both.
 */
import type { ClusterTiming } from '../../../src/core/cluster/cluster-timing.ts'
import {
  createPeering,
  isClear,
  mayAct,
  mayPlace,
  stepPeering,
  type Peering,
  type PeeringEvent,
} from '../../../src/core/cluster/peering.ts'
import {
  acceptPlacement,
  createPlacedActor,
  stepPlacement,
  type HostedEpochs,
  type PlacedActor,
  type PlacementEvent,
} from '../../../src/core/cluster/placement.ts'

export type ModelLimits = {
  /** Length of a lease, ticks. */
  readonly lease: number
  readonly sessions: number
  readonly beats: number
  readonly places: number
  readonly crashes: number
}

/** What is done wrong on purpose, to see that the model finds it. */
export type Plant = 'short-wait' | 'no-lease' | 'renewed-from-arrival' | 'forgets-after-restart'

/** The clock of a host may be off by one tick against that of the home, so what is placed is clear a tick after its lease. */
const timingOf = (lease: number, plant: Plant | undefined): ClusterTiming => ({
  heartbeatMs: 1,
  leaseMs: lease,
  clearMs: plant === 'short-wait' ? lease : lease + 1,
  suspectPhi: 1e9,
  downPhi: 2e9,
})

type HostName = 'b' | 'c'
const HOSTS: readonly HostName[] = ['b', 'c']

type Message = { readonly host: HostName; readonly n: number } & (
  | { readonly kind: 'proof' | 'welcome' }
  | { readonly kind: 'beat' | 'answer'; readonly sentAt: number; readonly run: number }
  | { readonly kind: 'place'; readonly epoch: number }
)

type Host = {
  readonly off: number
  readonly run: number
  readonly peering: Peering
  /** A challenge that was not met yet: the session that would begin, and when it was asked. */
  readonly challenge: { readonly n: number; readonly at: number } | undefined
  readonly epochs: HostedEpochs
  readonly hosted: { readonly session: string; readonly epoch: number } | undefined
}

type Home = {
  readonly peers: Readonly<Record<HostName, Peering>>
  readonly asked: Readonly<Record<HostName, { readonly n: number; readonly at: number } | undefined>>
  readonly actor: PlacedActor
  /** Nothing was placed since this process started. */
  readonly isNew: boolean
}

type World = {
  readonly t: number
  readonly home: Home
  readonly hosts: Readonly<Record<HostName, Host>>
  readonly messages: readonly Message[]
  readonly used: { readonly sessions: number; readonly beats: number; readonly epoch: number; readonly crashes: number }
}

const NO_EPOCHS: HostedEpochs = { session: '', lastEpoch: 0 }
const newActor = (): PlacedActor => createPlacedActor('transient', { restarts: 100, withinMs: 1_000 })

export class ClusterModel {
  readonly limits: ModelLimits
  readonly plant: Plant | undefined
  readonly timing: ClusterTiming

  constructor(limits: ModelLimits, plant?: Plant) {
    this.limits = limits
    this.plant = plant
    this.timing = timingOf(limits.lease, plant)
  }

  initial(): World {
    // The cluster has run for a while: nothing of before can act.
    const peering = { ...createPeering(this.timing, 0), clearAtMs: 0 }
    const host: Host = {
      off: 0,
      run: 0,
      peering,
      challenge: undefined,
      epochs: NO_EPOCHS,
      hosted: undefined,
    }
    const home: Home = {
      peers: { b: peering, c: peering },
      asked: { b: undefined, c: undefined },
      actor: newActor(),
      isNew: true,
    }
    const used = { sessions: 0, beats: 0, epoch: 0, crashes: 0 }
    return { t: 0, home, hosts: { b: host, c: host }, messages: [], used }
  }

  /** Hosts on which the actor may act at this instant. */
  acting(world: World): readonly HostName[] {
    return HOSTS.filter((name) => {
      const { hosted, peering, off } = world.hosts[name]
      if (hosted === undefined) return false
      return this.plant === 'no-lease' || mayAct(peering, hosted.session, world.t + off)
    })
  }

  next(world: World): World[] {
    const { limits } = this
    const worlds: World[] = []
    worlds.push(...ticked(world))
    for (const name of HOSTS) {
      if (world.used.sessions < limits.sessions)
        worlds.push(...(name === 'b' ? [this.ask(world, name)] : this.attach(world)))
      if (world.used.beats < limits.beats) worlds.push(...this.beat(world, name))
      if (world.home.peers[name].session !== undefined) {
        worlds.push(this.homeStep(world, name, { type: 'session-dropped', atMs: this.homeClock(world) }))
      }
      if (world.hosts[name].peering.session !== undefined) {
        worlds.push(this.hostStep(world, name, { type: 'tick', atMs: hostClock(world, name) }))
      }
      if (world.used.epoch < limits.places) worlds.push(...this.place(world, name))
      if (world.used.crashes < limits.crashes) worlds.push(this.crashHost(world, name))
    }
    if (world.used.crashes < limits.crashes) worlds.push(this.crashHome(world))
    for (const message of world.messages) worlds.push(this.deliver(world, message))
    return worlds
  }

  private homeClock({ t }: World): number {
    return t
  }

  private ask(world: World, name: HostName): World {
    const n = world.used.sessions + 1
    const dropped = this.homeStep(world, name, { type: 'session-dropped', atMs: this.homeClock(world) })
    const asked = { ...dropped.home.asked, [name]: { n, at: this.homeClock(world) } }
    const challenge = { n, at: hostClock(world, name) }
    return withMessage(
      {
        ...setHost(dropped, name, { ...dropped.hosts[name], challenge }),
        home: { ...dropped.home, asked },
        used: { ...dropped.used, sessions: n },
      },
      { kind: 'proof', host: name, n },
    )
  }

  /** The whole handshake of the second host, where it is of use. */
  private attach(world: World): World[] {
    const { session } = world.home.peers.c
    if (session !== undefined && world.hosts.c.peering.session?.id === session.id) return []
    let next = this.ask(world, 'c')
    const { n } = next.home.asked.c ?? { n: 0 }
    next = this.deliver(next, { kind: 'proof', host: 'c', n })
    return [this.deliver(next, { kind: 'welcome', host: 'c', n })]
  }

  private beat(world: World, name: HostName): World[] {
    const { peering, run } = world.hosts[name]
    const { session } = peering
    if (session === undefined) return []
    const sentAt = hostClock(world, name)
    const used = { ...world.used, beats: world.used.beats + 1 }
    return [withMessage({ ...world, used }, { kind: 'beat', host: name, n: Number(session.id), sentAt, run })]
  }

  private place(world: World, name: HostName): World[] {
    const { actor, peers, isNew } = world.home
    const peering = peers[name]
    if (!mayPlace(peering) || peering.session === undefined || actor.phase !== 'waiting') return []
    const now = this.homeClock(world)
    const last = actor.node as HostName | undefined
    const isForgetful = this.plant === 'forgets-after-restart'
    const clear = isNew && !isForgetful ? HOSTS.every((each) => isClear(peers[each], now)) : true
    const epoch = world.used.epoch + 1
    const event: PlacementEvent = {
      type: 'chosen',
      node: name,
      session: peering.session.id,
      epoch,
      isClear: clear && (last === undefined || isClear(peers[last], now)),
    }
    const { state, effects } = stepPlacement(actor, event)
    if (effects[0]?.type !== 'place') return []
    const home = { ...world.home, actor: state, isNew: false }
    const next = { ...world, home, used: { ...world.used, epoch } }
    return [withMessage(next, { kind: 'place', host: name, n: Number(peering.session.id), epoch })]
  }

  private crashHost(world: World, name: HostName): World {
    const { off, run } = world.hosts[name]
    const peering = createPeering(this.timing, hostClock(world, name))
    const fresh = { off, run: run + 1, peering, challenge: undefined, epochs: NO_EPOCHS, hosted: undefined }
    return { ...setHost(world, name, fresh), used: { ...world.used, crashes: world.used.crashes + 1 } }
  }

  private crashHome(world: World): World {
    const peering = createPeering(this.timing, this.homeClock(world))
    const home: Home = {
      peers: { b: peering, c: peering },
      asked: { b: undefined, c: undefined },
      actor: newActor(),
      isNew: true,
    }
    return { ...world, home, used: { ...world.used, crashes: world.used.crashes + 1 } }
  }

  private deliver(world: World, message: Message): World {
    const { host: name, n } = message
    const host = world.hosts[name]
    const session = String(n)
    switch (message.kind) {
      case 'proof': {
        if (host.challenge?.n !== n) return world
        const atMs = hostClock(world, name)
        const began = this.hostStep(world, name, {
          type: 'session-began',
          session,
          run: 'home',
          heldSinceMs: host.challenge.at,
          grantedAtMs: atMs,
          atMs,
        })
        const epochs = { session, lastEpoch: 0 }
        const ready = setHost(began, name, { ...began.hosts[name], challenge: undefined, epochs })
        return withMessage(ready, { kind: 'welcome', host: name, n })
      }
      case 'welcome': {
        const asked = world.home.asked[name]
        if (asked?.n !== n) return world
        const began = this.homeStep(world, name, {
          type: 'session-began',
          session,
          run: String(host.run),
          heldSinceMs: asked.at,
          grantedAtMs: asked.at,
          atMs: this.homeClock(world),
        })
        return { ...began, home: { ...began.home, asked: { ...began.home.asked, [name]: undefined } } }
      }
      case 'beat': {
        const peering = world.home.peers[name]
        if (peering.session?.id !== session) return world
        const came = this.homeStep(world, name, { type: 'beat-came', session, atMs: this.homeClock(world) })
        return withMessage(came, { ...message, kind: 'answer' })
      }
      case 'answer': {
        if (message.run !== host.run) return world
        const atMs = hostClock(world, name)
        const sentAtMs = this.plant === 'renewed-from-arrival' ? atMs : message.sentAt
        return this.hostStep(world, name, { type: 'beat-answered', session, sentAtMs, atMs })
      }
      case 'place': {
        const accepted = acceptPlacement(host.epochs, { session, epoch: message.epoch })
        if (host.peering.session?.id !== session || accepted === undefined) return world
        return setHost(world, name, { ...host, epochs: accepted, hosted: { session, epoch: message.epoch } })
      }
    }
  }

  private homeStep(world: World, name: HostName, event: PeeringEvent): World {
    const { state, effects } = stepPeering(world.home.peers[name], event)
    let { actor } = world.home
    for (const effect of effects) {
      if (effect.type !== 'end-session') continue
      actor = stepPlacement(actor, { type: 'session-ended', session: effect.session, atMs: event.atMs }).state
    }
    return { ...world, home: { ...world.home, actor, peers: { ...world.home.peers, [name]: state } } }
  }

  private hostStep(world: World, name: HostName, event: PeeringEvent): World {
    const host = world.hosts[name]
    const { state, effects } = stepPeering(host.peering, event)
    const isEnded = effects.some(({ type }) => type === 'end-session')
    return setHost(world, name, { ...host, peering: state, hosted: isEnded ? undefined : host.hosted })
  }
}

function hostClock({ t, hosts }: World, name: HostName): number {
  return t + hosts[name].off
}

/** One tick; the clock of one host may get a tick ahead, or stand still. */
function ticked(world: World): World[] {
  const later = { ...world, t: world.t + 1 }
  const turned = HOSTS.map((name) => setHost(later, name, { ...world.hosts[name], off: 1 - world.hosts[name].off }))
  return [later, ...turned]
}

function setHost(world: World, name: HostName, host: Host): World {
  return { ...world, hosts: { ...world.hosts, [name]: host } }
}

/** Each message is there once: it may come as often as anybody likes. */
function withMessage(world: World, message: Message): World {
  return { ...world, messages: [...world.messages, message] }
}

/** Whether a message can ever change anything again. */
function isOfUse({ home, hosts }: World, message: Message): boolean {
  const { host: name, n } = message
  const host = hosts[name]
  const isHostSession = host.peering.session?.id === String(n)
  switch (message.kind) {
    case 'proof':
      return host.challenge?.n === n
    case 'welcome':
      return home.asked[name]?.n === n
    case 'beat':
      return home.peers[name].session?.id === String(n) || home.asked[name]?.n === n
    case 'answer':
      return isHostSession && message.run === host.run
    case 'place':
      return isHostSession && message.epoch > host.epochs.lastEpoch
  }
}

/** What decides how a world goes on, in one text. Times count from now, and those that are over are all the same. */
function keyOf(world: World, { leaseMs, clearMs }: ClusterTiming): string {
  const { t, home, used } = world
  const texts = HOSTS.map((name) => {
    const { off, run, peering, challenge, epochs, hosted } = world.hosts[name]
    const asked = home.asked[name]
    const { session, clearAtMs, lastRun } = home.peers[name]
    const clockMs = t + off
    const heldFor = (untilMs: number): number => Math.max(0, untilMs - clockMs)
    const clearIn = (atMs: number): number => Math.max(0, atMs - t)
    const messages = world.messages
      .filter(({ host }) => host === name)
      .map((each) => {
        const times = 'sentAt' in each ? `@${heldFor(each.sentAt + leaseMs)}` : ''
        return `${each.kind}${each.n}${times}${'epoch' in each ? `e${each.epoch}` : ''}`
      })
    return [
      off,
      run,
      peering.session === undefined ? '' : `${peering.session.id}@${heldFor(peering.session.heldUntilMs)}`,
      challenge === undefined ? '' : `${challenge.n}@${heldFor(challenge.at + leaseMs)}`,
      epochs.lastEpoch,
      hosted === undefined ? '' : `${hosted.session}e${hosted.epoch}`,
      session === undefined ? '' : `${session.id}@${clearIn(session.grantedAtMs + clearMs)}`,
      clearIn(clearAtMs),
      lastRun,
      asked === undefined ? '' : `${asked.n}@${clearIn(asked.at + clearMs)}`,
      home.actor.node === name ? `${home.actor.phase}${home.actor.session}` : '',
      [...new Set(messages)].toSorted().join(' '),
    ].join(',')
  })
  const { sessions, beats, epoch, crashes } = used
  return `${home.isNew},${home.actor.phase}|${texts.join('|')}|${sessions},${beats},${epoch},${crashes}`
}

export type Exploration = { readonly states: number; readonly violation: readonly World[] | undefined }

/** Visits every world that can be reached. A violation is the way to it. */
export function explore(model: ClusterModel): Exploration {
  const start = model.initial()
  const parents = new Map<World, World | undefined>([[start, undefined]])
  const seen = new Set([keyOf(start, model.timing)])
  let layer = [start]
  while (layer.length > 0) {
    const next: World[] = []
    for (const world of layer) {
      for (const reached of model.next(world)) {
        const pruned = { ...reached, messages: reached.messages.filter((each) => isOfUse(reached, each)) }
        const key = keyOf(pruned, model.timing)
        if (seen.has(key)) continue
        seen.add(key)
        parents.set(pruned, world)
        if (model.acting(pruned).length > 1) return { states: seen.size, violation: wayTo(parents, pruned) }
        next.push(pruned)
      }
    }
    layer = next
  }
  return { states: seen.size, violation: undefined }
}

function wayTo(parents: ReadonlyMap<World, World | undefined>, end: World): World[] {
  const way: World[] = []
  for (let world: World | undefined = end; world !== undefined; world = parents.get(world)) way.unshift(world)
  return way
}
