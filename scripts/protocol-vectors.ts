/** Writes `protocol/vectors/v1/AREA.json`: `node scripts/protocol-vectors.ts`. A test fails where they differ from the code. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AUCTION_VECTORS } from './protocol-vectors/auction-vectors.ts'
import { CAPABILITY_VECTORS } from './protocol-vectors/capability-vectors.ts'
import { DISPUTE_VECTORS } from './protocol-vectors/dispute-vectors.ts'
import { ENVELOPE_VECTORS } from './protocol-vectors/envelope-vectors.ts'
import { ESCROW_VECTORS } from './protocol-vectors/escrow-vectors.ts'
import { GOSSIP_VECTORS } from './protocol-vectors/gossip-vectors.ts'
import { GOVERNANCE_VECTORS } from './protocol-vectors/governance-vectors.ts'
import { LEDGER_VECTORS } from './protocol-vectors/ledger-vectors.ts'
import { MARKET_VECTORS } from './protocol-vectors/market-vectors.ts'
import { REPUTATION_VECTORS } from './protocol-vectors/reputation-vectors.ts'
import type { VectorArea, VectorFile } from './protocol-vectors/vector.ts'
import { hex, VECTOR_CONTEXT, VECTOR_KEYS } from './protocol-vectors/vector-kit.ts'

/** One line for each area. */
export const VECTOR_AREAS: readonly VectorArea[] = [
  ENVELOPE_VECTORS,
  AUCTION_VECTORS,
  ESCROW_VECTORS,
  LEDGER_VECTORS,
  DISPUTE_VECTORS,
  REPUTATION_VECTORS,
  GOVERNANCE_VECTORS,
  CAPABILITY_VECTORS,
  GOSSIP_VECTORS,
  MARKET_VECTORS,
]

export function vectorFileOf({ area, vectors }: VectorArea): VectorFile {
  const keys = Object.entries(VECTOR_KEYS).map(([name, { seed, publicKey, did }]) => [
    name,
    { seed: hex(seed), publicKey: hex(publicKey), did },
  ])
  return {
    area,
    version: 1,
    keys: Object.fromEntries(keys) as VectorFile['keys'],
    context: VECTOR_CONTEXT,
    vectors: vectors(),
  }
}

/** One vector a line, so that a change shows as the lines that it changes. */
export function formatVectorFile({ vectors, ...rest }: VectorFile): string {
  const start = JSON.stringify(rest, undefined, 2).replace(/\n\}$/, '')
  return `${start},\n  "vectors": [\n${vectors.map((vector) => `    ${JSON.stringify(vector)}`).join(',\n')}\n  ]\n}\n`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const area of VECTOR_AREAS) {
    const file = new URL(`../protocol/vectors/v1/${area.area}.json`, import.meta.url)
    writeFileSync(file, formatVectorFile(vectorFileOf(area)))
  }
}
