import { readFileSync } from 'node:fs'

/** A process for good: numbers are given out again, a number with the moment of its start is not. */
export type ProcessIdentity = {
  readonly pid: number
  /** Ticks of the kernel since its boot. */
  readonly startTicks: number
}

export type ProcessStat = {
  /** `R`, `S`, `D`, `Z` and so on. */
  readonly state: string
  readonly parent: number
  readonly threads: number
  readonly startTicks: number
  /** Of it and of those of its children that it waited for, in ticks of a hundredth of a second. */
  readonly cpuTicks: number
}

/** Places of the fields after the name, which may hold blanks and brackets itself. */
const STATE = 0
const PARENT = 1
const USER_TIME = 11
const CHILDREN_SYSTEM_TIME = 14
const THREADS = 17
const START = 19

/** Reads `/proc/PID/stat`, or what has its shape; `undefined` where no such process is. */
export function readProcessStat(path: string): ProcessStat | undefined {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  let cpuTicks = 0
  for (let place = USER_TIME; place <= CHILDREN_SYSTEM_TIME; place += 1) cpuTicks += Number(fields[place])
  return {
    state: fields[STATE] ?? '',
    parent: Number(fields[PARENT]),
    threads: Number(fields[THREADS]),
    startTicks: Number(fields[START]),
    cpuTicks,
  }
}

/** Who a number is now, or `undefined`. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readProcessStat(`/proc/${pid}/stat`)
  return stat === undefined ? undefined : { pid, startTicks: stat.startTicks }
}

/** Whether it still runs. One that has ended and waits for its parent to ask runs no longer. */
export function isRunning({ pid, startTicks }: ProcessIdentity): boolean {
  const stat = readProcessStat(`/proc/${pid}/stat`)
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X'
}

/** Kills it, if it is still the same one. */
export function killProcess(process_: ProcessIdentity): void {
  if (!isRunning(process_)) return
  try {
    process.kill(process_.pid, 'SIGKILL')
  } catch {
    // It ended in between, or is another user's: whoever waits for its end sees which.
  }
}

const LOOK_EVERY_MS = 2

/** Waits until none of them runs. @returns Those that still run after `withinMs`. */
export async function waitUntilGone(
  processes: readonly ProcessIdentity[],
  withinMs: number,
): Promise<readonly ProcessIdentity[]> {
  const until = performance.now() + withinMs
  for (;;) {
    const left = processes.filter(isRunning)
    if (left.length === 0 || performance.now() > until) return left
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
