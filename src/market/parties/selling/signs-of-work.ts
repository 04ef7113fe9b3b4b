import { CodedError } from '../../../base/errors.ts'
import type { DurationMs } from '../../../base/time.ts'
import { BEATS_MISSED_MAX, type EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../../core/evidence/names.ts'
import { voucherHash } from '../../../wire/v1/escrow-events.ts'
import { pause } from '../contracts/contract-follower.ts'
import type { Party } from '../party.ts'
import { readMeter, type TaskCounts } from './read-meter.ts'

export type SignsOfWorkInit = {
  readonly contract: ContractId
  readonly payer: Did
  /** The node of the payer. */
  readonly peer: Did
  /** What the work has used so far. */
  readonly used: () => TaskCounts
}

/** What a worker signs while it works: readings of its meter, vouchers for milestones, signs of life. */
export class SignsOfWork {
  private readonly party: Party
  private readonly init: SignsOfWorkInit

  constructor(party: Party, init: SignsOfWorkInit) {
    this.party = party
    this.init = init
  }

  async readMeter(act: string, counts: TaskCounts): Promise<Hash> {
    const { contract, payer } = this.init
    return await readMeter(this.party, { contract, payer, act, counts })
  }

  /** A voucher that the payer does not sign is no reason to stop: the worker decides by its exposure, which the milestone bounds. */
  async vouch(terms: EscrowTerms, number: number, counts: TaskCounts): Promise<void> {
    const { party } = this
    const { contract, peer } = this.init
    const amountNanos = terms.milestonesNanos[number - 1]
    if (amountNanos === undefined) return
    const meter = await this.readMeter(`voucher/${number}`, counts)
    const statement = { contract, number, amountNanos, currency: terms.currency, meter }
    const hash = voucherHash(statement)
    const signature = await party.wallet.sign({ kind: 'voucher', place: `${contract}/${number}`, hash })
    try {
      const question = { frame: { type: 'voucher', statement, signature } as const }
      const { frame } = await party.components.door.ask(peer, question, { signal: party.signal })
      if (frame.type !== 'cosigned') return
      const signatures = [
        { iss: party.wallet.keyFor(contract), signature },
        { iss: terms.payer, signature: frame.signature },
      ]
      await party.tellNotary(contract, {
        act: `voucher/${number}`,
        type: 'escrow-voucher',
        body: { statement, signatures },
      })
    } catch (error: unknown) {
      party.journal.throwFailure()
      if (!CodedError.is(error)) throw error
    }
  }

  /** Signs of life, each before the payer may give up. @returns Ends them. */
  beat(terms: EscrowTerms, signal: AbortSignal): () => void {
    const stop = new AbortController()
    const isOver = AbortSignal.any([signal, stop.signal])
    const everyMs = ((BEATS_MISSED_MAX * terms.timers.beatMs) / 2) as DurationMs
    const { contract, used } = this.init
    this.party.begin(async () => {
      for (let number = this.saidBeats; ; number += 1) {
        await pause(this.party.components.timers, everyMs, isOver)
        if (isOver.aborted) return
        const meter = await this.readMeter(`beat/${number}`, used())
        await this.party.tellNotary(contract, { act: `beat/${number}`, type: 'escrow-beat', body: { meter } })
      }
    })
    return () => stop.abort()
  }

  private get saidBeats(): number {
    return this.party.journal.envelopesOf(this.init.contract).filter(({ envelope }) => envelope.type === 'escrow-beat')
      .length
  }
}
