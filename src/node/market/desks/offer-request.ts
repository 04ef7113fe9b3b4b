import type { Amount } from '../../../base/money.ts'
import { CUSTODY_MODELS, type CustodyModel } from '../../../core/escrow/escrow-terms.ts'
import { parseDid } from '../../../core/evidence/names.ts'
import { type ControlRequest, invalidRequest, optionalNumber, optionalText } from '../../control/control-request.ts'
import { didsOf } from './buy-request.ts'
import { nanosOf } from './credit-desk.ts'
import { EVERY_PAYER, type SkillNote } from '../../../market/parties/role/party-notes.ts'

/** Under which custody work is done. Throws `REQUEST_INVALID`. */
export function custodyList(request: ControlRequest): readonly CustodyModel[] {
  const text = optionalText(request, 'custody') ?? 'C2,C3'
  const models = text.split(',').map((name) => CUSTODY_MODELS.find((known) => known === name))
  const known = models.filter((model) => model !== undefined)
  if (known.length === models.length) return known
  throw invalidRequest('custody', `custody takes some of ${CUSTODY_MODELS.join(',')}`)
}

/** What stands in the note of a skill besides who does its work. Throws `REQUEST_INVALID`. */
export function conditionsOf(request: ControlRequest): Omit<SkillNote, 'agent' | 'custody' | 'isReplicating'> {
  const subjects = didsOf(request, 'subjects')
  const arbiters = didsOf(request, 'arbiters')
  const fallbackPerMillionMin = optionalNumber(request, 'fallbackPerMillionMin')
  return {
    ...lowestOf(request),
    ...(subjects.length > 0 && { subjects }),
    ...(arbiters.length > 0 && { arbiters }),
    ...(fallbackPerMillionMin !== undefined && { fallbackPerMillionMin }),
  }
}

/** The least that work may bring where bids go down; the price, where nothing is named. */
function lowestOf(request: ControlRequest): { readonly lowestNanos?: string } {
  if (optionalText(request, 'lowestNanos') === undefined) return {}
  const lowest = nanosOf(request, 'lowestNanos')
  if (lowest > nanosOf(request, 'nanos')) throw invalidRequest('lowestNanos', 'The lowest price is at most the price')
  return { lowestNanos: lowest.toString() }
}

/** What is lent to whom: `PAYER=NANOS`, separated by commas. Throws `REQUEST_INVALID`. */
export function creditLinesOf(request: ControlRequest): readonly { readonly payer: string; readonly nanos: Amount }[] {
  const text = optionalText(request, 'creditLines') ?? ''
  return text.split(',').flatMap((part) => {
    if (part === '') return []
    const [payer = '', amount = ''] = part.split('=')
    if (payer !== EVERY_PAYER && parseDid(payer) === undefined)
      throw invalidRequest('creditLines', 'A payer is named by the did:key of its escrow key')
    return [{ payer, nanos: nanosOf({ amount }, 'amount') }]
  })
}
