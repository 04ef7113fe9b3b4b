import { readdirSync, readFileSync } from 'node:fs'

/** Processes that a process has started and that still run, by their numbers. Linux says so; elsewhere it is not known, and empty. */
export function childrenOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
    )
  } catch {
    return []
  }
}
