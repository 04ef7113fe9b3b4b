import { parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitMemories } from '../../../src/sandbox/component/memory-share.ts'
import { webAssembly } from '../../../src/sandbox/hosted/web-assembly.ts'

const PAGE = 65_536

/** How many pages a module gets when it asks for one more again and again. */
function growToTheEnd(bytes: Uint8Array): number {
  const { exports } = new webAssembly.Instance(new webAssembly.Module(bytes))
  const grow = exports['grow'] as (pages: number) => number
  let pages = 0
  while (pages < 1_000) {
    const before = grow(1)
    if (before === -1) return pages
    pages = before + 1
  }
  return pages
}

const growing = async (memory: string): Promise<Uint8Array> =>
  await parse(`(module (memory ${memory}) (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))`)

function limited(modules: readonly Uint8Array[], memoryBytes: number): readonly Uint8Array[] {
  const result = limitMemories(modules, memoryBytes)
  if (result.kind === 'refused') throw new Error(result.refusal.message)
  return result.modules
}

describe('memories of a component', () => {
  it.each(['1', '1 500', '0', '3 3'])('defined as `%s` end at the limit or at their own', async (memory) => {
    const [bytes = new Uint8Array()] = limited([await growing(memory)], 10 * PAGE)
    const own = Number(memory.split(' ')[1] ?? 10)
    expect(growToTheEnd(bytes)).toBe(memory === '3 3' ? 0 : Math.min(10, own))
  })

  it('grow on where they have no limit', async () => {
    expect(growToTheEnd(await growing('1'))).toBe(1_000)
  })

  it('of several modules share it', async () => {
    const modules = limited([await growing('1'), await growing('1')], 10 * PAGE)
    expect(modules.map(growToTheEnd)).toEqual([5, 5])
  })

  it('that begin with more than their share are refused', async () => {
    const result = limitMemories([await growing('11')], 10 * PAGE)
    expect(result).toMatchObject({ kind: 'refused', refusal: { kind: 'too-much' } })
  })

  it.each(['1 2 shared', 'i64 1 2'])('defined as `%s` are refused', async (memory) => {
    const bytes = await parse(`(module (memory ${memory}))`)
    expect(limitMemories([bytes], 10 * PAGE)).toMatchObject({ kind: 'refused', refusal: { kind: 'not-supported' } })
  })

  it('are not looked for without end in bytes that are no module', () => {
    const head = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (rest) => {
        try {
          limitMemories([Uint8Array.from([...head, ...rest])], 10 * PAGE)
        } catch (error) {
          expect(error).toBeInstanceOf(SyntaxError)
        }
      }),
      { numRuns: 500 },
    )
  })
})
