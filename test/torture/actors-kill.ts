import { spawn } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readJournal } from '../../src/actors/durable/journal/read-journal.ts'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { ACCOUNTS, checkAccounts } from './actors-workload.ts'
import type { SentCommand } from './actors-workload.ts'
import { faultyDiskVariables, type FaultyLife } from './faulty-disk.ts'
import type { KillInit } from './kill-storage.ts'
import type { KillOutcome } from './kill-tally.ts'

const CHILD = fileURLToPath(new URL('actors-child.ts', import.meta.url))
const ACKNOWLEDGEMENTS_MAX = 200
/** About what a write and its sync take, so that a kill may come at any point between two of them. */
const KILL_DELAY_MS_MAX = 8

export type ActorsOutcome = KillOutcome & { readonly workerKills: number }

/** A data directory of durable actors that is used by one killed process after another, and what it must hold. */
export class ActorsVictim {
  readonly #folder: string
  readonly #init: KillInit
  readonly #acknowledged = new Map<string, string>()
  readonly #unanswered = new Map<string, SentCommand>()
  readonly #told: { readonly account: string; readonly handled: number }[] = []
  #run = 0
  /** In the life that was lived last. */
  #workerKills = 0

  private constructor(folder: string, init: KillInit) {
    this.#folder = folder
    this.#init = init
  }

  static async create(init: KillInit): Promise<ActorsVictim> {
    const folder = await mkdtemp(join(tmpdir(), 'kernell-actors-'))
    await mkdir(join(folder, 'trash'))
    return new ActorsVictim(folder, init)
  }

  /**
   * Kills the process with SIGKILL after a seeded number of acknowledgements, and looks at what it left.
   *
   * @param isWithWorkers  Some commands go through actors on worker threads, which are ended meanwhile.
   */
  async kill(isWithWorkers: boolean): Promise<ActorsOutcome> {
    const draws = createRandomStream(this.#nextSeed())
    const killAfter = 1 + draws.nextBelow(ACKNOWLEDGEMENTS_MAX)
    const kill = { acknowledgements: killAfter, delayMs: draws.nextBelow(KILL_DELAY_MS_MAX) }
    const rounds = isWithWorkers ? 'kill-workers' : 'kill'
    const acknowledgements = await this.#live({ rounds, kill, env: process.env })
    const workerKills = this.#workerKills
    return { ...(await this.#check(`kill ${this.#run}`, false)), acknowledgements, calls: 0, workerKills }
  }

  /** Runs the process over the faulty disk, with a fault at the given call, until the power is cut. */
  async cutPower({ rounds, ...fault }: FaultyLife): Promise<KillOutcome> {
    this.#nextSeed()
    const env = { ...process.env, ...faultyDiskVariables(this.#folder, fault) }
    const acknowledgements = await this.#live({ rounds: String(rounds), kill: undefined, env })
    const calls = Number(await readFile(join(this.#folder, 'count'), 'utf8').catch(() => '0'))
    return {
      ...(await this.#check(`call ${fault.at ?? 'none'} ${fault.kind} then ${fault.cut}`, false)),
      acknowledgements,
      calls,
    }
  }

  /** Lets a last process answer everybody and finish everything: now it must all have happened exactly once. */
  async settle(): Promise<KillOutcome> {
    this.#nextSeed()
    const acknowledgements = await this.#live({ rounds: 'settle', kill: undefined, env: process.env })
    return { ...(await this.#check('in the end', true)), acknowledgements, calls: 0 }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  #nextSeed(): number {
    this.#run += 1
    return this.#init.seed * 1_000 + this.#run
  }

  async #live({ rounds, kill, env }: LifeInit): Promise<number> {
    this.#workerKills = 0
    const retry = join(this.#folder, 'retry')
    writeFileSync(retry, [...this.#unanswered.values()].map((sent) => JSON.stringify(sent)).join('\n'))
    const seed = String(this.#init.seed * 1_000 + this.#run)
    const args = [join(this.#folder, 'data'), seed, String(this.#run), rounds, this.#init.plant, retry, this.#bankPath]
    const text = await runChild([CHILD, ...args], { kill, env })
    let acknowledgements = 0
    // The last line may have been cut by the kill.
    for (const line of text.split('\n').slice(0, -1)) acknowledgements += this.#read(line)
    return acknowledgements
  }

  #read(line: string): number {
    const [kind = '', id = '', account = ''] = line.split(' ', 3)
    if (kind === 'd') {
      const command = JSON.parse(line.split(' ').slice(3).join(' ')) as SentCommand['command']
      this.#unanswered.set(id, { account, command })
    }
    if (kind === 'W') this.#workerKills += 1
    if (kind === 'R') this.#told.push({ account: id, handled: Number(account) })
    if (kind !== 'D') return 0
    this.#acknowledged.set(id, this.#unanswered.get(id)?.account ?? '')
    this.#unanswered.delete(id)
    return 1
  }

  get #bankPath(): string {
    return join(this.#folder, 'bank')
  }

  async #check(name: string, isSettled: boolean): Promise<{ readonly failures: readonly string[] }> {
    const failures: string[] = []
    try {
      const data = await openDataDirectory(
        { fileSystem: createNodeFileSystem(), random: createSystemRandom() },
        { path: join(this.#folder, 'data') },
      )
      try {
        const state = await readJournal(await data.openEventLog('actors'))
        const bank = existsSync(this.#bankPath) ? (await readFile(this.#bankPath, 'utf8')).split('\n').slice(0, -1) : []
        const acknowledged = [...this.#acknowledged].map(([key, account]) => ({ key, account }))
        failures.push(...checkAccounts(state, { acknowledged, told: this.#told, bank, isSettled }))
        if (isSettled && state.actors.size !== ACCOUNTS) failures.push(`${state.actors.size} accounts are left`)
        if (isSettled && this.#unanswered.size > 0) failures.push(`${this.#unanswered.size} commands were not answered`)
      } finally {
        await data.close()
      }
    } catch (error: unknown) {
      failures.push(`the next start failed: ${String(error)}`)
    }
    return { failures: failures.map((what) => `seed ${this.#init.seed} ${name}: ${what}`) }
  }
}

type LifeInit = {
  readonly rounds: string
  /** So long after so many acknowledgements the process is killed; `undefined`: it ends by itself. */
  readonly kill: { readonly acknowledgements: number; readonly delayMs: number } | undefined
  readonly env: NodeJS.ProcessEnv
}

/** What the process said until it was gone. */
async function runChild(args: readonly string[], { kill, env }: Pick<LifeInit, 'kill' | 'env'>): Promise<string> {
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  let complaints = ''
  let acknowledgements = 0
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => {
    const said = chunk.toString()
    text += said
    acknowledgements += said.split('\nD ').length - 1
    if (kill === undefined || acknowledgements < kill.acknowledgements) return
    setTimeout(() => child.kill('SIGKILL'), kill.delayMs)
  })
  await new Promise<void>((resolve) => void child.on('close', () => resolve()))
  if (complaints !== '' && !complaints.includes('Warning')) throw new Error(`The process complained: ${complaints}`)
  return text
}
