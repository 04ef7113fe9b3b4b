import type { JsonValue } from '../../../base/canonical-json.ts'
import type { AttachedGateReport, RegisteredPolicy } from '../../../ports/policy-registry.ts'
import type { RolloutResult } from '../../../router/rollout/node-policies.ts'
import type { RolloutStatus } from '../../../router/rollout/rollout-status.ts'

type JsonObject = { readonly [name: string]: JsonValue | undefined }

/** Where a policy stands; `null` for one that neither serves nor is tried. */
export type PolicyPlace = 'incumbent' | 'candidate' | null

/** A registered policy as the command line and the control endpoint show it. */
export function policyDocument(policy: RegisteredPolicy, place: PolicyPlace): JsonObject {
  return {
    version: policy.version,
    place,
    made_at: policy.madeAt,
    family: policy.family,
    candidates: policy.candidates,
    rows: policy.rows,
    parent: policy.parent,
    data_card_hash: policy.dataCardHash,
    code_version: policy.codeVersion,
    metrics: policy.metrics,
    size_bytes: policy.sizeBytes,
    sha256: policy.sha256,
    gates: policy.gates.map(gateDocument),
  }
}

/** A gate report in short. */
export function gateDocument(gate: Omit<AttachedGateReport, 'text'>): JsonObject {
  return {
    against: gate.incumbent,
    has_passed: gate.hasPassed,
    at: gate.at,
    reasons: gate.reasons,
    sha256: gate.sha256,
    changed_thresholds: gate.changedThresholds.map(({ name, value, usual, isRelaxed }) => ({
      name: snakeName(name),
      value,
      default: usual,
      is_relaxed: isRelaxed,
    })),
  }
}

/** Where a rollout stands. */
export function statusDocument(status: RolloutStatus): JsonObject {
  return snakeCased(status) as JsonObject
}

/** What a promotion or a rollback did. */
export function resultDocument({ effect, transition, status }: RolloutResult): JsonObject {
  return { effect, transition: snakeCased(transition), status: statusDocument(status) }
}

/** The same value with names as JSON of this project has them. For values whose names are all ours. */
function snakeCased(value: unknown): JsonValue {
  if (Array.isArray(value)) return value.map(snakeCased)
  if (typeof value !== 'object' || value === null) return (value ?? null) as JsonValue
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [snakeName(name), snakeCased(member)]))
}

function snakeName(name: string): string {
  return name.replaceAll('-', '_').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
