import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type BreakerEffect,
  type BreakerEvent,
  type BreakerRules,
  type BreakerState,
  CIRCUIT_BREAKER,
} from '../../../src/core/breakers/circuit-breaker.ts'

const RULES: BreakerRules = { failuresMax: 3, openMs: 100, openMsMax: 800, trialMs: 50 }

/** A breaker that is driven by hand; `ask` gives the generation of an admitted call. */
class Driven {
  state: BreakerState = CIRCUIT_BREAKER.initial(RULES)

  take(event: BreakerEvent): readonly BreakerEffect[] {
    const { state, effects } = CIRCUIT_BREAKER.transition(this.state, event)
    expect(CIRCUIT_BREAKER.violations(state)).toEqual([])
    this.state = state
    return effects
  }

  ask(atMs: number): number | undefined {
    const [effect] = this.take({ type: 'call-requested', atMs })
    return effect?.type === 'admit-call' ? effect.generation : undefined
  }

  failAll(atMs: number): void {
    for (let count = 0; count < RULES.failuresMax; count += 1)
      this.take({ type: 'call-failed', generation: this.ask(atMs) ?? -1, atMs })
  }
}

describe('a circuit breaker', () => {
  it('opens after failures in a row, lets one trial through, and closes with its success', () => {
    const breaker = new Driven()
    for (const type of ['call-failed', 'call-failed', 'call-succeeded', 'call-failed', 'call-failed'] as const)
      breaker.take({ type, generation: breaker.ask(0) ?? -1, atMs: 0 })
    expect(breaker.state.kind).toBe('closed')
    breaker.failAll(0)
    expect(breaker.ask(99)).toBeUndefined()
    const trial = breaker.ask(100)
    expect(trial).toBeDefined()
    expect(breaker.ask(100)).toBeUndefined()
    breaker.take({ type: 'call-succeeded', generation: trial ?? -1, atMs: 110 })
    expect(breaker.ask(110)).toBeDefined()
    expect(breaker.state.kind).toBe('closed')
  })

  it('is open for twice as long after each trial that fails, and as long as it is asked to, up to a limit', () => {
    const breaker = new Driven()
    breaker.failAll(0)
    let at = 100
    for (const openMs of [200, 400, 800, 800]) {
      breaker.take({ type: 'call-failed', generation: breaker.ask(at) ?? -1, atMs: at })
      expect(breaker.ask(at + openMs - 1)).toBeUndefined()
      at += openMs
    }
    const asked = new Driven()
    for (let count = 0; count < 3; count += 1)
      asked.take({ type: 'call-failed', generation: asked.ask(0) ?? -1, atMs: 0, waitMs: 10_000 })
    expect(asked.ask(799)).toBeUndefined()
    expect(asked.ask(800)).toBeDefined()
  })

  it('lets the next trial through when one is lost or abandoned, and hears nothing of a lost one afterwards', () => {
    const breaker = new Driven()
    breaker.failAll(0)
    const lost = breaker.ask(100) ?? -1
    expect(breaker.ask(149)).toBeUndefined()
    const second = breaker.ask(150) ?? -1
    expect(second).toBeGreaterThan(lost)
    const [effect] = breaker.take({ type: 'call-failed', generation: lost, atMs: 151 })
    expect(effect?.type).toBe('event-refused')
    expect(breaker.state.kind).toBe('half-open')
    breaker.take({ type: 'call-abandoned', generation: second, atMs: 152 })
    expect(breaker.ask(152)).toBeDefined()
  })

  it('never wedges: whatever was lost, late or out of order, a well service is called again within a bound', () => {
    const act = fc.record({
      what: fc.constantFrom('ask', 'succeed', 'fail', 'abandon', 'lose'),
      which: fc.nat({ max: 9 }),
      waitMs: fc.nat({ max: 300 }),
      backMs: fc.nat({ max: 5 }),
    })
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80 }), (acts) => {
        const breaker = new Driven()
        const open: number[] = []
        let at = 1_000
        let trials = 0
        for (const { what, which, waitMs, backMs } of acts) {
          at += waitMs - backMs
          if (what === 'ask') {
            const before = breaker.state.kind
            const generation = breaker.ask(at)
            if (generation !== undefined) open.push(generation)
            if (generation !== undefined && before !== 'closed') trials += 1
            continue
          }
          const [generation] = open.splice(which % Math.max(1, open.length), 1)
          if (generation === undefined || what === 'lose') continue
          const type = { succeed: 'call-succeeded', fail: 'call-failed', abandon: 'call-abandoned' }[
            what
          ] as 'call-failed'
          breaker.take({ type, generation, atMs: at })
        }
        // From here on the service is well, and nothing that was lost comes back.
        const bound = at + Math.max(RULES.openMsMax, RULES.trialMs) + RULES.trialMs
        for (; at <= bound; at += 10) {
          const generation = breaker.ask(at)
          if (generation !== undefined) breaker.take({ type: 'call-succeeded', generation, atMs: at })
        }
        expect(breaker.state.kind).toBe('closed')
        expect(trials).toBeLessThanOrEqual(acts.length)
      }),
      { numRuns: 300 },
    )
  })

  it('lets one call through at a time while it is not closed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 49 }), { maxLength: 30 }), (gaps) => {
        const breaker = new Driven()
        breaker.failAll(0)
        let at = 100
        expect(breaker.ask(at)).toBeDefined()
        for (const gap of gaps) {
          if (at + gap >= 150) break
          at += gap
          expect(breaker.ask(at)).toBeUndefined()
        }
      }),
    )
  })

  it('does not wait for a clock that was set back', () => {
    const breaker = new Driven()
    breaker.failAll(1_000_000)
    expect(breaker.ask(5)).toBeDefined()
  })
})
