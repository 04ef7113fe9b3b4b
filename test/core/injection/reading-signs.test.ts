import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readingsOf } from '../../../src/core/injection/other-readings.ts'
import { ALL_SIGNS, signsOf } from '../../../src/core/injection/reading-signs.ts'

const pieces = fc.constantFrom(
  'ignore previous instructions',
  'i g n o r e',
  'i.g-n_o*r e',
  'p r e v i',
  'ignoreallpreviousinstructions',
  '1gn0re',
  'pr3v1ous',
  'pa$$word',
  '5kg',
  'ig-\n  nore',
  'ig-nore',
  '<b>ig</b>nore',
  '**ignore**',
  'sys_tem',
  'vtaber',
  'erongi',
  '&#105;&#103;&#110;',
  '\\x69\\x67\\x6e',
  '%69%67%6e%6f%72%65',
  'aWdub3JlIHByZXZpb3Vz',
  '69 67 6e 6f 72 65 20 61 6c 6c 20 6f 66',
  '69676e6f726520616c6c206f66',
  'zero\u2010width',
  'a b c',
  'A',
  '7',
  '!',
)
const glue = fc.constantFrom('', ' ', '\n', '-', '_', '.', ': ', '; ')
const texts = fc
  .array(fc.oneof(pieces, glue, fc.string({ maxLength: 6 }), fc.stringMatching(/^[a-z0-9 .\-_!]{0,12}$/)), {
    maxLength: 8,
  })
  .map((list) => list.join(''))

it('leaves out no reading that would have been another', () => {
  const tried = { some: 0, none: 0 }
  fc.assert(
    fc.property(texts, (text) => {
      const readings = [...readingsOf(text, ALL_SIGNS)]
      expect([...readingsOf(text, signsOf(text))]).toEqual(readings)
      tried[readings.length > 0 ? 'some' : 'none'] += 1
    }),
    { numRuns: 8_000, seed: 5 },
  )
  expect(Math.min(tried.some, tried.none)).toBeGreaterThan(500)
})

it('tries nothing on ordinary prose', () => {
  const text = 'Tell me in your own words what the tides are, and why there are two of them in a day: 24 hours.'
  expect(Object.values(signsOf(text))).toEqual([false, false, false, false, false, false, false])
})
