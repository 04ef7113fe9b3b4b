import type { Amount } from '../../../base/money.ts'
import { cheapPrices, countPaid, junkOf } from './junk.ts'
import { rightWork } from './lazy.ts'
import { fundsOf, parameter } from './parameters.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { AgentIdentity, AgentSelf, SellerPlay, Strategy } from './strategy.ts'

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
      work: (task) => (sybils.some(({ did }) => did === task.payer) ? rightWork(agent) : junkOf(agent, task)),
      onEnd: async (ended) => await countPaid(agent, ended),
    }
  },
}

type Trade = { readonly sybils: AgentIdentity[]; readonly skill: string; readonly price: Amount }

async function trade(agent: AgentSelf, { sybils, skill, price }: Trade): Promise<void> {
  const fundsNanos = fundsOf(agent, FUNDS_CREDITS)
  for (let sybil = 0; sybil < parameter(agent, 'sybils', SYBILS); sybil += 1)
    sybils.push(
      await agent.addIdentity({ side: 'buyer', fundsNanos, buyer: { request: () => ({ peers: ownNodes(agent) }) } }),
    )
  for (const [at, sybil] of sybils.entries())
    for (let purchase = 0; purchase < parameter(agent, 'purchases', PURCHASES); purchase += 1)
      await agent.buy(sybil, { key: `ring-${at}-${purchase}`, skill, valueNanos: price, isChecked: true })
}

/** They buy of nobody else. */
function ownNodes({ identities }: AgentSelf): readonly Did[] {
  return identities.flatMap(({ side, did }) => (side === 'seller' ? [did] : []))
}
