import { fromTransition } from 'xstate'
import { createActorSystem, defineAgent, moveActor } from '../../src/node/actors/index.ts'
import type { ActorRef } from '../../src/node/actors/index.ts'
import { bomb, ledger } from './threads-agents.ts'
import { THREAD_PLANTS } from './threads-plants.ts'

export type ThreadStress = {
  readonly messages: number
  readonly kills: number
  readonly moves: number
  readonly deadLetters: number
  readonly failures: readonly string[]
}

const THREADS = 2
const LEDGERS = 6
const QUIET_MS = 10_000

export type StressInit = {
  readonly seed: number
  readonly rounds: number
  readonly plant?: string
  /** How long nothing may change before what is missing is taken to be lost. Milliseconds. */
  readonly quietMs?: number
}

type Account = { sent: number; readonly handled: Set<number>; readonly dead: Set<number> }

/**
 * Actors on worker threads that are sent numbered messages while their workers are killed and they are moved. Everything
 * that was sent is handled or a dead letter, what is handled of one sender is in order, and nobody lives twice.
 */
export async function stressThreads(init: StressInit): Promise<ThreadStress> {
  const restore = THREAD_PLANTS[init.plant ?? '']?.plant()
  try {
    return await stress(init)
  } finally {
    restore?.()
  }
}

async function stress(init: StressInit): Promise<ThreadStress> {
  const draw = drawFrom(init.seed)
  const failures: string[] = []
  const system = createActorSystem({ threads: THREADS, deadLettersMax: 10, logger: () => {} })
  const accounts = new Map<string, Account>()
  let deadLetters = 0
  system.deadLetters.subscribe(({ target, event }) => {
    deadLetters += 1
    const { number } = event as { readonly number?: unknown }
    if (event.type === 'entry' && typeof number === 'number') accounts.get(pathOf(target))?.dead.add(number)
  })
  const collector = system.spawn(
    defineAgent({
      name: 'collector',
      mailbox: { bound: 2 ** 20 },
      logic: fromTransition((state: null, event: { type: 'handled'; ledger: string; number: number; last: number }) => {
        if (event.type !== 'handled') return state
        const handled = accounts.get(event.ledger)?.handled
        if (event.number <= event.last) failures.push(`${event.ledger}: ${event.number} after ${event.last}`)
        if (handled?.has(event.number) === true) failures.push(`${event.ledger}: ${event.number} handled twice`)
        handled?.add(event.number)
        return state
      }, null),
    }),
  )
  // Failures are what this is about; nobody need be told.
  system.onSupervision(() => {})
  await system.ready
  const ledgers = Array.from({ length: LEDGERS }, (_, index) => {
    const id = `ledger-${index}`
    accounts.set(id, { sent: 0, handled: new Set(), dead: new Set() })
    return system.spawn(ledger, { id, input: { id, collector } })
  })
  let kills = 0
  let moves = 0
  for (let round = 0; round < init.rounds; round += 1) {
    for (const ref of ledgers) sendSome(ref, accounts, 1 + draw(40))
    if (draw(3) === 0) {
      moves += 1
      await Promise.allSettled([moveActor(system, ledgers[draw(LEDGERS)] ?? collector, 1 + draw(THREADS))])
    }
    if (draw(8) === 0) {
      kills += 1
      system
        .spawn(bomb, { placement: { worker: 1 + draw(THREADS) } })
        .send({ type: ['exit', 'throw'][draw(2)] ?? 'exit' })
    }
    for (let wait = draw(4); wait > 0; wait -= 1) await new Promise<void>((resolve) => void setImmediate(resolve))
  }
  failures.push(...(await findMissing(ledgers, accounts, init.quietMs ?? QUIET_MS)))
  const messages = [...accounts.values()].reduce((sum, { sent }) => sum + sent, 0)
  await system.stop()
  return { messages, kills, moves, deadLetters, failures }
}

function sendSome(ref: ActorRef, accounts: Map<string, Account>, count: number): void {
  const account = accounts.get(ref.id)
  for (let left = count; left > 0 && account !== undefined; left -= 1) {
    account.sent += 1
    ref.send({ type: 'entry', number: account.sent })
  }
}

function missingOf({ sent, handled, dead }: Account): readonly number[] {
  const numbers = Array.from({ length: sent }, (_, index) => index + 1)
  return numbers.filter((number) => !handled.has(number) && !dead.has(number))
}

/** Waits until all is accounted for, or nothing changes any more. */
async function findMissing(
  ledgers: readonly ActorRef[],
  accounts: ReadonlyMap<string, Account>,
  quietMs: number,
): Promise<string[]> {
  const open = (): number => [...accounts.values()].reduce((sum, account) => sum + missingOf(account).length, 0)
  let last = -1
  let since = performance.now()
  for (let left = open(); left > 0 && performance.now() - since < quietMs; left = open()) {
    await Promise.allSettled(ledgers.map((ref) => ref.ask({ type: 'rest' }, { timeoutMs: 1_000 })))
    if (left !== last) since = performance.now()
    last = left
  }
  return [...accounts].flatMap(([id, account]) => {
    const missing = missingOf(account)
    const first = missing.slice(0, 8).join(' ')
    return missing.length === 0 ? [] : [`${id}: ${missing.length} of ${account.sent} lost in silence: ${first}`]
  })
}

function pathOf(address: string): string {
  return address.split('/')[4]?.split('#')[0] ?? ''
}

function drawFrom(seed: number): (bound: number) => number {
  let state = seed * 2_654_435_761 || 1
  return (bound) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % bound
  }
}
