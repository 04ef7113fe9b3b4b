import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { CodedError } from '../../base/errors.ts'
import { findProgram, needProgram } from '../process/find-program.ts'
import { type ControlGroupPlaces, findControlGroups } from './limits/control-group-places.ts'
import type { FilterArchitecture } from './seccomp/system-call-filter.ts'
import { NOBODY } from './system-view.ts'

/** What of this machine a run is made with. */
export type ConfinedTools = {
  /** As bubblewrap says it. */
  readonly version: string
  readonly bubblewrap: string
  readonly prlimit: string
  readonly mkfifo: string
  /** Needed for a way out alone. */
  readonly nsenter: string | undefined
  readonly architecture: FilterArchitecture
  readonly user: { readonly uid: number; readonly gid: number } | undefined
  readonly controlGroups: ControlGroupPlaces | undefined
}

export type FindToolsInit = {
  readonly useControlGroups: boolean
  /** Path of bubblewrap, where the operator says it. */
  readonly bubblewrap: string | undefined
}

/** What this machine has of what a run is made with. Throws `SANDBOX_UNAVAILABLE`, which says what is missing. */
export async function findTools({ useControlGroups, bubblewrap: named }: FindToolsInit): Promise<ConfinedTools> {
  const bubblewrap = needProgram('bwrap', named)
  const prlimit = needProgram('prlimit')
  const architecture = process.arch
  if (process.platform !== 'linux' || (architecture !== 'x64' && architecture !== 'arm64'))
    throw new CodedError('SANDBOX_UNAVAILABLE', {
      message: `there is no filter of system calls for the processor ${architecture} under ${process.platform}`,
    })
  const { stdout } = await promisify(execFile)(bubblewrap, ['--version'], { env: {} })
  return {
    bubblewrap,
    prlimit,
    mkfifo: needProgram('mkfifo'),
    nsenter: findProgram('nsenter'),
    architecture,
    user: whomToBe(),
    controlGroups: useControlGroups ? findControlGroups() : undefined,
    version: stdout.trim(),
  }
}

/** Root of this machine is root for its files, also without capabilities, so that programs are nobody. Root of a namespace that has no nobody is somebody else outside, and stays it. */
function whomToBe(): ConfinedTools['user'] {
  if (process.getuid?.() !== 0) return undefined
  const maps = ['uid_map', 'gid_map'].map((name) => readFileSync(`/proc/self/${name}`, 'utf8'))
  return maps.every((map) => mapsNobody(map)) ? { uid: NOBODY, gid: NOBODY } : undefined
}

/** Each line of a map says from which id on, to which one, and how many. */
function mapsNobody(map: string): boolean {
  return map.split('\n').some((line) => {
    const [from = Number.NaN, , count = 0] = line.trim().split(/\s+/).map(Number)
    return NOBODY >= from && NOBODY < from + count
  })
}
