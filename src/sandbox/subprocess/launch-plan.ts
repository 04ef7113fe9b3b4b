import type { ProgramDescriptor } from '../process/host-program.ts'
import type { SandboxFile, SandboxRequest } from '../../ports/sandbox-runtime.ts'
import type { BoundPath } from './bound-paths.ts'
import { ETC_FILES, NOBODY, systemViewArguments, TEMPORARY, WORK } from './system-view.ts'
import { roundUp } from './work-directory.ts'

export type LaunchPlanInit = {
  readonly request: SandboxRequest
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly bound: readonly BoundPath[]
  readonly filter: Uint8Array
  /** Whether memory that belongs to no process is counted. */
  readonly countsUnmappedMemory: boolean
  /** Descriptor of ours that is the gate. */
  readonly gate: number
}

/** How bubblewrap is called, and what hangs on its descriptors. */
export type LaunchPlan = { readonly args: readonly string[]; readonly descriptors: readonly ProgramDescriptor[] }

/** Descriptors that every launch has, in this order from 3 on. */
export const ARGUMENTS = 3
/** It waits until something is written here. */
export const GATE = 4
/** It says here which process the program's namespace begins with. */
export const INFO = 5
/** It says here what the program ended with, if it ever began. */
export const STATUS = 6
const FILTER = 7
const FIRST_FREE = 8

const FILE = 0o644
const EXECUTABLE_FILE = 0o755
/** What a page more than the limit is for: whoever fills it has gone beyond, and is seen. */
const SPARE_BYTES = 65_536

/** All options go through a descriptor: what is on a command line can be read by everybody on the machine, and values of variables are among them. */
export function planLaunch(init: LaunchPlanInit): LaunchPlan {
  const { request, argv, environment, bound, filter, countsUnmappedMemory, gate } = init
  const files = request.files ?? []
  const descriptors: ProgramDescriptor[] = []
  const place = (descriptor: ProgramDescriptor): string => String(FIRST_FREE + descriptors.push(descriptor) - 1)
  const options = [
    ...words(
      '--unshare-all',
      '--unshare-user',
      '--die-with-parent',
      '--new-session',
      '--clearenv',
      '--cap-drop',
      'ALL',
    ),
    ...words('--uid', String(NOBODY), '--gid', String(NOBODY), '--hostname', 'sandbox'),
    ...systemViewArguments({ bound: bound.map(({ path }) => path), countsUnmappedMemory }),
    ...Object.entries(ETC_FILES).flatMap(([path, text]) => [
      ...words(
        '--perms',
        '0444',
        '--ro-bind-data',
        place({ kind: 'give', bytes: new TextEncoder().encode(text) }),
        path,
      ),
    ]),
    ...words('--size', String(sizeOf(request.policy.limits.diskBytes, files)), '--tmpfs', WORK, '--dir', TEMPORARY),
    ...files.flatMap(({ path, bytes, isExecutable }) => [
      ...words('--perms', (isExecutable === true ? EXECUTABLE_FILE : FILE).toString(8).padStart(4, '0')),
      ...words('--file', place({ kind: 'give', bytes }), `${WORK}/${path}`),
    ]),
    ...bound.flatMap(({ path, isWritable, descriptor }) => [
      isWritable ? '--bind-fd' : '--ro-bind-fd',
      place({ kind: 'share', descriptor }),
      path,
    ]),
    ...words('--remount-ro', '/', '--chdir', WORK),
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    ...words('--block-fd', String(GATE), '--info-fd', String(INFO), '--json-status-fd', String(STATUS)),
    ...words('--seccomp', String(FILTER)),
  ]
  return {
    args: ['--args', String(ARGUMENTS), '--', ...argv],
    descriptors: [
      { kind: 'give', bytes: new TextEncoder().encode(options.map((option) => `${option}\0`).join('')) },
      { kind: 'share', descriptor: gate },
      { kind: 'take' },
      { kind: 'take' },
      { kind: 'give', bytes: filter },
      ...descriptors,
    ],
  }
}

/** An option with its words, on one line. */
function words(...each: readonly string[]): readonly string[] {
  return each
}

/** Size of the file system that it writes to, bytes. */
export function sizeOf(diskBytes: number, files: readonly SandboxFile[]): number {
  const given = files.reduce((sum, { bytes }) => sum + roundUp(bytes.length), 0)
  return given + roundUp(diskBytes) + SPARE_BYTES
}
