import type { Amount } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'
import type { DelegationCode } from './delegation-codes.ts'

/** Parts of one result at most. */
export const PARTS_MAX = 1_024
/** So many spans of `progressMs` without a sign of life are reported. */
export const SILENT_SPANS = 3

/** `answer`: the worker must have answered. `finish`: the task must be done. `progress`: a sign of life is due. */
export const DELEGATION_TIMERS = ['answer', 'finish', 'progress'] as const
export type DelegationTimer = (typeof DELEGATION_TIMERS)[number]

/** What the payer asks for. */
export type DelegationRequest = {
  readonly skill: string
  readonly task: Hash
  readonly inputHash: Hash
  readonly inputBytes: number
  /** Hash of the capability token that allows it; its chain is checked before. */
  readonly capability: Hash
  readonly currency: Currency
  readonly maximumNanos: Amount
  readonly answerBy: Timestamp
  readonly finishBy: Timestamp
  /** Between signs of life; 0 asks for none. */
  readonly progressMs: DurationMs
}

export type ResultPart = { readonly hash: Hash; readonly bytes: number; readonly envelope: Hash }

type Head = {
  /** Hash of the request's message. */
  readonly id: Hash
  readonly payer: Did
  readonly worker: Did
  readonly request: DelegationRequest
  readonly at: Timestamp
}
type Started = Head & {
  /** In their order. */
  readonly parts: readonly ResultPart[]
  /** Newest sign of progress; `undefined` before the first. */
  readonly progress: { readonly step: number; readonly donePpm: number } | undefined
}

export type RequestedState = Head & { readonly kind: 'requested' }
/** `silentAt`: when silence is reported; `undefined` where no signs of life are asked, or after it was. */
export type WorkingState = Started & { readonly kind: 'working'; readonly silentAt: Timestamp | undefined }
/** The payer wants no more; the worker has not said that it stopped. A result that crosses the wish counts. */
export type CancellingState = Started & { readonly kind: 'cancelling'; readonly reason: string }
export type FinishedState = Started & {
  readonly kind: 'finished'
  readonly resultHash: Hash
  readonly resultBytes: number
}
export type EndKind = 'refused' | 'failed' | 'expired' | 'cancelled'
export type EndedState = Started & { readonly kind: EndKind; readonly code: string | undefined }

export type DelegationState = RequestedState | WorkingState | CancellingState | FinishedState | EndedState

type About = Evidence & { readonly request: Hash }

export type DelegationEvent =
  | (About & { readonly type: 'request-accepted' })
  | (About & { readonly type: 'request-refused'; readonly code: string })
  | (About & { readonly type: 'progress-told'; readonly step: number; readonly donePpm: number })
  | (About & {
      readonly type: 'part-delivered'
      readonly part: number
      readonly partHash: Hash
      readonly partBytes: number
    })
  | (About & {
      readonly type: 'result-delivered'
      readonly resultHash: Hash
      readonly resultBytes: number
      readonly parts: number
    })
  | (About & { readonly type: 'task-failed'; readonly code: string })
  | (About & { readonly type: 'cancel-asked'; readonly reason: string })
  | (About & { readonly type: 'work-stopped'; readonly parts: number })
  | { readonly type: 'timer-fired'; readonly name: DelegationTimer; readonly at: Timestamp }

export type DelegationEffect =
  | { readonly type: 'start-timer'; readonly name: DelegationTimer; readonly firesAt: Timestamp }
  | { readonly type: 'cancel-timer'; readonly name: DelegationTimer }
  /** The worker is silent; the payer may cancel. */
  | { readonly type: 'report-silence'; readonly id: Hash }
  | { readonly type: 'report-end'; readonly id: Hash; readonly kind: EndKind | 'finished' }
  | { readonly type: 'event-refused'; readonly code: DelegationCode }

export type DelegationInput = Omit<RequestedState, 'kind'>
