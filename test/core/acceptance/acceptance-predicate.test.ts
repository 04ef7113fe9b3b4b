import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonValue } from '../../../src/base/canonical-json.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import {
  type AcceptancePredicate,
  formatPredicate,
  parsePredicate,
  predicateHash,
} from '../../../src/core/acceptance/acceptance-predicate.ts'
import { decimalOfNumber, isNear, parseDecimal } from '../../../src/core/acceptance/decimal.ts'
import {
  type AcceptanceFacts,
  type AcceptanceOutcome,
  checkRejection,
  evaluatePredicate,
} from '../../../src/core/acceptance/evaluate-predicate.ts'
import { hashOf } from '../reputation/reputation-market.ts'

const REPORT = { total: 12.5, rows: [1, 2.0000001], name: 'x' }

const DEEP: JsonValue = JSON.parse(`${'['.repeat(5_000)}1${']'.repeat(5_000)}`)

const FACTS: AcceptanceFacts = {
  artifacts: new Map([
    ['report', { hash: hashOf('bytes'), sizeBytes: 40, text: JSON.stringify(REPORT), json: REPORT }],
    ['deep', { hash: hashOf('deep'), sizeBytes: 10_001, json: DEEP }],
    ['blob', { hash: hashOf('blob'), sizeBytes: 7 }],
  ]),
  runs: new Map([
    ['tests', { exitCode: 0 }],
    ['again', { exitCode: 0, json: { total: 12.5, rows: [1, 2], name: 'x' } }],
    ['deep', { exitCode: 0, json: DEEP }],
    ['other', { exitCode: 1, json: { total: 12.5, rows: [1, 3], name: 'x' } }],
  ]),
}

function outcomeOf(json: unknown): string {
  const parsed = parsePredicate(json)
  return parsed.kind === 'refused' ? parsed.code : evaluatePredicate(parsed.predicate, FACTS).outcome
}

const PASSES = { kind: 'exit-code', run: 'tests', code: 0 }
const FAILS = { kind: 'exit-code', run: 'tests', code: 1 }
const UNDECIDED = { kind: 'exit-code', run: 'absent', code: 0 }

describe('leaves', () => {
  it.each<[AcceptanceOutcome, unknown]>([
    ['passed', { kind: 'hash-equals', artifact: 'report', hash: hashOf('bytes') }],
    ['failed', { kind: 'hash-equals', artifact: 'blob', hash: hashOf('bytes') }],
    ['undecided', { kind: 'hash-equals', artifact: 'absent', hash: hashOf('bytes') }],
    ['passed', { kind: 'size-within', artifact: 'blob', minBytes: 7, maxBytes: 7 }],
    ['failed', { kind: 'size-within', artifact: 'blob', minBytes: 8, maxBytes: 9 }],
    ['failed', { kind: 'size-within', artifact: 'blob', minBytes: 0, maxBytes: 6 }],
    ['passed', { kind: 'text-shape', artifact: 'report', minLength: 1, maxLength: 99, pattern: '^\\{"total":[0-9.]+' }],
    ['failed', { kind: 'text-shape', artifact: 'report', minLength: 1, maxLength: 99, pattern: '^x' }],
    ['failed', { kind: 'text-shape', artifact: 'report', minLength: 1, maxLength: 3 }],
    ['undecided', { kind: 'text-shape', artifact: 'blob', minLength: 1, maxLength: 3 }],
    ['passed', { kind: 'json-schema', artifact: 'report', schema: { type: 'object', required: ['total'] } }],
    ['failed', { kind: 'json-schema', artifact: 'report', schema: { properties: { total: { maximum: 12 } } } }],
    ['undecided', { kind: 'json-schema', artifact: 'report', schema: { unevaluatedItems: false } }],
    ['undecided', { kind: 'json-schema', artifact: 'blob', schema: true }],
    ['passed', PASSES],
    ['failed', FAILS],
    ['undecided', UNDECIDED],
    ['passed', { kind: 'number-near', artifact: 'report', pointer: '/total', expected: '12.4', tolerance: '0.1' }],
    ['failed', { kind: 'number-near', artifact: 'report', pointer: '/total', expected: '12.4', tolerance: '0.0999' }],
    ['failed', { kind: 'number-near', artifact: 'report', pointer: '/name', expected: '1', tolerance: '9' }],
    ['passed', { kind: 're-execution-near', artifact: 'report', run: 'again', tolerance: '0.000001' }],
    ['failed', { kind: 're-execution-near', artifact: 'report', run: 'again', tolerance: '0' }],
    ['failed', { kind: 're-execution-near', artifact: 'report', run: 'other', tolerance: '0.5' }],
    ['undecided', { kind: 're-execution-near', artifact: 'report', run: 'tests', tolerance: '0' }],
    ['undecided', { kind: 're-execution-near', artifact: 'deep', run: 'deep', tolerance: '0' }],
  ])('%s: %j', (outcome, json) => {
    expect(outcomeOf(json)).toBe(outcome)
  })
})

