import { CodedError } from '../base/errors.ts'
import type { TaskId, TenantId } from '../base/identifiers.ts'
import { sha256Hex } from '../base/sha256.ts'
import { CHANGED_WORDS_MAX, changedShare } from '../core/text/changed-share.ts'
import type { Clock } from '../ports/clock.ts'
import type { FollowUpEffect } from './follow-up-entry.ts'
import type { FollowUpStore } from './follow-up-store.ts'
import type { TelemetryPipeline } from './telemetry-pipeline.ts'
import type { TelemetryStore } from './telemetry-store.ts'
import type { FeedbackEvent } from '../wire/feedback-event.ts'

/** What is said of an answer. */
export type Judgement =
  | { readonly kind: 'thumbs'; readonly isUp: boolean }
  /** `score`: 0 to 1, 1 is good. */
  | { readonly kind: 'score'; readonly score: number }
  /** `distance`: share of the answer that was changed before it was used, 0 to 1. */
  | { readonly kind: 'edit'; readonly distance: number }
  /** The texts are compared and dropped. */
  | { readonly kind: 'edited'; readonly original: string; readonly edited: string }
  /** What became of it later. */
  | { readonly kind: 'outcome'; readonly isSuccess: boolean }

export type NewFeedback = {
  /** Whose task it is: no other tenant's can be judged. */
  readonly tenant: TenantId
  /** One task, or every task of a trace. */
  readonly about: { readonly taskId: TaskId } | { readonly traceId: string }
  readonly judgement: Judgement
  /**
   * The same id again counts once, and with another value it corrects the first. Absent: one is derived from what it is about, its kind and
   * its source, so that a second thumb replaces the first.
   */
  readonly feedbackId?: string
  /** Default: a program found out an outcome, a person everything else. */
  readonly source?: FeedbackEvent['source']
}

export type FeedbackReceipt = { readonly event: FeedbackEvent; readonly effect: FollowUpEffect }

/** UTF-16 units of each text of an edit. */
export const EDITED_TEXT_MAX = 65_536
const ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/
const TRACE_PATTERN = /^[0-9a-f]{32}$/

export type FeedbackComponents = {
  readonly hasConsent: boolean
  readonly clock: Pick<Clock, 'now'>
  readonly store: Pick<TelemetryStore, 'find'>
  readonly followUps: Pick<FollowUpStore, 'append'>
  readonly pipeline: Pick<TelemetryPipeline, 'flush'>
  /** Told of feedback once it is kept. Must not throw. */
  readonly onFeedback?: (event: FeedbackEvent) => void
}

/**
 * Keeps feedback with the record that it is about. Throws `FEEDBACK_NOT_KEPT` without the operator's consent, `FEEDBACK_TASK_UNKNOWN` when the
 * tenant has no such record (that another tenant has one looks the same), `REQUEST_INVALID`, and what the store throws.
 */
export async function addFeedback(components: FeedbackComponents, feedback: NewFeedback): Promise<FeedbackReceipt> {
  if (!components.hasConsent)
    throw new CodedError('FEEDBACK_NOT_KEPT', { message: 'This node keeps no records of tasks, and no feedback' })
  const event = eventOf(feedback, components.clock)
  await assertKnown(components, feedback)
  const effect = await components.followUps.append(event)
  components.onFeedback?.(event)
  return { event, effect }
}

function eventOf(feedback: NewFeedback, clock: Pick<Clock, 'now'>): FeedbackEvent {
  const { about, judgement, tenant } = feedback
  const kind = judgement.kind === 'edited' ? 'edit' : judgement.kind
  const source = feedback.source ?? (kind === 'outcome' ? 'system' : 'user')
  const [eventId, traceId] = 'taskId' in about ? [about.taskId, null] : [null, about.traceId]
  if (traceId !== null && !TRACE_PATTERN.test(traceId))
    throw invalid('trace_id', 'trace_id must be 32 hexadecimal digits, as in `traceparent`')
  const id =
    feedback.feedbackId ?? sha256Hex([tenant, eventId ?? '', traceId ?? '', kind, source].join(' ')).slice(0, 32)
  if (!ID_PATTERN.test(id)) throw invalid('feedback_id', 'feedback_id must be 1 to 128 letters, digits, or . _ : -')
  return {
    feedback_id: id,
    timestamp: new Date(clock.now()).toISOString(),
    event_id: eventId,
    trace_id: traceId,
    tenant,
    kind,
    value: valueOf(judgement),
    source,
  }
}

function valueOf(judgement: Judgement): number {
  switch (judgement.kind) {
    case 'thumbs':
      return judgement.isUp ? 1 : 0
    case 'outcome':
      return judgement.isSuccess ? 1 : 0
    case 'score':
      return unit(judgement.score, 'score')
    case 'edit':
      return 1 - unit(judgement.distance, 'edit.distance')
    case 'edited':
      return 1 - distanceOf(judgement)
  }
}

function distanceOf({ original, edited }: Extract<Judgement, { readonly kind: 'edited' }>): number {
  if (Math.max(original.length, edited.length) > EDITED_TEXT_MAX)
    throw invalid('edit', `The texts of an edit have at most ${EDITED_TEXT_MAX} characters; send edit.distance instead`)
  const share = changedShare(original, edited)
  if (share === undefined)
    throw invalid('edit', `More than ${CHANGED_WORDS_MAX} words differ; send edit.distance instead`)
  return share
}

function unit(value: number, param: string): number {
  if (!(value >= 0 && value <= 1)) throw invalid(param, `${param} must be a number from 0 to 1`)
  return value
}

/** A record may still wait to be stored when the first feedback comes; what waits is stored only then. */
async function assertKnown(
  { store, pipeline }: Pick<FeedbackComponents, 'store' | 'pipeline'>,
  { tenant, about }: NewFeedback,
): Promise<void> {
  const name =
    'taskId' in about
      ? ({ tenant, kind: 'event', id: about.taskId } as const)
      : ({ tenant, kind: 'trace', id: about.traceId } as const)
  if ((await store.find(name)) !== undefined) return
  await pipeline.flush()
  if ((await store.find(name)) !== undefined) return
  throw new CodedError('FEEDBACK_TASK_UNKNOWN', {
    message: `There is no record of that ${'taskId' in about ? 'task' : 'trace'}`,
    details: { param: 'taskId' in about ? 'task_id' : 'trace_id' },
  })
}

function invalid(param: string, message: string): CodedError {
  return new CodedError('REQUEST_INVALID', { message, details: { param } })
}
