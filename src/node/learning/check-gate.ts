import { CodedError } from '../../base/errors.ts'
import { thresholdsBelow, type GateFloors } from '../../core/learning/gate/threshold-changes.ts'
import type { AttachedGateReport } from '../../learning/registry/gate-shelf.ts'

export type GateQuestion = {
  readonly candidate: { readonly version: string; readonly sha256: string }
  /** `sha256` is `null` for the priors. */
  readonly incumbent: { readonly version: string; readonly sha256: string | null }
  /** Newest first. */
  readonly reports: readonly AttachedGateReport[]
  /** Bounds that the report may not be looser than. */
  readonly floors: GateFloors
}

/**
 * Whether a candidate may take over: the newest report that compares this very artefact with this very incumbent says that it passed, by
 * bounds that the configuration allows.
 *
 * Throws `POLICY_GATE_MISSING` naming the command that makes such a report.
 */
export function requireGate({ candidate, incumbent, reports, floors }: GateQuestion): AttachedGateReport {
  const about = reports.filter(
    (report) =>
      report.candidateSha256 === candidate.sha256 &&
      report.incumbent === incumbent.version &&
      report.incumbentSha256 === incumbent.sha256,
  )
  const [newest] = about
  const refuse = (message: string, data = 'FILE'): never => {
    throw new CodedError('POLICY_GATE_MISSING', {
      message,
      details: {
        version: candidate.version,
        incumbent: incumbent.version,
        remedy: `Run \`kernell policy evaluate ${candidate.version} --data ${data} --gate\`; when it passes, promote again.`,
      },
    })
  }
  const pair = `${candidate.version} beside ${incumbent.version}`
  if (newest === undefined)
    return refuse(
      `No gate report of this node compares ${candidate.version} with ${incumbent.version}, which serves now`,
    )
  if (!newest.hasPassed) return refuse(`The gate refused ${pair}: ${newest.reasons.join('; ')}`)
  const loose = thresholdsBelow(newest.thresholds, floors)
  if (loose.length > 0)
    return refuse(
      `The gate report of ${pair} was judged by looser bounds than \`policy.gate\` allows: ${loose.map((name) => `${name} ${newest.thresholds[name] ?? 'any'}, allowed ${floors[name]}`).join('; ')}`,
    )
  return newest
}
