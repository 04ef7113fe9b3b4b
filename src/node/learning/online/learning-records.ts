import type { NodeLearner } from '../../../learning/online/node-learner.ts'
import type { NodeRecords } from '../../node-records.ts'

/** The records of a node whose learner hears of feedback, and forgets what is deleted: it begins anew with what is left. */
export function recordsWithLearner(records: NodeRecords, learner: NodeLearner | undefined): NodeRecords {
  if (learner === undefined) return records
  return {
    list: (filter, options) => records.list(filter, options),
    get unreadableCount() {
      return records.unreadableCount
    },
    get unreadableFollowUps() {
      return records.unreadableFollowUps
    },
    find: async (tenant, taskId) => await records.find(tenant, taskId),
    count: async () => await records.count(),
    exportLines: (filter, options) => records.exportLines(filter, options),
    async addFeedback(feedback) {
      const receipt = await records.addFeedback(feedback)
      const { tenant, about } = feedback
      learner.notice(
        'taskId' in about ? { tenant, kind: 'event', id: about.taskId } : { tenant, kind: 'trace', id: about.traceId },
      )
      return receipt
    },
    recordDerivation: async (derivation) => await records.recordDerivation(derivation),
    derivations: async () => await records.derivations(),
    async purge(what, options) {
      await learner.forget()
      try {
        return await records.purge(what, options)
      } finally {
        learner.relearn()
      }
    },
  }
}
