import { describe, expect, it } from 'vitest'
import type { BackOff } from '../../../src/core/supervision/back-off.ts'
import {
  childEnded,
  childStarted,
  createRestartGroup,
  nextStart,
  restartAllOf,
  restartDue,
  restartGroupViolations,
  type RestartGroup,
} from '../../../src/core/supervision/restart-group.ts'
import { createRestartIntensity, type RestartIntensity } from '../../../src/core/supervision/restart-intensity.ts'
import type { EndReason, RestartKind, RestartStrategy } from '../../../src/core/supervision/restart-plan.ts'

/** What really runs, as seen from outside. `asked`: it was told to stop and has not ended. `left`: gone for good. */
type Life = 'starting' | 'running' | 'asked' | 'down' | 'left'

type Child = { readonly id: number; readonly restartKind: RestartKind }

type World = {
  /** One for all three, or with one-for-one one for each. */
  readonly groups: readonly RestartGroup<Child>[]
  readonly intensity: RestartIntensity
  readonly backOffs: readonly (BackOff | undefined)[]
  readonly lives: readonly Life[]
  /** Timers that were started and have not fired: group and number. */
  readonly timers: readonly (readonly [group: number, timer: number])[]
  readonly starts: number
  /** Times the supervisor began again. */
  readonly beginnings: number
  readonly isOver: boolean
}

type Instance = {
  readonly strategy: RestartStrategy
  readonly children: readonly Child[]
  readonly backOffOf: (child: Child) => number
}

type Event =
  | { readonly type: 'ended'; readonly id: number; readonly reason: EndReason }
  | { readonly type: 'started' | 'stopped' | 'dismissed'; readonly id: number }
  | { readonly type: 'due'; readonly group: number; readonly timer: number }

const KINDS: readonly RestartKind[] = ['permanent', 'transient', 'temporary']
const STRATEGIES: readonly RestartStrategy[] = ['one-for-one', 'one-for-all', 'rest-for-one']
const RESTARTS = 2

function begin({ strategy, children }: Instance): World {
  return {
    groups: (strategy === 'one-for-one' ? children : [0]).map(() => createRestartGroup<Child>(strategy)),
    intensity: createRestartIntensity({ restarts: RESTARTS, withinMs: 10 }),
    backOffs: [undefined, undefined, undefined],
    lives: ['running', 'running', 'running'],
    timers: [],
    starts: 0,
    beginnings: 0,
    isOver: false,
  }
}

/** Everything that can happen next, in any order the outside may choose. */
function eventsOf(world: World): readonly Event[] {
  if (world.isOver) return []
  const events: Event[] = []
  world.lives.forEach((life, id) => {
    if (life === 'starting') events.push({ type: 'started', id })
    if (life === 'asked') events.push({ type: 'stopped', id })
    // Also of one that is told to stop, or has failed already: its logic may still say so.
    if (life !== 'left') events.push({ type: 'ended', id, reason: 'failed' }, { type: 'dismissed', id })
    if (life === 'starting' || life === 'running') events.push({ type: 'ended', id, reason: 'done' })
  })
  for (const [group, timer] of world.timers) events.push({ type: 'due', group, timer })
  return events
}

/** A world that may be changed: the part of the runtime that carries out what is decided. */
class Outside {
  readonly instance: Instance
  world: World

  constructor(instance: Instance, world: World) {
    this.instance = instance
    this.world = world
  }

  happen(event: Event): World {
    switch (event.type) {
      case 'due':
        this.#change({ timers: this.world.timers.filter(([g, t]) => g !== event.group || t !== event.timer) })
        this.#setGroup(event.group, restartDue(this.#group(event.group), event.timer))
        break
      case 'started':
        this.#setLife(event.id, 'running')
        this.#ready(event.id)
        break
      case 'stopped':
        this.#setLife(event.id, this.#child(event.id).restartKind === 'temporary' ? 'left' : 'down')
        break
      case 'dismissed':
        this.#dismiss(event.id)
        break
      case 'ended':
        this.#end(event.id, event.reason)
        break
    }
    this.#startWhoMay()
    for (const [index, group] of this.world.groups.entries()) {
      const all = this.instance.children
      check(restartGroupViolations(group, all).length === 0, `group ${index} is sound`)
    }
    return this.world
  }

