import { describe, expect, it } from 'vitest'
import { isTableOrTest, leavesWorkOpen, skipsForGood, wronglySilenced } from './text-rules.ts'

const WORD = ['TO', 'DO'].join('')

describe('work that is left open', () => {
  it.each([
    `// ${WORD} make this faster`,
    `// ${WORD.toLowerCase()} make this faster`,
    `const x = 1 // ${WORD}: later`,
    ' * fixme: wrong',
    '/* XXX */',
    '// Hack',
  ])('is found: %s', (line) => {
    expect(leavesWorkOpen(line)).toBe(true)
  })

  it.each([`// ${WORD}: when Node 24 is the least, use it here.`, "const ROMAN = ['X', 'XX', 'XXX']", '// hacking'])(
    'is not seen in %s',
    (line) => {
      expect(leavesWorkOpen(line)).toBe(false)
    },
  )
})

describe('a rule that is silenced', () => {
  const off = ['oxlint', 'disable-next-line'].join('-')
  it.each([
    [`// ${off} typescript/no-explicit-any -- it is shorter`, ['typescript/no-explicit-any']],
    [`// ${off} no-control-regex`, ['no-control-regex']],
    [`// ${off} no-control-regex, import/no-cycle -- because`, ['import/no-cycle']],
    [`/* ${off} */`, ['']],
    [`// ${off} no-control-regex -- colour codes start with it`, []],
    ['const disabled = 1', []],
  ])('%s', (line, rules) => {
    expect(wronglySilenced(line)).toEqual(rules)
  })
})

describe('a test that never runs', () => {
  it.each([
    "it.skip('x')",
    "it.concurrent.skip('x')",
    "describe.sequential.only('x')",
    "it.skipIf(true)('x')",
    "it.runIf( false )('x')",
    "it.skipIf(!0)('x')",
    "test.todo('x')",
    "xit('x')",
  ])('is found: %s', (line) => {
    expect(skipsForGood(line)).toBe(true)
  })

  it.each(["describe.skipIf(!isThere)('x')", "it.each(rows)('skip')", 'iterator.skip(1)', "test.runIf(HAS_DATA)('x')"])(
    'is not seen in %s',
    (line) => {
      expect(skipsForGood(line)).toBe(false)
    },
  )
})

describe('a long file', () => {
  it.each(['src/core/policy/lexicon.ts', 'src/core/tools/unit-table.ts', 'test/a.ts'])('may be %s', (file) => {
    expect(isTableOrTest(file)).toBe(true)
  })

  it.each(['src/router/cache/entry-table.ts', 'src/ports/startable.ts', 'src/cli/format-table.ts'])(
    'may not be %s',
    (file) => {
      expect(isTableOrTest(file)).toBe(false)
    },
  )
})
