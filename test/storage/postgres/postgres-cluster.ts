import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'

const START_MS_MAX = 60_000

/** Folder of the server's programs, or `undefined`: PATH, then where Debian keeps them, the newest first. */
export function findPostgres(): string | undefined {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((one, other) => Number(other) - Number(one)) : []
  const places = [...(process.env['PATH'] ?? '').split(':'), ...versions.map((version) => join(debian, version, 'bin'))]
  return places.find((place) => existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')))
}

/** Why no server can be started here, or `undefined`. */
export function whyNoPostgres(): string | undefined {
  if (findPostgres() === undefined) return 'no initdb in PATH or /usr/lib/postgresql'
  return process.getuid?.() === 0 && ownerOf() === undefined
    ? 'a server does not run as root, and there is no user postgres'
    : undefined
}

type Owner = { readonly uid: number; readonly gid: number }

/** Whom the server runs as where this process is root. */
function ownerOf(): Owner | undefined {
  if (process.getuid?.() !== 0) return undefined
  try {
    const idOf = (flag: string): number =>
      Number(execFileSync('id', [flag, 'postgres'], { stdio: ['ignore', 'pipe', 'ignore'] }).toString())
    return { uid: idOf('-u'), gid: idOf('-g') }
  } catch {
    return undefined
  }
}

/** A server of its own on a free port of this machine, with its data in a folder that goes with it. */
export class PostgresCluster {
  readonly folder: string
  readonly port: number
  readonly #bin: string
  readonly #owner: Owner | undefined
  #server: ChildProcess | undefined
  #ended: Promise<unknown> = Promise.resolve()
  #said = ''

  private constructor(bin: string, port: number) {
    this.#bin = bin
    this.port = port
    this.#owner = ownerOf()
    this.folder = mkdtempSync(join(tmpdir(), 'kernell-pg-'))
    if (this.#owner !== undefined) chownSync(this.folder, this.#owner.uid, this.#owner.gid)
  }

  static async start(settings: readonly string[] = []): Promise<PostgresCluster> {
    const bin = findPostgres()
    if (bin === undefined) throw new Error('There is no PostgreSQL here')
    const cluster = new PostgresCluster(bin, await freePort())
    try {
      cluster.#initialise(settings)
      await cluster.startServer()
    } catch (error: unknown) {
      await cluster.remove()
      throw error
    }
    return cluster
  }

  get said(): string {
    return this.#said
  }

  /** As the superuser, without a password. */
  get url(): string {
    return `postgresql://postgres@127.0.0.1:${this.port}/postgres`
  }

  async startServer(): Promise<void> {
    const server = spawn(join(this.#bin, 'postgres'), ['-D', join(this.folder, 'data')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env['PATH'], LC_ALL: 'C' },
      ...this.#owner,
    })
    this.#server = server
    this.#ended = once(server, 'close')
    const isReady = Promise.withResolvers<void>()
    let begun = ''
    server.stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-65_536)
      begun = (begun + chunk.toString()).slice(-4_096)
      if (begun.includes('ready to accept connections')) isReady.resolve()
    })
    const deadline = setTimeout(
      () => isReady.reject(new Error(`The server did not start: ${this.#said}`)),
      START_MS_MAX,
    )
    this.#ended.then(
      () => isReady.reject(new Error(`The server ended: ${this.#said}`)),
      (error: unknown) => isReady.reject(error),
    )
    await isReady.promise.finally(() => clearTimeout(deadline))
  }

  /** `fast` ends connections and then the server; `immediate` is as if it had been killed. */
  async stopServer(mode: 'fast' | 'immediate' = 'fast'): Promise<void> {
    this.#server?.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await this.#ended
    this.#server = undefined
  }

  /** One statement as the superuser. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<readonly Row[]> {
    const client = new Client({ connectionString: this.url })
    await client.connect()
    try {
      return (await client.query<Row>(text, [...values])).rows
    } finally {
      await client.end()
    }
  }

  async remove(): Promise<void> {
    if (this.#server !== undefined) await this.stopServer('immediate')
    rmSync(this.folder, { recursive: true, force: true })
  }

  #initialise(settings: readonly string[]): void {
    const data = join(this.folder, 'data')
    execFileSync(
      join(this.#bin, 'initdb'),
      [
        '-D',
        data,
        '-U',
        'postgres',
        '--auth-local=trust',
        '--auth-host=scram-sha-256',
        '--no-sync',
        '-E',
        'UTF8',
        '--locale=C',
      ],
      { stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env['PATH'], LC_ALL: 'C' }, ...this.#owner },
    )
    const lines = [
      `port = ${this.port}`,
      "listen_addresses = '127.0.0.1'",
      `unix_socket_directories = '${this.folder}'`,
      'max_connections = 200',
      'shared_buffers = 32MB',
      // What is torn here is processes and connections, never power.
      'fsync = off',
      ...settings,
    ]
    writeFileSync(join(data, 'postgresql.auto.conf'), `${lines.join('\n')}\n`)
    // The superuser needs no password, everybody else does.
    writeFileSync(
      join(data, 'pg_hba.conf'),
      'local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n',
    )
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
