import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import { amountFromNanos, parseAmount } from '../../src/base/money.ts'
import { createSystemClock } from '../../src/node/system-clock.ts'
import { createSystemRandom } from '../../src/node/system-random.ts'
import { createSystemTimers } from '../../src/node/system-timers.ts'
import { createBudgetOwner } from '../../src/router/budgets/budget-owner.ts'
import { CACHE_FLUSH_INTERVAL_MS } from '../../src/router/cache/entry-writer.ts'
import { openDataDirectory } from '../../src/storage/data-directory.ts'
import { createNodeFileSystem } from '../../src/storage/node-file-system.ts'
import { TELEMETRY_FLUSH_INTERVAL_MS_DEFAULT } from '../../src/telemetry/telemetry-pipeline.ts'
import { createTelemetryStore } from '../../src/telemetry/telemetry-store.ts'
import { COMMAND, compileCache } from '../build/build-package.ts'
import { faultyDiskVariables } from './faulty-disk.ts'

const CALLERS = 8
const LIMIT_USD = 1_000
/** Time for writing a batch, on a machine that is busy with other things; what is younger may be lost, and is not looked for. */
const WRITE_MS_MAX = 1_000
const FLUSHED_AFTER_MS = Math.max(CACHE_FLUSH_INTERVAL_MS, TELEMETRY_FLUSH_INTERVAL_MS_DEFAULT) + WRITE_MS_MAX
const REPEATED_PROMPTS_MAX = 20
const START_MS_MAX = 30_000

export type NodeVictimInit = {
  readonly seed: number
  /** Base URL of the provider that answers everything. */
  readonly upstreamUrl: string
}

/** How a node ends. */
export type NodeEnd =
  | { readonly kind: 'kill'; readonly afterMs: number }
  /** At the given changing call of the disk, counted from the start. `ignore`: part of the paths whose syncs do nothing. */
  | { readonly kind: 'power-cut'; readonly shim: string; readonly at: number; readonly ignore?: string }

export type NodeOutcome = {
  readonly failures: readonly string[]
  /** Answers that callers received. */
  readonly answers: number
  /** Answers old enough to be looked for on disk. */
  readonly flushed: number
}

type Answer = { readonly prompt: string; readonly taskId: string; readonly costNanos: bigint; readonly atMs: number }

/** A served node with its data directory: it is started, used by callers in parallel, ended without warning, and looked at. */
export class NodeVictim {
  readonly #folder: string
  readonly #seed: number
  #life = 0
  #costNanos = 0n

  private constructor(folder: string, seed: number) {
    this.#folder = folder
    this.#seed = seed
  }

  static async create({ seed, upstreamUrl }: NodeVictimInit): Promise<NodeVictim> {
    const folder = await mkdtemp(join(tmpdir(), 'kernell-node-torture-'))
    await mkdir(join(folder, 'trash'))
    const prices = { inputUsdPerMillion: 3, outputUsdPerMillion: 7 }
    const config = {
      discover: false,
      providers: { up: { kind: 'openai', baseUrl: upstreamUrl, models: ['steady-1'] } },
      models: { 'up/steady-1': { tier: 'premium_api', prices } },
      telemetry: { consent: true },
      budgets: [{ scope: 'node', window: 'total', limitUsd: LIMIT_USD }],
    }
    writeFileSync(join(folder, 'kernell.jsonc'), JSON.stringify(config))
    return new NodeVictim(folder, seed)
  }

