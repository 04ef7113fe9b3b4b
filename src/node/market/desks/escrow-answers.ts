import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { ContractNote } from '../../../market/parties/contracts/contract-notes.ts'
import type { ContractView } from '../../../ports/notary-client.ts'
import type { MessageBody, MessageType } from '../../../wire/v1/message-types.ts'
import { choiceOf, type ControlRequest, invalidRequest, optionalText } from '../../control/control-request.ts'
import { plain } from './plain-json.ts'
import { proveEquivocation } from '../copies/prove-equivocation.ts'
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

/** A contract in the list of this node. */
export function rowOf(
  contract: string,
  { role, other, task, ended }: ContractNote,
  view: ContractView | undefined,
): JsonValue {
  return {
    contract,
    role,
    other,
    skill: task.skill,
    state: view?.state ?? ended ?? 'UNKNOWN',
    currency: view?.currency ?? null,
    custody: view?.custody ?? null,
    priceNanos: view?.priceNanos ?? null,
    timers: plain(view?.timers ?? []),
  }
}

/** What an act says to the notary set. */
export type Said<Type extends MessageType> = { readonly type: Type; readonly body: MessageBody<Type> }

/** The two messages of a request as a proof against a party of the contract. @returns The code of why they are none. */
export function proofOf(
  { contract, payer, worker }: ContractView,
  request: ControlRequest,
): Said<'equivocation-proof'> | string {
  const [first, second] = ['first', 'second'].map((name) => Buffer.from(optionalText(request, name) ?? '', 'base64url'))
  if (first === undefined || second === undefined) throw new TypeError('Two messages are two')
  const conviction = proveEquivocation(first, second)
  if (conviction.kind === 'refused') return conviction.code
  const isOfParty = conviction.contract === contract && [payer, worker].includes(conviction.iss)
  return isOfParty ? { type: 'equivocation-proof', body: conviction.body } : 'ESCROW_PROOF_INVALID'
}

/** Who was convicted, and until when arbiters rule: `null` where nothing is held to rule on. */
export function convictionOf({ first }: MessageBody<'equivocation-proof'>, { timers }: ContractView): Conviction {
  return { culprit: first.head.iss, ruleBy: timers.find(({ name }) => name === 'rule')?.firesAt ?? null }
}

type Conviction = { readonly culprit: Did; readonly ruleBy: number | null }

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
