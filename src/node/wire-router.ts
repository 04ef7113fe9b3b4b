import type { ActorRef } from '../actors/actor-ref.ts'
import type { ActorSystem } from '../actors/system/actor-system.ts'
import type { Budgets } from '../ports/budgets.ts'
import type { Clock } from '../ports/clock.ts'
import type { ModelCatalog } from '../ports/model-catalog.ts'
import type { Random } from '../ports/random.ts'
import type { Timers } from '../ports/timers.ts'
import type { Router } from '../ports/router.ts'
import type { TelemetrySink } from '../ports/telemetry-sink.ts'
import { createAnswerCheck } from '../router/check-answer.ts'
import { withPeers } from '../router/peers/peer-catalog.ts'
import type { PeerTier } from '../router/peers/peer-tier.ts'
import { createRouter } from '../router/router-service.ts'
import type { TextGuard } from '../router/untrusted/text-guard.ts'
import type { ActivityFeeds } from './activity/node-activity.ts'
import { judgeOf } from './catalog/judge-of.ts'
import type { NodeConfig } from './config/node-config.ts'
import type { AnswerCache } from './open-answer-cache.ts'
import type { OpenFirewall } from './firewall/open-firewall.ts'
import type { AttachedRollout, NodeRollout } from './learning/rollout/open-rollout.ts'
import type { NodePolicy } from './open-policy.ts'
import type { NodeTelemetry } from './open-telemetry.ts'

/** Most tokens of earlier steps that a step of a split task sees. */
const STEP_CONTEXT_TOKENS_MAX = 3_000

type RouterParts = {
  readonly config: NodeConfig
  readonly actors: ActorSystem
  readonly plans: ActorRef
  readonly catalog: ModelCatalog
  readonly budgets: Budgets
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly telemetry: NodeTelemetry
  readonly answers: AnswerCache
  readonly policy: NodePolicy
  /** Absent where nothing may be bought. */
  readonly peers: PeerTier | undefined
  readonly rollout: NodeRollout
  readonly textGuard: TextGuard | undefined
  readonly openFirewall: OpenFirewall
  readonly feeds: Pick<ActivityFeeds, 'tasks'>
}

type WiredRouter = { readonly router: Router; readonly attached: AttachedRollout }

/** The router over everything that it decides by and calls, with what learns from it attached. */
export function wireRouter({
  config,
  actors,
  plans,
  catalog: models,
  budgets,
  clock,
  timers,
  random,
  telemetry,
  answers,
  policy,
  peers,
  rollout,
  textGuard,
  openFirewall,
  feeds,
}: RouterParts): WiredRouter {
  const { decompose, judge: _judge, fallbacks, ...rules } = config.router
  const catalog = peers === undefined ? models : withPeers(models, peers)
  const tracing = { tracer: telemetry.tracer, tracesContent: config.telemetry.traceContent }
  const calling = { catalog, budgets, clock, timers, ...tracing, ...rules }
  const checkAnswer = createAnswerCheck(calling, {
    ...judgeOf(config, catalog),
    peers,
    answerSuccess: (entry, answered) => policy.own.answerSuccess(entry, answered),
  })
  const attached = rollout.attach({ calling, checkAnswer, random, followUps: telemetry.followUps }, telemetry.metrics)
  const router = createRouter(
    {
      ...calling,
      actors,
      plans,
      checkAnswer,
      cache: answers.cache,
      policy: policy.policy,
      peers,
      fallbacks,
      random,
      textGuard,
      openFirewall: async () => await openFirewall(),
      telemetry: watchedBy(feeds.tasks, telemetry.pipeline),
      observe: attached.observe,
    },
    { decompose, contextTokensMax: STEP_CONTEXT_TOKENS_MAX },
  )
  return { router, attached }
}

/** The same sink; whoever looks at the node hears of each task as well. */
function watchedBy(tasks: ActivityFeeds['tasks'], sink: TelemetrySink): TelemetrySink {
  return {
    record(outcome) {
      tasks.take(outcome)
      sink.record(outcome)
    },
    flush: async () => await sink.flush(),
    get droppedCount() {
      return sink.droppedCount
    },
  }
}
