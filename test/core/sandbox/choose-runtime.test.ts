import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseRuntime, type RuntimeState, type RuntimeStates } from '../../../src/core/sandbox/choose-runtime.ts'
import { isAtLeast, ISOLATION_TIERS, RUNTIME_TRAITS, SANDBOX_RUNTIMES } from '../../../src/core/sandbox/isolation.ts'

const WORKS: RuntimeState = { works: true, version: '1' }
const ALL: RuntimeStates = Object.fromEntries(SANDBOX_RUNTIMES.map((name) => [name, WORKS]))

const stateOf: fc.Arbitrary<RuntimeState> = fc.oneof(
  fc.constant(WORKS),
  fc.constant<RuntimeState>({ works: true, version: '1', isEmulated: true }),
  fc.constant<RuntimeState>({ works: false, reason: 'no such program', remedy: 'Install it.' }),
)

describe('the choice of a runtime', () => {
  test.each([
    ['component', 't1', 'wasm'],
    ['script', 't1', 'quickjs'],
    ['command', 't1', 'subprocess'],
    ['command', 't4', 'docker'],
    ['command', 't5', 'microvm'],
  ] as const)('for a %s at %s is %s', (program, isolation, runtime) => {
    const choice = chooseRuntime(ALL, { program, isolation, allowEmulation: false })
    expect(choice).toEqual({ kind: 'chosen', runtime })
  })

  test('is a stronger one where the one that is enough does not work', () => {
    const states: RuntimeStates = { ...ALL, subprocess: { works: false, reason: 'no bwrap', remedy: 'Install it.' } }
    const choice = chooseRuntime(states, { program: 'command', isolation: 't3', allowEmulation: false })
    expect(choice).toEqual({ kind: 'chosen', runtime: 'docker' })
  })

  test('is refused, and says of each runtime why and what would help', () => {
    const states: RuntimeStates = {
      ...ALL,
      docker: { works: false, reason: 'no daemon answers', remedy: 'Start dockerd.' },
      microvm: { works: true, version: '7.2', isEmulated: true },
    }
    const choice = chooseRuntime(states, { program: 'command', isolation: 't4', allowEmulation: false })
    expect(choice).toMatchObject({
      kind: 'refused',
      passedOver: [
        { runtime: 'wasm', why: 'other-program' },
        { runtime: 'quickjs', why: 'other-program' },
        { runtime: 'subprocess', why: 'too-weak' },
        { runtime: 'docker', why: 'absent', reason: 'no daemon answers', remedy: 'Start dockerd.' },
        { runtime: 'microvm', why: 'emulated' },
      ],
    })
  })

  test('is never one that is weaker than required, runs something else, is not there, or is not the one that was named', () => {
    const demand = fc.record({
      isolation: fc.constantFrom(...ISOLATION_TIERS),
      program: fc.constantFrom('component', 'script', 'command'),
      named: fc.option(fc.constantFrom(...SANDBOX_RUNTIMES), { nil: undefined }),
      allowEmulation: fc.boolean(),
    })
    const states = fc.record(Object.fromEntries(SANDBOX_RUNTIMES.map((name) => [name, stateOf])), {
      requiredKeys: [],
    }) as fc.Arbitrary<RuntimeStates>
    fc.assert(
      fc.property(states, demand, (known, wanted) => {
        const choice = chooseRuntime(known, wanted)
        if (choice.kind === 'refused') {
          expect(choice.passedOver).toHaveLength(SANDBOX_RUNTIMES.length)
          expect(choice.passedOver.every(({ reason, remedy }) => reason !== '' && remedy !== '')).toBe(true)
          return
        }
        const { tier, runs } = RUNTIME_TRAITS[choice.runtime]
        const state = known[choice.runtime]
        expect(isAtLeast(tier, wanted.isolation)).toBe(true)
        expect(runs).toBe(wanted.program)
        expect(state?.works).toBe(true)
        if (state?.works === true && state.isEmulated === true) expect(wanted.allowEmulation).toBe(true)
        if (wanted.named !== undefined) expect(choice.runtime).toBe(wanted.named)
      }),
      { numRuns: 1_000 },
    )
  })
})