  /** One life and one death; then everything that callers were told must be there, and the next start must succeed. */
  async live(end: NodeEnd): Promise<NodeOutcome> {
    this.#life += 1
    const failures: string[] = []
    const fail = (what: string): void =>
      void failures.push(`seed ${this.#seed} life ${this.#life} (${end.kind}): ${what}`)
    const answers = await this.#useUntilDeath(end)
    const deadMs = performance.now()
    this.#costNanos += answers.reduce((sum, { costNanos }) => sum + costNanos, 0n)
    const flushed = answers.filter(({ atMs }) => deadMs - atMs > FLUSHED_AFTER_MS)
    try {
      for (const what of await this.#lookAtDisk(flushed)) fail(what)
      for (const what of await this.#askAgain(flushed.slice(-REPEATED_PROMPTS_MAX))) fail(what)
    } catch (error: unknown) {
      fail(`the next start failed: ${String(error)}`)
    }
    return { failures, answers: answers.length, flushed: flushed.length }
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
  }

  async #useUntilDeath(end: NodeEnd): Promise<readonly Answer[]> {
    const node = await this.#start(
      end.kind === 'power-cut' ? faultyDiskVariables(this.#folder, { ...end, kind: 'crash', cut: 'lose' }) : {},
    )
    // A power cut may come before the node listens.
    if (node.url === undefined) return []
    const answers: Answer[] = []
    const timer = end.kind === 'kill' ? setTimeout(() => node.child.kill('SIGKILL'), end.afterMs) : undefined
    const callers = Array.from({ length: CALLERS }, async (_, caller) => {
      for (let number = 0; ; number += 1) {
        const prompt = `Say the words of list ${this.#life}-${caller}-${number} in their order.`
        const answer = await ask(node.url ?? '', prompt).catch(() => undefined)
        if (answer === undefined) return
        answers.push({ prompt, taskId: answer.taskId, costNanos: answer.costNanos, atMs: performance.now() })
      }
    })
    await Promise.all(callers)
    clearTimeout(timer)
    // A node that answers no more but lives would be a defect of its own; it is ended either way.
    node.child.kill('SIGKILL')
    await node.ended
    return answers
  }

  async #lookAtDisk(flushed: readonly Answer[]): Promise<readonly string[]> {
    const found: string[] = []
    const random = createSystemRandom()
    const data = await openDataDirectory(
      { fileSystem: createNodeFileSystem(), random },
      { path: join(this.#folder, 'data') },
    )
    try {
      const limits = [
        { scope: 'node', window: 'total', limitNanos: amountFromNanos(BigInt(LIMIT_USD) * 1_000_000_000n) },
      ] as const
      const log = await data.openEventLog('budgets')
      const owner = createBudgetOwner(
        { actors: createActorSystem(), log, clock: createSystemClock(), random, timers: createSystemTimers() },
        { limits },
      )
      await owner.start()
      const counters = owner.inspect().find(({ scope }) => scope === 'node')?.account.counters.total
      const spentNanos = counters?.spentNanos ?? 0n
      if (spentNanos < this.#costNanos) found.push(`callers paid ${this.#costNanos}, the budget knows of ${spentNanos}`)
      if ((counters?.heldNanos ?? 0n) !== 0n) found.push('a reservation is still open')
      found.push(...owner.violations())
      await owner.stop()
      const ids = new Set<string | null>()
      for await (const event of createTelemetryStore(data.store.sublevel('telemetry')).list()) ids.add(event.event_id)
      const lost = flushed.filter(({ taskId }) => !ids.has(taskId))
      if (lost.length > 0) found.push(`${lost.length} of ${flushed.length} records are gone`)
    } finally {
      await data.close()
    }
    return found
  }

  /** Starts on what was left and repeats questions: the cache must know them, so that nothing is paid twice. */
  async #askAgain(flushed: readonly Answer[]): Promise<readonly string[]> {
    const node = await this.#start({})
    if (node.url === undefined) throw new Error(await node.ended)
    let missed = 0
    for (const { prompt } of flushed) if ((await ask(node.url, prompt))?.cache !== 'exact') missed += 1
    node.child.kill('SIGKILL')
    await node.ended
    return missed === 0 ? [] : [`${missed} of ${flushed.length} cached answers are gone`]
  }

  /** The real command. `url` is absent when the process ended before it listened; `ended` gives what it said. */
  async #start(
    environment: NodeJS.ProcessEnv,
  ): Promise<{ child: ChildProcess; url: string | undefined; ended: Promise<string> }> {
    const words = [
      'serve',
      '--json',
      '--port',
      '0',
      '--config',
      'kernell.jsonc',
      '--data-dir',
      join(this.#folder, 'data'),
    ]
    const child = spawn(process.execPath, [COMMAND, ...words], {
      cwd: this.#folder,
      env: {
        PATH: process.env['PATH'],
        HOME: this.#folder,
        XDG_CONFIG_HOME: this.#folder,
        ...compileCache(),
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
    const ended = once(child, 'close').then(() => said)
    // The first line says where it listens, or what is wrong.
    const ready = once(child.stdout, 'data').then(
      ([chunk]) => (JSON.parse(String(chunk).split('\n')[0] ?? '') as { readonly url?: string }).url,
    )
    const deadline = setTimeout(() => child.kill('SIGKILL'), START_MS_MAX)
    const url = await Promise.race([ready, ended.then(() => undefined)]).finally(() => clearTimeout(deadline))
    return { child, url, ended }
  }
}

/** One question over HTTP; `undefined` for anything but a whole answer. Rejects when the node is gone. */
async function ask(
  url: string,
  content: string,
): Promise<{ taskId: string; costNanos: bigint; cache: string } | undefined> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'kernell-premium', messages: [{ role: 'user', content }], max_tokens: 100 }),
  })
  await response.json()
  if (response.status !== 200) return undefined
  const header = (name: string): string => response.headers.get(`x-kernell-${name}`) ?? ''
  return { taskId: header('task-id'), costNanos: parseAmount(header('cost-usd')) ?? 0n, cache: header('cache') }
}
