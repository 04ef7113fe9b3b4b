import { openSync, writeSync } from 'node:fs'
import { CodedError } from '../../src/base/errors.ts'

/** One line to whoever started this process, at once: nothing that was said is lost with the process. */
export function say(line: string): void {
  for (let rest = Buffer.from(`${line}\n`); rest.length > 0;) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error: unknown) {
      // A pipe that the other side reads slowly may be full for a moment.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
    }
  }
}

/** A coded refusal of the disk is what the torture provokes; anything else is a defect. */
export async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    say(`E ${error.code}`)
  }
}

/** Does the work, then cuts the power under the faulty disk; without it nothing is watching, and the process just ends. */
export async function attemptAndEnd(work: () => Promise<void>): Promise<never> {
  await attempt(work)
  const root = process.env['FAULTY_DISK_ROOT']
  if (root !== undefined) openSync(`${root}/.power-cut`, 'w')
  process.exit(0)
}
