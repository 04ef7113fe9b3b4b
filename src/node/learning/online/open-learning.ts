import { setImmediate } from 'node:timers/promises'
import { floatBytes } from '../../../core/policy/float-text.ts'
import { readPackageVersion } from '../../package-version.ts'
import type { OnlineStatus } from '../../../core/learning/online/online-status.ts'
import { CodedError } from '../../../base/errors.ts'
import type { PolicyRegistry } from '../../../ports/policy-registry.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { KeyValueStore } from '../../../ports/key-value-store.ts'
import type { Timers } from '../../../ports/timers.ts'
import { PRIORS_VERSION } from '../../../router/policy-service.ts'
import type { ServedPolicy } from '../../../router/served-policy.ts'
import type { TaskRun } from '../../../router/task-run.ts'
import type { NodeConfig } from '../../config/node-config.ts'
import { NodeLearner, STATE_KEY, type NodeLearnerComponents } from '../../../learning/online/node-learner.ts'
import type { NodePolicies } from '../../../router/rollout/node-policies.ts'
import { decodeOnlinePolicy, type SavedOnlinePolicy } from '../../../learning/online/online-policy-state.ts'

export type OpenLearningInit = {
  readonly config: NodeConfig
  /** The store of the data directory. */
  readonly root: KeyValueStore
  readonly clock: Clock
  readonly timers: Timers
  readonly onError: (error: unknown) => void
}

/** What learning from the node's own tasks needs, which is there only once the node is. */
export type LearningParts = Pick<NodeLearnerComponents, 'records' | 'models' | 'onVersion'>

export type LearningPolicies = {
  readonly registry: PolicyRegistry
  readonly policies: Pick<NodePolicies, 'remove'>
  readonly served: Pick<ServedPolicy, 'inForce'>
}

/** Learning from the node's own tasks, where the configuration asks for it. */
export type NodeLearning = {
  /** Begins to learn; call it at most once. `undefined`: the configuration asks for nothing. */
  start(parts: LearningParts, policies: LearningPolicies): NodeLearner | undefined
  /** Told of every task that ended. Never throws. */
  observe(run: TaskRun): void
  /** `null` where nothing is learned. */
  readonly status: () => OnlineStatus | null
  stop(): Promise<void>
}

/** Reads what was learned before. */
export async function openLearning({ config, root, clock, timers, onError }: OpenLearningInit): Promise<NodeLearning> {
  const settings = config.policy.online
  const store = root.sublevel('online-policy')
  const saved = settings === undefined ? undefined : await readLearned(store)
  let learner: NodeLearner | undefined
  return {
    start(parts, { registry, policies, served }) {
      if (settings === undefined) return undefined
      const components: NodeLearnerComponents = {
        ...parts,
        registry: {
          register: async (text) => await registry.register(text),
          describe: async (version) => await registry.describe(version),
          remove: async (version) => await policies.remove(version),
        },
        serving: () => servingVersion(served),
        now: () => new Date(clock.now()).toISOString(),
        codeVersion: readPackageVersion(),
        rest: async () => await setImmediate(),
        encodeFloats: encodeNatively,
        store,
        timers,
        onError,
      }
      learner = new NodeLearner(components, { ...settings, saved })
      return learner
    },
    observe: ({ route, taskId }) => learner?.notice({ tenant: route.caller.tenant, kind: 'event', id: taskId }),
    status: () => learner?.status() ?? null,
    stop: async () => await learner?.stop(),
  }
}

/** `undefined` when there is nothing that this version can read: then learning begins with the records. */
async function readLearned(store: KeyValueStore): Promise<SavedOnlinePolicy | undefined> {
  try {
    const bytes = await store.get(STATE_KEY)
    return bytes === undefined ? undefined : decodeOnlinePolicy(bytes)
  } catch (error: unknown) {
    if (CodedError.is(error, 'STORE_CORRUPTED')) return undefined
    throw error
  }
}

/** A trained policy that answers everything the candidate does not; `undefined` on priors. */
function servingVersion({ inForce }: Pick<ServedPolicy, 'inForce'>): string | undefined {
  const { version } = inForce.incumbent
  return version === PRIORS_VERSION ? undefined : version
}

/** As `encodeFloats`, which takes half a second for what this does in milliseconds, while nobody is served. */
function encodeNatively(values: Float32Array | Float64Array): string {
  const { buffer, byteOffset, byteLength } = floatBytes(values)
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64')
}
