import { parseRegex, type RegexNode } from './linear-regex-syntax.ts'

/** A compiled pattern: the program of a Pike machine over UTF-16 code units. */
export type LinearRegex = {
  readonly opcodes: Uint8Array
  /** Jump target, first branch of a split, assertion number or index into `sets`. */
  readonly first: Int32Array
  /** Second branch of a split. */
  readonly second: Int32Array
  readonly sets: readonly Uint8Array[]
}

export const OP_SET = 0
export const OP_SPLIT = 1
export const OP_JUMP = 2
export const OP_ASSERT = 3
export const OP_MATCH = 4

export const ASSERTIONS: readonly string[] = ['start', 'end', 'word-boundary', 'no-word-boundary']
const PROGRAM_LENGTH_MAX = 4000

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
  const assembler: Assembler = {
    opcodes: [],
    first: [],
    second: [],
    sets: [],
    setIndexes: new Map(),
    ignoreCase: init.ignoreCase === true,
  }
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
  /** Index in `sets` by what a set holds, so that a repeated class is stored once. */
  readonly setIndexes: Map<string, number>
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
    case 'set':
      return assembleSet(assembler, node)
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

function assembleSet(assembler: Assembler, { ranges, isNegated }: Extract<RegexNode, { kind: 'set' }>): boolean {
  const key = `${isNegated ? '^' : ''}${ranges.join()}`
  let index = assembler.setIndexes.get(key)
  if (index === undefined) {
    const set = bitmapOf(ranges, isNegated, assembler.ignoreCase)
    if (set === undefined) return false
    index = assembler.sets.push(set) - 1
    assembler.setIndexes.set(key, index)
  }
  emit(assembler, OP_SET, index)
  return true
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

/** Whether a set holds a code unit. */
export function hasCode(bits: Uint8Array, code: number): boolean {
  return (((bits[code >> 3] ?? 0) >> (code & 7)) & 1) === 1
}
