import { expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { findScenario, SCENARIOS } from '../../../src/simulation/scenarios/scenario-table.ts'

function refusalOf(name: string): CodedError {
  try {
    findScenario(name)
  } catch (error: unknown) {
    if (CodedError.is(error)) return error
  }
  throw new Error(`${name} was found`)
}

test('a name that is not there is refused, with those that are', () => {
  const { code, details, message } = refusalOf('agent-netwrk')
  expect(code).toBe('SIMULATION_SCENARIO_UNKNOWN')
  expect(message).toContain('is not known')
  expect(details).toMatchObject({ scenarios: SCENARIOS.map(({ name }) => name) })
})

test('each scenario is found by its name, and takes its defaults', () => {
  for (const scenario of SCENARIOS) {
    expect(findScenario(scenario.name)).toBe(scenario)
    expect(scenario.schema.safeParse({}).success).toBe(true)
  }
})
