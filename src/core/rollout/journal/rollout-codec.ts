import type { JsonValue } from '../../../base/canonical-json.ts'
import type { ArmFigures, ArmTotals, WatchedOutcome } from '../watch/arm-totals.ts'
import type { FeedbackWatch, Votes } from '../watch/feedback-watch.ts'
import type { Bet } from '../watch/bet.ts'
import {
  attempt,
  figure,
  instant,
  listOf,
  membersOf,
  objectOf,
  oneOf,
  orNull,
  text,
  truth,
  UNREADABLE,
  type Members,
  type Read,
} from './journal-readers.ts'
import { driftReading, trialDrift } from './drift-codec.ts'
import type { RolloutRules, SloRules } from '../rollout-rules.ts'
import type {
  Promotion,
  RolloutEvent,
  RolloutPosition,
  RolloutStage,
  RolloutState,
  RolloutTransition,
  Trial,
} from '../rollout-state.ts'
import type { Sample, ServedWindow, ServingRecord } from '../serving-record.ts'
import type { SloBreach } from '../watch/watch-evidence.ts'
import type { WatchState } from '../watch/watch-state.ts'

/** JSON of an event for the journal; members that are absent are left out. */
export function formatRolloutEvent(event: RolloutEvent): JsonValue {
  return plain(event)
}

/** Reads what `formatRolloutEvent` wrote; `undefined` for anything else. */
export function parseRolloutEvent(json: unknown): RolloutEvent | undefined {
  return attempt(() => {
    const members = membersOf(json)
    const event = readEvent(members)
    return members.elapsedMs === undefined ? event : { ...event, elapsedMs: figure(members.elapsedMs) }
  })
}

/** JSON of a state, the same for equal states. */
export function formatRolloutState(state: RolloutState): JsonValue {
  return plain(state)
}

/** Reads what `formatRolloutState` wrote; `undefined` for anything else. */
export function parseRolloutState(json: unknown): RolloutState | undefined {
  return attempt(() => readState(membersOf(json)))
}

/** Numbers, texts, lists and objects all the way down: JSON already, but for members that are `undefined`. */
function plain(value: unknown): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue
}

const stageOf: Read<RolloutStage> = oneOf('legacy_only', 'shadow', 'canary', 'full')

const slo: Read<SloRules> = objectOf({
  falseAlarm: figure,
  qualityMargin: figure,
  errorMargin: figure,
  costMargin: figure,
  latencyMargin: figure,
  driftMargin: figure,
  acceptedShareMin: orNull(figure),
  errorShareMax: orNull(figure),
  costUsdMax: orNull(figure),
  latencyMsMax: orNull(figure),
})

const rules: Read<RolloutRules> = objectOf({
  canarySteps: listOf(figure),
  minCanaryRequests: figure,
  minStepMs: figure,
  minShadowRuns: figure,
  autoAdvance: truth,
  slo,
})

const answered: Read<WatchedOutcome> = objectOf({
  isAccepted: truth,
  isError: truth,
  costUsd: orNull(figure),
  latencyMs: figure,
  predicted: orNull(figure),
})

const outcome: Read<WatchedOutcome> = (json) => {
  const { isRefused, isRescued, ...rest } = membersOf(json)
  return {
    ...answered(rest),
    ...(isRefused !== undefined && { isRefused: truth(isRefused) }),
    ...(isRescued !== undefined && { isRescued: truth(isRescued) }),
  }
}

const totals: Read<ArmTotals> = objectOf({
  requests: figure,
  accepted: figure,
  errors: figure,
  costUsd: figure,
  costed: figure,
  latencyMs: figure,
})

const sums: Read<WatchState['block']> = objectOf({
  count: figure,
  bad: figure,
  error: figure,
  cost: figure,
  costed: figure,
  latency: figure,
  timed: figure,
})

const bet: Read<Bet> = objectOf({
  count: figure,
  wealths: (json) => {
    const [first, second, third, ...more] = listOf(figure)(json)
    if (first === undefined || second === undefined || third === undefined || more.length > 0) throw UNREADABLE
    return [first, second, third] as const
  },
})

const votes: Read<Votes> = objectOf({ count: figure, bad: figure })

const feedback: Read<FeedbackWatch> = objectOf({
  candidate: votes,
  incumbent: votes,
  waiting: listOf(figure),
  block: votes,
  bet,
  reference: orNull(figure),
})

const watch: Read<WatchState> = objectOf({
  canary: totals,
  control: totals,
  waits: oneOf('candidate', 'incumbent'),
  waiting: listOf(objectOf({ bad: figure, error: figure, cost: orNull(figure), latency: orNull(figure) })),
  block: sums,
  scale: orNull(objectOf({ costUsd: figure, latencyMs: figure })),
  againstControl: objectOf({ quality: bet, errors: bet, cost: bet, latency: bet }),
  againstLimit: objectOf({ quality: bet, errors: bet, cost: bet, latency: bet, drift: bet }),
  feedback,
  reference: orNull(
    objectOf({ quality: orNull(figure), errors: orNull(figure), cost: orNull(figure), latency: orNull(figure) }),
  ),
})

const sample: Read<Sample> = objectOf({ count: figure, sum: figure, squares: figure })

