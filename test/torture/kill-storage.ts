import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { createSystemTimers } from '../../src/node/system-timers.ts'
import { createBudgetOwner } from '../../src/router/budgets/budget-owner.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { faultyDiskVariables, type FaultyLife } from './faulty-disk.ts'
import type { KillOutcome } from './kill-tally.ts'
import { countedTasks, openStorageRecords } from './storage-records.ts'
import { TORTURE_LIMITS, TORTURE_TENANT, readTranscript } from './storage-workload.ts'
import type { Transcript } from './storage-workload.ts'

const CHILD = fileURLToPath(new URL('storage-child.ts', import.meta.url))

export type KillInit = { readonly seed: number; readonly plant: string }

/** A data directory that is used by one killed process after another, and what it must hold. */
export class StorageVictim {
  readonly #folder: string
  readonly #init: KillInit
  #spent = 0
  #run = 0

  private constructor(folder: string, init: KillInit) {
    this.#folder = folder
    this.#init = init
  }

  static async create(init: KillInit): Promise<StorageVictim> {
    return new StorageVictim(await mkdtemp(join(tmpdir(), 'kernell-torture-')), init)
  }

  /** Kills the process with SIGKILL after a seeded number of acknowledgements, then starts on what it left. */
  async kill(): Promise<KillOutcome> {
    this.#run += 1
    const seed = this.#init.seed * 1000 + this.#run
    const killAfter = 1 + createRandomStream(seed).nextBelow(60)
    const text = await runChild({ args: this.#childArgs(seed, 0), killAfter, env: process.env })
    return await this.#check(readTranscript(text), `seed ${this.#init.seed} kill ${this.#run}`)
  }

  /** Runs the process over the faulty disk, with a fault at the given call, until the power is cut. */
  async cutPower({ rounds, ...fault }: FaultyLife): Promise<KillOutcome> {
    this.#run += 1
    const seed = this.#init.seed * 1000 + this.#run
    await mkdir(join(this.#folder, 'trash'), { recursive: true })
    const env = { ...process.env, ...faultyDiskVariables(this.#folder, fault) }
    const text = await runChild({ args: this.#childArgs(seed, rounds), killAfter: undefined, env })
    const name = `seed ${this.#init.seed} call ${fault.at ?? 'none'} ${fault.kind} then ${fault.cut}`
    const outcome = await this.#check(readTranscript(text), name)
    const calls = Number(await readFile(join(this.#folder, 'count'), 'utf8').catch(() => '0'))
    return { ...outcome, calls }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #childArgs(seed: number, rounds: number): readonly string[] {
    return [CHILD, join(this.#folder, 'data'), String(seed), String(this.#run), String(rounds), this.#init.plant]
  }

  /** The next start must succeed and find everything that was acknowledged. */
  async #check(transcript: Transcript, name: string): Promise<KillOutcome> {
    const failures: string[] = []
    const fail = (what: string): void => void failures.push(`${name}: ${what}`)
    if (transcript.refusals.includes('STORE_CORRUPTED')) fail('the process met corruption')
    try {
      const random = createSystemRandom()
      const data = await openDataDirectory(
        { fileSystem: createNodeFileSystem(), random },
        { path: join(this.#folder, 'data') },
      )
      const log = await data.openEventLog('budget')
      const components = {
        actors: createActorSystem(),
        log,
        clock: createSystemClock(),
        random,
        timers: createSystemTimers(),
      }
      const owner = createBudgetOwner(components, { limits: TORTURE_LIMITS })
      await owner.start()
      const line = owner.inspect().find(({ scope }) => scope === `tenant:${TORTURE_TENANT}`)
      const spent = Number(line?.account.counters.total.spentNanos ?? 0n)
      const low = this.#spent + transcript.spentMin
      const high = this.#spent + transcript.spentMax
      if (spent < low || spent > high) fail(`${spent} was charged, expected ${low} to ${high}`)
      if ((line?.account.counters.total.heldNanos ?? 0n) !== 0n) fail('a reservation is still open')
      for (const broken of owner.violations()) fail(broken)
      this.#spent = spent
      await owner.stop()
      const { timers } = components
      const { telemetry, sums } = openStorageRecords({ root: data.store, secret: data.secret, timers, writer: 'check' })
      const ids = new Set<string | null>()
      for await (const event of telemetry.list()) ids.add(event.event_id)
      const counted = await countedTasks(sums)
      if (counted.some((count) => count !== ids.size)) fail(`${ids.size} tasks are in sums as ${counted.join(' and ')}`)
      const cache = data.store.sublevel('cache')
      for (let number = 1; number <= transcript.telemetryStored; number += 1) {
        if (!ids.has(`${this.#run}-${number}`)) fail(`telemetry record ${number} is gone`)
      }
      for (let number = 1; number <= transcript.cacheStored; number += 1) {
        if ((await cache.get(`${this.#run}-${number}`)) === undefined) fail(`cache entry ${number} is gone`)
      }
      await data.close()
    } catch (error: unknown) {
      fail(`the next start failed: ${String(error)}`)
    }
    return { failures, acknowledgements: transcript.acknowledgements, calls: 0 }
  }
}

type ChildInit = {
  readonly args: readonly string[]
  /** Lines after which the process is killed; `undefined`: it ends by itself. */
  readonly killAfter: number | undefined
  readonly env: NodeJS.ProcessEnv
}

/** What the process said until it was gone. */
async function runChild(init: ChildInit): Promise<string> {
  const child = spawn(process.execPath, init.args, { env: init.env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let complaints = ''
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString()
    if (init.killAfter !== undefined && countAcknowledgements(text) >= init.killAfter) child.kill('SIGKILL')
  })
  await new Promise<void>((resolve) => void child.on('close', () => resolve()))
  if (complaints !== '' && !complaints.includes('Warning')) throw new Error(`The process complained: ${complaints}`)
  return text
}

function countAcknowledgements(text: string): number {
  return text.split('\n').filter((line) => 'RSTC'.includes(line[0] ?? ' ')).length
}
