import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A server that answers chat completions over the common upstream. */
export type Contestant = {
  readonly name: string
  readonly port: number
  readonly headerLines: string
  readonly model: string
  stop(): Promise<void>
}

const REPOSITORY = fileURLToPath(new URL('../../../', import.meta.url))
const PORTKEY = join(REPOSITORY, 'node_modules/@portkey-ai/gateway/build/start-server.js')

/** Starts a script that prints `port N`. */
export async function startScript(
  file: string,
  args: readonly string[] = [],
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL(file, import.meta.url)), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const port = Number(await readMatch(child, /port (\d+)/))
  return { port, stop: async () => await stopChild(child) }
}

/**
 * The node of this repository as `kernell serve` runs it: policy, cache, a budget and telemetry on, one model behind it. KERNELL_BENCH_PROFILE names a folder
 * for a CPU profile of it.
 */
export async function startKernell(upstreamPort: number): Promise<Contestant & { readonly dataDir: string }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'kernell-bench-'))
  const configFile = join(dataDir, 'config.json')
  writeFileSync(configFile, JSON.stringify(configFor(upstreamPort)))
  const entry = join(REPOSITORY, 'src/cli/main.ts')
  const args = [entry, 'serve', '--port', '0', '--data-dir', join(dataDir, 'node'), '--config', configFile]
  const profile = process.env['KERNELL_BENCH_PROFILE']
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]
  const child = spawn(process.execPath, [...flags, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, OPENAI_API_KEY: undefined, ANTHROPIC_API_KEY: undefined },
  })
  const port = Number(await readMatch(child, /http:\/\/127\.0\.0\.1:(\d+)/))
  const stop = async (): Promise<void> => {
    await stopChild(child)
    rmSync(dataDir, { recursive: true, force: true })
  }
  return { name: 'kernell', port, headerLines: '', model: 'kernell', dataDir, stop }
}

function configFor(upstreamPort: number): object {
  return {
    providers: {
      upstream: { kind: 'openai', baseUrl: `http://127.0.0.1:${upstreamPort}/v1`, models: ['bench-model'] },
    },
    models: {
      'upstream/bench-model': {
        provider: 'upstream',
        model: 'bench-model',
        tier: 'cheap_api',
        prices: { inputUsdPerMillion: 0.15, outputUsdPerMillion: 0.6 },
      },
    },
    budgets: [{ scope: 'tenant:default', window: 'day', limitUsd: '1000000' }],
    telemetry: { consent: true },
  }
}

export async function startProxy(upstreamPort: number): Promise<Contestant> {
  return {
    name: 'proxy',
    headerLines: '',
    model: 'bench-model',
    ...(await startScript('./run-proxy.ts', [String(upstreamPort)])),
  }
}

/** `undefined` when the package is not installed. */
export async function startPortkey(upstreamPort: number): Promise<Contestant | undefined> {
  if (!existsSync(PORTKEY)) return undefined
  const port = await findFreePort()
  const child = spawn(process.execPath, [PORTKEY, `--port=${port}`, '--headless'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  await readMatch(child, /(Ready|running|AI Gateway)/i)
  const headerLines = `authorization: Bearer bench\r\nx-portkey-provider: openai\r\nx-portkey-custom-host: http://127.0.0.1:${upstreamPort}/v1\r\n`
  return { name: 'portkey', port, headerLines, model: 'bench-model', stop: async () => await stopChild(child) }
}

async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** What the child prints until the pattern matches; its first group. Rejects when the child ends before. */
function readMatch(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const read = (piece: Buffer): void => {
      text += piece.toString()
      const match = pattern.exec(text)
      if (match !== null) resolve(match[1] ?? '')
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', read)
    child.on('exit', (code) =>
      reject(new Error(`The process ended with ${code} before it was ready: ${text.slice(-2_000)}`)),
    )
  })
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 15_000)
  await exited
  clearTimeout(timer)
}
