import { type Amount, amountFromUsd } from '../../base/money.ts'
import { parseDid } from '../../core/evidence/names.ts'
import { parseCurrency } from '../../core/ledger/ledger-names.ts'
import type { PeersDocument } from './config-document.ts'
import { contradiction } from './config-values.ts'
import type { NodeConfig } from './node-config.ts'

/** The skill under which answers are looked for where the operator names none. */
export const PEER_SKILL_DEFAULT = 'chat.general'
const LATENCY_MS_DEFAULT = 20_000
const PRICE_MAX_DEFAULT = '0.05'
const REPUTATION_MIN_DEFAULT = 0.5

/** What the operator allows of peers; nothing where the section is absent or off. Throws `CONFIG_INVALID`. */
export function resolvePeers(peers: PeersDocument | undefined): Pick<NodeConfig, 'peers'> {
  if (peers === undefined || peers.enabled === false) return {}
  const { skills, sellers, custody, notarySet, latencyMs, minReputation, tenants, risk, conversations } = peers
  const currency = parseCurrency(peers.currency)
  if (currency === undefined) throw contradiction('peers.currency', 'is no CODE@DID')
  return {
    peers: {
      skills: skills ?? [PEER_SKILL_DEFAULT],
      currency,
      usdNanosPerCredit: positive(peers.usdPerCredit, 'peers.usdPerCredit'),
      priceNanosMax: positive(peers.priceMaxCredits ?? PRICE_MAX_DEFAULT, 'peers.priceMaxCredits'),
      custody: custody ?? 'C2',
      latencyMsMax: latencyMs ?? LATENCY_MS_DEFAULT,
      reputationPpmMin: Math.round((minReputation ?? REPUTATION_MIN_DEFAULT) * 1_000_000),
      ...(sellers !== undefined && { sellers: sellers.flatMap((text) => parseDid(text) ?? []) }),
      data: { tenants, riskMax: risk ?? 'low', hasContext: conversations ?? false },
      ...(notarySet !== undefined && { notarySet }),
    },
  }
}

function positive(value: number | string, key: string): Amount {
  const amount = amountFromUsd(value)
  if (amount === undefined || amount === 0n) throw contradiction(key, 'is no amount above 0')
  return amount
}
