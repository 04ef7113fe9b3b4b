import { readdirSync, readFileSync } from 'node:fs'

const CLOSED_ON_EXEC = 0o2_000_000
const FIRST_FREE = 3

/**
 * Descriptors that a program of ours would inherit though nobody means it: whoever started this process left them open, a shell or a service manager. Node marks the low ones so that they
 * close, and no others.
 */
export function inheritedDescriptors(): readonly number[] {
  return readdirSync('/proc/self/fdinfo')
    .map(Number)
    .filter((descriptor) => descriptor >= FIRST_FREE && isInherited(descriptor))
}

function isInherited(descriptor: number): boolean {
  let text: string
  try {
    text = readFileSync(`/proc/self/fdinfo/${descriptor}`, 'latin1')
  } catch {
    // That was the one by which the directory was read.
    return false
  }
  const flags = /^flags:\t([0-7]+)$/m.exec(text)?.[1] ?? '0'
  return (Number.parseInt(flags, 8) & CLOSED_ON_EXEC) === 0
}
