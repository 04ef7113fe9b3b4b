import type { DriftFigure, DriftReference } from '../../learning/drift/drift-window.ts'
import {
  attempt,
  figure,
  listOf,
  membersOf,
  objectOf,
  oneOf,
  orNull,
  text,
  UNREADABLE,
  type Read,
} from './journal-readers.ts'
import type { DecisionReading, DriftReading, TrafficReading, TrialDrift } from '../watch/trial-drift.ts'

const state = oneOf('stable', 'watch', 'drifted')

const figures: Read<readonly DriftFigure[]> = listOf(objectOf({ name: text, figure, state }))

const traffic: Read<TrafficReading> = objectOf({ state, rows: figure, figures })

const decisions: Read<DecisionReading> = objectOf({
  cause: oneOf('nobody', 'traffic', 'common', 'unknown', 'candidate'),
  index: figure,
  models: figure,
  referenceRows: figure,
  rows: figure,
  figures,
})

export const trialDrift: Read<TrialDrift> = objectOf({
  since: figure,
  periods: figure,
  traffic: orNull(traffic),
  decisions: orNull(decisions),
})

export const driftReading: Read<DriftReading> = (json) => {
  const members = membersOf(json)
  if (members.kind === 'traffic') return { kind: 'traffic', traffic: traffic(members.traffic) }
  if (members.kind === 'decisions') return { kind: 'decisions', decisions: decisions(members.decisions) }
  throw UNREADABLE
}

const counts: Read<Readonly<Record<string, number>>> = (json) =>
  Object.fromEntries(Object.entries(membersOf(json)).map(([name, count]) => [name, figure(count)]))

const reference: Read<DriftReference> = objectOf({
  rows: figure,
  featured: figure,
  edges: listOf(listOf(figure)),
  bins: listOf(listOf(figure)),
  novelty: orNull(objectOf({ centre: listOf(figure), variance: listOf(figure), distanceMax: figure })),
  categories: (json) =>
    Object.fromEntries(Object.entries(membersOf(json)).map(([name, values]) => [name, counts(values)])),
})

/** What a trial's requests were at first, as far as it is known. */
export type TrialReferences = {
  readonly candidate: string
  /** `since` of the trial's drift. */
  readonly since: number
  readonly traffic: DriftReference | null
  readonly arms: { readonly candidate: DriftReference; readonly incumbent: DriftReference | null } | null
}

/** Reads the JSON of references; `undefined` for anything else. */
export function parseTrialReferences(json: unknown): TrialReferences | undefined {
  const read: Read<TrialReferences> = objectOf({
    candidate: text,
    since: figure,
    traffic: orNull(reference),
    arms: orNull(objectOf({ candidate: reference, incumbent: orNull(reference) })),
  })
  return attempt(() => read(json))
}
