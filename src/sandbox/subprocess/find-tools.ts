import { execFile } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { promisify } from 'node:util'
import { CodedError } from '../../base/errors.ts'
import type { ConfinedTools } from './confined-run.ts'
import { findControlGroups } from './limits/control-group-places.ts'
import { NOBODY } from './system-view.ts'

/** Where systems put programs. The caller's `PATH` is not asked: what stands there may be anybody's. */
const PLACES = ['/usr/bin', '/bin', '/usr/local/bin', '/run/current-system/sw/bin']

/** What this machine has of what a run is made with. Throws `SANDBOX_UNAVAILABLE`, which says what is missing. */
export async function findTools(useControlGroups: boolean): Promise<ConfinedTools> {
  const bubblewrap = find('bwrap')
  const prlimit = find('prlimit')
  const architecture = process.arch
  if (process.platform !== 'linux' || (architecture !== 'x64' && architecture !== 'arm64'))
    throw new CodedError('SANDBOX_UNAVAILABLE', {
      message: `there is no filter of system calls for the processor ${architecture} under ${process.platform}`,
    })
  const { stdout } = await promisify(execFile)(bubblewrap, ['--version'], { env: {} })
  return {
    bubblewrap,
    prlimit,
    architecture,
    // Root of this machine is root for its files, also without capabilities.
    user: process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined,
    controlGroups: useControlGroups ? findControlGroups() : undefined,
    version: stdout.trim(),
  }
}

function find(name: string): string {
  for (const place of PLACES) {
    const path = `${place}/${name}`
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // It may be in the next place.
    }
  }
  throw new CodedError('SANDBOX_UNAVAILABLE', { message: `${name} is not installed` })
}
