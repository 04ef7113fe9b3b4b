import { CodedError } from '../../../base/errors.ts'
import { type Amount, amountFromNanos } from '../../../base/money.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import { transferIdOfDigest } from '../../../core/escrow/escrow-money.ts'
import { delegationSignedBytes, issueToken } from '../../../wire/ucan/token-codec.ts'
import type { FaultKind, PlannedFault } from '../../faults/fault-plan.ts'
import type { Town } from '../agents/town.ts'
import type { RunningParty } from '../party-machine.ts'
import type { Stage } from '../../scenario/stage.ts'

/** Kinds of lies that a party of the market can tell. */
export const PARTY_LIES: readonly FaultKind[] = ['double-signature', 'replayed-message', 'forged-capability']

const STOLEN_NANOS = amountFromNanos(5_000_000_000n)
/** Seconds that a forged capability would hold. */
const HOLDS_S = 600

/** Peers that lie: sign twice where once is allowed, send again what others have said, and claim rights that nobody gave them. */
export class PartyLies {
  private readonly stage: Stage
  private readonly town: Town
  private acts = 0

  constructor(stage: Stage, town: Town) {
    this.stage = stage
    this.town = town
  }

  /** Whom each kind befalls. */
  get targets(): readonly string[] {
    return [...this.town.market.parties.keys()]
  }

  inject(fault: PlannedFault): void {
    this.acts += 1
    const act = this.actOf(fault)
    act.catch((error: unknown) => {
      // Whoever cannot be reached hears no lies.
      if (!CodedError.is(error) && !isEnd(error)) this.stage.world.fail(error)
    })
  }

  private async actOf({ kind, target, strength }: PlannedFault): Promise<void> {
    if (kind === 'double-signature') await this.signTwice(target, this.acts)
    else if (kind === 'replayed-message') await this.sayAgain(target)
    else this.forge(target, strength)
  }

  /** The issuer signs another amount for a transfer that is booked: a set that took both would have paid twice. */
  private async signTwice(target: string, act: number): Promise<void> {
    const { owner, running } = this.bankFor(target)
    if (running === undefined) return
    const kept = await running.party.wallet.say({
      act: `twice/${act}`,
      type: 'ledger-issue',
      body: this.issueOf(target, owner, STOLEN_NANOS),
      aud: running.party.components.notary.set.id,
    })
    const { effect, code } = await running.party.components.notary.submit(kept.bytes, { signal: running.party.signal })
    this.stage.countFault('double-signature')
    const what = effect === 'refused' ? undefined : `a second transfer under one id came to ${effect} ${code ?? ''}`
    this.stage.checks.check('one-signature', what)
  }

  /** The very bytes of a payment that was made, sent once more. */
  private async sayAgain(target: string): Promise<void> {
    const { owner, running, fundsNanos } = this.bankFor(target)
    if (running === undefined) return
    const kept = await running.party.wallet.say({
      act: `issue/fund/${target}`,
      type: 'ledger-issue',
      body: this.issueOf(target, owner, fundsNanos),
      aud: running.party.components.notary.set.id,
    })
    await running.party.components.notary.submit(kept.bytes, { signal: running.party.signal })
    this.stage.countFault('replayed-message')
  }

  /** A right over somebody's things that somebody else signed, and one of its own with a changed letter. */
  private forge(target: string, strength: number): void {
    const { market } = this.town
    const running = market.parties.get(target)?.running
    if (running === undefined) return
    const forger = market.network.identity(`forger-${this.acts}`)
    const at = running.owner.clock.now()
    const exp = Math.floor(at / 1_000) + HOLDS_S
    const rights = { aud: running.party.did, cmd: '/task/run', pol: [], exp }
    const bytes = delegationSignedBytes({
      ...rights,
      iss: forger.did,
      sub: this.victimOf(target),
      nonce: new Uint8Array(16).fill(this.acts),
    })
    const issued = issueToken(bytes, (signed) => forger.signer.sign(signed))
    const own = running.capabilities.delegate({ ...rights, sub: running.party.did })
    const forged = [
      ...(issued.kind === 'refused' ? [] : [issued.text]),
      ...(own.kind === 'refused' ? [] : [changed(own.text, strength)]),
    ]
    for (const text of forged) {
      const { kind } = running.capabilities.check([text], at)
      this.stage.checks.check(
        'forged-capability',
        kind === 'refused' ? undefined : `${target} took a forged capability`,
      )
    }
    this.stage.countFault('forged-capability')
  }

  private victimOf(target: string): RunningParty['party']['did'] {
    const { market } = this.town
    const other = this.targets.find((name) => name !== target) ?? target
    return market.didOf(other)
  }

  private bankFor(target: string): {
    readonly owner: RunningParty['party']['did']
    readonly running: RunningParty | undefined
    readonly fundsNanos: Amount
  } {
    const { market, agents } = this.town
    const funds = agents.find(({ name }) => name === target)?.paidInNanos ?? 0n
    const running = funds === 0n ? undefined : market.bankMachine.running
    return { owner: market.didOf(target), running, fundsNanos: amountFromNanos(funds) }
  }

  /** As the bank of the world books what somebody pays in when it joins. */
  private issueOf(target: string, owner: RunningParty['party']['did'], amountNanos: Amount) {
    const { market } = this.town
    const reference = sha256Hex(`issue/${market.bank.did}/fund/${target}`).slice(0, 32)
    const id = transferIdOfDigest(reference)
    return { id, owner, currency: market.currency, amountNanos, reference, isConfirmed: true }
  }
}

/** With one letter that is another one, at a place that the strength of the fault says. */
function changed(text: string, strength: number): string {
  const at = Math.min(text.length - 1, Math.floor(strength * text.length))
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`
}

/** The process of whoever lied has ended meanwhile. */
function isEnd(error: unknown): boolean {
  return error instanceof DOMException
}
