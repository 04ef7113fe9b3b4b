import { readdirSync, readFileSync } from 'node:fs'
import type { SandboxLimits } from '../../../core/sandbox/sandbox-policy.ts'
import { readProcessStat } from '../../process/process-identity.ts'
import { heldByConnections, heldByDescriptors } from './held-by-descriptors.ts'
import type { UsageMeter, UsageSample } from './usage-meter.ts'

export type ProcessScanInit = {
  /** A `/proc` in which the run's processes are, and no others. */
  readonly directory: string
  readonly limits: Pick<SandboxLimits, 'memoryBytes' | 'processes'>
  /** Processes that are not the program's and live there as well. */
  readonly ownProcesses: number
}

const TICK_MS = 10
const KIBIBYTE = 1_024
const PAGES_AND_TABLES = /^(?:RssAnon|RssShmem|VmSwap|VmPTE):/
const TABLES = /^VmPTE:/
const SHARES_OF_PAGES = /^(?:Pss_Anon|Pss_Shmem|SwapPss):/

/**
 * Adds up what the processes of a run use, where no control group does: pages, tables of pages, and what their descriptors may hold. It sees what there is when it looks: memory that came and
 * went in between is not in it, nor the time of a process whose parent did not want to know of its end. Made before the program begins, so that what it was given is not counted as its own.
 */
export class ProcessScan implements UsageMeter {
  private readonly init: ProcessScanInit
  private last: UsageSample = { cpuMs: 0, memoryBytesPeak: 0, isOutOfMemory: false, isOutOfProcesses: false }

  private readonly given: number

  constructor(init: ProcessScanInit) {
    this.init = init
    const given = heldByDescriptors(init.directory, this.list(), 0)
    // One that hides its descriptors from the start is seen at each look.
    this.given = Number.isFinite(given) ? given : 0
  }

  sample(): UsageSample {
    const { directory, limits, ownProcesses } = this.init
    const pids = this.list()
    let ticks = 0
    let threads = 0
    for (const pid of pids) {
      const stat = readProcessStat(`${directory}/${pid}/stat`)
      if (stat === undefined) continue
      ticks += stat.cpuTicks
      threads += stat.threads
    }
    const memory = this.memoryOf(pids)
    this.last = {
      // A process that ended between two looks takes its time with it until its parent has it.
      cpuMs: Math.max(this.last.cpuMs, ticks * TICK_MS),
      memoryBytesPeak: Math.max(this.last.memoryBytesPeak, memory),
      isOutOfMemory: this.last.isOutOfMemory || memory > limits.memoryBytes || this.holdsTooMuch(pids, memory),
      isOutOfProcesses: this.last.isOutOfProcesses || threads > limits.processes + ownProcesses,
    }
    return this.last
  }

  private holdsTooMuch(pids: readonly string[], memory: number): boolean {
    const [first] = pids
    const queued = first === undefined ? 0 : heldByConnections(`${this.init.directory}/${first}`)
    const left = this.init.limits.memoryBytes - memory - queued + this.given
    return heldByDescriptors(this.init.directory, pids, left) > left
  }

  private list(): readonly string[] {
    try {
      return readdirSync(this.init.directory).filter((name) => /^\d+$/.test(name))
    } catch {
      return []
    }
  }

  /** Pages that processes share are first counted for each, which is quick and never too little; where that is too much, their shares are. */
  private memoryOf(pids: readonly string[]): number {
    const { directory, limits } = this.init
    const atMost = sum(pids, (pid) => kibibytesIn(`${directory}/${pid}/status`, PAGES_AND_TABLES))
    if (atMost <= limits.memoryBytes) return atMost
    const tables = sum(pids, (pid) => kibibytesIn(`${directory}/${pid}/status`, TABLES))
    return tables + sum(pids, (pid) => kibibytesIn(`${directory}/${pid}/smaps_rollup`, SHARES_OF_PAGES))
  }
}

function sum(pids: readonly string[], of: (pid: string) => number): number {
  return pids.reduce((total, pid) => total + of(pid), 0)
}

function kibibytesIn(path: string, name: RegExp): number {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch {
    return 0
  }
  let total = 0
  for (const line of text.split('\n')) if (name.test(line)) total += Number(/(\d+) kB/.exec(line)?.[1] ?? 0)
  return total * KIBIBYTE
}