describe('all, any, not', () => {
  it.each<[AcceptanceOutcome, unknown]>([
    ['passed', { kind: 'all', of: [PASSES, PASSES] }],
    ['failed', { kind: 'all', of: [PASSES, UNDECIDED, FAILS] }],
    ['undecided', { kind: 'all', of: [PASSES, UNDECIDED] }],
    ['passed', { kind: 'any', of: [UNDECIDED, FAILS, PASSES] }],
    ['failed', { kind: 'any', of: [FAILS, FAILS] }],
    ['undecided', { kind: 'any', of: [FAILS, UNDECIDED] }],
    ['passed', { kind: 'not', of: [FAILS] }],
    ['failed', { kind: 'not', of: [PASSES] }],
    ['undecided', { kind: 'not', of: [UNDECIDED] }],
  ])('%s: %j', (outcome, json) => {
    expect(outcomeOf(json)).toBe(outcome)
  })

  it('says of each part what came of it and why', () => {
    const parsed = parsePredicate({ kind: 'all', of: [PASSES, { kind: 'not', of: [FAILS] }, FAILS] })
    const result = parsed.kind === 'predicate' ? evaluatePredicate(parsed.predicate, FACTS) : undefined
    expect(result?.findings).toEqual([
      { path: '', kind: 'all', outcome: 'failed', problem: '2 of 3 parts passed' },
      { path: '/0', kind: 'exit-code', outcome: 'passed', problem: '' },
      { path: '/1', kind: 'not', outcome: 'passed', problem: '' },
      { path: '/1/0', kind: 'exit-code', outcome: 'failed', problem: 'ended with 0, not 1' },
      { path: '/2', kind: 'exit-code', outcome: 'failed', problem: 'ended with 0, not 1' },
    ])
  })
})

describe('a rejection', () => {
  const resultOf = (json: unknown): ReturnType<typeof evaluatePredicate> => {
    const parsed = parsePredicate(json)
    if (parsed.kind === 'refused') throw new TypeError(parsed.code)
    return evaluatePredicate(parsed.predicate, FACTS)
  }
  const failing = resultOf({ kind: 'all', of: [PASSES, FAILS, UNDECIDED] })

  it('must name what failed', () => {
    expect(checkRejection(failing, ['/1'])).toEqual({ kind: 'founded' })
    expect(checkRejection(failing, [])).toEqual({ kind: 'refused', code: 'ACCEPTANCE_REJECT_UNNAMED' })
    expect(checkRejection(failing, ['/7'])).toEqual({ kind: 'refused', code: 'ACCEPTANCE_REJECT_UNNAMED' })
    expect(checkRejection(failing, ['/1', '/0'])).toEqual({ kind: 'refused', code: 'ACCEPTANCE_REJECT_UNFOUNDED' })
    expect(checkRejection(failing, ['/2'])).toEqual({ kind: 'undecided' })
  })

  it('is not founded when the whole has passed, though a part has failed', () => {
    const passing = resultOf({ kind: 'any', of: [PASSES, FAILS] })
    expect(checkRejection(passing, ['/1'])).toEqual({ kind: 'refused', code: 'ACCEPTANCE_REJECT_UNFOUNDED' })
  })
})

