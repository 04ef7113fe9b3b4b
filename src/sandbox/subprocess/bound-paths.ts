import { closeSync, constants, fstatSync, openSync, readlinkSync } from 'node:fs'
import { CodedError } from '../../base/errors.ts'
import type { SandboxPolicy } from '../../core/sandbox/sandbox-policy.ts'
import { isOwnPlace } from './system-view.ts'

/** Opens a place without its content. Node has no name for it. */
const O_PATH = 0o10_000_000

export type BoundPath = { readonly path: string; readonly isWritable: boolean; readonly descriptor: number }

/**
 * Opens the paths of a policy. What is bound is what was opened and judged: somebody who puts a link there afterwards changes nothing. Writing holds reading, and a path named in both is
 * writable.
 *
 * Throws `SANDBOX_POLICY_INVALID` for a path that is not there, that is or lies behind a link, or that would cover a place of the sandbox itself.
 */
export function openBoundPaths(paths: SandboxPolicy['paths']): readonly BoundPath[] {
  const bound: BoundPath[] = []
  try {
    const write = new Set(paths.write)
    // An outer path comes first, or it would cover the inner one.
    for (const path of [...new Set([...paths.read, ...write])].toSorted())
      bound.push({ path, isWritable: write.has(path), descriptor: open(path) })
    return bound
  } catch (error) {
    closeBoundPaths(bound)
    throw error
  }
}

/** Leads to what was opened, whatever has its name by now. */
export function pathOfBound({ descriptor }: BoundPath): string {
  return `/proc/self/fd/${descriptor}`
}

export function closeBoundPaths(bound: readonly BoundPath[]): void {
  for (const { descriptor } of bound) closeSync(descriptor)
}

function open(path: string): number {
  if (isOwnPlace(path)) refuse(`paths: ${path} is a place of the sandbox itself`)
  let descriptor: number
  try {
    descriptor = openSync(path, O_PATH | constants.O_NOFOLLOW)
  } catch (cause) {
    throw new CodedError('SANDBOX_POLICY_INVALID', { message: `paths: ${path} cannot be opened`, cause })
  }
  const stat = fstatSync(descriptor)
  // Opened so, a link is itself and has its own name.
  const isPlain = !stat.isSymbolicLink() && readlinkSync(`/proc/self/fd/${descriptor}`) === path
  // Whoever can open a pipe or a socket writes to whoever listens, however it is bound.
  if (isPlain && (stat.isFile() || stat.isDirectory())) return descriptor
  closeSync(descriptor)
  return refuse(
    isPlain ? `paths: ${path} is neither a file nor a folder` : `paths: ${path} is a link, or lies behind one`,
  )
}

function refuse(message: string): never {
  throw new CodedError('SANDBOX_POLICY_INVALID', { message })
}
