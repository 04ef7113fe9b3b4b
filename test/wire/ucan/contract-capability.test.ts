import { describe, expect, test } from 'vitest'
import {
  ALICE,
  AT,
  BOB,
  CAROL,
  DAN,
  delegate,
  type Fields,
  HOUR,
  invoke,
  type Issued,
  MALLORY,
  revoke,
  SECOND,
} from '../../../scripts/protocol-vectors/ucan-builder.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { hashOfChain } from '../../../src/core/capability/check-chain.ts'
import { addRevocation, NO_REVOCATIONS, type Revocations } from '../../../src/core/capability/revocations.ts'
import { purchaseArguments } from '../../../src/core/escrow/contract-authority.ts'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { parseCurrency } from '../../../src/core/ledger/ledger-names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { readContractCapability } from '../../../src/wire/ucan/contract-capability.ts'
import { openDelegation, openInvocation } from '../../../src/wire/ucan/token-codec.ts'

const verify = verifySignatureWith(createNodeVerifier())
const CONTRACT = 'ab'.repeat(32) as ContractId
const USD = parseCurrency(`USD@${MALLORY.did}`)
if (USD === undefined) throw new TypeError('unreachable')

const PURCHASE = {
  contract: CONTRACT,
  skill: 'text.word-count',
  currency: USD,
  custody: 'C2',
  maxNanos: amountFromNanos(500n),
  worker: DAN.did,
} as const

/** Alice lets Bob buy for at most 1,000; Bob lets Carol, for at most 600; Carol orders of Dan. */
function mandate(root: Fields = {}, leaf: Fields = {}): readonly [Issued, Issued] {
  return [
    delegate(ALICE, BOB, { cmd: '/market/buy', pol: [['<=', '.maxNanos', 1_000]], ...root }),
    delegate(BOB, CAROL, { cmd: '/market/buy/text.word-count', pol: [['<=', '.maxNanos', 600]], ...leaf }),
  ]
}

function order(chain: readonly Issued[], changes: Fields = {}, by = CAROL): string {
  const args = purchaseArguments(PURCHASE)
  return invoke(by, chain, { aud: DAN.did, cmd: '/market/buy/text.word-count', args, ...changes }).text
}

type Asked = { readonly at?: number; readonly revocations?: Revocations; readonly shown?: readonly Issued[] }

function read(chain: readonly Issued[], text: string, { at = AT, revocations, shown = chain }: Asked = {}): unknown {
  const capability = { order: text, chain: shown.map((issued) => issued.text) }
  const outcome = readContractCapability(capability, {
    verify,
    at: timestampFromMs(at),
    ...(revocations !== undefined && { revocations }),
  })
  return 'kind' in outcome ? outcome.code : outcome
}

