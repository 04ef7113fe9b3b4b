import { describe, expect, test } from 'vitest'
import { amountFromNanos } from '../../../src/base/money.ts'
import { HOUR_MS } from '../../../src/base/time.ts'
import type { EscrowStateKind } from '../../../src/core/escrow/escrow-state.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import type { NotaryService } from '../../../src/market/notary/notary-service.ts'
import { encodeSignature } from '../../../src/wire/v1/checkpoint.ts'
import { rotationBytes } from '../../../src/wire/v1/ledger-events.ts'
import type { MessageBody, MessageType } from '../../../src/wire/v1/message-types.ts'
import { LocalNotary, START } from './local-notary.ts'
import {
  Deal,
  hashOf,
  issueUsd,
  nonceOf,
  Party,
  registerUsd,
  STEPS,
  type StepName,
  USD,
  VAULT,
} from './settlement-builder.ts'

const nanos = (count: number) => amountFromNanos(BigInt(count))
/** Bonds and penalties, so that every account that a contract can touch is touched. */
const CHANGES = {
  custody: 'C3',
  custodyLabel: 'C3/f=0',
  bonds: { payerNanos: nanos(20), workerNanos: nanos(30), disputeNanos: nanos(5) },
  penalties: { p1Nanos: nanos(3), p2Nanos: nanos(7) },
} as const

type Side = 'payer' | 'worker'

class Loss {
  readonly notary = new LocalNotary()
  readonly successor = new Party('successor')
  readonly deal: Deal
  service: NotaryService | undefined

  constructor() {
    this.deal = new Deal(this.notary.set, { name: 'lost', now: START, changes: CHANGES })
  }

  async open(upTo: StepName | undefined): Promise<void> {
    this.service = await this.notary.open()
    const { payer, worker } = this.deal
    await this.submit(registerUsd(START))
    for (const { did } of [payer, worker]) await this.submit(issueUsd(did, 1_000n, { now: START }))
    const last = upTo === undefined ? -1 : STEPS.indexOf(upTo)
    for (const step of STEPS.slice(0, last + 1)) expect([step, await this.step(step)]).toEqual([step, 'applied'])
  }

  async submit(bytes: Uint8Array): Promise<string> {
    const { effect, code } = (await this.service?.submit(bytes)) ?? { effect: 'refused', code: 'closed' }
    return effect === 'refused' ? (code ?? '') : effect
  }

  async step(name: StepName): Promise<string> {
    return await this.submit(this.deal.messages[name])
  }

  async say<Type extends MessageType>(by: Party, type: Type, body: MessageBody<Type>): Promise<string> {
    const now = this.notary.clock.now()
    const isAbout = type.startsWith('escrow-')
    const about = { now, aud: this.notary.set.id, ...(isAbout && { contract: this.deal.contract }) }
    return await this.submit(by.say({ ...about, type, body }))
  }

  /** Given up by whoever has the key, in favour of the successor. */
  async giveUp(lost: Party): Promise<void> {
    const { successor } = this
    const signature = encodeSignature(successor.sign(rotationBytes({ from: lost.did, key: successor.did })))
    expect(await this.say(lost, 'ledger-key-rotate', { key: successor.did, isLost: true, signature })).toBe('applied')
  }

  async state(): Promise<EscrowStateKind | undefined> {
    return (await this.service?.contract(this.deal.contract))?.state
  }

  async balances(owner: Did): Promise<Record<string, string>> {
    const all = (await this.service?.accounts({ owner }))?.ledgers ?? []
    return Object.fromEntries(
      all.flatMap(({ accounts }) => accounts.map(({ kind, balanceNanos }) => [kind, balanceNanos])),
    )
  }

  /** Long enough for every timer, one after the other. @returns The state in which the contract was last seen: one that held nothing is soon pruned. */
  async passAll(): Promise<EscrowStateKind | undefined> {
    let last: EscrowStateKind | undefined
    for (let turn = 0; turn < 72; turn += 1) {
      await this.notary.pass(HOUR_MS / 4)
      last = (await this.state()) ?? last
    }
    return last
  }
}

/** How far a contract has come when a key is lost, what the lost key would say next, and where the timers lead. */
const LOSSES: readonly (readonly [EscrowStateKind, StepName, Side, StepName | undefined, EscrowStateKind])[] = [
  ['OFFERED', 'award', 'payer', 'contract', 'ABORTED'],
  ['OFFERED', 'award', 'worker', undefined, 'ABORTED'],
  ['AGREED', 'contract', 'payer', 'hold', 'ABORTED'],
  ['AGREED', 'contract', 'worker', undefined, 'ABORTED'],
  ['HELD', 'hold', 'payer', undefined, 'VOIDED'],
  ['HELD', 'hold', 'worker', 'start', 'VOIDED'],
  ['WORKING', 'start', 'payer', undefined, 'EXPIRED'],
  ['WORKING', 'start', 'worker', 'delivery', 'EXPIRED'],
  ['DELIVERED', 'delivery', 'payer', 'accept', 'FINAL'],
  ['DELIVERED', 'delivery', 'worker', undefined, 'FINAL'],
  ['SETTLED', 'accept', 'payer', undefined, 'FINAL'],
  ['SETTLED', 'accept', 'worker', undefined, 'FINAL'],
]

