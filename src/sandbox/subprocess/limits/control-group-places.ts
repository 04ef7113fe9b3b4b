import { accessSync, constants, mkdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

/** Directories below which groups can be made here. In the first version each controller has a tree of its own. */
export type ControlGroupPlaces = {
  readonly version: 1 | 2
  readonly memory: string
  readonly pids: string
  readonly cpu: string
}

const CONTROLLERS_V1 = ['memory', 'pids', 'cpuacct'] as const
const NAME = 'kernell-sandbox'

/** Where this process may make control groups that limit memory and processes; `undefined` where it may not, which is usual for a user who is not root. */
export function findControlGroups(): ControlGroupPlaces | undefined {
  const places = placesV2() ?? placesV1()
  if (places === undefined) return undefined
  const directories = new Set([places.memory, places.pids, places.cpu])
  return [...directories].every(canMakeGroup) ? places : undefined
}

type Mount = {
  readonly root: string
  readonly point: string
  readonly type: string
  readonly options: readonly string[]
}

function readMounts(): readonly Mount[] {
  return readLines('/proc/self/mountinfo').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ')
    const [, , , root, point] = before.split(' ')
    const [type, , options] = after.split(' ')
    if (root === undefined || point === undefined || type === undefined) return []
    return [{ root, point, type, options: options?.split(',') ?? [] }]
  })
}

/** The group that this process is in, by controller; the second version has no name. */
function ownGroup(controller: string): string | undefined {
  for (const line of readLines('/proc/self/cgroup')) {
    const [, names = '', path] = line.split(':')
    if (names.split(',').includes(controller)) return path
  }
  return undefined
}

/** The own group, which a service manager may have handed over, or else the root of the tree. Both need the controllers for their children. */
function placesV2(): ControlGroupPlaces | undefined {
  const mount = readMounts().find(({ type }) => type === 'cgroup2')
  const own = ownGroup('')
  if (mount === undefined || own === undefined) return undefined
  for (const path of [own, '/']) {
    const directory = below(mount, path)
    if (directory === undefined) continue
    const children = readLines(join(directory, 'cgroup.subtree_control')).join(' ').split(' ')
    if (['memory', 'pids'].every((controller) => children.includes(controller)))
      return { version: 2, memory: directory, pids: directory, cpu: directory }
  }
  return undefined
}

function placesV1(): ControlGroupPlaces | undefined {
  const mounts = readMounts().filter(({ type }) => type === 'cgroup')
  const [memory, pids, cpu] = CONTROLLERS_V1.map((controller) => {
    const mount = mounts.find(({ options }) => options.includes(controller))
    const own = ownGroup(controller)
    return mount === undefined || own === undefined ? undefined : below(mount, own)
  })
  if (memory === undefined || pids === undefined || cpu === undefined) return undefined
  return { version: 1, memory, pids, cpu }
}

/** A group's directory, where this mount shows it. */
function below({ root, point }: Mount, path: string): string | undefined {
  if (root === '/') return join(point, path)
  return path === root || path.startsWith(`${root}/`) ? join(point, path.slice(root.length)) : undefined
}

/** Says whether a group can be made and a process put into it, by making one: rights, read-only mounts and rules of the second version all show there. */
function canMakeGroup(parent: string): boolean {
  const directory = join(parent, `${NAME}-try-${process.pid}`)
  try {
    mkdirSync(directory)
  } catch {
    return false
  }
  try {
    accessSync(join(directory, 'cgroup.procs'), constants.W_OK)
    return true
  } catch {
    return false
  } finally {
    rmdirSync(directory)
  }
}

function readLines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
  } catch {
    return []
  }
}
