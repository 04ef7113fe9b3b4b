import { CodedError } from '../../base/errors.ts'
import type { AttachedGateReport } from '../../learning/registry/gate-shelf.ts'

export type GateQuestion = {
  readonly candidate: { readonly version: string; readonly sha256: string }
  /** `sha256` is `null` for the priors. */
  readonly incumbent: { readonly version: string; readonly sha256: string | null }
  /** Newest first. */
  readonly reports: readonly AttachedGateReport[]
}

/**
 * Whether a candidate may take over: the newest report that compares this very artefact with this very incumbent says that it passed.
 *
 * Throws `POLICY_GATE_MISSING` naming the command that makes such a report.
 */
export function requireGate({ candidate, incumbent, reports }: GateQuestion): AttachedGateReport {
  const about = reports.filter(
    (report) =>
      report.candidateSha256 === candidate.sha256 &&
      report.incumbent === incumbent.version &&
      report.incumbentSha256 === incumbent.sha256,
  )
  const [newest] = about
  if (newest?.hasPassed === true) return newest
  throw new CodedError('POLICY_GATE_MISSING', {
    message:
      newest === undefined
        ? `No gate report of this node compares ${candidate.version} with ${incumbent.version}, which serves now`
        : `The gate refused ${candidate.version} beside ${incumbent.version}: ${newest.reasons.join('; ')}`,
    details: {
      version: candidate.version,
      incumbent: incumbent.version,
      remedy: `Run \`kernell policy evaluate ${candidate.version} --data FILE --gate\`; when it passes, promote again.`,
    },
  })
}
