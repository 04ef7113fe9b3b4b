import { type Amount, ZERO_AMOUNT } from '../../../base/money.ts'
import { cheapPrices, countPaid, junkOf } from './junk.ts'
import { fundsOf, parameter } from './parameters.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { AgentIdentity, AgentSelf, BuyerPlay, SellerPlay, Strategy } from './strategy.ts'

/** Fresh names that buy of it, and what each has. */
const SYBILS = 2
const FUNDS_CREDITS = 50
/** Purchases of each of them. */
const PURCHASES = 2

/**
 * A seller whose own fresh names buy of it and praise it, at real fees, and that then delivers junk to everybody else. Whoever counts its own contracts alone hears nothing of the
 * praise; whoever counts those of others cuts what one purse lends.
 *
 * @see Douceur, The Sybil Attack, 2002; Kamvar, Schlosser and Garcia-Molina, The EigenTrust Algorithm, 2003, section 4.5
 */
export const SYBIL_RING: Strategy = {
  name: 'sybil-ring',
  seller: (agent): Partial<SellerPlay> => {
    const sybils: AgentIdentity[] = []
    let ring: Promise<void> | undefined
    const prices = cheapPrices(agent)
    return {
      ...prices,
      ask: (skill) => {
        const price = prices.ask(skill)
        if (price !== undefined) ring ??= trade(agent, { sybils, skill: skill.skill, price })
        return price
      },
      // Between its own names it works for nothing: they take whatever it delivers.
      work: (task) =>
        isOwn(sybils, task.payer) ? { kind: 'wrong', spanMs: 1, costNanos: ZERO_AMOUNT } : junkOf(agent, task),
      onEnd: async (ended) => {
        if (!isOwn(sybils, ended.other)) await countPaid(agent, ended)
      },
    }
  },
}

type Trade = { readonly sybils: AgentIdentity[]; readonly skill: string; readonly price: Amount }

async function trade(agent: AgentSelf, { sybils, skill, price }: Trade): Promise<void> {
  const fundsNanos = fundsOf(agent, FUNDS_CREDITS)
  for (let sybil = 0; sybil < parameter(agent, 'sybils', SYBILS); sybil += 1)
    sybils.push(await agent.addIdentity({ side: 'buyer', fundsNanos, buyer: praising(agent) }))
  for (const [at, sybil] of sybils.entries())
    for (let purchase = 0; purchase < parameter(agent, 'purchases', PURCHASES); purchase += 1)
      await agent.buy(sybil, { key: `ring-${at}-${purchase}`, skill, valueNanos: price, isChecked: false })
}

/** Buys of nobody else, and takes what it gets. */
function praising({ identities }: AgentSelf): Partial<BuyerPlay> {
  return {
    request: () => ({ peers: identities.flatMap(({ side, did }) => (side === 'seller' ? [did] : [])) }),
    inspects: () => false,
    decide: () => 'accept',
  }
}

function isOwn(sybils: readonly AgentIdentity[], key: Did | undefined): boolean {
  return sybils.some(({ did }) => did === key)
}
