import {
  ALLOW,
  answer,
  argumentAt,
  failWith,
  type FilterInstruction,
  load,
  whenAnyBit,
  whenEqual,
} from './filter-program.ts'
import type { JUDGED_CALLS } from './system-calls.ts'

export const NOT_PERMITTED: number = failWith(1)
export const NO_SUCH_CALL: number = failWith(38)
const NO_SUCH_FAMILY = failWith(97)
/** The call does nothing, and says that it did. */
const PASSED_OVER = failWith(0)

/** A call whose arguments decide. What is in `verdict` ends with an answer for all of its cases. */
export type Judgement = {
  readonly call: keyof typeof JUDGED_CALLS
  readonly verdict: readonly FilterInstruction[]
}

const DENY_OR_ALLOW = [answer(NOT_PERMITTED), answer(ALLOW)] as const

/** Every `CLONE_NEW...`. */
const NEW_NAMESPACES = 0x7e02_0080
const CLONE_FILES = 0x400
const CLONE_THREAD = 0x1_0000
/** Put characters into the input of a terminal, as if somebody typed them: for a shell that waits outside of the sandbox. */
const TERMINAL_INPUT = [0x5412, 0x541c]
/** None, and the question which one it is. */
const PERSONALITIES = [0, 0xffff_ffff]
/** `set-uid` and `set-gid`: such a file in a folder of this machine would be run there with rights of its owner. */
const SET_ID = 0o6000
/** `O_CREAT` and what makes a file without a name: without them the mode is not looked at, and may be anything. */
const MAKES_FILE = 0x40_0040

/** What holds in every sandbox. */
export const ALWAYS_JUDGED: readonly Judgement[] = [
  // Its flags lie in memory, where no filter can read them. Programs then use `clone`; those of the other one, `openat`.
  { call: 'clone3', verdict: [answer(NO_SUCH_CALL)] },
  { call: 'openat2', verdict: [answer(NO_SUCH_CALL)] },
  {
    call: 'clone',
    verdict: [
      load(argumentAt(0)),
      whenAnyBit(NEW_NAMESPACES, 1),
      answer(NOT_PERMITTED),
      // A thread with descriptors of its own would have some that nobody finds among those of its process.
      whenAnyBit(CLONE_THREAD, 3),
      whenAnyBit(CLONE_FILES, 1),
      answer(ALLOW),
      ...DENY_OR_ALLOW,
    ],
  },
  { call: 'ioctl', verdict: denyOnly(1, TERMINAL_INPUT) },
  { call: 'personality', verdict: allowOnly(0, PERSONALITIES, NOT_PERMITTED) },
  { call: 'open', verdict: judgeMode(2, 1) },
  { call: 'openat', verdict: judgeMode(3, 2) },
  { call: 'creat', verdict: judgeMode(1) },
  { call: 'mknod', verdict: judgeMode(1) },
  { call: 'mknodat', verdict: judgeMode(2) },
  { call: 'chmod', verdict: judgeMode(1) },
  { call: 'fchmod', verdict: judgeMode(1) },
  { call: 'fchmodat', verdict: judgeMode(2) },
  { call: 'fchmodat2', verdict: judgeMode(2) },
]

const SHARED = 0x01
const ANONYMOUS = 0x20
const SOCKET_LEVEL = 1
/** Sizes of buffers, and the same past the bounds of the system. */
const BUFFER_SIZES = [7, 8, 32, 33]
/** Sends pages of the program's own, which then are nobody's. */
const ZERO_COPY = 60
const SET_PIPE_SIZE = 1_031

/** What holds where memory is counted by adding up processes: a descriptor holds no more than it does by itself. */
export const WATCHED_JUDGED: readonly Judgement[] = [
  {
    call: 'mmap',
    verdict: [
      load(argumentAt(3)),
      // A private mapping is 2, a shared one 1 or 3.
      whenAnyBit(ANONYMOUS, 2),
      whenAnyBit(SHARED, 1),
      ...DENY_OR_ALLOW,
    ],
  },
  {
    call: 'setsockopt',
    verdict: [
      load(argumentAt(1)),
      whenEqual(SOCKET_LEVEL, 1 + 2 * BUFFER_SIZES.length + 2),
      load(argumentAt(2)),
      // To ask for a size is to wish for it: programs go on with what they get.
      ...BUFFER_SIZES.flatMap((size) => [whenEqual(size, 1), answer(PASSED_OVER)]),
      whenEqual(ZERO_COPY, 1),
      ...DENY_OR_ALLOW,
    ],
  },
  { call: 'fcntl', verdict: denyOnly(1, [SET_PIPE_SIZE]) },
]

export type SocketsInit = {
  /** Whether the sandbox sees places of this machine, where sockets of others may lie. */
  readonly bindsPaths: boolean
  /** Whether it may use its own loopback: the way out leads over it. */
  readonly hasLoopback: boolean
}

const UNIX = 1
const INTERNET = [2, 10]
/** Datagrams and raw messages have it, streams and sequences of packets do not. */
const DATAGRAM = 0x2

/**
 * Which sockets there are. A socket of a path is reached also where that can only be read, so that there are none where paths are seen. Pairs remain; a pair of datagram sockets does not, for each
 * of them sends to whatever path it likes.
 */
export function judgeSockets({ bindsPaths, hasLoopback }: SocketsInit): readonly Judgement[] {
  const families = [...(bindsPaths ? [] : [UNIX]), ...(hasLoopback ? INTERNET : [])]
  return [
    { call: 'socket', verdict: allowOnly(0, families, NO_SUCH_FAMILY) },
    ...(bindsPaths
      ? [{ call: 'socketpair' as const, verdict: [load(argumentAt(1)), whenAnyBit(DATAGRAM, 1), ...DENY_OR_ALLOW] }]
      : []),
  ]
}

function allowOnly(argument: number, values: readonly number[], refusal: number): readonly FilterInstruction[] {
  return [
    load(argumentAt(argument)),
    ...values.flatMap((value) => [whenEqual(value, 1), answer(ALLOW)]),
    answer(refusal),
  ]
}

function denyOnly(argument: number, values: readonly number[]): readonly FilterInstruction[] {
  return [
    load(argumentAt(argument)),
    ...values.flatMap((value) => [whenEqual(value, 1), answer(NOT_PERMITTED)]),
    answer(ALLOW),
  ]
}

/** A mode without set-id bits; where `flags` is an argument that says whether a file is made at all, it is asked first. */
function judgeMode(mode: number, flags?: number): readonly FilterInstruction[] {
  const verdict = [load(argumentAt(mode)), whenAnyBit(SET_ID, 1), ...DENY_OR_ALLOW]
  if (flags === undefined) return verdict
  return [load(argumentAt(flags)), whenAnyBit(MAKES_FILE, verdict.length - 1), ...verdict]
}
