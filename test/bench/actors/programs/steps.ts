import { type AnyActorScope, createActor } from 'xstate'
import type { Host } from './host.ts'
import { type Done, nextTurn } from './program.ts'
import type { MachineCase } from './machines.ts'

/** Rounds that are sent before the sender lets the actor work. */
const ROUNDS_AT_ONCE = 1_000

/** Sends the machine its events from outside, some thousands at a time. Counts the steps by what the machine counted. */
export async function stepHosted(host: Host, machine: MachineCase, steps: number): Promise<Done> {
  const { logic, round, countsPerRound } = machine
  const actor = host.spawn(host.define('machine', logic), { id: 'machine', input: { index: 1 } })
  const rounds = Math.ceil(steps / round.length)
  for (let sent = 0; sent < rounds;) {
    const until = Math.min(rounds, sent + ROUNDS_AT_ONCE)
    for (; sent < until; sent += 1) for (const type of round) actor.send({ type })
    while (actor.getSnapshot().context.count < sent * countsPerRound) await nextTurn()
  }
  return {
    count: () => (actor.getSnapshot().context.count / countsPerRound) * round.length,
    close: () => host.close(),
  }
}

/** The machine's own pure step, with the scope that an XState actor would give it. */
export async function stepDirectly({ machine, round, countsPerRound }: MachineCase, steps: number): Promise<Done> {
  const self = createActor(machine, { input: { index: 1 } })
  const scope: AnyActorScope = {
    self,
    id: self.id,
    sessionId: self.sessionId,
    system: self.system,
    logger: () => undefined,
    defer: () => undefined,
    emit: () => undefined,
    stopChild: () => undefined,
    actionExecutor: (action) => action.exec?.(action.info, action.params),
  }
  let snapshot = machine.getInitialSnapshot(scope, { index: 1 })
  const rounds = Math.ceil(steps / round.length)
  for (let done = 0; done < rounds; done += 1) {
    for (const type of round) snapshot = machine.transition(snapshot, { type }, scope)
  }
  await nextTurn()
  return {
    count: () => (snapshot.context.count / countsPerRound) * round.length,
    close: () => Promise.resolve(),
  }
}