  /** Its timer runs out all the same; the runtime only makes that sooner. */
  #dismiss(id: number): void {
    const wasStarting = this.world.lives[id] === 'starting'
    this.#setLife(id, 'left')
    if (wasStarting) this.#ready(id)
  }

  #end(id: number, reason: EndReason): void {
    const { instance, world } = this
    const child = this.#child(id)
    const index = this.#groupOf(id)
    const firstMs = instance.backOffOf(child)
    const before = world.lives[id]
    const decision = childEnded(this.#group(index), {
      child,
      reason,
      children: instance.children.filter((each) => world.lives[each.id] !== 'left'),
      atMs: 0,
      intensity: world.intensity,
      backOffInit: firstMs === 0 ? undefined : { firstMs, maxMs: 4, quietMs: 100 },
      backOff: world.backOffs[id],
    })
    switch (decision.kind) {
      case 'ignored':
        check(before === 'asked' || before === 'down', 'only who is down, or is to be, may fail unheard')
        return
      case 'leave':
        this.#setLife(id, 'left')
        if (before === 'starting') this.#ready(id)
        return
      case 'escalate':
        this.#setLife(id, 'down')
        this.#beginAgain()
        return
      case 'restart':
        check(before === 'running' || before === 'starting', 'only who ran starts again')
        this.#setLife(id, 'down')
        for (const each of decision.stop) this.#stop(each)
        this.#setGroup(index, decision.group)
        this.#change({
          intensity: decision.intensity,
          backOffs: this.world.backOffs.map((each, n) => (n === id ? decision.backOff : each)),
        })
        if (decision.wait !== undefined) this.#change({ timers: [...this.world.timers, [index, decision.wait.timer]] })
    }
  }

  #stop({ id, restartKind }: Child): void {
    // It is on no list, so an older one that fails meanwhile has it ordered once more.
    if (restartKind === 'temporary' && this.world.lives[id] === 'asked') return
    check(['starting', 'running'].includes(String(this.world.lives[id])), 'only what runs is stopped')
    this.#setLife(id, 'asked')
  }

  /** The supervisor fails; its own restarts it once, with those that may come back. Its timers are cancelled. */
  #beginAgain(): void {
    const { instance, world } = this
    if (world.beginnings > 0) {
      this.#change({ isOver: true })
      return
    }
    const back = instance.children.filter(
      ({ id, restartKind }) => world.lives[id] !== 'left' && restartKind !== 'temporary',
    )
    const { strategy } = instance
    this.#change({
      lives: world.lives.map((_, id) => (back.some((child) => child.id === id) ? 'down' : 'left')),
      intensity: createRestartIntensity(world.intensity.limit),
      timers: [],
      beginnings: world.beginnings + 1,
      starts: 0,
      groups:
        strategy === 'one-for-one'
          ? instance.children.map((child) => restartAllOf(strategy, back.includes(child) ? [child] : []))
          : [restartAllOf(strategy, back)],
    })
  }

  /** Not while one that was told to stop has not ended. */
  #startWhoMay(): void {
    if (this.world.isOver) return
    for (const index of this.world.groups.keys()) {
      for (;;) {
        if (this.world.groups.length === 1 && this.world.lives.includes('asked')) return
        const next = nextStart(this.#group(index))
        if (next === undefined) break
        this.#setGroup(index, next.group)
        const { id, restartKind } = next.child
        if (this.world.lives[id] === 'left') {
          this.#ready(id)
          continue
        }
        check(this.world.lives[id] === 'down', 'only what has ended is started')
        check(restartKind !== 'temporary', 'a temporary child never comes back')
        if (this.instance.strategy === 'one-for-all')
          check(this.world.timers.length === 0, 'one that waits holds all back')
        if (this.world.groups.length === 1)
          check(!this.world.lives.slice(0, id).includes('down'), 'older ones come first')
        if (this.world.groups.length === 1) check(!this.world.lives.includes('starting'), 'they start one by one')
        this.#setLife(id, 'starting')
        this.#change({ starts: this.world.starts + 1 })
      }
    }
  }

  #ready(id: number): void {
    const index = this.#groupOf(id)
    this.#setGroup(index, childStarted(this.#group(index), this.#child(id)))
  }

  #child(id: number): Child {
    const child = this.instance.children[id]
    if (child === undefined) throw new Error('there are three')
    return child
  }

  #groupOf(id: number): number {
    return this.world.groups.length === 1 ? 0 : id
  }

  #group(index: number): RestartGroup<Child> {
    return this.world.groups[index] ?? createRestartGroup(this.instance.strategy)
  }

  #setGroup(index: number, group: RestartGroup<Child>): void {
    this.#change({ groups: this.world.groups.map((each, n) => (n === index ? group : each)) })
  }

  #setLife(id: number, life: Life): void {
    this.#change({ lives: this.world.lives.map((each, n) => (n === id ? life : each)) })
  }

  #change(change: Partial<World>): void {
    this.world = { ...this.world, ...change }
  }
}