describe('a contract of a key that is lost', () => {
  test.each(LOSSES)('in %s after %s, lost by the %s, ends by its timers', async (state, upTo, side, next, end) => {
    const loss = new Loss()
    await loss.open(upTo)
    expect(await loss.state()).toBe(state)
    const lost = loss.deal[side]
    await loss.giveUp(lost)
    if (next !== undefined) expect(await loss.step(next)).toBe('BOOKS_KEY_REPLACED')
    expect(await loss.say(lost, 'escrow-withdraw', { reason: 'thief' })).toBe('BOOKS_KEY_REPLACED')
    expect(await loss.passAll()).toBe(end)
    await expectNothingHeld(loss)
  })

  test.each<[EscrowStateKind, Side]>([
    ['DISPUTED', 'payer'],
    ['DISPUTED', 'worker'],
    ['FROZEN', 'payer'],
    ['FROZEN', 'worker'],
  ])('in %s, lost by the %s, ends by T_rule', async (state, side) => {
    const loss = new Loss()
    await loss.open('delivery')
    const { payer, worker } = loss.deal
    const evidence = hashOf('why')
    const rejection = { reason: 'wrong', evidence, concededNanos: nanos(10), currency: USD }
    expect(await loss.say(payer, 'escrow-reject', rejection)).toBe('applied')
    if (state === 'FROZEN') {
      const twice = { contract: loss.deal.contract, type: 'escrow-evidence', isAside: true } as const
      const about = { ...twice, now: loss.notary.clock.now(), aud: loss.notary.set.id }
      for (const name of ['one', 'another'])
        expect(
          await loss.submit(worker.say({ ...about, nonce: nonceOf(name), body: { evidence: hashOf(name) } })),
        ).toBe('applied')
    }
    expect(await loss.state()).toBe(state)
    await loss.giveUp(loss.deal[side])
    expect(await loss.say(loss.deal[side], 'escrow-evidence', { evidence })).toBe('BOOKS_KEY_REPLACED')
    expect(await loss.passAll()).toBe('FINAL')
    await expectNothingHeld(loss)
  })

  test('goes on for the other party: a worker delivers to a payer whose key is gone, and is paid', async () => {
    const loss = new Loss()
    await loss.open('start')
    await loss.giveUp(loss.deal.payer)
    expect(await loss.step('delivery')).toBe('applied')
    expect(await loss.passAll()).toBe('FINAL')
    expect((await loss.balances(loss.deal.worker.did))['available']).toBe('1098')
    await expectNothingHeld(loss)
  })
})

describe('an account of a key that is lost', () => {
  test('is the successor’s when the delay has passed, payouts of its contracts included', async () => {
    const loss = new Loss()
    await loss.open('hold')
    const { payer } = loss.deal
    const { successor } = loss
    const opened = await loss.say(payer, 'ledger-account-open', { recoveryKey: VAULT.did, recoveryDelayMs: HOUR_MS })
    expect(opened).toBe('applied')
    const owner = payer.did
    expect(await loss.say(VAULT, 'ledger-recovery-request', { owner, successor: successor.did })).toBe('applied')
    await loss.notary.pass(HOUR_MS - 1)
    expect(await loss.say(successor, 'ledger-recovery-complete', { owner })).toBe('LEDGER_RECOVERY_EARLY')
    await loss.notary.pass(1)
    expect(await loss.say(successor, 'ledger-recovery-complete', { owner })).toBe('applied')
    expect(await loss.service?.owner(owner)).toEqual({
      owner,
      authority: successor.did,
      next: successor.did,
      former: 'lost',
      recoveryKey: VAULT.did,
      recoveryDelayMs: HOUR_MS,
      recovery: null,
    })
    expect(await loss.passAll()).toBe('VOIDED')
    const { available = '0' } = await loss.balances(owner)
    expect(available).toBe('1003')
    const moved = [payer, successor].map(async (by, index) => {
      const id = parseTransferId(`${index}`.padStart(32, 'a'))
      if (id === undefined) throw new TypeError('unreachable')
      const debit = { owner, kind: 'available' } as const
      const credit = { owner: successor.did, kind: 'available' } as const
      const order = { kind: 'post', id, isLinked: false, debit, credit, currency: USD } as const
      return await loss.say(by, 'ledger-transfer', { orders: [{ ...order, amountNanos: nanos(Number(available)) }] })
    })
    expect(await Promise.all(moved)).toEqual(['LEDGER_SIGNER_WRONG', 'applied'])
    expect(await loss.balances(successor.did)).toEqual({ available: '1003' })
  })

  test('is not taken by a key that has not signed for it', async () => {
    const loss = new Loss()
    await loss.open(undefined)
    const { payer, worker } = loss.deal
    const wrong = encodeSignature(worker.sign(rotationBytes({ from: payer.did, key: loss.successor.did })))
    const body = { key: loss.successor.did, isLost: false, signature: wrong }
    expect(await loss.say(payer, 'ledger-key-rotate', body)).toBe('ESCROW_COSIGNATURE_WRONG')
    expect((await loss.service?.owner(payer.did))?.authority).toBe(payer.did)
  })
})

async function expectNothingHeld(loss: Loss): Promise<void> {
  let sum = 0n
  for (const { did } of [loss.deal.payer, loss.deal.worker]) {
    const balances = await loss.balances(did)
    expect([balances['held'] ?? '0', balances['bond'] ?? '0']).toEqual(['0', '0'])
    sum += BigInt(balances['available'] ?? '0')
  }
  // What is missing is the fee of a contract that was paid.
  expect(2_000n - sum).toBeLessThanOrEqual(3n)
  expect(loss.notary.failures).toEqual([])
}
