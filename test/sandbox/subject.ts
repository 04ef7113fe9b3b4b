import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SandboxSubject } from '../../src/testing/index.ts'

/** What the suite's environment holds: one variable that a policy names, and one that none does. */
export const SUITE_ENVIRONMENT = {
  SANDBOX_CASE_NAMED: 'named value',
  SANDBOX_CASE_SECRET: 'secret value',
} as const

export type Listener = SandboxSubject['listener'] & { readonly close: () => Promise<void> }

/** Waits on a port of this machine, and counts who comes. */
export async function openListener(): Promise<Listener> {
  let connections = 0
  const server: Server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('a port has a number')
  return {
    port: address.port,
    connections: () => connections,
    close: async () => {
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A directory for records of runs, and what is in it beside the directory of its owner. */
export async function openHome(): Promise<{
  readonly path: string
  readonly runs: () => Promise<readonly string[]>
  readonly remove: () => Promise<void>
}> {
  const path = await mkdtemp(join(tmpdir(), 'kernell-sandbox-test-'))
  return {
    path,
    runs: async () => {
      const owners = await readdir(path)
      const runs = await Promise.all(owners.map(async (owner) => await readdir(join(path, owner))))
      return runs.flat()
    },
    remove: async () => await rm(path, { recursive: true, force: true }),
  }
}

/** Descendants of this process with this name. */
export async function descendants(name: string): Promise<readonly string[]> {
  const parents = new Map<string, string>()
  const named: string[] = []
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
    const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    if (state === undefined || parent === undefined || state === 'Z' || pid === String(process.pid)) continue
    parents.set(pid, parent)
    if (stat.includes(`(${name})`)) named.push(pid)
  }
  const isOurs = (pid: string | undefined): boolean =>
    pid !== undefined && (pid === String(process.pid) || isOurs(parents.get(pid)))
  return named.filter(isOurs).map((pid) => `process ${pid} (${name})`)
}

/** Control groups of this process's sandboxes. */
export async function controlGroups(): Promise<readonly string[]> {
  const found: string[] = []
  for (const line of (await readFile('/proc/self/cgroup', 'utf8')).split('\n')) {
    const [, controllers = '', path] = line.split(':')
    for (const root of [`/sys/fs/cgroup/${controllers}`, '/sys/fs/cgroup']) {
      const names = await readdir(join(root, path ?? '')).catch(() => [])
      found.push(...names.filter((name) => name.startsWith('kernell-sandbox-') && name.includes(`-${process.pid}-`)))
    }
  }
  return found
}
