import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fenceSections } from '../../../src/core/text/fence-sections.ts'

fc.configureGlobal({ seed: 2026 })

it('gives every section to whoever splits at the marker, and nothing more', () => {
  const content = fc.string({
    unit: fc.constantFrom('a', '\n', 'DATA-0-', 'DATA-1-', '<<<', '>>>', ' name\n'),
    maxLength: 12,
  })
  fc.assert(
    fc.property(fc.array(content, { minLength: 1, maxLength: 4 }), (contents) => {
      const sections = contents.map((text, index) => ({ name: `part-${index}`, content: text }))
      const { marker, text } = fenceSections(sections)
      const pieces = text.split(marker)
      expect(pieces).toHaveLength(2 * contents.length + 1)
      for (const [index, given] of contents.entries()) expect(pieces[2 * index + 1]).toBe(` part-${index}\n${given}\n`)
    }),
  )
})

it('refuses names that could be mistaken for content', () => {
  expect(() => fenceSections([{ name: 'Two words', content: '' }])).toThrow(RangeError)
})
