import { randomUUID } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { identifyProcess, isRunning, killProcess, type ProcessIdentity, waitUntilGone } from './process-identity.ts'

/** What of a run lives outside of this process, so that whoever comes after a crash can take it away. */
export type RunRecord = {
  readonly processes: readonly ProcessIdentity[]
  /** Directories of control groups. */
  readonly controlGroups: readonly string[]
}

export type OwnedRun = {
  /** The run's own directory, this user's alone. The record lies beside, not in it. */
  readonly directory: string
  /** Writes down what the run has; what was written before is replaced. */
  readonly record: (record: RunRecord) => void
  /** Takes the directory and the record away. @returns Paths that are still there. */
  readonly remove: () => readonly string[]
}

/** Variable of what runs before its record is written: the name of the run, which holds the owner's. No program of a sandbox has it. */
export const RUN_VARIABLE = 'KERNELL_SANDBOX_RUN'

/** Namespace of processes, number and start of the owner, and what makes it one of its kind. */
const OWNER = /^(\d+)-(\d+)-(\d+)-[0-9a-f-]+$/
const GONE_WITHIN_MS = 2_000
const PRIVATE = 0o700

/**
 * Directories of runs, each below one that carries the name of the process that made it. A process that is killed takes nothing away; the next one sees by the name that its owner is no
 * more, and does it instead.
 */
export class OwnedRuns {
  /** Name of this owner, which names what it makes elsewhere too, containers for one. */
  readonly owner: string
  private readonly home: string
  private count = 0

  /** `home` is made if it is missing. Throws `SANDBOX_BROKEN` where it is not this user's alone. */
  constructor(home = defaultHome()) {
    const own = identifyProcess(process.pid)
    this.owner = `${processNamespace()}-${process.pid}-${own?.startTicks ?? 0}-${randomUUID()}`
    this.home = home
    // Another user may have put a directory, or a link, of that name into the place where all write.
    if (!isMadePrivate(home))
      throw new CodedError('SANDBOX_BROKEN', { message: `${home} is not a directory of this user alone` })
  }

  /** Directory of this owner, made when something is put there. */
  get directory(): string {
    return join(this.home, this.owner)
  }

  open(): OwnedRun {
    this.count += 1
    const place = join(this.directory, `run-${this.count}`)
    const directory = join(place, 'directory')
    mkdirSync(directory, { recursive: true, mode: PRIVATE })
    return {
      directory,
      record: (record) => writeFileSync(join(place, 'record.json'), JSON.stringify(record), { mode: 0o600 }),
      remove: () => removeAll(place),
    }
  }

  /**
   * Takes away what owners left that are no more: their processes, control groups and directories. @returns Their names, so that a caller takes away what it named after them, and what is
   * still there.
   */
  async reap(): Promise<{ readonly owners: readonly string[]; readonly leftBehind: readonly string[] }> {
    const namespace = processNamespace()
    const owners = namesIn(this.home).filter((name) => isAbandonedBy(name, namespace))
    const left: string[] = []
    for (const owner of owners) left.push(...(await reapOwner(join(this.home, owner))))
    return { owners, leftBehind: left }
  }

  /** Takes this owner's directory away. @returns What is still there. */
  close(): readonly string[] {
    return removeAll(this.directory)
  }
}

function defaultHome(): string {
  return join(tmpdir(), `kernell-sandbox-${process.getuid?.() ?? 0}`)
}

/** Whether what carries the name of this owner has none any more. */
export function isAbandoned(owner: string): boolean {
  return isAbandonedBy(owner, processNamespace())
}

function isMadePrivate(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true, mode: PRIVATE })
    const stat = lstatSync(directory)
    return stat.isDirectory() && stat.uid === process.getuid?.() && (stat.mode & 0o077) === 0
  } catch {
    return false
  }
}

/** Containers may share the directory and not the numbers of processes: of what another one left, nothing is known here. */
function isAbandonedBy(name: string, namespace: string): boolean {
  const [, space, pid, startTicks] = OWNER.exec(name) ?? []
  return space === namespace && !isRunning({ pid: Number(pid), startTicks: Number(startTicks) })
}

function processNamespace(): string {
  return /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
}

/** Somebody else may be taking the directory away. */
function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

async function reapOwner(directory: string): Promise<readonly string[]> {
  const left: string[] = []
  const marked = markedBy(basename(directory))
  for (const each of marked) killProcess(each)
  left.push(...(await waitUntilGone(marked, GONE_WITHIN_MS)).map(({ pid }) => `process ${pid}`))
  for (const run of namesIn(directory)) {
    const { processes, controlGroups } = readRecord(join(directory, run, 'record.json'))
    for (const each of processes) killProcess(each)
    const stuck = await waitUntilGone(processes, GONE_WITHIN_MS)
    left.push(...stuck.map(({ pid }) => `process ${pid}`), ...controlGroups.filter((path) => !removeGroup(path)))
  }
  // The record stays while something of it does, so that a later start tries again.
  return left.length > 0 ? left : removeAll(directory)
}

/** Processes whose environment names a run of this owner. Those of other users cannot be read, and are not ours. */
function markedBy(owner: string): readonly ProcessIdentity[] {
  return namesIn('/proc').flatMap((name): readonly ProcessIdentity[] => {
    if (!/^\d+$/.test(name)) return []
    try {
      if (!readFileSync(`/proc/${name}/environ`, 'latin1').includes(`${RUN_VARIABLE}=kernell-sandbox-${owner}-`))
        return []
    } catch {
      return []
    }
    return [identifyProcess(Number(name))].filter((each) => each !== undefined)
  })
}

/** A record that was cut off by a crash says nothing: it is written before what it names begins to work. */
function readRecord(path: string): RunRecord {
  const nothing: RunRecord = { processes: [], controlGroups: [] }
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return isRecord(value) ? value : nothing
  } catch {
    return nothing
  }
}

function isRecord(value: unknown): value is RunRecord {
  if (typeof value !== 'object' || value === null) return false
  const { processes, controlGroups } = value as Record<string, unknown>
  return (
    Array.isArray(processes) &&
    processes.every(isIdentity) &&
    Array.isArray(controlGroups) &&
    controlGroups.every((path) => typeof path === 'string' && path.startsWith('/sys/fs/cgroup/'))
  )
}

function isIdentity(value: unknown): value is ProcessIdentity {
  if (typeof value !== 'object' || value === null) return false
  const { pid, startTicks } = value as Record<string, unknown>
  return Number.isSafeInteger(pid) && Number(pid) > 1 && Number.isSafeInteger(startTicks)
}

/** Whether the group is no more. One that holds processes refuses. */
function removeGroup(path: string): boolean {
  try {
    rmdirSync(path)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}

/** Links in it are taken away and never followed. */
function removeAll(path: string): readonly string[] {
  try {
    rmSync(path, { recursive: true, force: true })
    return []
  } catch {
    return [path]
  }
}
