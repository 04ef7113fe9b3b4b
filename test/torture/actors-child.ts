/**
 * The process that the torture of actors kills: the real system over a real data directory, saying on stdout what was asked
 * for and what was acknowledged, one line each.
 *
 * ```text
 * O               the actors are there
 * d KEY ACCOUNT   a command is delivered        D KEY   it was acknowledged
 * R ACCOUNT N     an account said that it had handled N things
 * E CODE          the disk refused, or a courier was lost
 * W               a worker is told to end
 * Q               everything was done (only with 0 rounds)
 * ```
 *
 * usage: actors-child.ts DIRECTORY SEED RUN ROUNDS PLANT RETRY BANK
 *
 * ROUNDS: `kill` goes on until killed; `kill-workers` too, and some commands are carried by actors on two worker threads, of which
 * one is ended now and then; a number ends after so many; `settle` only finishes what is left. RETRY names a file of
 * commands that nobody answered, one JSON text each; BANK the file that payments are written to.
 */
import { appendFileSync, readFileSync } from 'node:fs'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { durableActors } from '../../src/actors/durable/durable-actors.ts'
import { DurableExtension } from '../../src/actors/durable/durable-extension.ts'
import { effectDoneBefore } from '../../src/actors/durable/consequences/effect-runner.ts'
import { ActorSystem } from '../../src/actors/system/actor-system.ts'
import { createSystemEnvironment } from '../../src/actors/system/system-environment.ts'
import { observeQuiet } from '../../src/actors/threads/quiet-environment.ts'
import { ThreadExtension } from '../../src/actors/threads/thread-extension.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { joinExtensions } from '../../src/node/actors/join-extensions.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import type { DataDirectory } from '../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { courier } from './actors-courier.ts'
import { ACTOR_PLANTS } from './actors-plants.ts'
import { accountAgent, ACCOUNTS, TICK_MS } from './actors-workload.ts'
import type { AccountCommand, SentCommand } from './actors-workload.ts'
import { attempt, attemptAndEnd, say } from './child-end.ts'

const [directory = '', seedText = '1', run = '0', rounds = 'kill', plant = '', retry = '', bank = ''] =
  process.argv.slice(2)
/** A command that a lost worker carried is asked for again by the next process. */
const CARRY_MS_MAX = 1_000
const draws = createRandomStream(Number(seedText))

const paid = new Set(readLines(bank))

async function main(): Promise<void> {
  const { system, close } = await openSystem()
  const agent = accountAgent((id) => system.get(id))
  for (let number = 0; number < ACCOUNTS; number += 1) system.spawn(agent, { id: `a${number}` })
  say('O')
  const deliver = async ({ account, command }: SentCommand): Promise<void> => {
    const { key } = command
    say(`d ${key} ${account} ${JSON.stringify(command)}`)
    await attempt(async () => {
      await system.get(account)?.deliver(command, { key })
      say(`D ${key}`)
    })
  }
  const couriers =
    rounds === 'kill-workers'
      ? [1, 2].map((worker) => system.spawn(courier, { id: `c${worker}`, placement: { worker } }))
      : []
  const carry = async ({ account, command }: SentCommand): Promise<void> => {
    const { key } = command
    say(`d ${key} ${account} ${JSON.stringify(command)}`)
    await attempt(async () => {
      const by = couriers[draws.nextBelow(couriers.length)]
      const to = system.get(account)
      const answer = await by?.ask<{ readonly type: string }>(
        { type: 'carry', to, command },
        { timeoutMs: CARRY_MS_MAX },
      )
      if (answer?.type === 'carried') say(`D ${key}`)
    })
  }
  await Promise.all(readLines(retry).map(async (line) => await deliver(JSON.parse(line) as SentCommand)))
  const count = rounds.startsWith('kill') ? Number.POSITIVE_INFINITY : Number(rounds)
  for (let round = 0; rounds !== 'settle' && round < count; round += 1) {
    const sent = Array.from({ length: 1 + draws.nextBelow(12) }, async (_, item) => {
      const account = `a${draws.nextBelow(ACCOUNTS)}`
      const command = drawCommand(`${run}-${round}-${item}`)
      if (couriers.length > 0 && draws.nextBelow(3) === 0) await carry({ account, command })
      else if (draws.nextBelow(8) > 0) await deliver({ account, command })
      else await attempt(async () => await readAccount(system, account))
    })
    if (couriers.length > 0 && draws.nextBelow(6) === 0) {
      couriers[draws.nextBelow(couriers.length)]?.send({ type: 'die' })
      say('W')
    }
    await Promise.all(sent)
    await setImmediate()
  }
  if (rounds === 'settle') {
    await settle(system)
    await system.stop()
    await close()
    say('Q')
  }
}

function drawCommand(key: string): AccountCommand {
  const type = (['transfer', 'transfer', 'transfer', 'pay', 'tick later'] as const)[draws.nextBelow(5)] ?? 'transfer'
  return { type, key, to: `a${draws.nextBelow(ACCOUNTS)}`, amount: 1 + draws.nextBelow(300) }
}

async function readAccount(system: ActorSystem, account: string): Promise<void> {
  const told = await system.get(account)?.ask<{ readonly type: string; readonly handled: number }>({ type: 'read' })
  if (told !== undefined) say(`R ${account} ${told.handled}`)
}

/** Waits until timers have fired and effects have ended. */
async function settle(system: ActorSystem): Promise<void> {
  for (let quiet = 0; quiet < 3;) {
    await setTimeout(TICK_MS)
    const actors = await durableActors(system).list()
    const isQuiet = actors.every(({ waiting, timers, effects }) => waiting + timers + effects === 0)
    quiet = isQuiet ? quiet + 1 : 0
  }
}

async function openSystem(): Promise<{ readonly system: ActorSystem; readonly close: () => Promise<void> }> {
  // Stdout is for what is checked.
  const { environment, isQuiet } = observeQuiet({ ...createSystemEnvironment(), log: () => {} })
  const logPlant = ACTOR_PLANTS[plant]
  const disk = createNodeFileSystem()
  const fileSystem = logPlant?.fileSystem?.(disk) ?? disk
  let data: DataDirectory | undefined
  const extension = new DurableExtension({
    environment,
    store: { compactAtBytes: 200_000 },
    openLog: async () => {
      data = await openDataDirectory({ fileSystem, random: createSystemRandom() }, { path: directory })
      const log = await data.openEventLog('actors')
      return logPlant?.log?.(log) ?? log
    },
  })
  const workers = rounds === 'kill-workers' ? new ThreadExtension({ threads: 2, isQuiet }) : undefined
  const extensions = workers === undefined ? [extension] : [extension, workers]
  const system = new ActorSystem({ environment, isInline: false, extension: joinExtensions(extensions) })
  extension.attach(system)
  workers?.attach(system)
  durableActors(system).registerEffect('pay', (_input, { key }) => {
    if (paid.has(key)) return effectDoneBefore()
    // The world outside: it does not forget what the disk of this machine does.
    appendFileSync(bank, `${key}\n`)
    paid.add(key)
    return undefined
  })
  await system.ready
  return { system, close: async () => await data?.close() }
}

function readLines(path: string): readonly string[] {
  if (path === '') return []
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  } catch {
    return []
  }
}

await attemptAndEnd(main)