describe('the authority that a payer shows for a contract', () => {
  test('is what its order says, by the chain that the order names', () => {
    const chain = mandate()
    expect(read(chain, order(chain))).toEqual({
      ...PURCHASE,
      subject: ALICE.did,
      payer: CAROL.did,
      links: chain.map(({ cid }, at) => ({ cid, iss: [ALICE, BOB][at]?.did })),
      capabilityHash: hashOfChain(chain.map(({ cid }) => cid)),
    })
  })

  test('is none beyond the policies of the chain, root or leaf', () => {
    const chain = mandate()
    const args = (nanos: bigint): Fields => ({
      args: purchaseArguments({ ...PURCHASE, maxNanos: amountFromNanos(nanos) }),
    })
    expect(read(chain, order(chain, args(600n)))).toMatchObject({ maxNanos: 600n })
    expect(read(chain, order(chain, args(601n)))).toBe('CAPABILITY_POLICY_FAILED')
    expect(read(chain, order(chain, args(18_446_744_073_709_551_615n)))).toBe('CAPABILITY_POLICY_FAILED')
    const wide = mandate({}, { pol: [] })
    expect(read(wide, order(wide, args(1_001n)))).toBe('CAPABILITY_POLICY_FAILED')
    const elsewhere = mandate({ pol: [['==', '.worker', ALICE.did]] })
    expect(read(elsewhere, order(elsewhere))).toBe('CAPABILITY_POLICY_FAILED')
  })

  test.each([
    ['another skill than its command', { args: purchaseArguments({ ...PURCHASE, skill: 'text.translate' }) }],
    ['another worker than the one it is for', { args: purchaseArguments({ ...PURCHASE, worker: BOB.did }) }],
    ['nobody that it is for', { aud: undefined }],
    ['an argument more', { args: { ...purchaseArguments(PURCHASE), note: 'x' } }],
    ['a contract that is none', { args: { ...purchaseArguments(PURCHASE), contract: 'ab' } }],
    ['an amount in text', { args: { ...purchaseArguments(PURCHASE), maxNanos: '500' } }],
    ['a broken amount', { args: { ...purchaseArguments(PURCHASE), maxNanos: 0.5 } }],
    ['an amount below 0', { args: { ...purchaseArguments(PURCHASE), maxNanos: -1 } }],
    ['a custody that is none', { args: { ...purchaseArguments(PURCHASE), custody: 'C4' } }],
    ['all commands', { cmd: '/market/buy' }],
  ])('is none with %s', (_, changes) => {
    const chain = mandate()
    expect(read(chain, order(chain, changes))).toBe('CAPABILITY_ORDER_WRONG')
  })

  test('is none by a chain that grants something else, or to somebody else', () => {
    const other = mandate({ cmd: '/market/sell' }, { cmd: '/market/sell' })
    expect(read(other, order(other))).toBe('CAPABILITY_COMMAND_WIDENED')
    const chain = mandate()
    expect(read(chain, order(chain, {}, BOB))).toBe('CAPABILITY_AUDIENCE_WRONG')
    expect(read(chain.slice(0, 1), order(chain.slice(0, 1)))).toBe('CAPABILITY_AUDIENCE_WRONG')
    const stranger = [delegate(MALLORY, CAROL, { cmd: '/market/buy' })]
    expect(read(stranger, order(stranger))).toBe('CAPABILITY_ROOT_FOREIGN')
    expect(read([], order([], { sub: CAROL.did }))).toBe('CAPABILITY_CHAIN_EMPTY')
  })

  test('is none when delegations are missing, too many, or in another order', () => {
    const chain = mandate()
    const [root, leaf] = chain
    for (const shown of [[root], [leaf, root], [root, leaf, delegate(CAROL, DAN)], []])
      expect(read(chain, order(chain), { shown })).toBe('CAPABILITY_PROOF_MISSING')
  })

  test('ends with its first token, at the stamp', () => {
    const chain = mandate({ exp: SECOND + 30 })
    expect(read(chain, order(chain), { at: AT + 30_000 })).toMatchObject({ payer: CAROL.did })
    expect(read(chain, order(chain), { at: AT + 30_001 })).toBe('CAPABILITY_EXPIRED')
    const short = mandate()
    expect(read(short, order(short), { at: AT + 60_001 })).toBe('CAPABILITY_EXPIRED')
    const early = mandate({ nbf: SECOND + 10, exp: SECOND + HOUR })
    expect(read(early, order(early), { at: AT + 9_999 })).toBe('CAPABILITY_NOT_YET_VALID')
  })

  test('ends with a revocation of any delegation of it', () => {
    const chain = mandate()
    const opened = chain.map(({ text }) => openDelegation(text, verify))
    const delegations = opened.flatMap((token) => (token.kind === 'refused' ? [] : [token]))
    const revocation = openInvocation(revoke(ALICE, chain[1]).text, verify)
    if (revocation.kind === 'refused') throw new TypeError(revocation.code)
    const at = timestampFromMs(AT + 5)
    const outcome = addRevocation(NO_REVOCATIONS, { revocation, chain: delegations, at })
    if (outcome.kind !== 'revoked') throw new TypeError(outcome.kind)
    const { revocations } = outcome
    expect(read(chain, order(chain), { revocations, at: AT + 4 })).toMatchObject({ payer: CAROL.did })
    expect(read(chain, order(chain), { revocations, at: AT + 5 })).toBe('CAPABILITY_REVOKED')
  })

  test('is none with a signature of somebody else, or beyond the size that travels', () => {
    const chain = mandate()
    const text = order(chain)
    const last = text.at(-20) === 'A' ? 'B' : 'A'
    const changed = `${text.slice(0, -20)}${last}${text.slice(-19)}`
    expect(read(chain, changed)).toBe('CAPABILITY_SIGNATURE_WRONG')
    const long = [delegate(ALICE, CAROL, { cmd: '/market/buy', meta: { note: 'x'.repeat(5_000) } })]
    expect(read(long, order(long, { meta: { note: 'x'.repeat(7_000) } }))).toMatchObject({ payer: CAROL.did })
    const three = Array.from({ length: 4 }, () => long[0] ?? delegate(ALICE, CAROL))
    expect(read(three, order(long))).toBe('CAPABILITY_TOO_LARGE')
    const many = Array.from({ length: 17 }, () => delegate(ALICE, ALICE))
    expect(read(many, 'x')).toBe('CAPABILITY_CHAIN_TOO_LONG')
  })
})
