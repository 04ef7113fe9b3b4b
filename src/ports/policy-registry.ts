/**
 * PolicyRegistry: trained policies by the hash of their content, with where they came from and what their gates said. Nothing here serves them: a rollout does.
 */
import type { ChangedThreshold } from '../core/learning/gate/threshold-changes.ts'
import type { GateThresholds } from '../core/learning/gate/gate-thresholds.ts'
import type { PolicyArtefact, PolicyFamily } from '../core/policy/policy-artefact.ts'

/** What the registry says of a policy without reading the policy itself. */
export type PolicyRecord = {
  /** `policy-1-` and twelve hexadecimal digits, from the content. */
  readonly version: string
  /** ISO 8601, UTC; when it was registered first. */
  readonly madeAt: string
  readonly family: PolicyFamily
  /** Names of the models it was trained for. */
  readonly candidates: readonly string[]
  /** Rows that it was trained on; `null` when its metrics do not say. */
  readonly rows: number | null
  /** The policy that it was trained from; `null` for the first. */
  readonly parent: string | null
  readonly dataCardHash: string
  readonly codeVersion: string
  /** Figures measured when it was trained, by name. */
  readonly metrics: Readonly<Record<string, number>>
  readonly sizeBytes: number
  /** SHA-256 of the artefact's text. */
  readonly sha256: string
}

/** What a gate report says, once its signature was checked. */
export type GateReportReading = {
  /** Version that was judged. */
  readonly candidate: string
  /** SHA-256 of the artefact that was judged; `null` when the report does not say. */
  readonly candidateSha256: string | null
  /** Version that it was compared with. */
  readonly incumbent: string
  /** SHA-256 of that artefact; `null` for the priors, which have none. */
  readonly incumbentSha256: string | null
  readonly hasPassed: boolean
  /** ISO 8601, UTC; `null` when the report does not say. */
  readonly at: string | null
  /** One sentence each: why it was refused. Empty when it passed. */
  readonly reasons: readonly string[]
  /** SHA-256 of the report itself: what a transition names. */
  readonly sha256: string
  /** SHA-256 of the evaluated files' hashes. */
  readonly dataSha256: string
  readonly thresholds: GateThresholds
  /** Which of them are not the gate's own. */
  readonly changedThresholds: readonly ChangedThreshold[]
}

/** A gate report that the registry keeps with the policy that it is about; its signature was found to hold. */
export type AttachedGateReport = GateReportReading & {
  /** The signed report, byte for byte. */
  readonly text: string
}

/** A policy and what its gate said. */
export type RegisteredPolicy = PolicyRecord & {
  /** Newest first; text of the reports by `gateReports`. */
  readonly gates: readonly Omit<AttachedGateReport, 'text'>[]
}

/** All that a registry holds: one policy that cannot be read hides no other. */
export type PolicyList = {
  /** Oldest first. */
  readonly policies: readonly RegisteredPolicy[]
  /** Versions of which something cannot be read, by name. */
  readonly damaged: readonly string[]
}

/** Trained policies by the hash of their content, with where they came from and what their gates said. Nothing here serves them. */
export interface PolicyRegistry {
  /**
   * Keeps an artefact. Resolves when it is on stable storage; the same artefact again changes nothing, and repairs a damaged one.
   *
   * Throws `POLICY_ARTEFACT_INVALID`, `POLICY_FORMAT_NEWER`, `POLICY_REGISTRY_FULL`.
   */
  register(text: string): Promise<{ readonly version: string; readonly isNew: boolean }>
  /** The artefact. Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`. */
  get(version: string): Promise<PolicyArtefact>
  /** Its text as it was registered, byte for byte. Throws as `get`. */
  text(version: string): Promise<string>
  /** What is known of it. Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`. */
  describe(version: string): Promise<RegisteredPolicy>
  /** All of them; one that is damaged is named and hides no other. */
  list(): Promise<PolicyList>
  /** The policy and those it was trained from, newest first, as far as they are registered; then the first version that is not. */
  lineage(version: string): Promise<{ readonly policies: readonly RegisteredPolicy[]; readonly missing: string | null }>
  /**
   * Keeps a signed gate report with the policy that it is about; the newest 20 stay.
   *
   * Throws `POLICY_GATE_MISSING` for a report that is not sound, is not signed by this node, or is about another artefact, and
   * `POLICY_UNKNOWN`.
   */
  attachGateReport(version: string, text: string): Promise<AttachedGateReport>
  /** Newest first. Only those whose signature still holds. */
  gateReports(version: string): Promise<readonly AttachedGateReport[]>
  /** Deletes the policy with its gate reports. Whether there was one. */
  remove(version: string): Promise<boolean>
}
