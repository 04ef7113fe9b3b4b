import { addCensus, EMPTY_CENSUS, findStrangers, type Census } from './actor-census.ts'
import type { FileOutcome, SideOutcome, TestOutcome } from './run-side.ts'

/** A test that passes on XState and not on ours, known and accepted. */
export type ExpectedDifference = {
  readonly file: string
  readonly test: string
  readonly reason: string
  /** First line of what the test throws where nobody waits for it, such as an assertion in a timer. */
  readonly strayError?: string
}

export type Difference = {
  readonly file: string
  readonly test: string
  /** How the test failed on ours. */
  readonly error: string
  /** From the list of expected differences; `undefined` when nobody expects it. */
  readonly reason: string | undefined
}

export type FileComparison = {
  readonly file: string
  /** Tests that pass on XState. */
  readonly comparable: number
  /** Of those, the ones that pass on ours. */
  readonly passed: number
  readonly differences: readonly Difference[]
  /** Why some actor ran outside our cells, by test. */
  readonly strangers: readonly string[]
  /** Of ours. */
  readonly census: Census
}

export type LeftOut = { readonly file: string; readonly test: string; readonly error: string }

export type Comparison = {
  readonly files: readonly FileComparison[]
  readonly comparable: number
  readonly passed: number
  /** The same two figures of tests in which at least one actor was created. */
  readonly comparableWithActors: number
  readonly passedWithActors: number
  /** Tests that fail on XState itself, or cannot be loaded there. */
  readonly leftOut: readonly LeftOut[]
  /** Tests that the suite itself skips. */
  readonly skipped: number
  /** Expected differences that did not occur. */
  readonly stale: readonly ExpectedDifference[]
  /** Errors outside any test that XState did not have and nobody explains. */
  readonly strayErrors: readonly string[]
  readonly census: Census
}

/** Share of the tests that pass on XState which must pass on ours. */
const PASSED_SHARE_MIN = 0.98

/** Judges our outcomes by those of XState on the same files. */
export function compareSides(
  xstate: SideOutcome,
  kernell: SideOutcome,
  expected: readonly ExpectedDifference[],
): Comparison {
  const ours = new Map(kernell.files.map((file) => [file.file, file]))
  const files = xstate.files.map((file) => compareFile(file, ours.get(file.file), expected))
  const withActors = xstate.files.flatMap((file) => passing(file).filter(({ census }) => census.roots > 0))
  const failed = new Set(files.flatMap(({ differences }) => differences.map(keyOf)))
  const failedWithActors = xstate.files.flatMap(({ file, tests }) =>
    tests.filter(({ name, census }) => census.roots > 0 && failed.has(keyOf({ file, test: name }))),
  )
  const occurred = expected.filter((difference) => failed.has(keyOf(difference)))
  const explained = occurred.flatMap(({ strayError }) => strayError ?? [])
  const ran = new Set(xstate.files.map(({ file }) => file))
  return {
    files,
    comparable: sum(files.map(({ comparable }) => comparable)),
    passed: sum(files.map(({ passed }) => passed)),
    comparableWithActors: withActors.length,
    passedWithActors: withActors.length - failedWithActors.length,
    leftOut: xstate.files.flatMap(listLeftOut),
    skipped: xstate.files.flatMap(({ tests }) => tests.filter(({ state }) => state === 'skipped')).length,
    stale: expected.filter((difference) => ran.has(difference.file) && !failed.has(keyOf(difference))),
    strayErrors: withoutOnceEach(kernell.strayErrors, [...xstate.strayErrors, ...explained]),
    census: files.map(({ census }) => census).reduce(addCensus, EMPTY_CENSUS),
  }
}

/** What is wrong, in sentences; empty when ours conforms. */
export function findFaults(comparison: Comparison): readonly string[] {
  const { comparable, passed, comparableWithActors, passedWithActors } = comparison
  const tooFew = (part: number, whole: number): boolean => part < whole * PASSED_SHARE_MIN
  const unexplained = comparison.files.flatMap(({ differences }) => differences.filter(({ reason }) => !reason))
  return [
    ...(comparable === 0 ? ['no test passed on XState: nothing was compared'] : []),
    ...(tooFew(passed, comparable) ? [`only ${passed} of ${comparable} tests pass`] : []),
    ...(tooFew(passedWithActors, comparableWithActors)
      ? [`only ${passedWithActors} of ${comparableWithActors} tests with actors pass`]
      : []),
    ...(comparableWithActors > 0 && comparison.census.cells === 0 ? ['no cell of ours ran'] : []),
    ...unexplained.map(({ file, test, error }) => `unexplained: ${file}: ${test}: ${error}`),
    ...comparison.stale.map(({ file, test }) => `explained, but does not differ: ${file}: ${test}`),
    ...comparison.strayErrors.map((error) => `error outside any test: ${error}`),
    ...comparison.files.flatMap(({ file, strangers }) => strangers.map((stranger) => `${file}: ${stranger}`)),
  ]
}

function compareFile(
  xstate: FileOutcome,
  kernell: FileOutcome | undefined,
  expected: readonly ExpectedDifference[],
): FileComparison {
  const ours = new Map((kernell?.tests ?? []).map((test) => [test.name, test]))
  const comparable = passing(xstate)
  const differences = comparable.flatMap(({ name }) => {
    const test = ours.get(name)
    if (test?.state === 'passed') return []
    const reason = expected.find((each) => each.file === xstate.file && each.test === name)?.reason
    return [{ file: xstate.file, test: name, error: errorOf(test, kernell), reason }]
  })
  const tests = kernell?.tests ?? []
  return {
    file: xstate.file,
    comparable: comparable.length,
    passed: comparable.length - differences.length,
    differences,
    strangers: tests.flatMap(({ name, census }) => findStrangers(census).map((what) => `${name}: ${what}`)),
    census: tests.map(({ census }) => census).reduce(addCensus, EMPTY_CENSUS),
  }
}

function errorOf(test: TestOutcome | undefined, file: FileOutcome | undefined): string {
  if (test !== undefined) return test.state === 'skipped' ? 'skipped' : test.error
  return file?.loadError || 'did not run'
}

function passing({ tests }: FileOutcome): readonly TestOutcome[] {
  return tests.filter(({ state }) => state === 'passed')
}

function listLeftOut({ file, tests, loadError }: FileOutcome): readonly LeftOut[] {
  if (loadError !== '') return [{ file, test: 'the whole file', error: loadError }]
  return tests.filter(({ state }) => state === 'failed').map(({ name, error }) => ({ file, test: name, error }))
}

/** What is left of `all` when each of `known` takes away one that is equal. */
function withoutOnceEach(all: readonly string[], known: readonly string[]): readonly string[] {
  const rest = [...known]
  return all.filter((text) => {
    const index = rest.indexOf(text)
    if (index >= 0) rest.splice(index, 1)
    return index < 0
  })
}

function keyOf({ file, test }: { readonly file: string; readonly test: string }): string {
  return `${file}\n${test}`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0)
}
