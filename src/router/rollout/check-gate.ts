import { CodedError } from '../../base/errors.ts'
import type { Timestamp } from '../../base/time.ts'
import { thresholdsBelow, type GateFloors } from '../../core/learning/gate/threshold-changes.ts'
import { isoOfInstant } from '../../core/models/civil-date.ts'
import type { AttachedGateReport } from '../../ports/policy-registry.ts'

export type GateQuestion = {
  readonly candidate: { readonly version: string; readonly sha256: string }
  /** `sha256` is `null` for the priors. */
  readonly incumbent: { readonly version: string; readonly sha256: string | null }
  /** Newest first. */
  readonly reports: readonly AttachedGateReport[]
  /** Bounds that the report may not be looser than. */
  readonly floors: GateFloors
  /** When the watch last took this candidate back; `undefined` where it never did. */
  readonly breach: { readonly at: Timestamp } | undefined
}

/**
 * Whether a candidate may take over: the newest report that compares this very artefact with this very incumbent says that it passed, by
 * bounds that the configuration allows. What was found before the candidate did harm says nothing about it any more, and neither does
 * the same data once more.
 *
 * Throws `POLICY_GATE_MISSING` naming the command that makes such a report.
 */
export function requireGate({ candidate, incumbent, reports, floors, breach }: GateQuestion): AttachedGateReport {
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
  if (breach !== undefined) refuseStale({ newest, reports, breach: isoOfInstant(breach.at), pair }, refuse)
  return newest
}

type Staleness = {
  readonly newest: AttachedGateReport
  readonly reports: readonly AttachedGateReport[]
  readonly breach: string
  readonly pair: string
}

function refuseStale(
  { newest, reports, breach, pair }: Staleness,
  refuse: (message: string, data: string) => never,
): void {
  const isBefore = ({ at }: AttachedGateReport): boolean => at === null || at <= breach
  const taken = `${pair} was taken back at ${breach} because it did harm`
  if (isBefore(newest))
    refuse(`${taken}, and its gate report is of before; evaluate it again, on newer data`, 'NEWER-FILE')
  const isKnown = reports.some((report) => isBefore(report) && report.dataSha256 === newest.dataSha256)
  if (isKnown)
    refuse(
      `${taken}, and its gate report is of the data that let it pass before; evaluate it on newer data`,
      'NEWER-FILE',
    )
}
