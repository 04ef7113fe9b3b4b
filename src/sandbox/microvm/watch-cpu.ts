import type { GuestRun } from '../guest/guest-run.ts'
import { type ProcessIdentity, readProcessStat } from '../process/process-identity.ts'

const LOOK_EVERY_MS = 20
const TICK_MS = 10

/** Time of processors is measured at the machine's process, where its guest has no say. What the start took does not count. @returns What ends the watch. */
export function watchCpu({ pid }: ProcessIdentity, guest: GuestRun): NodeJS.Timeout {
  let atStart: number | undefined
  return setInterval(() => {
    if (!guest.hasStarted) return
    const ticks = readProcessStat(`/proc/${pid}/stat`)?.cpuTicks
    if (ticks === undefined) return
    atStart ??= ticks
    guest.hearCpu((ticks - atStart) * TICK_MS)
  }, LOOK_EVERY_MS)
}
