/** One instruction of the kernel's classic packet filter. A jump names how many instructions it leaves out. */
export type FilterInstruction = {
  readonly code: number
  readonly whenTrue: number
  readonly whenFalse: number
  readonly value: number
}

/** Loads a word of what the kernel tells of a call. */
const LOAD_WORD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_AT_LEAST = 0x35
const JUMP_ANY_BIT = 0x45
const RETURN = 0x06
const INSTRUCTION_BYTES = 8

/** Where in it which word lies: the call's number, the architecture, and the lower half of each argument. */
export const CALL_NUMBER = 0
export const CALL_ARCHITECTURE = 4
export const argumentAt = (index: number): number => 16 + index * 8

/** What a filter answers. */
export const ALLOW = 0x7fff_0000
export const KILL = 0x8000_0000
/** The call fails with this number of an error. */
export const failWith = (errorNumber: number): number => 0x0005_0000 | errorNumber

export const load = (offset: number): FilterInstruction => ({
  code: LOAD_WORD,
  whenTrue: 0,
  whenFalse: 0,
  value: offset,
})
export const answer = (value: number): FilterInstruction => ({ code: RETURN, whenTrue: 0, whenFalse: 0, value })

/** Goes on with the next instruction where the loaded word is `value`, else leaves `skipped` out. */
export const whenEqual = (value: number, skipped: number): FilterInstruction => ({
  code: JUMP_EQUAL,
  whenTrue: 0,
  whenFalse: skipped,
  value,
})
/** Leaves the next instruction out where the loaded word is `value`. */
export const unlessEqual = (value: number): FilterInstruction => ({
  code: JUMP_EQUAL,
  whenTrue: 1,
  whenFalse: 0,
  value,
})
export const whenAtLeast = (value: number, skipped: number): FilterInstruction => ({
  code: JUMP_AT_LEAST,
  whenTrue: 0,
  whenFalse: skipped,
  value,
})
export const whenAnyBit = (value: number, skipped: number): FilterInstruction => ({
  code: JUMP_ANY_BIT,
  whenTrue: 0,
  whenFalse: skipped,
  value,
})

/** The program as the kernel takes it, in the byte order of both architectures. */
export function assembleFilter(instructions: readonly FilterInstruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_BYTES)
  const view = new DataView(bytes.buffer)
  for (const [index, { code, whenTrue, whenFalse, value }] of instructions.entries()) {
    const start = index * INSTRUCTION_BYTES
    view.setUint16(start, code, true)
    view.setUint8(start + 2, whenTrue)
    view.setUint8(start + 3, whenFalse)
    view.setUint32(start + 4, value >>> 0, true)
  }
  return bytes
}
