import {
  ALLOW,
  answer,
  assembleFilter,
  CALL_ARCHITECTURE,
  CALL_NUMBER,
  KILL,
  load,
  unlessEqual,
  whenAtLeast,
  whenEqual,
} from './filter-program.ts'
import { ALWAYS_JUDGED, judgeSockets, NOT_PERMITTED, WATCHED_JUDGED } from './judgements.ts'
import { DENIED_CALLS, JUDGED_CALLS, type SystemCall, UNCOUNTED_CALLS } from './system-calls.ts'

export type FilterArchitecture = 'x64' | 'arm64'

export type SystemCallFilterInit = {
  readonly architecture: FilterArchitecture
  /** Whether memory of which no process has a part is counted too, as control groups do. Where it is not, there is none but what descriptors hold. */
  readonly countsUnmappedMemory: boolean
  /** Whether the sandbox sees paths of this machine. */
  readonly bindsPaths: boolean
  /** Whether it has a way out. */
  readonly hasWayOut: boolean
}

/** How the kernel names an architecture in what it tells of a call. */
const ARCHITECTURES: Readonly<Record<FilterArchitecture, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 }
/** Numbers from here on are calls of the same kernel under another table. */
const X32_FROM = 0x4000_0000

/**
 * The filter of system calls: what is denied fails with `EPERM`, so that programs that merely try go on; a call of another architecture ends the program, because its numbers mean other
 * calls. All else is allowed: the program has no capabilities, and namespaces of its own.
 */
export function systemCallFilter(init: SystemCallFilterInit): Uint8Array {
  const { architecture, countsUnmappedMemory } = init
  const of = (call: SystemCall): number => call[architecture]
  const groups = countsUnmappedMemory ? DENIED_CALLS : [...DENIED_CALLS, ...UNCOUNTED_CALLS]
  const denied = groups.flatMap(({ calls }) => calls.map(of)).filter((number) => number !== 0)
  // A connection to itself may hold tens of megabytes by itself, in buffers that grow as they are used.
  const hasLoopback = countsUnmappedMemory || init.hasWayOut
  const judged = [
    ...ALWAYS_JUDGED,
    ...judgeSockets({ bindsPaths: init.bindsPaths, hasLoopback }),
    ...(countsUnmappedMemory ? [] : WATCHED_JUDGED),
  ].filter(({ call }) => of(JUDGED_CALLS[call]) !== 0)
  return assembleFilter([
    load(CALL_ARCHITECTURE),
    unlessEqual(ARCHITECTURES[architecture]),
    answer(KILL),
    load(CALL_NUMBER),
    ...(architecture === 'x64' ? [whenAtLeast(X32_FROM, 1), answer(KILL)] : []),
    ...denied.flatMap((number) => [whenEqual(number, 1), answer(NOT_PERMITTED)]),
    ...judged.flatMap(({ call, verdict }) => [whenEqual(of(JUDGED_CALLS[call]), verdict.length), ...verdict]),
    answer(ALLOW),
  ])
}
