import { readFeedbackEvent, type FeedbackEvent } from '../wire/feedback-event.ts'
import { readShadowEvent, type ShadowEvent } from '../wire/shadow-event.ts'
import type { RecordName } from './record-index.ts'

/** What came after a task, oldest first. */
export type FollowUps = {
  readonly feedback: readonly FeedbackEvent[]
  readonly shadows: readonly ShadowEvent[]
}

export const NO_FOLLOW_UPS: FollowUps = { feedback: [], shadows: [] }

/** All that is kept for one name, in one value. `since` is the instant of the earliest, and the place in the order by which the oldest go. */
export type FollowUpEntry = FollowUps & { readonly since: string }

/** `exists`: the same was there already. `replaced`: another value under the same id was. */
export type FollowUpEffect = 'stored' | 'replaced' | 'exists'

/** The task or trace that an event is about. Throws `TypeError` when it names neither. */
export function nameOf(event: FeedbackEvent | ShadowEvent): RecordName {
  const tenant = event.tenant ?? ''
  if (event.event_id !== null) return { tenant, kind: 'event', id: event.event_id }
  if ('trace_id' in event && event.trace_id !== null) return { tenant, kind: 'trace', id: event.trace_id }
  throw new TypeError('Feedback names a task or a trace')
}

/** The task or trace that an entry is about; `undefined` for an empty one, which nobody writes. */
export function nameOfEntry({ feedback, shadows }: FollowUps): RecordName | undefined {
  const first = feedback[0] ?? shadows[0]
  return first === undefined ? undefined : nameOf(first)
}

/**
 * The entry with one event more; events beyond `max` go, the oldest first: of feedback those that something newer of their kind and source has
 * outdated, so that no program's many words push out the one of a person.
 */
export function withEvent(
  entry: FollowUpEntry | undefined,
  event: FeedbackEvent | ShadowEvent,
  max: number,
): { readonly entry: FollowUpEntry; readonly effect: FollowUpEffect } {
  const { feedback, shadows, since } = entry ?? { ...NO_FOLLOW_UPS, since: event.timestamp }
  const earliest = event.timestamp < since ? event.timestamp : since
  if ('shadow_id' in event) {
    if (shadows.some(({ shadow_id }) => shadow_id === event.shadow_id))
      return { entry: { feedback, shadows, since }, effect: 'exists' }
    return { entry: { feedback, shadows: [...shadows, event].slice(-max), since: earliest }, effect: 'stored' }
  }
  const known = feedback.find(({ feedback_id }) => feedback_id === event.feedback_id)
  if (known !== undefined && saysTheSame(known, event)) return { entry: { feedback, shadows, since }, effect: 'exists' }
  const others = feedback.filter((other) => other !== known)
  const effect = known === undefined ? 'stored' : 'replaced'
  return { entry: { feedback: latestOf([...others, event], max), shadows, since: earliest }, effect }
}

function latestOf(feedback: readonly FeedbackEvent[], max: number): readonly FeedbackEvent[] {
  const kept = [...feedback]
  while (kept.length > max) {
    const outdated = kept.findIndex((event, place) =>
      kept.some((other, later) => later > place && other.kind === event.kind && other.source === event.source),
    )
    kept.splice(Math.max(0, outdated), 1)
  }
  return kept
}

function saysTheSame(known: FeedbackEvent, event: FeedbackEvent): boolean {
  return known.kind === event.kind && known.value === event.value && known.source === event.source
}

/** What is left of an entry from an instant on; `undefined` when nothing is. */
export function entryFrom({ feedback, shadows }: FollowUpEntry, instant: string): FollowUpEntry | undefined {
  const isLater = ({ timestamp }: { readonly timestamp: string }): boolean => timestamp >= instant
  const left = { feedback: feedback.filter(isLater), shadows: shadows.filter(isLater) }
  const times = [...left.feedback, ...left.shadows].map(({ timestamp }) => timestamp)
  let [since] = times
  for (const time of times) if (since === undefined || time < since) since = time
  return since === undefined ? undefined : { ...left, since }
}

export function sizeOf({ feedback, shadows }: FollowUps): number {
  return feedback.length + shadows.length
}

export function formatEntry({ since, feedback, shadows }: FollowUpEntry): string {
  return JSON.stringify({ since, feedback, shadows })
}

/** `undefined` for what `formatEntry` has not written. */
export function parseEntry(text: string): FollowUpEntry | undefined {
  try {
    const json: unknown = JSON.parse(text)
    if (typeof json !== 'object' || json === null) return undefined
    if (!('since' in json) || !('feedback' in json) || !('shadows' in json)) return undefined
    const { since, feedback, shadows } = json
    if (typeof since !== 'string' || !Array.isArray(feedback) || !Array.isArray(shadows)) return undefined
    return {
      since,
      feedback: feedback.map((event: unknown) => readFeedbackEvent(event)),
      shadows: shadows.map((event: unknown) => readShadowEvent(event)),
    }
  } catch (error: unknown) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined
    throw error
  }
}
