import { describe, expect, it } from 'vitest'
import { EMPTY_CENSUS, type Census } from './actor-census.ts'
import { compareSides, findFaults, type ExpectedDifference } from './compare.ts'
import type { SideOutcome, TestOutcome, TestState } from './run-side.ts'

const FILE = 'test/after.test.ts'
const OURS: Census = { roots: 1, children: 2, turnsOutside: 0, cells: 1, adopted: 2, turnsOfCells: 5 }
const THEIRS: Census = { ...EMPTY_CENSUS, roots: 1, children: 2, turnsOutside: 5 }

type Outcomes = Readonly<Record<string, TestState>>

function side(outcomes: Outcomes, census: Census, strayErrors: readonly string[] = []): SideOutcome {
  const tests = Object.entries(outcomes).map(([name, state]): TestOutcome => {
    return { name, state, error: state === 'failed' ? `${name} broke` : '', census }
  })
  return { files: [{ file: FILE, tests, loadError: '' }], strayErrors }
}

/** A hundred tests that pass, for shares to be shares of. */
function hundred(changes: Outcomes = {}): Outcomes {
  const all = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`test ${index}`, 'passed' as const]))
  return { ...all, ...changes }
}

function faultsOf(ours: SideOutcome, expected: readonly ExpectedDifference[] = []): readonly string[] {
  return findFaults(compareSides(side(hundred(), THEIRS), ours, expected))
}

describe('compareSides', () => {
  it('finds no fault where all that passes there passes here', () => {
    const comparison = compareSides(side(hundred(), THEIRS), side(hundred(), OURS), [])
    expect(findFaults(comparison)).toEqual([])
    expect(comparison).toMatchObject({ comparable: 100, passed: 100, comparableWithActors: 100, passedWithActors: 100 })
  })

  it('leaves out what fails on XState, or is skipped there', () => {
    const theirs = side(hundred({ 'test 1': 'failed', 'test 2': 'skipped' }), THEIRS)
    const comparison = compareSides(theirs, side(hundred({ 'test 1': 'failed' }), OURS), [])
    expect(comparison).toMatchObject({ comparable: 98, passed: 98, skipped: 1 })
    expect(comparison.leftOut).toEqual([{ file: FILE, test: 'test 1', error: 'test 1 broke' }])
    expect(findFaults(comparison)).toEqual([])
  })

  it('takes a difference that is explained', () => {
    const expected = [{ file: FILE, test: 'test 1', reason: 'on purpose' }]
    expect(faultsOf(side(hundred({ 'test 1': 'failed' }), OURS), expected)).toEqual([])
  })

  it('refuses a difference that nobody explains', () => {
    expect(faultsOf(side(hundred({ 'test 1': 'failed' }), OURS))).toEqual([
      `unexplained: ${FILE}: test 1: test 1 broke`,
    ])
  })

  it('refuses an explanation of what does not differ', () => {
    const expected = [{ file: FILE, test: 'test 1', reason: 'on purpose' }]
    expect(faultsOf(side(hundred(), OURS), expected)).toEqual([`explained, but does not differ: ${FILE}: test 1`])
  })

  it('refuses more than two in a hundred, explained or not', () => {
    const changes: Outcomes = { 'test 1': 'failed', 'test 2': 'failed', 'test 3': 'failed' }
    const expected = Object.keys(changes).map((test) => ({ file: FILE, test, reason: 'on purpose' }))
    expect(faultsOf(side(hundred(changes), OURS), expected)).toEqual([
      'only 97 of 100 tests pass',
      'only 97 of 100 tests with actors pass',
    ])
  })

  it('counts a test that did not run as failed', () => {
    const ours: SideOutcome = { files: [{ file: FILE, tests: [], loadError: 'no such module' }], strayErrors: [] }
    expect(faultsOf(ours)).toContain('only 0 of 100 tests pass')
    expect(faultsOf({ files: [], strayErrors: [] })).toContain(`unexplained: ${FILE}: test 1: did not run`)
  })

  it('refuses errors outside any test that XState did not have', () => {
    const comparison = compareSides(side(hundred(), THEIRS, ['known']), side(hundred(), OURS, ['known', 'known']), [])
    expect(findFaults(comparison)).toEqual(['error outside any test: known'])
  })

  it('takes such an error of a test whose difference is explained, and only then', () => {
    const expected = [{ file: FILE, test: 'test 1', reason: 'on purpose', strayError: 'late' }]
    expect(faultsOf(side(hundred({ 'test 1': 'failed' }), OURS, ['late']), expected)).toEqual([])
    expect(faultsOf(side(hundred(), OURS, ['late']), expected)).toContain('error outside any test: late')
  })

  it('refuses actors that ran outside our cells', () => {
    const census = { roots: 2, children: 3, turnsOutside: 4, cells: 1, adopted: 1, turnsOfCells: 5 }
    expect(faultsOf(side({ ...hundred(), 'test 1': 'passed' }, OURS))).toEqual([])
    expect(faultsOf(side(hundred(), census)).slice(0, 3)).toEqual([
      `${FILE}: test 0: 2 calls of createActor made 1 cells`,
      `${FILE}: test 0: XState started 3 children, cells adopted 1`,
      `${FILE}: test 0: XState's own Actor processed 4 events outside a cell's turn`,
    ])
  })

  it('refuses a comparison of nothing', () => {
    expect(findFaults(compareSides(side({}, THEIRS), side({}, OURS), []))).toEqual([
      'no test passed on XState: nothing was compared',
    ])
  })
})
