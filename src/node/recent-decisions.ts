import type { TenantId } from '../base/identifiers.ts'
import type { Router, RouteResult } from '../ports/router.ts'
import { decisionDocument, type DecisionDocument, type PeerRefusalInit } from './decision-document.ts'

/** Decisions that are kept in memory, without consent to records: they hold no text, and a command asks for them at once. */
const DECISIONS_MAX = 256

/** Why the last tasks went where they went, for an operator who asks. */
export class RecentDecisions {
  private readonly peers: PeerRefusalInit | undefined
  private readonly decisions = new Map<string, { readonly tenant: TenantId; readonly decision: DecisionDocument }>()

  constructor(peers: PeerRefusalInit | undefined) {
    this.peers = peers
  }

  /** `undefined` for a task that is not among the last ones, that did not get as far as a decision, or that is of another tenant than asked for. */
  of(taskId: string, tenant?: TenantId): DecisionDocument | undefined {
    const known = this.decisions.get(taskId)
    return tenant === undefined || known?.tenant === tenant ? known?.decision : undefined
  }

  /** The same router; its decisions are remembered. */
  watch(router: Router): Router {
    return {
      route: async (request, options) => {
        const result = await router.route(request, options)
        this.remember(result, request.caller.tenant)
        return result
      },
      routeStream: async (request, options) => {
        const stream = await router.routeStream(request, options)
        this.remember(stream, request.caller.tenant)
        return stream
      },
      estimate: async (request, options) => await router.estimate(request, options),
    }
  }

  private remember({ taskId, decision }: Decided, tenant: TenantId): void {
    this.decisions.delete(taskId)
    this.decisions.set(taskId, { tenant, decision: decisionDocument(decision, this.peers) })
    const [oldest] = this.decisions.keys()
    if (oldest !== undefined && this.decisions.size > DECISIONS_MAX) this.decisions.delete(oldest)
  }
}

type Decided = Pick<RouteResult, 'taskId' | 'decision'>
