/**
 * What somebody said of an answer, or what became of it later. It is kept beside the record of the task, never in it, and holds no text:
 * of an edit only its extent.
 */
import { fieldsOf, readNumber, readRequired, readText } from './telemetry-fields.ts'

/** Ways to judge an answer; `FeedbackEvent` says what the value of each means. */
export const FEEDBACK_KINDS = ['thumbs', 'edit', 'score', 'outcome'] as const
/** Who judged an answer: a person, or a program that found out what became of it. */
export const FEEDBACK_SOURCES = ['user', 'system'] as const

/** One judgement of one answer, as it is recorded. It names its task by `event_id` or by `trace_id`. */
export type FeedbackEvent = {
  /** Given by the sender or derived from what it says: the same twice counts once. */
  readonly feedback_id: string
  /** ISO 8601, UTC, milliseconds: when it came. */
  readonly timestamp: string
  /** The task; `null` when it is named by its trace. */
  readonly event_id: string | null
  readonly trace_id: string | null
  readonly tenant: string | null
  /** `thumbs`: up 1, down 0. `edit`: 1 less the share of the answer that was changed. `score`: as given. `outcome`: what became of it, 1 or 0. */
  readonly kind: (typeof FEEDBACK_KINDS)[number]
  /** 0 to 1; 1 is good. */
  readonly value: number
  /** `user`: a person judged. `system`: a program found out. */
  readonly source: (typeof FEEDBACK_SOURCES)[number]
}

/** What `parseFeedbackEvent` made of JSON: the event, or a problem that names the field, for people. */
export type FeedbackEventReading = { readonly event: FeedbackEvent } | { readonly problem: string }

/** One line of JSON, without a line break. */
export function formatFeedbackEvent(event: FeedbackEvent): string {
  return JSON.stringify(event)
}

/** Reads what `formatFeedbackEvent` writes; what is out of range is a problem that names the field. */
export function parseFeedbackEvent(json: unknown): FeedbackEventReading {
  try {
    return { event: readFeedbackEvent(json) }
  } catch (error: unknown) {
    if (error instanceof TypeError) return { problem: error.message }
    throw error
  }
}

/** As `parseFeedbackEvent`; throws a `TypeError` instead. */
export function readFeedbackEvent(json: unknown): FeedbackEvent {
  const fields = fieldsOf(json)
  return {
    feedback_id: readText(fields, 'feedback_id'),
    timestamp: readText(fields, 'timestamp'),
    event_id: readText(fields, 'event_id', null),
    trace_id: readText(fields, 'trace_id', null),
    tenant: readText(fields, 'tenant', null),
    kind: readRequired(fields, 'kind', FEEDBACK_KINDS),
    value: readNumber(fields, 'value', { min: 0, max: 1 }),
    source: readRequired(fields, 'source', FEEDBACK_SOURCES),
  }
}
