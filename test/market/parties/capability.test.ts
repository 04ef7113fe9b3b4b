import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { hashOfChain } from '../../../src/core/capability/check-chain.ts'
import type { IpldValue } from '../../../src/core/capability/ipld-value.ts'
import type { ContractId } from '../../../src/core/evidence/names.ts'
import type { CapabilityDesk, IssuedText } from '../../../src/market/capabilities/capability-desk.ts'
import { exportContract, verifyExport } from '../../../src/market/parties/contracts/contract-export.ts'
import type { MarketPost } from '../../../src/wire/v1/market-frames.ts'
import { type BuyerNode, MarketWorld, type SellerNode, SELLER_POLICY, verify, wanted } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const PRINCIPAL = KEYS.rival

function issued(outcome: ReturnType<CapabilityDesk['delegate']>): IssuedText {
  if (outcome.kind === 'refused') throw new TypeError(outcome.code)
  return outcome
}

type Grant = { readonly cmd?: string; readonly pol?: readonly IpldValue[]; readonly livesMs?: number }

type Scene = {
  readonly world: MarketWorld
  readonly principal: CapabilityDesk
  readonly shop: SellerNode
  readonly shopDesk: CapabilityDesk
  readonly node: BuyerNode
  readonly grant: (grant?: Grant, to?: FixedKey) => IssuedText
}

/** A principal, a buyer that acts for it, and a seller that knows both by their tokens alone. */
async function scene(subjects: readonly FixedKey[] = []): Promise<Scene> {
  const world = await MarketWorld.create()
  const principal = await world.desk(PRINCIPAL)
  const shopDesk = await world.desk(KEYS.seller)
  const policy = { ...SELLER_POLICY, subjectsOf: () => subjects.map(({ did }) => did) }
  const shop = await world.seller({ key: KEYS.seller }, { capabilities: shopDesk, policy })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer }, { capabilities: await world.desk(KEYS.buyer) })
  const grant = ({ cmd = '/market/buy', pol = [], livesMs = 1_000_000 }: Grant = {}, to = KEYS.buyer): IssuedText => {
    const exp = Math.ceil((world.time.now + livesMs) / 1_000)
    return issued(principal.delegate({ aud: to.did, sub: PRINCIPAL.did, cmd, pol, exp }))
  }
  return { world, principal, shop, shopDesk, node, grant }
}

async function bought(
  { world, node }: Pick<Scene, 'world' | 'node'>,
  chain: readonly string[] | undefined,
): Promise<{ readonly contract: string | undefined; readonly reason: string | undefined }> {
  await node.buyer.buy(wanted({ peers: [KEYS.seller.did], ...(chain !== undefined && { capability: chain }) }))
  const { contract, failed } = await world.until(node, 'order-1')
  return { contract, reason: failed === undefined ? undefined : `${failed.code} ${failed.reason}` }
}

