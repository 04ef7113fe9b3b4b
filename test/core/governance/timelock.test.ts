import { expect, it } from 'vitest'
import { DAY_MS, timestampFromMs } from '../../../src/base/time.ts'
import { TIMER_MAX_MS } from '../../../src/core/escrow/escrow-rules.ts'
import { timelockBound } from '../../../src/core/governance/contract-steps.ts'
import { GOVERNANCE_MACHINE } from '../../../src/core/governance/governance-machine.ts'
import type { GovernanceEvent } from '../../../src/core/governance/governance-state.ts'
import { DEFAULT_PARAMETERS, durationOf, hashOfParameters } from '../../../src/core/governance/parameter-set.ts'
import { contract } from './governance-world.ts'

const AT = timestampFromMs(0)

it('a contract with oneself makes a change wait for 45 days at most, also one of a set beside the governed ones', () => {
  const longest = (name: 'deliverMs' | 'graceMs' | 'ruleMs') => durationOf(DEFAULT_PARAMETERS, `maximum.${name}`)
  const opened: readonly GovernanceEvent[] = [
    {
      type: 'contract-opened',
      contract: contract('governed'),
      parametersHash: hashOfParameters(DEFAULT_PARAMETERS),
      deliverMs: longest('deliverMs'),
      graceMs: longest('graceMs'),
      ruleMs: longest('ruleMs'),
      at: AT,
    },
    {
      type: 'contract-opened',
      contract: contract('beside'),
      parametersHash: undefined,
      deliverMs: TIMER_MAX_MS,
      graceMs: TIMER_MAX_MS,
      ruleMs: TIMER_MAX_MS,
      at: AT,
    },
  ]
  for (const event of opened) {
    const first = GOVERNANCE_MACHINE.initial({ parameters: DEFAULT_PARAMETERS, at: AT })
    const { state, effects } = GOVERNANCE_MACHINE.transition(first, event)
    expect(effects).toEqual([])
    expect(timelockBound(state)).toBe(45 * DAY_MS)
  }
})
