import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { coversCommand, isCommand } from '../../../src/core/capability/command.ts'
import { evaluatePolicies } from '../../../src/core/capability/evaluate-policy.ts'
import type { IpldValue } from '../../../src/core/capability/ipld-value.ts'
import { parsePolicy } from '../../../src/core/capability/policy.ts'
import { parseSelector, resolveSelector } from '../../../src/core/capability/selector.ts'

function verdict(policy: readonly IpldValue[], args: IpldValue): string {
  const reading = parsePolicy(policy)
  return reading.kind === 'refused' ? reading.code : evaluatePolicies([reading.policy], args)
}

function select(text: string, args: IpldValue): IpldValue | undefined {
  const selector = parseSelector(text)
  if (selector === undefined) throw new Error(`no selector: ${text}`)
  return resolveSelector(selector, args, () => {})
}

const KATIE = { name: 'Katie', age: 35, nationalities: ['Canadian', 'South African'] }
const NUMBERS = { a: [{ b: 1 }, { b: 2 }, { z: [7, 8, 9] }] }
const MAIL = {
  from: 'alice@example.com',
  to: ['bob@example.com', 'carol@not.example.com', 'dan@example.com'],
  title: 'Meeting',
}
const PATTERN = 'Alice\\*, Bob*, Carol.'

describe('policies', () => {
  // The cases of https://github.com/ucan-wg/spec, fixtures/1.0.0/policy.json, and of the specification's own tables.
  it.each<[string, readonly IpldValue[], IpldValue]>([
    ['deep equality', [['==', '.a', [1, 2, { b: 3 }]]], { a: [1, 2, { b: 3 }] }],
    [
      'inequality of kinds',
      [
        ['!=', '.b', 'ddd'],
        ['!=', '.b', null],
        ['!=', '.b', { b: 3 }],
        ['!=', '.b', true],
      ],
      { b: 1 },
    ],
    [
      'numbers of both types',
      [
        ['<', '.b', 2n],
        ['>=', '.b', 1n],
        ['==', '.b', 1n],
      ],
      { b: 1 },
    ],
    ['and of nothing', [['and', []]], KATIE],
    ['or of nothing', [['or', []]], KATIE],
    [
      'or',
      [
        [
          'or',
          [
            ['==', '.name', 'Katie'],
            ['>', '.age', 45],
          ],
        ],
      ],
      KATIE,
    ],
    [
      'not and',
      [
        [
          'not',
          [
            'and',
            [
              ['==', '.name', 'Katie'],
              ['==', '.nationalities', ['American']],
            ],
          ],
        ],
      ],
      KATIE,
    ],
    ['any', [['any', '.a', ['==', '.b', 2]]], NUMBERS],
    ['any of the values of a map', [['any', '.', ['==', '.', 'Meeting']]], MAIL],
    ['any like', [['any', '.to', ['like', '.', '*@example.com']]], MAIL],
    ['like with an escape', [['like', '.', PATTERN]], 'Alice*, Bob, Dan, Erin, Carol.'],
    ['like of nothing', [['like', '.', PATTERN]], 'Alice*, Bob*, Carol.'],
    ['a missing key is null', [['==', '.nope', null]], MAIL],
    ['an optional failure is null', [['==', '.to[99]?', null]], MAIL],
    ['bytes by index', [['==', '.[3]', 0x8c]], Uint8Array.of(0xd6, 0xa9, 0xc1, 0x8c)],
  ])('%s is met', (_, policy, args) => {
    expect(verdict(policy, args)).toBe('met')
  })

  it.each<[string, readonly IpldValue[], IpldValue]>([
    ['all where one lacks the key', [['all', '.a', ['>', '.b', 0]]], NUMBERS],
    ['all of what is no collection', [['all', '.title', ['==', '.', 1]]], MAIL],
    ['a wildcard in the middle only', [['like', '.', PATTERN]], 'Alice*, Bob*, Carol!'],
    ['the end missing', [['like', '.', PATTERN]], 'Alice*, Bob, Carol'],
    ['an escaped star is a star', [['like', '.', PATTERN]], 'Alice Cooper, Bob, Carol.'],
    ['white space counts', [['like', '.', PATTERN]], ' Alice*, Bob, Carol. '],
    ['pieces do not overlap', [['like', '.', 'ab*ba']], 'aba'],
    ['like of a number', [['like', '.age', '*']], KATIE],
    ['an inequality of text', [['<', '.name', 5]], KATIE],
    ['an index outside', [['==', '.to[99]', null]], MAIL],
    ['a key of a prototype', [['!=', '.constructor', null]], MAIL],
    ['what lies below a missing key', [['==', '.nope.more', null]], MAIL],
    ['a later optional does not help', [['==', '.nope.more.yet?', null]], MAIL],
  ])('%s is not met', (_, policy, args) => {
    expect(verdict(policy, args)).toBe('failed')
  })

  it('cost no more than their purse', () => {
    const reading = parsePolicy([['all', '.', ['>', '.', 0]]])
    if (reading.kind === 'refused') throw new Error(reading.code)
    const args = Array.from({ length: 100 }, () => 1)
    expect(evaluatePolicies([reading.policy], args, 101)).toBe('met')
    expect(evaluatePolicies([reading.policy], args, 100)).toBe('costly')
  })

  it('that are costly under a negation are not met', () => {
    const reading = parsePolicy([['not', ['all', '.', ['>', '.', 0]]]])
    if (reading.kind === 'refused') throw new Error(reading.code)
    expect(
      evaluatePolicies(
        [reading.policy],
        Array.from({ length: 100 }, () => 1),
        50,
      ),
    ).toBe('costly')
  })
})

