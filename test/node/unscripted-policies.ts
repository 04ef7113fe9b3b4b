import { CodedError } from '../../src/base/errors.ts'
import type { NodePolicies } from '../../src/router/rollout/node-policies.ts'

const refuse = (): Promise<never> => Promise.reject(new CodedError('POLICY_UNKNOWN', { message: 'not scripted' }))

/** Of a node that answers from a script: it knows no policy. */
export function createUnscriptedPolicies(): NodePolicies {
  return {
    register: refuse,
    describe: refuse,
    list: async () => await Promise.resolve({ policies: [], damaged: [] }),
    lineage: refuse,
    textOf: refuse,
    attachGateReport: refuse,
    gateReports: refuse,
    remove: refuse,
    promote: refuse,
    rollBack: refuse,
    pause: refuse,
    status: () => {
      throw new CodedError('POLICY_UNKNOWN', { message: 'not scripted' })
    },
  }
}
