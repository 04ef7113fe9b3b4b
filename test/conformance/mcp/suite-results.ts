import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export type CheckResult = { readonly id: string; readonly status: string; readonly message?: string }
export type ScenarioResult = { readonly scenario: string; readonly checks: readonly CheckResult[] }

/** A check that does not hold, for a reason that is not ours. */
export type ExpectedResult = {
  readonly scenario: string
  readonly check: string
  readonly status: string
  readonly reason: string
}

export type FrozenScenarios = {
  /** All that there are, no more and no fewer. */
  readonly scenarios: readonly string[]
  readonly expected: readonly ExpectedResult[]
}

export type Verdict = {
  readonly passed: number
  readonly expected: number
  /** One line each: what failed, is missing, or passed though it was expected to fail. */
  readonly failures: readonly string[]
}

const HELD: ReadonlySet<string> = new Set(['SUCCESS', 'INFO'])

/** What the suite wrote below a folder, one folder for each scenario that it has run. */
export function readSuiteResults(
  folder: string,
  scenarios: readonly string[],
  prefix: string,
): readonly ScenarioResult[] {
  const folders = readdirSync(folder)
  return scenarios.flatMap((scenario) => {
    const name = `${prefix}${scenario}-`
    const found = folders.find((each) => each.startsWith(name) && /^\d{4}-/.test(each.slice(name.length)))
    if (found === undefined) return []
    const checks = JSON.parse(readFileSync(join(folder, found, 'checks.json'), 'utf8')) as readonly (CheckResult & {
      readonly errorMessage?: string
    })[]
    return [
      {
        scenario,
        checks: checks.map(({ id, status, errorMessage }) => ({
          id,
          status,
          ...(errorMessage !== undefined && { message: errorMessage }),
        })),
      },
    ]
  })
}

/** Holds results against what is frozen. A warning is a failure unless it is expected; what is expected has to be there. */
export function judge(results: readonly ScenarioResult[], { scenarios, expected }: FrozenScenarios): Verdict {
  const ran = new Set(results.map(({ scenario }) => scenario))
  const failures = scenarios.filter((scenario) => !ran.has(scenario)).map((scenario) => `${scenario}: did not run`)
  const seen = new Set<ExpectedResult>()
  let passed = 0
  for (const { scenario, checks } of results) {
    if (checks.length === 0) failures.push(`${scenario}: has no checks`)
    for (const { id, status, message } of checks) {
      if (status === 'SUCCESS') passed += 1
      if (HELD.has(status)) continue
      const known = expected.find((one) => one.scenario === scenario && one.check === id && one.status === status)
      if (known === undefined) failures.push(`${scenario}: ${id} is ${status}: ${message ?? 'no message'}`)
      else seen.add(known)
    }
  }
  for (const one of expected)
    if (!seen.has(one)) failures.push(`${one.scenario}: ${one.check} was expected to be ${one.status} and is not`)
  return { passed, expected: seen.size, failures }
}