describe('a purchase by the authority of somebody else', () => {
  it('names the chain in its terms, and shows it to the seller and to the notary set', async () => {
    const here = await scene()
    const token = here.grant({ pol: [['<=', '.maxNanos', 1_000]] })
    const { contract, reason } = await bought(here, [token.text])
    expect(reason).toBeUndefined()
    const view = await here.world.view(contract)
    expect(view?.state).toBe('FINAL')
    const file = await exportContract(here.world.notary, contract as ContractId, verify)
    const verified = verifyExport(file ?? new Uint8Array(), { verify })
    if (verified.kind === 'refused') throw new TypeError(verified.code)
    expect(verified.state.terms.capabilityHash).toBe(hashOfChain([token.cid]))
    const signed = verified.steps.find(({ envelope }) => envelope?.type === 'escrow-contract')?.envelope
    expect(signed?.body).toMatchObject({ capability: { chain: [token.text] } })
    expect(here.world.failures).toEqual([])
  })

  it('is passed on by a chain that narrows', async () => {
    const here = await scene()
    const helper = await here.world.desk(KEYS.arbiter)
    const root = here.grant({}, KEYS.arbiter)
    const exp = Math.ceil((here.world.time.now + 100_000) / 1_000)
    const leaf = issued(
      helper.attenuate([root.text], { aud: KEYS.buyer.did, cmd: '/market/buy/text.word-count', pol: [], exp }),
    )
    expect((await bought(here, [root.text, leaf.text])).reason).toBeUndefined()
  })

  it.each([
    ['a price above its policy', { pol: [['<=', '.maxNanos', 999]] }, 'CAPABILITY_POLICY_FAILED'],
    ['another skill', { cmd: '/market/buy/text.translate' }, 'CAPABILITY_COMMAND_WIDENED'],
    ['another worker', { pol: [['==', '.worker', KEYS.bank.did]] }, 'CAPABILITY_POLICY_FAILED'],
  ] satisfies readonly (readonly [string, Grant, string])[])('is declined for %s', async (_, grant, code) => {
    const here = await scene()
    expect((await bought(here, [here.grant(grant).text])).reason).toBe(`BUY_DECLINED ${code}`)
  })

  it('is refused before it begins where the chain grants this buyer nothing', async () => {
    const here = await scene()
    const { node, world } = here
    for (const [chain, code] of [
      [[here.grant({}, KEYS.arbiter).text], 'CAPABILITY_AUDIENCE_WRONG'],
      [[here.grant({ livesMs: -5_000 }).text], 'CAPABILITY_EXPIRED'],
      [['AAAA'], 'CAPABILITY_TRAILING_BYTES'],
    ] as const)
      await expect(node.buyer.buy(wanted({ capability: chain }))).rejects.toMatchObject({
        code: 'CAPABILITY_CHAIN_REFUSED',
        details: { code },
      })
    expect(node.buyer.order('order-1')).toBeUndefined()
    expect(world.failures).toEqual([])
  })

  it('is declined by a seller that has heard of the revocation, and the code reaches the buyer', async () => {
    const here = await scene()
    const token = here.grant()
    const revocation = issued(here.principal.revoke(token.cid, 60_000))
    const outcome = await here.shopDesk.takeRevocation(revocation.text, [token.text], here.world.time.clock.now())
    expect(outcome.kind).toBe('revoked')
    expect((await bought(here, [token.text])).reason).toBe('BUY_DECLINED CAPABILITY_REVOKED')
  })

  it('comes to no contract when it is revoked between the signatures and the notary set', async () => {
    const here = await scene()
    const token = here.grant()
    const revocation = issued(here.principal.revoke(token.cid, 60_000))
    expect(
      await here.world.tell('capability-revoke', { revocation: revocation.text, chain: [token.text] }, KEYS.bank),
    ).toBe('applied')
    // The seller has not heard of it, and signs.
    const { contract, reason } = await bought(here, [token.text])
    expect(reason).toBe('BUY_NOT_HELD CAPABILITY_REVOKED')
    await here.world.time.advance(10_000)
    expect((await here.world.view(contract))?.state).toBe('ABORTED')
    expect(await here.world.balance(KEYS.buyer.did)).toBe(10_000n)
  })

  it('goes on when it is revoked after both have signed', async () => {
    const here = await scene()
    const token = here.grant()
    await here.node.buyer.buy(wanted({ capability: [token.text], peers: [KEYS.seller.did] }))
    await settle(60)
    const revocation = issued(here.principal.revoke(token.cid, 60_000))
    await here.world.tell('capability-revoke', { revocation: revocation.text, chain: [token.text] }, KEYS.bank)
    const { contract } = await here.world.until(here.node, 'order-1')
    expect((await here.world.view(contract))?.state).toBe('FINAL')
  })
})

describe('a seller that works for the authority of some alone', () => {
  it('declines who shows none, or that of others', async () => {
    const here = await scene([PRINCIPAL])
    expect((await bought(here, undefined)).reason).toBe('BUY_DECLINED MARKET_CAPABILITY_WRONG')
    const other = await scene([KEYS.bank])
    expect((await bought(other, [other.grant().text])).reason).toBe('BUY_DECLINED MARKET_CAPABILITY_WRONG')
  })

  it('works for those, and for themselves', async () => {
    const here = await scene([PRINCIPAL])
    expect((await bought(here, [here.grant().text])).reason).toBeUndefined()
    const self = await scene([KEYS.buyer])
    expect((await bought(self, undefined)).reason).toBeUndefined()
  })
})

describe('an order that was shown', () => {
  /** Contract questions that the buyer of a scene has asked. */
  function overhear({ node }: Scene): MarketPost[] {
    const { door } = node.party.components
    const ask = door.ask.bind(door)
    const heard: MarketPost[] = []
    door.ask = async (to, post, options) => {
      if (post.frame.type === 'contract') heard.push({ bytes: new Uint8Array(), ...post })
      return await ask(to, post, options)
    }
    return heard
  }

  it('is the same contract when it comes again, and counts for no other', async () => {
    const here = await scene()
    const heard = overhear(here)
    const token = here.grant()
    await bought(here, [token.text])
    await here.node.buyer.buy(wanted({ idempotencyKey: 'order-2', capability: [token.text], peers: [KEYS.seller.did] }))
    await here.world.until(here.node, 'order-2')
    const [first, second] = heard
    if (first?.frame.type !== 'contract' || second?.frame.type !== 'contract') throw new TypeError('unreachable')
    const { door } = here.node.party.components
    expect((await door.ask(KEYS.seller.did, first)).frame).toMatchObject({ type: 'cosigned' })
    const { shop } = here
    // As if the second contract had never come.
    const contract = [...shop.party.journal.notesOf('contract')].at(-1)?.[0] ?? ''
    await shop.party.journal.keepNote('contract', contract, null)
    const swapped = { ...second, frame: { ...second.frame, capability: first.frame.capability } }
    expect((await door.ask(KEYS.seller.did, swapped)).frame).toEqual({
      type: 'declined',
      code: 'MARKET_CAPABILITY_WRONG',
    })
    const { capability: _, ...bare } = second.frame
    const shown = await door.ask(KEYS.seller.did, { ...second, frame: bare })
    expect(shown.frame).toEqual({ type: 'declined', code: 'MARKET_CAPABILITY_WRONG' })
  })
})
