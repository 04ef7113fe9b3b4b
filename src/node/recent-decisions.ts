import type { DecisionRecord } from '../core/routing/decision-record.ts'
import type { Router } from '../ports/router.ts'
import { decisionDocument, type DecisionDocument, type PeerRefusalInit } from './decision-document.ts'

/** Decisions that are kept in memory, without consent to records: they hold no text, and a command asks for them at once. */
const DECISIONS_MAX = 256

/** Why the last tasks went where they went, for an operator who asks. */
export class RecentDecisions {
  private readonly peers: PeerRefusalInit | undefined
  private readonly decisions = new Map<string, DecisionDocument>()

  constructor(peers: PeerRefusalInit | undefined) {
    this.peers = peers
  }

  /** `undefined` for a task that is not among the last ones, or that did not get as far as a decision. */
  of(taskId: string): DecisionDocument | undefined {
    return this.decisions.get(taskId)
  }

  /** The same router; its decisions are remembered. */
  watch(router: Router): Router {
    return {
      route: async (request, options) => {
        const result = await router.route(request, options)
        this.remember(result.taskId, result.decision)
        return result
      },
      routeStream: async (request, options) => {
        const stream = await router.routeStream(request, options)
        this.remember(stream.taskId, stream.decision)
        return stream
      },
      estimate: async (request, options) => await router.estimate(request, options),
    }
  }

  private remember(taskId: string, decision: DecisionRecord): void {
    this.decisions.delete(taskId)
    this.decisions.set(taskId, decisionDocument(decision, this.peers))
    const [oldest] = this.decisions.keys()
    if (oldest !== undefined && this.decisions.size > DECISIONS_MAX) this.decisions.delete(oldest)
  }
}
