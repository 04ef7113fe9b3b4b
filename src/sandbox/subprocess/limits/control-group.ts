import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SandboxLimits } from '../../../core/sandbox/sandbox-policy.ts'
import type { ControlGroupPlaces } from './control-group-places.ts'
import type { UsageMeter, UsageSample } from './usage-meter.ts'

export type ControlGroupInit = {
  readonly places: ControlGroupPlaces
  readonly name: string
  readonly limits: Pick<SandboxLimits, 'memoryBytes' | 'processes'>
  /** Processes that are not the program's and live in the group as well. */
  readonly ownProcesses: number
}

/** Names of what is read and written, which differ between the versions, and nothing else does. */
const FILES = {
  1: {
    memoryMax: 'memory.limit_in_bytes',
    swapMax: 'memory.memsw.limit_in_bytes',
    memoryPeak: 'memory.max_usage_in_bytes',
    memoryEvents: 'memory.oom_control',
    cpu: 'cpuacct.usage',
  },
  2: {
    memoryMax: 'memory.max',
    swapMax: 'memory.swap.max',
    memoryPeak: 'memory.peak',
    memoryEvents: 'memory.events',
    cpu: 'cpu.stat',
  },
} as const

const REMOVE_TRIES = 50
const REMOVE_EVERY_MS = 4

/** A control group of one run: the kernel holds memory and processes to their limits, and counts all that ever ran in it. */
export class ControlGroup implements UsageMeter {
  readonly directories: readonly string[]
  private readonly version: 1 | 2
  private readonly memory: string
  private readonly pids: string
  private readonly cpu: string
  private last: UsageSample = { cpuMs: 0, memoryBytesPeak: 0, isOutOfMemory: false, isOutOfProcesses: false }

  /** Makes it, with nothing in it. Throws what the file system throws. */
  constructor({ places, name, limits, ownProcesses }: ControlGroupInit) {
    this.version = places.version
    this.memory = join(places.memory, name)
    this.pids = join(places.pids, name)
    this.cpu = join(places.cpu, name)
    this.directories = [...new Set([this.memory, this.pids, this.cpu])]
    try {
      this.make(limits, ownProcesses)
    } catch (error) {
      for (const directory of this.directories) remove(directory)
      throw error
    }
  }

  private make(limits: ControlGroupInit['limits'], ownProcesses: number): void {
    for (const directory of this.directories) mkdirSync(directory)
    const files = FILES[this.version]
    writeFileSync(join(this.memory, files.memoryMax), String(limits.memoryBytes))
    // Without swap in the kernel there is no such file, and no need of it.
    const swap = this.version === 1 ? limits.memoryBytes : 0
    tryWrite(join(this.memory, files.swapMax), String(swap))
    writeFileSync(join(this.pids, 'pids.max'), String(limits.processes + ownProcesses))
  }

  /** Puts a process in; what it starts from then on is in it too. */
  add(pid: number): void {
    for (const directory of this.directories) writeFileSync(join(directory, 'cgroup.procs'), String(pid))
  }

  sample(): UsageSample {
    const files = FILES[this.version]
    const cpu = read(join(this.cpu, files.cpu))
    if (cpu === undefined) return this.last
    const cpuMs = this.version === 1 ? Number(cpu) / 1e6 : counterIn(cpu, 'usage_usec') / 1e3
    this.last = {
      cpuMs,
      memoryBytesPeak: Number(read(join(this.memory, files.memoryPeak)) ?? 0),
      isOutOfMemory: counterIn(read(join(this.memory, files.memoryEvents)), 'oom_kill') > 0,
      isOutOfProcesses: counterIn(read(join(this.pids, 'pids.events')), 'max') > 0,
    }
    return this.last
  }

  /** Takes it away once its processes are gone. @returns Directories that are still there. */
  async remove(): Promise<readonly string[]> {
    // What counts lags a little behind the processes' end.
    for (let tries = 0; tries < REMOVE_TRIES; tries += 1) {
      const left = this.directories.filter((directory) => !remove(directory))
      if (left.length === 0) return []
      await new Promise((resolve) => setTimeout(resolve, REMOVE_EVERY_MS))
    }
    return this.directories.filter((directory) => !remove(directory))
  }
}

function remove(directory: string): boolean {
  try {
    rmdirSync(directory)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT'
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function tryWrite(path: string, text: string): void {
  try {
    writeFileSync(path, text)
  } catch {
    // The kernel has no such limit.
  }
}

/** The number after a name, in lines of `name number`. */
function counterIn(text: string | undefined, name: string): number {
  const line = text?.split('\n').find((each) => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}
