import { describe, expect, it } from 'vitest'
import { GOVERNANCE_MACHINE } from '../../../src/core/governance/governance-machine.ts'
import { SCRIPTS } from './scripts.ts'
import { TRANSCRIPTS } from './transcripts.ts'
import { GOVERNANCE_PLANTS } from './governance-plants.ts'
import type { GovernanceMachine } from './governance-world.ts'

describe('governance plays', () => {
  it.each(Object.keys(SCRIPTS))('%s', (name) => {
    expect(SCRIPTS[name]?.(GOVERNANCE_MACHINE)).toEqual(TRANSCRIPTS[name])
  })
})

function isCaught(machine: GovernanceMachine): boolean {
  return Object.entries(SCRIPTS).some(([name, play]) => {
    try {
      expect(play(machine)).toEqual(TRANSCRIPTS[name])
      return false
    } catch {
      return true
    }
  })
}

describe('planted defects', () => {
  it.each(Object.entries(GOVERNANCE_PLANTS))('%s is caught', (_, machine) => {
    expect(isCaught(machine)).toBe(true)
  })

  it('are not seen in the machine as it is', () => {
    expect(isCaught(GOVERNANCE_MACHINE)).toBe(false)
  })
})
