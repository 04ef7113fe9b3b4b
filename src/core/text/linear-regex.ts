import { parseRegex, type RegexNode } from './linear-regex-syntax.ts'

/** A compiled pattern: threads of a Pike machine over UTF-16 code units. */
export type LinearRegex = {
  readonly opcodes: Uint8Array
  /** Jump target, first branch of a split, assertion number or index into `sets`. */
  readonly first: Int32Array
  /** Second branch of a split. */
  readonly second: Int32Array
  readonly sets: readonly Uint8Array[]
}

export type RegexMatch = { readonly start: number; readonly end: number }

export type FindMatchesInit = {
  /** Most steps of the machine; 20 million when absent (well under a second). */
  readonly stepsMax?: number
}

const OP_SET = 0
const OP_SPLIT = 1
const OP_JUMP = 2
const OP_ASSERT = 3
const OP_MATCH = 4

const ASSERTIONS = ['start', 'end', 'word-boundary', 'no-word-boundary'] as const
const PROGRAM_LENGTH_MAX = 4000
const STEPS_MAX_DEFAULT = 20_000_000

export type CompileRegexInit = { readonly ignoreCase?: boolean }

/**
 * Compiles a pattern of the subset of `parseRegex`; `undefined` for anything else, and for programs over 4,000
 * instructions. Matching never backtracks, so no pattern can be made to take exponential time (Thompson 1968; the
 * priorities that make the result JavaScript's are Pike's).
 *
 * @param init.ignoreCase  ASCII letters only; a pattern with other letters is then refused.
 */
export function compileLinearRegex(source: string, init: CompileRegexInit = {}): LinearRegex | undefined {
  const tree = parseRegex(source)
  if (tree === undefined) return undefined
  const assembler: Assembler = { opcodes: [], first: [], second: [], sets: [], ignoreCase: init.ignoreCase === true }
  if (!assemble(assembler, tree)) return undefined
  emit(assembler, OP_MATCH)
  return {
    opcodes: Uint8Array.from(assembler.opcodes),
    first: Int32Array.from(assembler.first),
    second: Int32Array.from(assembler.second),
    sets: assembler.sets,
  }
}

type Assembler = {
  readonly opcodes: number[]
  readonly first: number[]
  readonly second: number[]
  readonly sets: Uint8Array[]
  readonly ignoreCase: boolean
}

function emit(assembler: Assembler, opcode: number, operand = 0): number {
  assembler.opcodes.push(opcode)
  assembler.first.push(operand)
  assembler.second.push(0)
  return assembler.opcodes.length - 1
}

/** Appends the code of a node; false when the program grows too long or a set cannot ignore case. */
function assemble(assembler: Assembler, node: RegexNode): boolean {
  if (assembler.opcodes.length > PROGRAM_LENGTH_MAX) return false
  switch (node.kind) {
    case 'empty':
      return true
    case 'set': {
      const set = bitmapOf(node.ranges, node.isNegated, assembler.ignoreCase)
      if (set === undefined) return false
      assembler.sets.push(set)
      emit(assembler, OP_SET, assembler.sets.length - 1)
      return true
    }
    case 'assertion':
      emit(assembler, OP_ASSERT, ASSERTIONS.indexOf(node.what))
      return true
    case 'sequence':
      return node.items.every((item) => assemble(assembler, item))
    case 'choice':
      return assembleChoice(assembler, node.options)
    case 'repeat':
      return assembleRepeat(assembler, node)
  }
}

function assembleChoice(assembler: Assembler, options: readonly RegexNode[]): boolean {
  const jumps: number[] = []
  for (const [index, option] of options.entries()) {
    const isLast = index === options.length - 1
    const split = isLast ? -1 : emit(assembler, OP_SPLIT)
    if (split >= 0) assembler.first[split] = assembler.opcodes.length
    if (!assemble(assembler, option)) return false
    if (!isLast) {
      jumps.push(emit(assembler, OP_JUMP))
      assembler.second[split] = assembler.opcodes.length
    }
  }
  for (const jump of jumps) assembler.first[jump] = assembler.opcodes.length
  return true
}

type RepeatNode = Extract<RegexNode, { kind: 'repeat' }>

function assembleRepeat(assembler: Assembler, { item, min, max, isGreedy }: RepeatNode): boolean {
  for (let index = 0; index < min; index++) if (!assemble(assembler, item)) return false
  if (max === Number.POSITIVE_INFINITY) {
    const split = emit(assembler, OP_SPLIT)
    if (!assemble(assembler, item)) return false
    emit(assembler, OP_JUMP, split)
    setBranches(assembler, { split, enter: split + 1, leave: assembler.opcodes.length, isGreedy })
    return true
  }
  const splits: number[] = []
  for (let index = min; index < max; index++) {
    splits.push(emit(assembler, OP_SPLIT))
    if (!assemble(assembler, item)) return false
  }
  for (const split of splits)
    setBranches(assembler, { split, enter: split + 1, leave: assembler.opcodes.length, isGreedy })
  return true
}

type Branches = { readonly split: number; readonly enter: number; readonly leave: number; readonly isGreedy: boolean }

function setBranches(assembler: Assembler, { split, enter, leave, isGreedy }: Branches): void {
  assembler.first[split] = isGreedy ? enter : leave
  assembler.second[split] = isGreedy ? leave : enter
}

/** One bit per code unit. 8 KiB a set; programs are short-lived and bounded, and a test is one load. */
function bitmapOf(ranges: readonly number[], isNegated: boolean, ignoreCase: boolean): Uint8Array | undefined {
  const bits = new Uint8Array(8192)
  for (let index = 0; index < ranges.length; index += 2) {
    const from = ranges[index] ?? 0
    const to = ranges[index + 1] ?? 0
    if (ignoreCase && to > 0x7f && !isClassRange(from, to)) return undefined
    for (let code = from; code <= to; code++) bits[code >> 3] = (bits[code >> 3] ?? 0) | (1 << (code & 7))
  }
  if (ignoreCase) foldAscii(bits)
  if (isNegated) for (let index = 0; index < bits.length; index++) bits[index] = ~(bits[index] ?? 0)
  return bits
}

/** White space and the complements of the ASCII classes reach beyond ASCII without holding letters that have a case pair. */
function isClassRange(from: number, to: number): boolean {
  return to === 0xffff || (from >= 0x80 && /^\s$/.test(String.fromCharCode(from)))
}

function foldAscii(bits: Uint8Array): void {
  for (let upper = 0x41; upper <= 0x5a; upper++) {
    const lower = upper + 0x20
    if (!hasCode(bits, upper) && !hasCode(bits, lower)) continue
    bits[upper >> 3] = (bits[upper >> 3] ?? 0) | (1 << (upper & 7))
    bits[lower >> 3] = (bits[lower >> 3] ?? 0) | (1 << (lower & 7))
  }
}

function hasCode(bits: Uint8Array, code: number): boolean {
  return (((bits[code >> 3] ?? 0) >> (code & 7)) & 1) === 1
}

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