/** Cheaper than `expect` by far, and this runs millions of times. */
function check(isTrue: boolean, claim: string): void {
  if (!isTrue) throw new Error(claim)
}

/** What a well-meaning outside does next; `undefined` when there is nothing to do. */
function helpfulEvent({ lives, timers, isOver }: World): Event | undefined {
  if (isOver) return undefined
  const asked = lives.indexOf('asked')
  if (asked !== -1) return { type: 'stopped', id: asked }
  const starting = lives.indexOf('starting')
  if (starting !== -1) return { type: 'started', id: starting }
  const [due] = timers
  return due === undefined ? undefined : { type: 'due', group: due[0], timer: due[1] }
}

/** Without further failures everything that is to run runs in a few steps, and nobody is held back for ever. */
function expectToSettle(instance: Instance, from: World): void {
  let world = from
  for (let steps = 0; steps < 20; steps += 1) {
    const event = helpfulEvent(world)
    if (event === undefined) break
    world = new Outside(instance, world).happen(event)
  }
  check(helpfulEvent(world) === undefined, 'the supervisor becomes quiet')
  if (world.isOver) return
  check(
    world.lives.every((life) => life === 'running' || life === 'left'),
    'whoever is to run runs',
  )
  for (const group of world.groups) check(group.down === undefined && group.starting === undefined, 'nobody is down')
}

/** Goes through every world that the events can lead to. The intensity makes their number finite. */
function explore(instance: Instance): number {
  const first = begin(instance)
  const seen = new Set([JSON.stringify(first)])
  const queue = [first]
  for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
    expectToSettle(instance, world)
    for (const event of eventsOf(world)) {
      const next = new Outside(instance, world).happen(event)
      if (instance.strategy === 'one-for-one')
        check(next.starts <= RESTARTS + (next.beginnings > 0 ? 3 : 0), 'no more restarts than allowed')
      const key = JSON.stringify(next)
      if (seen.has(key)) continue
      seen.add(key)
      queue.push(next)
    }
  }
  return seen.size
}

const BACK_OFFS: readonly (readonly [string, (child: Child) => number])[] = [
  ['without back-off', () => 0],
  ['with back-off', () => 1],
  ['with back-off of the last only', ({ id }) => (id === 2 ? 1 : 0)],
]

describe('every order of events of a supervisor with three children', () => {
  for (const strategy of STRATEGIES) {
    for (const [name, backOffOf] of BACK_OFFS) {
      it(`${strategy} ${name} keeps its order, brings back what it must, and settles`, { timeout: 60_000 }, () => {
        let worlds = 0
        for (const first of KINDS)
          for (const second of KINDS)
            for (const third of KINDS) {
              const children = [first, second, third].map((restartKind, id) => ({ id, restartKind }))
              worlds += explore({ strategy, children, backOffOf })
            }
        expect(worlds).toBeGreaterThan(1_500)
      })
    }
  }
})
