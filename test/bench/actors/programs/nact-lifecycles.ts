import { describeDelays, sendProbes } from './flood.ts'
import { settledBytes } from './idle.ts'
import { nact, type NactRef } from './nact-door.ts'
import { done } from './nact-messages.ts'
import { createSignal, type Done, type Figures, nextTurn } from './program.ts'

/** The programs of lifecycles.ts, idle.ts, chain.ts and flood.ts for nact. */

const { dispatch, spawn, start, stop } = nact

export async function forkJoinCreate(actors: number): Promise<Done> {
  const system = start()
  const finished = createSignal()
  let worked = 0
  for (let index = 0; index < actors; index += 1) {
    const worker = spawn<number, { readonly angle: number }>(
      system,
      (_, { angle }, { self }) => {
        worked += 1
        if (worked === actors) finished.give()
        stop(self)
        return Math.sin(angle)
      },
      `worker-${index}`,
      { initialState: 0 },
    )
    dispatch(worker, { angle: index })
  }
  await finished.promise
  return done(system, () => worked)
}

type SkynetMessage = { readonly parent: NactRef } | { readonly sum: number }
type SkynetState = { readonly parent: NactRef | undefined; readonly waiting: number; readonly sum: number }

export async function skynet(leaves: number): Promise<Done> {
  const system = start()
  const finished = createSignal()
  let total = -1
  const collector = spawn<undefined, { readonly sum: number }>(
    system,
    (_, { sum }) => {
      total = sum
      finished.give()
      return undefined
    },
    'collector',
    {},
  )
  dispatch(growNode({ parent: system, first: 0, leaves }), { parent: collector })
  await finished.promise
  return done(system, () => (total === (leaves * (leaves - 1)) / 2 ? leaves : 0))
}

type Node = { readonly parent: NactRef; readonly first: number; readonly leaves: number }

function growNode({ parent, first, leaves }: Node): NactRef {
  return spawn<SkynetState, SkynetMessage>(
    parent,
    (state, message, { self }) => {
      if ('parent' in message) {
        if (leaves > 1) {
          const share = leaves / 10
          const children = Array.from({ length: 10 }, (_, index) =>
            growNode({ parent: self, first: first + index * share, leaves: share }),
          )
          for (const child of children) dispatch(child, { parent: self })
          return { ...state, parent: message.parent, waiting: 10 }
        }
        dispatch(message.parent, { sum: first })
        stop(self)
        return state
      }
      const sum = state.sum + message.sum
      if (state.waiting === 1 && state.parent !== undefined) {
        dispatch(state.parent, { sum })
        stop(self)
      }
      return { ...state, sum, waiting: state.waiting - 1 }
    },
    `node-${first}-${leaves}`,
    { initialState: { parent: undefined, waiting: 0, sum: 0 } },
  )
}

export async function spawnStop(actors: number): Promise<Done> {
  const system = start()
  let started = 0
  let ended = 0
  const batch: NactRef[] = []
  for (let index = 0; index < actors; index += 1) {
    const initialStateFunc = (): number => {
      started += 1
      return index
    }
    const afterStop = (): void => void (ended += 1)
    batch.push(spawn<number, unknown>(system, (state) => state, `idler-${index}`, { initialStateFunc, afterStop }))
    if (batch.length < 100 && index < actors - 1) continue
    for (const actor of batch) stop(actor)
    batch.length = 0
    await nextTurn()
  }
  while (ended < started) await nextTurn()
  return done(system, () => ended)
}

export async function measureIdle(actors: number): Promise<Figures> {
  const system = start()
  const held: NactRef[] = []
  let owners = 0
  const before = await settledBytes()
  const behaviour = (
    state: { readonly owner: number; readonly count: number },
    message: { readonly owner: number },
  ): typeof state => {
    if (state.owner === message.owner) owners += 1
    return { owner: state.owner, count: state.count + 1 }
  }
  for (let index = 0; index < actors; index += 1)
    held.push(spawn(system, behaviour, `idler-${index}`, { initialState: { owner: index, count: 0 } }))
  const fresh = (await settledBytes()) - before
  const rssMegabytes = process.memoryUsage.rss() / 1e6
  for (const [owner, actor] of held.entries()) dispatch(actor, { owner })
  while (owners < actors) await nextTurn()
  const touched = (await settledBytes()) - before
  for (const actor of held) stop(actor)
  return {
    count: owners,
    bytes: fresh / actors,
    bytesTouched: touched / actors,
    megabytes: fresh / 1e6,
    rssMegabytes,
  }
}

export async function measureChain(actors: number): Promise<Figures> {
  const system = start()
  const finished = createSignal()
  let hops = 0
  let next: NactRef | undefined
  for (let index = actors - 1; index >= 0; index -= 1) {
    const after = next
    next = spawn<undefined, object>(
      system,
      () => {
        hops += 1
        if (after === undefined) finished.give()
        else dispatch(after, {})
        return undefined
      },
      `link-${index}`,
      {},
    )
  }
  if (next !== undefined) dispatch(next, {})
  await finished.promise
  return { count: hops }
}

export async function measureFlood(probes: number): Promise<Figures> {
  const system = start()
  const delaysMs: number[] = []
  const startMs = performance.now()
  let drops = 0
  const others = Array.from({ length: 100 }, (_, index) =>
    spawn<undefined, { readonly dueMs: number }>(
      system,
      (_state, { dueMs }) => {
        delaysMs.push(performance.now() - dueMs)
        return undefined
      },
      `other-${index}`,
      {},
    ),
  )
  const probing = sendProbes({
    targets: others.map((other) => ({ send: (event) => dispatch(other, event) })),
    probes,
    startMs,
  })
  const victim = spawn<undefined, object>(
    system,
    (_, message, { self }) => {
      drops += 1
      if (performance.now() < startMs + probes) dispatch(self, message)
      return undefined
    },
    'victim',
    {},
  )
  for (let index = 0; index < 10_000; index += 1) dispatch(victim, {})
  await probing
  while (delaysMs.length < probes) await nextTurn()
  return describeDelays(delaysMs, drops)
}
