import type { AnyActorLogic, AnyActorRef } from 'xstate'
import { assign, createMachine, fromTransition, spawnChild, stopChild } from 'xstate'
import type { Held, Host } from './host.ts'
import { WAITING, type MachineContext, type MachineEvent } from './machines.ts'
import { cpuMicros, type Figures, nextTurn } from './program.ts'

export const FEW_SIBLINGS = 100

const BATCH = 50
const WARM_ROUNDS = 400
const ROUNDS = 1_000
const CHILD_ROUNDS = 400

/** CPU nanoseconds of one spawn, one stop, and one timer that is started and cancelled. */
type Costs = { readonly spawn: number; readonly stop: number; readonly timer: number }

/**
 * What an actor costs beside a hundred siblings and beside many, all of them with a timer running. `spawn`, `stop` and `timer` are the ratios;
 * the nanoseconds beside many are `spawnNanoseconds` and so on.
 */
export async function measureSiblings(host: Host, siblings: number): Promise<Figures> {
  const yard = new Yard(host)
  await yard.growTo(FEW_SIBLINGS)
  await yard.churn(WARM_ROUNDS)
  const few = await yard.churn(ROUNDS)
  await yard.growTo(siblings)
  await yard.churn(WARM_ROUNDS)
  const many = await yard.churn(ROUNDS)
  return {
    count: yard.countArmed(),
    spawn: many.spawn / few.spawn,
    stop: many.stop / few.stop,
    timer: many.timer / few.timer,
    spawnNanoseconds: many.spawn,
    stopNanoseconds: many.stop,
    timerNanoseconds: many.timer,
  }
}

class Yard {
  readonly #host: Host
  readonly #kind: ReturnType<typeof defineWaiter>
  readonly #siblings: Held<MachineContext, MachineEvent>[] = []
  #born = 0

  constructor(host: Host) {
    this.#host = host
    this.#kind = defineWaiter(host)
  }

  async growTo(siblings: number): Promise<void> {
    while (this.#siblings.length < siblings) {
      const actor = this.#spawn()
      actor.send({ type: 'arm' })
      this.#siblings.push(actor)
      if (this.#siblings.length % 1_000 === 0) await untilCounted(this.#siblings, 1)
    }
    await untilCounted(this.#siblings, 1)
  }

  async churn(rounds: number): Promise<Costs> {
    const spent = { spawn: 0, stop: 0, timer: 0 }
    for (let round = 0; round < rounds; round += 1) {
      const bornUs = cpuMicros()
      const batch = Array.from({ length: BATCH }, () => this.#spawn())
      await nextTurn()
      const armedUs = cpuMicros()
      for (const actor of batch) {
        actor.send({ type: 'arm' })
        actor.send({ type: 'disarm' })
      }
      await untilCounted(batch, 2)
      const stoppedUs = cpuMicros()
      if (batch.some((actor) => actor.getSnapshot().context.count !== 2)) throw new Error('A timer was not cancelled')
      const countedUs = cpuMicros()
      await this.#host.stopAll(batch)
      spent.spawn += armedUs - bornUs
      spent.timer += stoppedUs - armedUs
      spent.stop += cpuMicros() - countedUs
    }
    const perActor = (us: number): number => (us * 1_000) / (rounds * BATCH)
    return { spawn: perActor(spent.spawn), stop: perActor(spent.stop), timer: perActor(spent.timer) }
  }

  /** Siblings whose timers run. */
  countArmed(): number {
    return this.#siblings.filter((actor) => actor.getSnapshot().context.count === 1).length
  }

  #spawn(): Held<MachineContext, MachineEvent> {
    const index = this.#born
    this.#born += 1
    return this.#host.spawn(this.#kind, { id: `waiter-${index}`, input: { index } })
  }
}

/** Mailboxes are served in order, so the last of them is the last to have counted. */
async function untilCounted(actors: readonly Held<MachineContext, MachineEvent>[], count: number): Promise<void> {
  const last = actors.at(-1)
  while (last !== undefined && last.getSnapshot().context.count < count) await nextTurn()
}

function defineWaiter(host: Host): ReturnType<typeof host.define<MachineContext, MachineEvent, { index: number }>> {
  return host.define('waiter', WAITING.logic)
}

/** XState's own way: `spawnChild` and `stopChild` within a machine. */
export type CreateActor = (logic: AnyActorLogic) => { start(): AnyActorRef }

/** CPU microseconds of one `spawnChild` and its `stopChild` beside so many siblings. */
export async function measureSpawnChild(createActor: CreateActor, siblings: number): Promise<Figures> {
  const child = fromTransition((state: number) => state, 0)
  const machine = createMachine({
    types: {} as {
      context: { readonly spawned: number }
      events: { readonly type: 'grow' | 'shrink'; readonly id: string }
    },
    context: { spawned: 0 },
    on: {
      grow: {
        actions: [
          spawnChild(child, { id: ({ event }) => event.id }),
          assign({ spawned: ({ context }) => context.spawned + 1 }),
        ],
      },
      shrink: { actions: stopChild(({ event }) => event.id) },
    },
  })
  const parent = createActor(machine).start()
  for (let index = 0; index < siblings; index += 1) parent.send({ type: 'grow', id: `sibling-${index}` })
  const startedUs = cpuMicros()
  for (let round = 0; round < CHILD_ROUNDS; round += 1) {
    parent.send({ type: 'grow', id: `extra-${round}` })
    parent.send({ type: 'shrink', id: `extra-${round}` })
  }
  const spentUs = cpuMicros() - startedUs
  const { context, children } = parent.getSnapshot() as { context: { spawned: number }; children: object }
  if (context.spawned !== siblings + CHILD_ROUNDS) throw new Error(`${context.spawned} children were spawned`)
  await nextTurn()
  return { count: Object.keys(children).length, microseconds: spentUs / CHILD_ROUNDS }
}
