import { describe, expect, test } from 'vitest'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import { parseContractId } from '../../../src/core/evidence/names.ts'
import type { VerifyStatement } from '../../../src/core/notary/statement.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import type { NotaryService } from '../../../src/market/notary/notary-service.ts'
import type { NotaryAnswer } from '../../../src/ports/notary-client.ts'
import { decodeSignature } from '../../../src/wire/v1/checkpoint.ts'
import { publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'
import { readReceipt, refuseReceipt } from '../../../src/wire/v1/notary-receipt.ts'
import { decodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { LocalNotary, START } from './local-notary.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { BANK, Deal, hashOf, issueUsd, nonceOf, registerUsd, USD } from './settlement-builder.ts'

const verifier = createNodeVerifier()
const verify: VerifyStatement = ({ key, bytes, signature }) => {
  const [publicKey, raw] = [publicKeyOfDid(key), decodeSignature(signature)]
  return publicKey !== undefined && raw !== undefined && verifier.verify({ publicKey, bytes, signature: raw })
}

function hashOfEnvelope(bytes: Uint8Array) {
  const decoded = decodeEnvelope(bytes)
  return decoded.kind === 'decoded' ? decoded.envelope.hash : undefined
}

/** A notary with a bank, a deal and money for its payer. */
async function opened(init: { readonly changes?: Partial<EscrowTerms> } = {}) {
  const notary = new LocalNotary()
  const service = await notary.open()
  const deal = new Deal(notary.set, { name: 'one', now: START, ...init })
  const register = registerUsd(START)
  const issue = issueUsd(deal.payer.did, 1_000n, { now: START })
  const answers = [await service.submit(register), await service.submit(issue)]
  expect(answers.map(({ effect, code }) => [effect, code])).toEqual([
    ['applied', undefined],
    ['applied', undefined],
  ])
  return { notary, service, deal, register, issue }
}

async function settle(service: NotaryService, deal: Deal): Promise<readonly NotaryAnswer[]> {
  const answers: NotaryAnswer[] = []
  for (const message of deal.all) answers.push(await service.submit(message))
  return answers
}

async function balances(service: NotaryService): Promise<Record<string, string>> {
  const [view] = (await service.accounts()).ledgers
  return Object.fromEntries(
    (view?.accounts ?? []).map(({ owner, kind, balanceNanos }) => [`${owner}/${kind}`, balanceNanos]),
  )
}

describe('a notary that is alone in its set', () => {
  test('settles a contract with a certified receipt for each message', async () => {
    const { notary, service, deal } = await opened()
    const answers = await settle(service, deal)
    expect(answers.map(({ effect, code }) => `${effect} ${code ?? ''}`)).toEqual(
      Array.from({ length: 7 }, () => 'applied '),
    )
    for (const [index, { receipt }] of answers.entries()) {
      const read = readReceipt(receipt)
      const message = hashOfEnvelope(deal.all[index] ?? new Uint8Array())
      expect(read?.receipt.kind).toBe('transition')
      expect(read && refuseReceipt(notary.set, { message, receipt: read.receipt }, verify)).toBeUndefined()
    }
    expect(await service.contract(deal.contract)).toMatchObject({
      contract: deal.contract,
      contractHash: deal.contract,
      state: 'SETTLED',
      custody: 'C2/f=0',
      priceNanos: '100',
      heldNanos: '100',
      capturedNanos: '100',
      releasedNanos: '0',
      feeNanos: '2',
      resultHash: hashOf('result one'),
      certificate: { seq: 6, contract: deal.contract },
      timers: [{ name: 'refund' }],
      transitions: [
        { seq: 0, from: 'DRAFT', event: 'offered', to: 'OFFERED' },
        { seq: 1, from: 'OFFERED', event: 'awarded', to: 'OFFERED' },
        { seq: 2, from: 'OFFERED', event: 'contract-signed', to: 'AGREED' },
        { seq: 3, from: 'AGREED', event: 'hold-requested', to: 'HELD' },
        { seq: 4, from: 'HELD', event: 'started', to: 'WORKING' },
        { seq: 5, from: 'WORKING', event: 'delivered', to: 'DELIVERED' },
        { seq: 6, from: 'DELIVERED', event: 'accepted', to: 'SETTLED' },
      ],
    })
    expect(await balances(service)).toMatchObject({
      [`${deal.payer.did}/available`]: '900',
      [`${deal.worker.did}/available`]: '98',
      [`${notary.member.did}/fee`]: '2',
      [`${BANK.did}/issuer`]: '-1000',
    })
  })

  test('answers an envelope that comes again with the bytes of the first time, also after a restart', async () => {
    const { notary, service, deal, issue } = await opened()
    const answers = await settle(service, deal)
    const first = await service.submit(issue)
    const head = (await service.accounts()).ledgers[0]?.head
    const before = await balances(service)
    await service.stop()
    const again = await notary.open()
    expect((await again.accounts()).ledgers[0]?.head).toEqual(head)
    for (const [index, message] of deal.all.entries()) {
      const answer = await again.submit(message)
      expect(answer.effect).toBe('exists')
      expect(answer.receipt).toEqual(answers[index]?.receipt)
    }
    expect(await again.submit(issue)).toEqual(first)
    expect(await balances(again)).toEqual(before)
    expect((await again.accounts()).ledgers[0]?.head).toEqual(head)
  })

  test('signs nothing before the journal and the high-water record are on disk', async () => {
    const { notary, service, deal } = await opened()
    notary.trace.length = 0
    await settle(service, deal)
    expect(notary.trace).toEqual(deal.all.flatMap(() => ['append', 'high-water', 'sign']))
  })

  test('refuses a corrupted signature alone among those of its batch', async () => {
    const { service, deal, notary } = await opened()
    const others = Array.from({ length: 9 }, (_, index) => new Deal(notary.set, { name: `other ${index}`, now: START }))
    const bad = new Uint8Array(deal.messages.offer)
    const at = new TextDecoder().decode(bad).indexOf('"signature":"') + 20
    bad[at] = bad[at] === 65 ? 66 : 65
    const answers = await Promise.all(
      [bad, ...others.map(({ messages }) => messages.offer)].map(async (each) => await service.submit(each)),
    )
    expect(answers.map(({ effect, code }) => code ?? effect)).toEqual([
      'ENVELOPE_SIGNATURE_WRONG',
      ...others.map(() => 'applied'),
    ])
    const refusal = readReceipt(answers[0]?.receipt ?? new Uint8Array())
    const message = hashOfEnvelope(bad)
    expect(refusal && refuseReceipt(notary.set, { message, receipt: refusal.receipt }, verify)).toBeUndefined()
    expect(await service.contract(deal.contract)).toBeUndefined()
  })

  test('refuses a wrong joint signature as such', async () => {
    const { service, deal } = await opened()
    await service.submit(deal.messages.offer)
    await service.submit(deal.messages.award)
    const signature = Buffer.alloc(64, 1).toString('base64url').slice(0, 85) + 'A'
    const body = { signatures: [deal.payer, deal.worker].map(({ did }) => ({ iss: did, signature })) }
    const forged = deal.payer.say({ type: 'escrow-contract', contract: deal.contract, body, now: START })
    expect(await service.submit(forged)).toMatchObject({ effect: 'refused', code: 'ESCROW_COSIGNATURE_WRONG' })
  })

  test('a nonce with another body is a conflict that changes nothing', async () => {
    const { service, deal, issue } = await opened()
    for (const step of ['offer', 'award', 'contract', 'hold', 'start', 'delivery'] as const)
      await service.submit(deal.messages[step])
    const about = { contract: deal.contract, now: START, isAside: true, nonce: nonceOf('one key') } as const
    const accept = (amount: bigint): Uint8Array =>
      deal.payer.say({ ...about, type: 'escrow-accept', body: { amountNanos: amountFromNanos(amount), currency: USD } })
    const first = await service.submit(accept(100n))
    expect(first.effect).toBe('applied')
    const before = await service.contract(deal.contract)
    expect(await service.submit(accept(99n))).toMatchObject({ effect: 'refused', code: 'ENVELOPE_NONCE_USED' })
    expect(await service.contract(deal.contract)).toEqual(before)
    expect(await service.submit(accept(100n))).toEqual({ ...first, effect: 'exists' })
    expect(issue.length).toBeGreaterThan(0)
  })

  test('a nonce outside of contracts is used once, also after a restart', async () => {
    const { notary, service } = await opened()
    const say = (amount: bigint): Uint8Array => issueUsd(BANK.did, amount, { now: START, nonce: nonceOf('one key') })
    const first = say(5_000n)
    expect(await service.submit(first)).toMatchObject({ effect: 'applied' })
    expect(await service.submit(say(6_000n))).toMatchObject({ effect: 'refused', code: 'ENVELOPE_NONCE_USED' })
    await service.stop()
    const again = await notary.open()
    expect(await again.submit(say(7_000n))).toMatchObject({ effect: 'refused', code: 'ENVELOPE_NONCE_USED' })
    expect(await again.submit(first)).toMatchObject({ effect: 'exists' })
  })

  test('a hold that the balance does not cover is refused with the reason of the ledger', async () => {
    const { service, deal } = await opened({ changes: { maxNanos: amountFromNanos(5_000n) } })
    for (const step of ['offer', 'award', 'contract'] as const) await service.submit(deal.messages[step])
    expect(await service.submit(deal.messages.hold)).toMatchObject({ effect: 'refused', code: 'LEDGER_BALANCE_SHORT' })
    expect((await service.contract(deal.contract))?.state).toBe('AGREED')
  })

  test('fires timers at their stamp, not a tick before', async () => {
    const { notary, service, deal } = await opened()
    for (const step of ['offer', 'award', 'contract', 'hold'] as const) await service.submit(deal.messages[step])
    await notary.pass(59_999)
    expect((await service.contract(deal.contract))?.state).toBe('HELD')
    const news = service.contract(deal.contract, { afterSeq: 3, waitMs: 1_000 })
    await notary.pass(1)
    expect(await news).toMatchObject({
      state: 'VOIDED',
      capturedNanos: '0',
      releasedNanos: '100',
      transitions: [
        { seq: 4, from: 'HELD', event: 'timer-fired', to: 'VOIDED', at: START + 60_000, envelopeHash: null },
      ],
    })
  })

  test('timers that are due leave room in their block: its receipts are ones that others take', async () => {
    const { notary, service } = await opened()
    const deals = Array.from({ length: 130 }, (_, index) => new Deal(notary.set, { name: `due ${index}`, now: START }))
    for (const { messages } of deals) await service.submit(messages.offer)
    notary.now += 60_000
    const now = notary.clock.now()
    const issues = Array.from({ length: 256 }, (_, index) => issueUsd(BANK.did, BigInt(index + 1), { now }))
    const answers = await Promise.all(issues.map(async (issue) => await service.submit(issue)))
    const codes = answers.map(({ receipt }) => {
      const read = readReceipt(receipt)
      return read && refuseReceipt(notary.set, { message: undefined, receipt: read.receipt }, verify)
    })
    expect(answers.every(({ receipt }) => readReceipt(receipt) !== undefined)).toBe(true)
    expect(codes.every((code) => code === undefined)).toBe(true)
    expect(
      (await Promise.all(deals.map(async ({ contract }) => (await service.contract(contract))?.state))).every(
        (state) => state === 'ABORTED',
      ),
    ).toBe(true)
  })

  test('a follower hears of nothing when the time is over, and of the next step when it comes', async () => {
    const { notary, service, deal } = await opened()
    await service.submit(deal.messages.offer)
    const quiet = service.contract(deal.contract, { afterSeq: 0, waitMs: 500 })
    await notary.pass(500)
    expect((await quiet)?.transitions).toEqual([])
    const next = service.contract(deal.contract, { afterSeq: 0, waitMs: 500 })
    await service.submit(deal.messages.award)
    expect((await next)?.transitions).toMatchObject([{ seq: 1, event: 'awarded' }])
  })

  test('gives out envelopes and receipts as evidence', async () => {
    const { service, deal } = await opened()
    const answers = await settle(service, deal)
    await service.checkpoint()
    expect(await service.evidence(deal.contract)).toEqual(
      deal.all.map((envelope, index) => ({ envelope, receipt: answers[index]?.receipt })),
    )
    const unknown = parseContractId('f'.repeat(64))
    expect(unknown && (await service.evidence(unknown))).toEqual([])
  })

  test('takes no more than may wait', async () => {
    const { notary } = await opened()
    await Promise.resolve()
    const other = new LocalNotary()
    const small = await other.open({ waitingMax: 2 })
    const deals = Array.from({ length: 3 }, (_, index) => new Deal(notary.set, { name: `deal ${index}`, now: START }))
    const answers = await Promise.allSettled(deals.map(async ({ messages }) => await small.submit(messages.offer)))
    expect(
      answers.map((answer) =>
        answer.status === 'rejected' ? String((answer.reason as { code?: string }).code) : 'answered',
      ),
    ).toEqual(['answered', 'answered', 'NOTARY_OVERLOADED'])
  })

  test('signs nothing with a journal that is older than its high-water file, or was restored', async () => {
    const { notary, service, deal } = await opened()
    await settle(service, deal)
    await service.stop()
    const old = new LocalNotary()
    old.highWater = notary.highWater
    await expect(old.open()).rejects.toMatchObject({
      code: 'NOTARY_MAY_NOT_SIGN',
      details: { code: 'NOTARY_STATE_BEHIND' },
    })
    await expect(notary.open({ restored: { epoch: 0 } })).rejects.toMatchObject({
      details: { code: 'NOTARY_RESTORED' },
    })
    notary.highWater = undefined
    await expect(notary.open()).rejects.toMatchObject({ details: { code: 'NOTARY_RESTORED' } })
  })

  test.each(['append', 'high-water', 'sign'])(
    'after a failure at %s it answers nothing more, and a restart doubles nothing',
    async (step) => {
      const { notary, service, deal } = await opened()
      await service.submit(deal.messages.offer)
      notary.diesAt = step
      await expect(service.submit(deal.messages.award)).rejects.toMatchObject({ code: 'NOTARY_CLOSED' })
      expect(notary.failures).toHaveLength(1)
      await expect(service.submit(deal.messages.award)).rejects.toMatchObject({ code: 'NOTARY_CLOSED' })
      notary.diesAt = undefined
      const again = await notary.open()
      const effects: string[] = []
      for (const message of deal.all) effects.push((await again.submit(message)).effect)
      expect(effects).toEqual([
        'exists',
        step === 'append' ? 'applied' : 'exists',
        ...Array.from({ length: 5 }, () => 'applied'),
      ])
      expect((await again.contract(deal.contract))?.transitions).toHaveLength(7)
      expect(await balances(again)).toMatchObject({ [`${deal.payer.did}/available`]: '900' })
    },
  )
})
