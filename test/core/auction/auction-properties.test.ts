import { describe, expect, it } from 'vitest'
import { AUCTION_MACHINE } from '../../../src/core/auction/auction-machine.ts'
import { CASE_NAMES, CHECK_NAMES, caseFailure, checkFailure } from './auction-checks.ts'
import { AUCTION_PLANTS } from './auction-plants.ts'

const SIZE = { runs: 300, seed: 7 }

describe('an auction', () => {
  for (const name of CASE_NAMES) {
    it(name, () => {
      expect(caseFailure(name, AUCTION_MACHINE)).toBeUndefined()
    })
  }

  for (const name of CHECK_NAMES) {
    it(`${name}, in generated auctions`, () => {
      expect(checkFailure(name, AUCTION_MACHINE, SIZE)).toBeUndefined()
    })
  }
})

describe('planted defects are found', () => {
  for (const [name, { what, machine }] of Object.entries(AUCTION_PLANTS)) {
    it(`${name}: ${what}`, () => {
      const isFound =
        CASE_NAMES.some((check) => caseFailure(check, machine) !== undefined) ||
        CHECK_NAMES.some((check) => checkFailure(check, machine, SIZE) !== undefined)
      expect(isFound).toBe(true)
    })
  }
})
