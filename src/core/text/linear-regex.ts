import {
  ASSERTIONS,
  hasCode,
  OP_ASSERT,
  OP_JUMP,
  OP_MATCH,
  OP_SPLIT,
  type LinearRegex,
} from './linear-regex-program.ts'

export type RegexMatch = { readonly start: number; readonly end: number }

export type FindMatchesInit = {
  /** Most steps of the machine; 20 million when absent (well under a second). */
  readonly stepsMax?: number
}

const STEPS_MAX_DEFAULT = 20_000_000

/**
 * All non-overlapping matches, leftmost first, with JavaScript's priorities, as `matchAll` gives them; `undefined` when
 * the step limit is reached.
 */
export function findAllMatches(
  regex: LinearRegex,
  text: string,
  init: FindMatchesInit = {},
): readonly RegexMatch[] | undefined {
  const machine = createMachine(regex, text, init.stepsMax ?? STEPS_MAX_DEFAULT)
  const matches: RegexMatch[] = []
  let from = 0
  while (from <= text.length) {
    const match = findFrom(machine, from)
    if (machine.stepsLeft < 0) return undefined
    if (match === undefined) break
    matches.push(match)
    from = match.end === match.start ? match.end + 1 : match.end
  }
  return matches
}

/** Whether the pattern matches somewhere in the text; `undefined` when the step limit is reached. */
export function hasMatch(regex: LinearRegex, text: string, init: FindMatchesInit = {}): boolean | undefined {
  const machine = createMachine(regex, text, init.stepsMax ?? STEPS_MAX_DEFAULT)
  const match = findFrom(machine, 0)
  return machine.stepsLeft < 0 ? undefined : match !== undefined
}

/** Threads in order of priority: program counters and where their match began. */
type Threads = { count: number; readonly counters: Int32Array; readonly starts: Int32Array }

type Machine = {
  readonly regex: LinearRegex
  readonly text: string
  /** Generation in which a counter was last added: a counter runs once per position, the first (best) thread wins. */
  readonly addedIn: Int32Array
  readonly stack: Int32Array
  generation: number
  stepsLeft: number
  readonly lists: readonly [Threads, Threads]
}

function createMachine(regex: LinearRegex, text: string, stepsMax: number): Machine {
  const size = regex.opcodes.length
  const threads = (): Threads => ({ count: 0, counters: new Int32Array(size), starts: new Int32Array(size) })
  return {
    regex,
    text,
    addedIn: new Int32Array(size),
    stack: new Int32Array(2 * size + 2),
    generation: 0,
    stepsLeft: stepsMax,
    lists: [threads(), threads()],
  }
}

function findFrom(machine: Machine, from: number): RegexMatch | undefined {
  const { regex, text } = machine
  let [current, next] = machine.lists
  let best: RegexMatch | undefined
  current.count = 0
  machine.generation += 1
  for (let at = from; ; at++) {
    // A new attempt starts here with the lowest priority, unless an earlier one has already matched.
    if (best === undefined) addThread(machine, current, { counter: 0, start: at, at })
    if (current.count === 0 && best !== undefined) return best
    machine.generation += 1
    next.count = 0
    const code = at < text.length ? text.charCodeAt(at) : -1
    for (let index = 0; index < current.count; index++) {
      const counter = current.counters[index] ?? 0
      const start = current.starts[index] ?? 0
      if (regex.opcodes[counter] === OP_MATCH) {
        best = { start, end: at }
        break // Threads behind this one have a lower priority.
      }
      const set = regex.sets[regex.first[counter] ?? 0]
      if (code >= 0 && set !== undefined && hasCode(set, code))
        addThread(machine, next, { counter: counter + 1, start, at: at + 1 })
    }
    machine.stepsLeft -= current.count + 1
    if (at >= text.length || machine.stepsLeft < 0) return best
    const swapped = current
    current = next
    next = swapped
  }
}

type NewThread = { readonly counter: number; readonly start: number; readonly at: number }

/** Follows jumps, splits and assertions, and appends the instructions that consume or match, best first. */
function addThread(machine: Machine, threads: Threads, { counter, start, at }: NewThread): void {
  const { regex, stack, addedIn } = machine
  let depth = 0
  stack[depth++] = counter
  while (depth > 0) {
    const pc = stack[--depth] ?? 0
    if (addedIn[pc] === machine.generation) continue
    addedIn[pc] = machine.generation
    machine.stepsLeft -= 1
    switch (regex.opcodes[pc]) {
      case OP_JUMP:
        stack[depth++] = regex.first[pc] ?? 0
        break
      case OP_SPLIT:
        stack[depth++] = regex.second[pc] ?? 0
        stack[depth++] = regex.first[pc] ?? 0
        break
      case OP_ASSERT:
        if (holds(regex.first[pc] ?? 0, machine.text, at)) stack[depth++] = pc + 1
        break
      default:
        threads.counters[threads.count] = pc
        threads.starts[threads.count] = start
        threads.count += 1
    }
  }
}

function holds(assertion: number, text: string, at: number): boolean {
  switch (ASSERTIONS[assertion]) {
    case 'start':
      return at === 0
    case 'end':
      return at === text.length
    case 'word-boundary':
      return isWordAt(text, at - 1) !== isWordAt(text, at)
    default:
      return isWordAt(text, at - 1) === isWordAt(text, at)
  }
}

function isWordAt(text: string, at: number): boolean {
  if (at < 0 || at >= text.length) return false
  const code = text.charCodeAt(at)
  return (
    (code >= 0x30 && code <= 0x39) || (code >= 0x41 && code <= 0x5a) || code === 0x5f || (code >= 0x61 && code <= 0x7a)
  )
}
