import { A2A_ERRORS } from './error-codes/a2a-errors.ts'
import { ACCESS_ERRORS } from './error-codes/access-errors.ts'
import { ACTOR_ERRORS } from './error-codes/actor-errors.ts'
import { AUCTION_ERRORS } from './error-codes/auction-errors.ts'
import { BACKUP_ERRORS } from './error-codes/backup-errors.ts'
import { CAPABILITY_ERRORS } from './error-codes/capability-errors.ts'
import { ESCROW_ERRORS } from './error-codes/escrow-errors.ts'
import { EVIDENCE_ERRORS } from './error-codes/evidence-errors.ts'
import { GATEWAY_ERRORS } from './error-codes/gateway-errors.ts'
import { LEARNING_ERRORS } from './error-codes/learning-errors.ts'
import { LEDGER_ERRORS } from './error-codes/ledger-errors.ts'
import { MARKET_ERRORS } from './error-codes/market-errors.ts'
import { MODEL_ERRORS } from './error-codes/model-errors.ts'
import { NETWORK_ERRORS } from './error-codes/network-errors.ts'
import { NOTARY_ERRORS } from './error-codes/notary-errors.ts'
import { PLATFORM_ERRORS } from './error-codes/platform-errors.ts'
import { ROUTER_ERRORS } from './error-codes/router-errors.ts'
import { FIREWALL_ERRORS } from './error-codes/firewall-errors.ts'
import { SANDBOX_ERRORS } from './error-codes/sandbox-errors.ts'
import { SIMULATION_ERRORS } from './error-codes/simulation-errors.ts'
import { STANDING_ERRORS } from './error-codes/standing-errors.ts'
import { STORAGE_ERRORS } from './error-codes/storage-errors.ts'

export type { ErrorCodeEntry } from './error-codes/error-code-entry.ts'

/**
 * Every coded error of the project; each area has its table in `error-codes/`. A code never changes its meaning within a major version; messages may.
 * The table in the README is made from this one, and a test holds the two together.
 */
export const ERROR_CODES = {
  ...A2A_ERRORS,
  ...ACCESS_ERRORS,
  ...ACTOR_ERRORS,
  ...AUCTION_ERRORS,
  ...BACKUP_ERRORS,
  ...CAPABILITY_ERRORS,
  ...ESCROW_ERRORS,
  ...EVIDENCE_ERRORS,
  ...GATEWAY_ERRORS,
  ...LEARNING_ERRORS,
  ...LEDGER_ERRORS,
  ...MARKET_ERRORS,
  ...MODEL_ERRORS,
  ...NETWORK_ERRORS,
  ...NOTARY_ERRORS,
  ...PLATFORM_ERRORS,
  ...ROUTER_ERRORS,
  ...SANDBOX_ERRORS,
  ...FIREWALL_ERRORS,
  ...SIMULATION_ERRORS,
  ...STANDING_ERRORS,
  ...STORAGE_ERRORS,
} as const

/** Name of a coded error: `AREA_WHAT`. */
export type ErrorCode = keyof typeof ERROR_CODES
