import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { DAY_MS, durationFromMs, timestampFromMs } from '../../base/time.ts'
import { parsePredicate } from '../../core/acceptance/acceptance-predicate.ts'
import { formatAuctionValue } from '../../core/auction/auction-codec.ts'
import { CUSTODY_MODELS, type CustodyModel } from '../../core/escrow/escrow-terms.ts'
import { type Did, parseHash } from '../../core/evidence/names.ts'
import { parseCurrency } from '../../core/ledger/ledger-names.ts'
import type { BuyRequest, OrderNote } from '../../market/parties/buy-order.ts'
import { findSellers } from '../../market/parties/find-sellers.ts'
import type { NotaryClient } from '../../ports/notary-client.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../control/control-request.ts'
import { type CreditDesk, nanosOf, plain } from './credit-desk.ts'
import type { MarketInit } from './market-init.ts'
import { marketRefusal } from './market-refusals.ts'
import { parametersFor, timersOfText } from './order-timers.ts'
import { type PartyRole, SKILLS, skillsOf, workerNamed } from './party-role.ts'
