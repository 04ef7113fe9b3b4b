import {
  ALLOW,
  answer,
  argumentAt,
  assembleFilter,
  CALL_ARCHITECTURE,
  CALL_NUMBER,
  failWith,
  type FilterInstruction,
  KILL,
  load,
  unlessEqual,
  whenAnyBit,
  whenAtLeast,
  whenEqual,
} from './filter-program.ts'
import { DENIED_CALLS, JUDGED_CALLS, type SystemCall } from './system-calls.ts'

export type FilterArchitecture = 'x64' | 'arm64'

export type SystemCallFilterInit = {
  readonly architecture: FilterArchitecture
  /** Whether memory that is nowhere mapped is counted. Where it is not, there is none. */
  readonly countsUnmappedMemory: boolean
}

const NOT_PERMITTED = failWith(1)
const NO_SUCH_CALL = failWith(38)
const NO_SUCH_FAMILY = failWith(97)

/** How the kernel names an architecture in what it tells of a call. */
const ARCHITECTURES: Readonly<Record<FilterArchitecture, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 }
/** Numbers from here on are calls of the same kernel under another table. */
const X32_FROM = 0x4000_0000
/** Every `CLONE_NEW...`. */
const NEW_NAMESPACES = 0x7e02_0080
/** Put characters into the input of a terminal, as if somebody typed them: for a shell that waits outside of the sandbox. */
const TERMINAL_INPUT = [0x5412, 0x541c]
/** Unix, and both of the internet, which leads no further than the sandbox's own loopback. */
const SOCKET_FAMILIES = [1, 2, 10]
/** None, and the question which one it is. */
const PERSONALITIES = [0, 0xffff_ffff]

/**
 * The filter of system calls: what is denied fails with `EPERM`, so that programs that merely try go on; a call of another architecture ends the program, because its numbers mean other
 * calls. All else is allowed: the program has no capabilities, and namespaces of its own.
 */
export function systemCallFilter(init: SystemCallFilterInit): Uint8Array {
  const { architecture } = init
  const of = (call: SystemCall): number => call[architecture]
  const denied = DENIED_CALLS.flatMap(({ calls }) => calls.map(of)).filter((number) => number !== 0)
  if (!init.countsUnmappedMemory) denied.push(of(JUDGED_CALLS.memfd_create))
  return assembleFilter([
    load(CALL_ARCHITECTURE),
    unlessEqual(ARCHITECTURES[architecture]),
    answer(KILL),
    load(CALL_NUMBER),
    ...(architecture === 'x64' ? [whenAtLeast(X32_FROM, 1), answer(KILL)] : []),
    ...denied.flatMap((number) => [whenEqual(number, 1), answer(NOT_PERMITTED)]),
    // Its flags lie in memory, where no filter can read them. Programs then use `clone`.
    whenEqual(of(JUDGED_CALLS.clone3), 1),
    answer(NO_SUCH_CALL),
    ...judge(of(JUDGED_CALLS.clone), 0, [whenAnyBit(NEW_NAMESPACES, 1), answer(NOT_PERMITTED), answer(ALLOW)]),
    ...judge(of(JUDGED_CALLS.ioctl), 1, [
      ...TERMINAL_INPUT.flatMap((request) => [whenEqual(request, 1), answer(NOT_PERMITTED)]),
      answer(ALLOW),
    ]),
    ...judge(of(JUDGED_CALLS.socket), 0, allowOnly(SOCKET_FAMILIES, NO_SUCH_FAMILY)),
    ...judge(of(JUDGED_CALLS.personality), 0, allowOnly(PERSONALITIES, NOT_PERMITTED)),
    answer(ALLOW),
  ])
}

/** A call whose argument decides. What follows ends with an answer for all of its cases. */
function judge(number: number, argument: number, verdict: readonly FilterInstruction[]): readonly FilterInstruction[] {
  return [whenEqual(number, verdict.length + 1), load(argumentAt(argument)), ...verdict]
}

function allowOnly(values: readonly number[], refusal: number): readonly FilterInstruction[] {
  return [...values.flatMap((value) => [whenEqual(value, 1), answer(ALLOW)]), answer(refusal)]
}
