import fc from 'fast-check'
import { expect, it } from 'vitest'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import { compareLedgers } from './compare-ledgers.ts'
import { createLedgerCommands } from './ledger-commands.ts'

/** One command: numbers that its choices are taken from, in turn; 0 when they are used up. */
const COMMAND = fc.array(fc.nat({ max: 1 << 20 }), { minLength: 4, maxLength: 40, size: 'max' })

it('does what the reference does, whatever comes', () => {
  fc.assert(
    fc.property(fc.array(COMMAND, { maxLength: 120, size: 'max' }), (list) => {
      const commands = createLedgerCommands()
      const comparison = compareLedgers(LEDGER_MACHINE)
      for (const numbers of list) {
        let used = 0
        const event = commands.next((bound) => (numbers[used++] ?? 0) % bound)
        expect(comparison.step(event, true)).toEqual([])
      }
    }),
    { numRuns: 150, seed: 2026 },
  )
})
