import type { TaskRow } from '../state/task-list.ts'
import { Badge, type Tone } from './panel.tsx'
import { visibleText } from '../state/visible-text.ts'

const TIER_TONES: ReadonlyMap<string, string> = new Map([
  ['cache', 'tier-cache'],
  ['deterministic', 'tier-tool'],
  ['local_nano', 'tier-local'],
  ['local_small', 'tier-local'],
  ['local_medium', 'tier-local'],
  ['local_large', 'tier-local'],
  ['peer', 'tier-peer'],
  ['cheap_api', 'tier-cheap'],
  ['premium_api', 'tier-premium'],
])

/** Colour of a tier; of one that the page does not know, a plain one. */
export function tierTone(tier: string): string {
  return TIER_TONES.get(tier) ?? 'tier-other'
}

/** A tier, by its name and its colour. One that the page does not know is shown as it is. */
export function Tier({ tier }: { readonly tier: string }) {
  return (
    <span class="tier">
      <span class={`dot ${tierTone(tier)}`} aria-hidden="true" />
      <bdi>{visibleText(tier.slice(0, 40)).replaceAll('_', ' ')}</bdi>
    </span>
  )
}

/** What became of a task, in a word. */
export function outcomeOf({
  isSuccess,
  isAccepted,
  isCached,
  isEscalated,
}: Pick<TaskRow, 'isSuccess' | 'isAccepted' | 'isCached' | 'isEscalated'>): {
  readonly word: string
  readonly tone: Tone
} {
  if (!isSuccess) return isAccepted === false ? { word: 'refused', tone: 'warn' } : { word: 'failed', tone: 'bad' }
  if (isCached) return { word: 'cached', tone: 'accent' }
  if (isEscalated) return { word: 'escalated', tone: 'warn' }
  return { word: isAccepted === true ? 'accepted' : 'answered', tone: 'good' }
}

export function Outcome({ task }: { readonly task: TaskRow }) {
  const { word, tone } = outcomeOf(task)
  return <Badge tone={tone}>{word}</Badge>
}