describe('selectors', () => {
  it('read the tables of the specification', () => {
    expect(select('.', MAIL)).toBe(MAIL)
    expect(select('.to[1]', MAIL)).toBe('carol@not.example.com')
    expect(select('.to[-1]', MAIL)).toBe('dan@example.com')
    expect(select('.to[1:]', MAIL)).toEqual(MAIL.to.slice(1))
    expect(select('.to[0:-2]', MAIL)).toEqual(MAIL.to.slice(0, -2))
    expect(select('.["title"]???', MAIL)).toBe('Meeting')
    expect(select('.["$_*"]', { '$_*': 1 })).toBe(1)
    expect(select('.[]', { x: 1, y: 2 })).toEqual([1, 2])
    expect(select('.title[0]', MAIL)).toBeUndefined()
  })

  it.each([
    '',
    'a',
    '..',
    '.a..b',
    '.a.',
    '.a[',
    '.a[1',
    '.a[01]',
    '.a["',
    '.1',
    '.a["\u0001"]',
    '.a | .b',
    ` .a`,
    '.a["\\x"]',
  ])('refuse %j', (text) => {
    expect(parseSelector(text)).toBeUndefined()
  })

  it('never throw', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('.', '[', ']', '"', '\\', 'a', '1', '-', ':', '?', 'u', '\u0000') }),
        (text) => {
          const selector = parseSelector(text)
          if (selector !== undefined) resolveSelector(selector, [{ a: [1] }], () => {})
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe('commands', () => {
  it('cover themselves and what lies below', () => {
    expect([coversCommand('/', '/a'), coversCommand('/a', '/a'), coversCommand('/a', '/a/b')]).toEqual([
      true,
      true,
      true,
    ])
    expect([coversCommand('/a/b', '/a'), coversCommand('/a', '/ab'), coversCommand('/a', '/')]).toEqual([
      false,
      false,
      false,
    ])
  })

  it('are lower-case paths', () => {
    expect(['/', '/a', '/a/b-c'].every(isCommand)).toBe(true)
    expect(['', 'a', '/a/', '//', '/A', '/a b', `/${'a'.repeat(256)}`].some(isCommand)).toBe(false)
  })
})

describe('a wildcard pattern', () => {
  it('matches what an independent matcher matches', () => {
    const letter = fc.constantFrom('a', 'b', '*')
    fc.assert(
      fc.property(
        fc.string({ unit: letter, maxLength: 8 }),
        fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }),
        (pattern, text) => {
          const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text)
          expect(verdict([['like', '.', pattern]], text)).toBe(expected ? 'met' : 'failed')
        },
      ),
      { numRuns: 1000 },
    )
  })
})
