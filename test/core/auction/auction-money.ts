import { amountFromNanos } from '../../../src/base/money.ts'
import { HOUR_MS, timestampFromMs } from '../../../src/base/time.ts'
import type { AuctionEffect } from '../../../src/core/auction/auction-state.ts'
import type { Evidence } from '../../../src/core/evidence/evidence.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { LedgerEffect, LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import { LEDGER_MACHINE } from '../../../src/core/ledger/ledger-machine.ts'
import { formatAccountId, parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import type { AccountKind } from '../../../src/core/ledger/ledger-names.ts'
import { balanceOf } from '../../../src/core/ledger/ledger-state.ts'
import type { LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import { CURRENCY, ISSUER, didOf, given, hashOf } from './auction-world.ts'

const RECOVERY: Did = didOf('recovery')

/** The real ledger beside the auction: orders go to it, its answers come back. */
export class Money {
  state: LedgerState = LEDGER_MACHINE.initial({ at: timestampFromMs(0) })

  constructor(funds: readonly (readonly [owner: Did, amount: number])[]) {
    const recovery = { recoveryKey: RECOVERY, recoveryDelay: HOUR_MS }
    this.apply({
      type: 'currency-registered',
      ...signed(0),
      currency: CURRENCY,
      cap: amountFromNanos(1_000n),
      ...recovery,
    })
    for (const [at, [owner, amount]] of funds.entries()) {
      if (amount === 0) continue
      const id = given(parseTransferId(String(at + 1).padStart(32, '0')))
      const issued = { id, owner, currency: CURRENCY, amount: amountFromNanos(BigInt(amount)) }
      this.apply({ type: 'credits-issued', ...signed(at + 1), ...issued, reference: `paid ${at}`, isConfirmed: true })
    }
  }

  apply(event: LedgerEvent): readonly LedgerEffect[] {
    const { state, effects } = LEDGER_MACHINE.transition(this.state, event)
    const broken = LEDGER_MACHINE.violations(state)
    if (broken.length > 0) throw new Error(broken.join('; '))
    this.state = state
    return effects
  }

  /** Whether every order was taken. */
  run(effects: readonly AuctionEffect[], at: number): boolean {
    return effects.every((effect) => {
      if (effect.type !== 'post-transfers') return true
      const answers = this.apply({ type: 'transfers-submitted', at: timestampFromMs(at), orders: effect.orders })
      return answers.every(({ type }) => type !== 'event-refused')
    })
  }

  balance(owner: Did, kind: AccountKind = 'available'): bigint {
    return balanceOf(this.state, formatAccountId({ owner, kind, currency: CURRENCY }))
  }
}

function signed(seq: number): Evidence {
  return { envelope: hashOf(`issuer ${seq}`), iss: ISSUER, seq, prev: undefined, at: timestampFromMs(0) }
}