describe('reading', () => {
  it.each<[string, unknown]>([
    ['ACCEPTANCE_PREDICATE_MALFORMED', null],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'json-schema', artifact: 'result', schema: ['\ud800'] }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'other' }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'toString' }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { ...PASSES, more: 1 }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'exit-code', run: 'tests', code: 256 }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'all', of: [] }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'not', of: [PASSES, PASSES] }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'size-within', artifact: 'a', minBytes: 2, maxBytes: 1 }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'text-shape', artifact: 'a', minLength: 0, maxLength: 1, pattern: '(' }],
    ['ACCEPTANCE_PREDICATE_MALFORMED', { kind: 'json-schema', artifact: 'a', schema: { maximum: 1.5 } }],
    [
      'ACCEPTANCE_PREDICATE_MALFORMED',
      { kind: 'number-near', artifact: 'a', pointer: 'x', expected: '1', tolerance: '1' },
    ],
    [
      'ACCEPTANCE_PREDICATE_MALFORMED',
      { kind: 'number-near', artifact: 'a', pointer: '', expected: '1', tolerance: '-1' },
    ],
    ['ACCEPTANCE_PREDICATE_LARGE', { kind: 'all', of: Array.from({ length: 64 }, () => PASSES) }],
    ['ACCEPTANCE_PREDICATE_LARGE', { kind: 'json-schema', artifact: 'a', schema: { title: 'x'.repeat(65_536) } }],
  ])('%s: %.60j', (code, json) => {
    expect(outcomeOf(json)).toBe(code)
  })

  it('takes depth 8 and no more, and 64 nodes and no more', () => {
    const nest = (depth: number): JsonValue => (depth === 1 ? PASSES : { kind: 'not', of: [nest(depth - 1)] })
    expect(outcomeOf(nest(8))).toBe('failed')
    expect(outcomeOf(nest(9))).toBe('ACCEPTANCE_PREDICATE_LARGE')
    expect(outcomeOf({ kind: 'all', of: Array.from({ length: 63 }, () => PASSES) })).toBe('passed')
  })

  it('pins canonical text and hash', () => {
    const parsed = parsePredicate(JSON.parse('{"run":"tests","code":0,"kind":"exit-code"}'))
    expect(parsed.kind === 'predicate' ? formatPredicate(parsed.predicate) : '').toBe(
      '{"code":0,"kind":"exit-code","run":"tests"}',
    )
    expect(parsed.kind === 'predicate' ? parsed.hash : '').toBe(
      sha256Hex('kernell/acceptance-predicate/v1\0{"code":0,"kind":"exit-code","run":"tests"}'),
    )
  })
})

describe('properties', () => {
  const leaf = fc.constantFrom<AcceptancePredicate>(
    { kind: 'exit-code', run: 'tests', code: 0 },
    { kind: 'exit-code', run: 'tests', code: 1 },
    { kind: 'exit-code', run: 'absent', code: 0 },
  )
  const { tree } = fc.letrec<{ tree: AcceptancePredicate }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', maxDepth: 4 },
      leaf,
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((of): AcceptancePredicate => ({ kind: 'all', of })),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }).map((of): AcceptancePredicate => ({ kind: 'any', of })),
      tie('tree').map((part): AcceptancePredicate => ({ kind: 'not', of: [part] })),
    ),
  }))

  it('a decided outcome stays whatever the missing fact turns out to be', () => {
    fc.assert(
      fc.property(tree, fc.nat(1), (predicate, exitCode) => {
        const before = evaluatePredicate(predicate, FACTS).outcome
        const runs = new Map([...FACTS.runs, ['absent', { exitCode }] as const])
        const after = evaluatePredicate(predicate, { ...FACTS, runs }).outcome
        expect(before === 'undecided' ? after !== 'undecided' : after === before).toBe(true)
      }),
      { numRuns: 300 },
    )
  })

  it('reads back what it writes, with the same hash', () => {
    fc.assert(
      fc.property(tree, (predicate) => {
        const parsed = parsePredicate(JSON.parse(formatPredicate(predicate)))
        if (parsed.kind === 'refused') expect(parsed.code).toBe('ACCEPTANCE_PREDICATE_LARGE')
        else expect(parsed.hash).toBe(predicateHash(predicate))
      }),
      { numRuns: 200 },
    )
  })

  it('compares decimals exactly', () => {
    expect(parseDecimal('0.1')).toBe(10n ** 39n)
    expect(parseDecimal('1e-40')).toBe(1n)
    expect(parseDecimal('1e-41')).toBeUndefined()
    expect(parseDecimal('01')).toBeUndefined()
    expect(decimalOfNumber(0.1 + 0.2)).toBe(parseDecimal('0.30000000000000004'))
    expect(isNear(-1n, 1n, 2n)).toBe(true)
    expect(isNear(-1n, 1n, 1n)).toBe(false)
  })
})
