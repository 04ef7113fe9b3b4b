import { fromTransition } from 'xstate'
import type { Held, Host, Logic, System } from './host.ts'
import { FLAT, HIERARCHICAL, HOSTED, type MachineContext, type MachineEvent, type MachineInput } from './machines.ts'
import { type Figures, nextTurn } from './program.ts'

type Idler = Held<MachineContext, MachineEvent>
type IdleLogic = Logic<MachineContext, MachineEvent, MachineInput>

const REDUCER: IdleLogic = fromTransition<MachineContext, MachineEvent, System, MachineInput>(
  (state, event) => (event.type === 'tick' ? { owner: state.owner, count: state.count + 1 } : state),
  ({ input }) => ({ owner: input.index, count: 0 }),
)

export const IDLE_LOGICS = {
  flat: FLAT.logic,
  transition: REDUCER,
  statechart: HIERARCHICAL.logic,
  hosted: HOSTED.logic,
} as const

const WARM_ACTORS = 1_000

/**
 * Memory of actors that have nothing to do: held in an array (counted too), each with an id and an input of its own. `bytes` per actor that has had no
 * message yet, `bytesTouched` after one message each. Every actor is then asked for its owner and its count, and looked up by its id.
 */
export async function measureIdle(createHost: () => Host, logic: IdleLogic, actors: number): Promise<Figures> {
  const warm = createHost()
  await spawnIdlers(warm, logic, WARM_ACTORS)
  await warm.close()
  const host = createHost()
  const before = await settledBytes()
  const held = await spawnIdlers(host, logic, actors)
  const fresh = (await settledBytes()) - before
  const rssMegabytes = process.memoryUsage.rss() / 1e6
  await tickAll(held)
  const touched = (await settledBytes()) - before
  const count = held.filter((_, index) => isSound({ host, held, index })).length
  return {
    count,
    bytes: fresh / actors,
    bytesTouched: touched / actors,
    megabytes: fresh / 1e6,
    rssMegabytes,
  }
}

async function spawnIdlers(host: Host, logic: IdleLogic, actors: number): Promise<readonly Idler[]> {
  const kind = host.define('idler', logic)
  const held: Idler[] = []
  for (let index = 0; index < actors; index += 1)
    held.push(host.spawn(kind, { id: `idler-${index}`, input: { index } }))
  await nextTurn()
  return held
}

async function tickAll(held: readonly Idler[]): Promise<void> {
  for (const actor of held) actor.send({ type: 'tick' })
  const last = held.at(-1)
  while (last !== undefined && last.getSnapshot().context.count === 0) await nextTurn()
}

type Inspected = {
  readonly host: Host
  readonly held: readonly Idler[]
  readonly index: number
}

function isSound({ host, held, index }: Inspected): boolean {
  const actor = held[index]
  if (actor === undefined) return false
  const { owner, count } = actor.getSnapshot().context
  return owner === index && count === 1 && host.canFind(`idler-${index}`, actor)
}

/** Bytes of the heap and of what hangs on it, when nothing is left to collect. */
export async function settledBytes(): Promise<number> {
  const collect = (globalThis as { readonly gc?: () => void }).gc
  if (collect === undefined) throw new Error('Start Node with --expose-gc')
  for (let times = 0; times < 3; times += 1) {
    await nextTurn()
    collect()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
