import { CodedError } from '../../base/errors.ts'
import { type Amount, amountFromNanos } from '../../base/money.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { durationFromMs } from '../../base/time.ts'
import { transferIdOfDigest } from '../../core/escrow/escrow-money.ts'
import type { Did } from '../../core/evidence/names.ts'
import { type Currency, parseCurrency } from '../../core/ledger/ledger-names.ts'
import type { SayInit } from '../../market/parties/accounts/wallet.ts'
import type { Party } from '../../market/parties/party.ts'
import type { PartyMachine } from './party-machine.ts'

/** More than any world spends. */
const CAP_NANOS = amountFromNanos(1_000_000_000_000_000_000n)
const RECOVERY_DELAY_MS = durationFromMs(3_600_000)

export type Deposit = { readonly owner: Did; readonly amountNanos: Amount; readonly key: string }

/** The payment of a world: whoever pays in gets confirmed credits of one currency. What was asked for twice under one key is given once. */
export class Bank {
  readonly currency: Currency
  /** All that was issued so far, by the bank's own account of it. */
  issuedNanos = 0n
  private readonly machine: PartyMachine
  private readonly keys = new Set<string>()

  constructor(machine: PartyMachine, code = 'USD') {
    const currency = parseCurrency(`${code}@${machine.did}`)
    if (currency === undefined) throw new RangeError(`${code} is no currency code`)
    this.currency = currency
    this.machine = machine
  }

  get did(): Did {
    return this.machine.did
  }

  /** Throws `MARKET_NOT_OPEN` while its machine is down, and `MARKET_REFUSED`. */
  async register(): Promise<void> {
    const { party } = this
    const { currency } = this
    const [first] = party.components.notary.set.members
    await this.tell(party, {
      act: 'currency',
      type: 'ledger-currency-register',
      body: { currency, capNanos: CAP_NANOS, recoveryKey: first?.key ?? this.did, recoveryDelayMs: RECOVERY_DELAY_MS },
    })
  }

  /** Gives out credits for a payment that has arrived. Throws as `register`. */
  async issue({ owner, amountNanos, key }: Deposit): Promise<void> {
    const reference = sha256Hex(`issue/${this.did}/${key}`).slice(0, 32)
    const id = transferIdOfDigest(reference)
    const { currency, party } = this
    await this.tell(party, {
      act: `issue/${key}`,
      type: 'ledger-issue',
      body: { id, owner, currency, amountNanos, reference, isConfirmed: true },
    })
    if (!this.keys.has(key)) this.issuedNanos += amountNanos
    this.keys.add(key)
  }

  private get party(): Party {
    const { running } = this.machine
    if (running !== undefined) return running.party
    throw new CodedError('MARKET_NOT_OPEN', { message: 'The bank of the world is down' })
  }

  private async tell<Type extends 'ledger-currency-register' | 'ledger-issue'>(
    party: Party,
    init: Pick<SayInit<Type>, 'act' | 'type' | 'body'>,
  ): Promise<void> {
    const kept = await party.wallet.say<Type>({ ...init, aud: party.components.notary.set.id })
    const { effect, code } = await party.outbox.submit(kept)
    if (effect === 'refused') throw new CodedError('MARKET_REFUSED', { message: `${init.act}: ${code}` })
  }
}
