import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import type { ContractView } from '../../../ports/notary-client.ts'
import { choiceOf, type ControlRequest, invalidRequest } from '../../control/control-request.ts'
import { plain } from './plain-json.ts'
import { explainRefusal } from './market-refusals.ts'
import type { RulingParts } from './ruling-desk.ts'

/** Timers that somebody can point out as over. */
const TIMERS = ['offer', 'hold', 'start', 'deliver', 'accept', 'rule', 'refund'] as const

export function timerOf(view: ContractView, request: ControlRequest): (typeof TIMERS)[number] {
  const named = choiceOf(request, 'timer', TIMERS)
  const running = TIMERS.find((name) => view.timers.some((timer) => timer.name === name))
  const timer = named ?? running
  if (timer !== undefined) return timer
  throw invalidRequest('timer', 'No timer of the contract runs: name the one that is over with --timer')
}

export type RulingWord = Exclude<RulingParts, { readonly kind: 'whole' }>

/** Nothing has gone to the notary set yet. */
export function partOf(
  contract: ContractId,
  state: string,
  { ruling }: Extract<RulingWord, { kind: 'part' }>,
): JsonValue {
  return { contract, state, effect: 'applied', code: null, receipt: null, ruling: plain(ruling) }
}

export function refusedAct(contract: ContractId, state: string, code: string): { readonly [name: string]: JsonValue } {
  const known = explainRefusal(code)
  return {
    contract,
    state,
    effect: 'refused',
    code,
    receipt: null,
    ...(known !== undefined && { cause: known.cause, remedy: known.remedy }),
  }
}

export function unknownContract(contract: string): CodedError {
  return new CodedError('MARKET_OBJECT_UNKNOWN', {
    message: `The notary set knows no contract ${contract}`,
    details: {
      remedy: '`kernell escrow list` shows those of this node; the set forgets a contract some time after its end.',
    },
  })
}
