import { readJournal } from '../../src/actors/durable/journal/read-journal.ts'
import { DurableExtension } from '../../src/actors/durable/durable-extension.ts'
import { durableActors } from '../../src/actors/durable/durable-actors.ts'
import { effectDoneBefore } from '../../src/actors/durable/consequences/effect-runner.ts'
import { ActorSystem } from '../../src/actors/system/actor-system.ts'
import { CodedError } from '../../src/base/errors.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { openSegmentedEventLog } from '../../src/storage/segmented-event-log.ts'
import type { FaultyFileSystem, PowerCut } from '../../src/testing/faulty-file-system.ts'
import { ManualEnvironment } from '../actors/durable/manual-environment.ts'
import { accountAgent, checkAccounts, TICK_MS } from './actors-workload.ts'
import type { SentCommand } from './actors-workload.ts'
import { exploreEveryDiskFault, type ExploreResult } from './every-disk-fault.ts'
import type { LogPlant } from './explore-event-log.ts'

export type ExploreActorsInit = { readonly seed: number; readonly plant?: LogPlant }

const ACCOUNTS = 4
const ROUNDS = 5
type History = {
  readonly acknowledged: { readonly key: string; readonly account: string }[]
  readonly unanswered: Map<string, SentCommand>
  readonly told: { readonly account: string; readonly handled: number }[]
  readonly bank: string[]
}

/**
 * Durable actors in their real system over a faulty disk: one seeded workload per mutating disk operation, kind of fault and
 * kind of power cut. After each, what is stored is checked; then the actors are started again, what nobody answered is
 * delivered once more with its keys, and when all is quiet everything must have happened exactly once.
 */
export async function exploreActors(init: ExploreActorsInit): Promise<ExploreResult> {
  return await exploreEveryDiskFault({
    seed: init.seed,
    work: async (disk) => await work(disk, init, newHistory()),
    judge: async (disk, cut) => await exploreOne(disk, init, cut),
  })
}

const newHistory = (): History => ({ acknowledged: [], unanswered: new Map(), told: [], bank: [] })

async function exploreOne(
  disk: FaultyFileSystem,
  init: ExploreActorsInit,
  cut: PowerCut,
): Promise<{ failures: string[]; left: number }> {
  const history = newHistory()
  await work(disk, init, history)
  disk.crash(cut)
  const failures: string[] = []
  let stored = -1
  try {
    const log = await openLog(disk, {})
    stored = log.nextIndex
    failures.push(...checkAccounts(await readJournal(log), { ...history, isSettled: false }))
    await log.close()
    await settleAll(disk, history)
    disk.crash('lose')
    const again = await openLog(disk, {})
    failures.push(
      ...checkAccounts(await readJournal(again), { ...history, isSettled: true }).map((what) => `in the end: ${what}`),
    )
    await again.close()
  } catch (error: unknown) {
    failures.push(`the next start failed: ${String(error)}`)
  }
  return { failures, left: stored }
}

type Node = {
  readonly environment: ManualEnvironment
  readonly system: ActorSystem
  readonly stop: () => Promise<void>
}

/** Commands in rounds, some at once, until they are done or the disk refuses. */
async function work(disk: FaultyFileSystem, init: ExploreActorsInit, history: History): Promise<void> {
  const draws = createRandomStream(init.seed)
  try {
    const node = await startNode(disk, init, history)
    for (let round = 0; round < ROUNDS; round += 1) {
      const commands = Array.from({ length: 1 + draws.nextBelow(4) }, (_, item) => {
        const type = (['transfer', 'transfer', 'pay', 'tick later'] as const)[draws.nextBelow(4)] ?? 'transfer'
        const to = `a${draws.nextBelow(ACCOUNTS)}`
        return { type, key: `k${round}-${item}`, to, amount: 1 + draws.nextBelow(600) }
      })
      const sent = commands.map((command) =>
        deliver(node, history, { account: `a${draws.nextBelow(ACCOUNTS)}`, command }),
      )
      if (draws.nextBelow(2) === 0) sent.push(read(node, history, `a${draws.nextBelow(ACCOUNTS)}`))
      await Promise.all([...sent, node.environment.advance(draws.nextBelow(2) * TICK_MS)])
      if (round === 2) await Promise.all([durableActors(node.system).compact(), node.environment.settle()])
    }
    await node.stop()
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
  }
}

/** Everybody who was not answered asks again; then time goes on until nothing is left to do. */
async function settleAll(disk: FaultyFileSystem, history: History): Promise<void> {
  const node = await startNode(disk, {}, history)
  const again = [...history.unanswered.values()].map((sent) => deliver(node, history, sent))
  await Promise.all([...again, node.environment.advance(10 * TICK_MS)])
  await node.environment.advance(10 * TICK_MS)
  await node.stop()
}

async function deliver(node: Node, history: History, { account, command }: SentCommand): Promise<void> {
  const { key } = command
  history.unanswered.set(key, { account, command })
  try {
    await node.system.get(account)?.deliver(command, { key })
    history.unanswered.delete(key)
    history.acknowledged.push({ key, account })
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
  }
}

async function read(node: Node, history: History, account: string): Promise<void> {
  try {
    const told = await node.system
      .get(account)
      ?.ask<{ readonly type: string; readonly handled: number }>({ type: 'read' })
    if (told !== undefined) history.told.push({ account, handled: told.handled })
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
  }
}

async function startNode(disk: FaultyFileSystem, init: { readonly plant?: LogPlant }, history: History): Promise<Node> {
  const environment = new ManualEnvironment()
  const log = await openLog(disk, init)
  const extension = new DurableExtension({
    openLog: async () => await Promise.resolve(log),
    environment,
    store: { compactAtBytes: 6_000 },
  })
  const system = new ActorSystem({ environment, isInline: false, extension })
  extension.attach(system)
  durableActors(system).registerEffect('pay', (_input, { key }) => {
    if (history.bank.includes(key)) return effectDoneBefore()
    history.bank.push(key)
    return undefined
  })
  const agent = accountAgent((id) => system.get(id))
  await system.ready
  for (let number = 0; number < ACCOUNTS; number += 1) system.spawn(agent, { id: `a${number}` })
  await environment.settle()
  const stop = async (): Promise<void> => {
    await Promise.all([system.stop({ drainMs: 0 }), environment.settle()])
    await log.close().catch(() => {})
  }
  return { environment, system, stop }
}

async function openLog(disk: FaultyFileSystem, { plant }: { readonly plant?: LogPlant }): Promise<EventLog> {
  const fileSystem = plant?.fileSystem?.(disk) ?? disk
  const random = { fraction: () => 0.5, bytes: (count: number) => new Uint8Array(count).fill(7) }
  const log = await openSegmentedEventLog({ fileSystem, random }, { directory: '/actors', segmentSizeBytesMax: 3_000 })
  return plant?.log?.(log) ?? log
}
