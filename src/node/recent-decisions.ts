import type { TenantId } from '../base/identifiers.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
import type { RouteResult, Router } from '../ports/router.ts'
import type { TaskFeed } from './activity/task-feed.ts'
import { decisionDocument, type DecisionDocument, type PeerRefusalInit } from './decision-document.ts'

/** Decisions that are kept in memory, without consent to records: they hold no text, and a command asks for them at once. */
const DECISIONS_MAX = 1_024

/** Why the last tasks went where they went, for an operator who asks. */
export class RecentDecisions {
  private readonly peers: PeerRefusalInit | undefined
  private readonly decisions = new Map<string, Kept>()
  /** By the place of each: the first entry of a map that loses its first ones is found by looking at all that it has lost. */
  private readonly taskIds: string[] = []
  private count = 0
  private readonly compare: (result: RouteResult) => void

  /** @param feed  Hears of every answer what the premium model would have cost. */
  constructor(peers: PeerRefusalInit | undefined, feed: Pick<TaskFeed, 'compare'>) {
    this.peers = peers
    this.compare = ({ taskId, premiumCostNanos }) => feed.compare(taskId, premiumCostNanos)
  }

  /** `undefined` for a task that is not among the last ones, that did not get as far as a decision, or that is of another tenant than asked for. */
  of(taskId: string, tenant?: TenantId): DecisionDocument | undefined {
    const known = this.decisions.get(taskId)
    if (known === undefined || (tenant !== undefined && known.tenant !== tenant)) return undefined
    return decisionDocument(known.decision, this.peers)
  }

  /** The same router; its decisions are remembered. */
  watch(router: Router): Router {
    return {
      route: async (request, options) => {
        const result = await router.route(request, options)
        this.remember(result, request.caller.tenant)
        this.compare(result)
        return result
      },
      routeStream: async (request, options) => {
        const stream = await router.routeStream(request, options)
        this.remember(stream, request.caller.tenant)
        // Who reads the stream hears of its failure.
        stream.result.then(this.compare, () => undefined)
        return stream
      },
      estimate: async (request, options) => await router.estimate(request, options),
    }
  }

  private remember({ taskId, decision }: Decided, tenant: TenantId): void {
    const place = this.count % DECISIONS_MAX
    const replaced = this.taskIds[place]
    if (replaced !== undefined && this.decisions.get(replaced)?.place === place) this.decisions.delete(replaced)
    this.taskIds[place] = taskId
    this.decisions.set(taskId, { tenant, decision, place })
    this.count += 1
  }
}

type Decided = Pick<RouteResult, 'taskId' | 'decision'>

type Kept = { readonly tenant: TenantId; readonly decision: DecisionRecord; readonly place: number }