const servedWindow: Read<ServedWindow> = objectOf({
  requests: figure,
  bad: figure,
  errors: figure,
  cost: sample,
  latency: sample,
})

const serving: Read<ServingRecord> = objectOf({ policy: text, now: servedWindow, before: orNull(servedWindow) })

const wholeTrial: Read<Trial> = objectOf({
  candidate: text,
  began: figure,
  since: instant,
  lastedMs: figure,
  requests: figure,
  called: figure,
  isPaused: truth,
  watch,
  drift: trialDrift,
})

/** In journals of earlier versions nobody could pause one. */
const trial: Read<Trial> = (json) => wholeTrial({ isPaused: false, ...membersOf(json) })

const arm: Read<ArmFigures> = objectOf({
  requests: figure,
  acceptedShare: orNull(figure),
  errorShare: orNull(figure),
  meanCostUsd: orNull(figure),
  meanLatencyMs: orNull(figure),
})

const breach: Read<SloBreach> = objectOf({
  slo: oneOf('quality', 'feedback', 'errors', 'cost', 'latency', 'drift'),
  against: oneOf('control', 'limit', 'beginning'),
  wealth: figure,
  threshold: figure,
})

const wholeTransition: Read<RolloutTransition> = objectOf({
  revision: figure,
  at: instant,
  from: stageOf,
  to: stageOf,
  percentBefore: figure,
  percentAfter: figure,
  candidate: orNull(text),
  incumbent: orNull(text),
  cause: oneOf('promote', 'replace', 'step', 'pause', 'resume', 'rollback', 'slo-breach'),
  reason: text,
  by: text,
  canary: orNull(arm),
  control: orNull(arm),
  breach: orNull(breach),
  gate: orNull(text),
})

/** Journals of earlier versions name no gate report. */
const transition: Read<RolloutTransition> = (json) => wholeTransition({ gate: null, ...membersOf(json) })

function readState(members: Members): RolloutState {
  return {
    rules: rules(members.rules),
    incumbent: members.incumbent === undefined ? undefined : text(members.incumbent),
    baseline: members.baseline === undefined ? undefined : text(members.baseline),
    serving: orNull(serving)(members.serving),
    position: readPosition(membersOf(members.position)),
    served: listOf(text)(members.served),
    revision: figure(members.revision),
    rollbacks: figure(members.rollbacks),
    transitions: listOf(transition)(members.transitions),
    at: instant(members.at),
  }
}

function readPosition(members: Members): RolloutPosition {
  const stage = stageOf(members.stage)
  if (stage === 'legacy_only') return { stage }
  if (stage === 'canary') return { stage, percent: figure(members.percent), trial: trial(members.trial) }
  return { stage, trial: trial(members.trial) }
}

function readEvent(members: Members): RolloutEvent {
  const at = instant(members.at)
  const why = (): { readonly by: string; readonly reason: string } => ({
    by: text(members.by),
    reason: text(members.reason),
  })
  switch (members.type) {
    case 'rules-set':
      return { type: 'rules-set', rules: rules(members.rules), at }
    case 'candidate-promoted':
    case 'candidate-replaced':
      return { type: members.type, ...readPromotion(members), ...why(), at }
    case 'step-taken':
      return { type: members.type, ...why(), ...gateOf(members), at }
    case 'slo-breached':
      return { type: members.type, ...why(), at }
    case 'pause-set':
      return { type: members.type, isPaused: truth(members.isPaused), ...why(), at }
    case 'rolled-back': {
      const to = members.to === undefined ? {} : { to: text(members.to) }
      return { type: 'rolled-back', ...to, baseline: text(members.baseline), ...why(), at }
    }
    case 'request-observed': {
      const observed = { candidate: text(members.candidate), outcome: outcome(members.outcome), at }
      return { type: 'request-observed', arm: oneOf('candidate', 'incumbent')(members.arm), ...observed }
    }
    case 'served-observed':
      return { type: 'served-observed', policy: text(members.policy), outcomes: listOf(outcome)(members.outcomes), at }
    case 'shadow-observed': {
      const pair = { tried: outcome(members.tried), served: outcome(members.served), isCalled: truth(members.isCalled) }
      return { type: 'shadow-observed', candidate: text(members.candidate), ...pair, at }
    }
    case 'feedback-observed': {
      const about = { candidate: text(members.candidate), began: figure(members.began) }
      const arm = oneOf('candidate', 'incumbent')(members.arm)
      return { type: 'feedback-observed', ...about, arm, value: figure(members.value), at }
    }
    case 'drift-observed': {
      const about = { candidate: text(members.candidate), since: figure(members.since) }
      return { type: 'drift-observed', ...about, reading: driftReading(members.reading), at }
    }
    default:
      throw UNREADABLE
  }
}

function readPromotion(members: Members): Promotion {
  return {
    version: text(members.version),
    incumbent: text(members.incumbent),
    baseline: text(members.baseline),
    stage: oneOf('shadow', 'canary', 'full')(members.stage),
    ...(members.percent !== undefined && { percent: figure(members.percent) }),
    ...gateOf(members),
    ...(members.isWithoutReference !== undefined && { isWithoutReference: truth(members.isWithoutReference) }),
  }
}

function gateOf(members: Members): { readonly gate?: string } {
  return members.gate === undefined ? {} : { gate: text(members.gate) }
}
