import type { JsonValue } from '../../../base/canonical-json.ts'
import { ZERO_AMOUNT } from '../../../base/money.ts'
import { parseDid, type Did } from '../../../core/evidence/names.ts'
import { REPUTATION_ROLES } from '../../../core/reputation/reputation-receipt.ts'
import type { ReputationDetail } from '../../../core/reputation/reputation-view.ts'
import { exposureOfDetail } from '../../../market/reputation/known-standing.ts'
import type { ReputationKeeper } from '../../../market/reputation/reputation-keeper.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  requiredText,
} from '../../control/control-request.ts'

const LIMIT_DEFAULT = 100
const LIMIT_MAX = 1_000

/** What this node knows of others, best first. Throws `REQUEST_INVALID`. */
export function listStandings(keeper: ReputationKeeper, request: ControlRequest): JsonValue {
  const limit = optionalNumber(request, 'limit') ?? LIMIT_DEFAULT
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > LIMIT_MAX)
    throw invalidRequest('limit', `limit must be 1 to ${LIMIT_MAX}`)
  const lines = keeper.list({ role: choiceOf(request, 'role', REPUTATION_ROLES), limit })
  const details = lines.flatMap(({ subject, role }) => keeper.show(subject).filter((detail) => detail.role === role))
  return { standings: details.map((detail) => standingOf(keeper, detail)) }
}

/** What this node knows of one party, by role; nothing where it has had no contract with it. Throws `REQUEST_INVALID`. */
export function showStandings(keeper: ReputationKeeper, request: ControlRequest): JsonValue {
  const did: Did | undefined = parseDid(requiredText(request, 'did'))
  if (did === undefined) throw invalidRequest('did', 'A party is named by the did:key of its escrow key')
  const standings = keeper.show(did).map((detail) => ({
    ...standingOf(keeper, detail),
    raters: detail.raters.map(({ rater, goodMicros, badMicros }) => ({
      rater,
      goodMicros: goodMicros.toString(),
      badMicros: badMicros.toString(),
    })),
  }))
  return { did, standings }
}

/** Figures are decimal text; those in micros are millionths of a credit's worth of evidence. */
function standingOf(keeper: ReputationKeeper, detail: ReputationDetail): { readonly [name: string]: JsonValue } {
  const { subject, role, meanPpm, goodMicros, badMicros, contracts, counterparties, flags } = detail
  return {
    did: subject,
    role,
    meanPpm: Number(meanPpm),
    goodMicros: goodMicros.toString(),
    badMicros: badMicros.toString(),
    contracts,
    counterparties,
    flags: [...flags],
    exposure: exposuresOf(keeper, detail),
  }
}

/** What it may hold of others at one time beyond its bond, in each currency that counts here. */
function exposuresOf(keeper: ReputationKeeper, detail: ReputationDetail): JsonValue {
  return [...keeper.policy.unitNanos.keys()].map((currency) => ({
    currency,
    capNanos: exposureOfDetail(keeper, detail, { currency, bondNanos: ZERO_AMOUNT }).toString(),
  }))
}
