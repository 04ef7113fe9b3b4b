import { accessSync, constants } from 'node:fs'
import { CodedError } from '../../base/errors.ts'

/** Where systems put programs. The caller's `PATH` is not asked: what stands there may be anybody's. */
const PLACES = ['/usr/bin', '/bin', '/usr/local/bin', '/run/current-system/sw/bin']

/** Path of a program: the one that the operator names, or else the first of its name where systems put theirs. */
export function findProgram(name: string, named?: string): string | undefined {
  const paths = named === undefined ? PLACES.map((place) => `${place}/${name}`) : [named]
  return paths.find((path) => isExecutable(path))
}

/** The same; throws `SANDBOX_UNAVAILABLE` where there is none. */
export function needProgram(name: string, named?: string): string {
  const path = findProgram(name, named)
  if (path !== undefined) return path
  const message = named === undefined ? `${name} is not installed` : `${named} is no program that this user may run`
  throw new CodedError('SANDBOX_UNAVAILABLE', { message })
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
