import { describe, expect, it } from 'vitest'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import { exportContract, verifyExport } from '../../../src/market/parties/contracts/contract-export.ts'
import { InboxWebhook, webhookBytes } from '../../../src/market/parties/inbox-webhook.ts'
import type { OutboundRequest, OutboundResponse } from '../../../src/ports/outbound-fetch.ts'
import { decodeSignature } from '../../../src/wire/v1/checkpoint.ts'
import { MarketWorld, SET, verify, wanted } from './market-world.ts'
import { KEYS, settle, signerOf, TestTime } from './party-fixtures.ts'

async function bought(): Promise<{
  readonly world: MarketWorld
  readonly contract: ContractId
  readonly bytes: Uint8Array
}> {
  const world = await MarketWorld.create()
  const { seller } = await world.seller({ key: KEYS.seller })
  await seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy(wanted())
  const { contract } = await world.until(node, 'order-1')
  const bytes = await exportContract(world.notary, contract as ContractId, verify)
  if (bytes === undefined) throw new TypeError('no export')
  return { world, contract: contract as ContractId, bytes }
}

describe('the export of a contract', () => {
  it('is verified offline, by its set, and not by another', async () => {
    const { bytes, contract } = await bought()
    const verified = verifyExport(bytes, { verify, set: SET })
    expect(verified).toMatchObject({ kind: 'verified', contract, state: { kind: 'FINAL', capturedNanos: 1_000n } })
    const other = { ...SET, id: 'f'.repeat(64) as typeof SET.id }
    expect(verifyExport(bytes, { verify, set: other })).toEqual({ kind: 'refused', code: 'EXPORT_SET_WRONG' })
  })

  it('fails with any byte flipped', async () => {
    const { bytes } = await bought()
    const step = Math.max(1, Math.floor(bytes.length / 400))
    for (let at = 0; at < bytes.length; at += step) {
      const changed = bytes.slice()
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(verifyExport(changed, { verify, set: SET }).kind).toBe('refused')
    }
  })

  it('fails when a step is left out, although its hash is made anew', async () => {
    const { bytes } = await bought()
    const { createHash } = await import('node:crypto')
    const { canonicalJson } = await import('../../../src/base/canonical-json.ts')
    const { hash: _, ...content } = JSON.parse(new TextDecoder().decode(bytes)) as { hash: string; evidence: unknown[] }
    const shorter = { ...content, evidence: content.evidence.filter((_piece, index) => index !== 4) }
    const hash = createHash('sha256').update(canonicalJson(shorter)).digest('hex')
    const changed = new TextEncoder().encode(canonicalJson({ ...shorter, hash }))
    expect(verifyExport(changed, { verify, set: SET })).toEqual({
      kind: 'refused',
      code: 'REPLAY_SEQUENCE_WRONG',
      step: 4,
    })
  })
})

describe('the inbox', () => {
  it('says what waits for an act, by when, and what happens otherwise', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer }, { acceptsAlone: false })
    const seen: string[] = []
    shop.party.watchInbox(() =>
      seen.push(...shop.party.inbox().map((row) => `${'state' in row ? row.state : ''}: ${row.act}`)),
    )
    await node.buyer.buy(wanted())
    await settle(40)
    await world.time.advance(1_000)
    expect(node.party.inbox()).toEqual([
      {
        contract: node.buyer.order('order-1')?.contract,
        role: 'payer',
        state: 'DELIVERED',
        act: 'accept-or-reject',
        isNeeded: true,
        timer: 'accept',
        by: expect.any(Number),
        default: 'Accepted automatically: the worker gets what it claims.',
        amountNanos: 1_000n,
        currency: world.offer().currency,
        custody: 'C2/f=0',
      },
    ])
    expect(new Set(seen)).toEqual(new Set(['HELD: start', 'WORKING: deliver']))
    await world.until(node, 'order-1')
    expect(node.party.inbox()).toEqual([])
  })
})

function responseOf(status: number): OutboundResponse {
  return { status, cancel: () => undefined, release: () => undefined } as OutboundResponse
}

describe('the webhook of the inbox', () => {
  async function hookAnswering(statuses: readonly number[]): Promise<{
    readonly requests: OutboundRequest[]
    readonly failures: unknown[]
    readonly hook: InboxWebhook
    readonly time: TestTime
  }> {
    const time = new TestTime()
    const requests: OutboundRequest[] = []
    const failures: unknown[] = []
    const request = async (sent: OutboundRequest): Promise<OutboundResponse> => {
      requests.push(sent)
      return responseOf(statuses[Math.min(requests.length, statuses.length) - 1] ?? 500)
    }
    const components = { outbound: { request }, signer: signerOf(KEYS.buyer), clock: time.clock, timers: time }
    const hook = new InboxWebhook(components, {
      url: 'https://hook.test/inbox',
      onFailure: (cause) => failures.push(cause),
    })
    return { requests, failures, hook, time }
  }

  it('posts a signed body, and again after a failure', async () => {
    const { requests, hook, time, failures } = await hookAnswering([500, 204])
    hook.tell([])
    await time.advance(10_000)
    expect(requests).toHaveLength(2)
    const [sent] = requests
    const body = sent?.body as Uint8Array
    expect(JSON.parse(new TextDecoder().decode(body))).toEqual({
      v: 1,
      iss: KEYS.buyer.did,
      at: 1_790_000_000_000,
      rows: [],
    })
    const signature = decodeSignature(sent?.headers?.['x-kernell-signature'] ?? '') ?? new Uint8Array()
    const publicKeyHex = Buffer.from(KEYS.buyer.publicKey).toString('hex')
    expect(verify({ publicKeyHex, bytes: webhookBytes(body), signature })).toBe(true)
    expect(failures).toEqual([])
  })

  it('gives up after six tries, and sends only the newest of what came meanwhile', async () => {
    const { requests, hook, time, failures } = await hookAnswering([500])
    hook.tell([])
    for (let count = 0; count < 5; count += 1) hook.tell([])
    await time.advance(1_000_000)
    expect(requests).toHaveLength(12)
    expect(failures).toHaveLength(2)
  })
})
