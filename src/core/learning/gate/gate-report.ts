import { canonicalJson } from '../../../base/canonical-json.ts'
import { hexOfBytes } from '../../../base/hex.ts'
import { utf8Bytes } from '../../text/encode-utf8.ts'
import type { Compared } from '../off-policy/evaluate-log.ts'
import type { Estimate } from '../off-policy/mean-interval.ts'
import type { GateDataCard } from './gate-evidence.ts'
import type { GateThresholds } from './gate-thresholds.ts'
import type { GateCheck } from './judge-candidate.ts'

export const GATE_REPORT_KIND = 'kernell-gate-report'
export const GATE_REPORT_FORMAT = 1

/** Report, key and signature: a member that nobody signed is not let through. */
const ENVELOPE_MEMBERS = 3

/** Signed together with the report, so that the signature means nothing else. */
const PURPOSE = 'kernell-os gate report 1\n'

/** A policy by name and content. */
export type GatePolicy = {
  readonly version: string
  /** SHA-256 of the artefact's text; `null` for the built-in priors, which have none. */
  readonly sha256: string | null
}

/** What a gate found, with everything that it was found from by its hash: whoever has the inputs can find it again. */
export type GateReport = {
  readonly candidate: GatePolicy
  readonly incumbent: GatePolicy
  readonly hasPassed: boolean
  /** When it was judged: ISO 8601, UTC. */
  readonly at: string
  readonly codeVersion: string
  readonly seed: number
  readonly data: GateDataCard & {
    /** SHA-256 of the evaluated files' hashes, in sorted order. */
    readonly sha256: string
    /** SHA-256 of each file that the candidate is said to have been trained on; `null` when nobody said it. */
    readonly trainedOn: readonly string[] | null
  }
  readonly thresholds: GateThresholds
  readonly evidence: {
    readonly kind: 'replay' | 'log' | 'refused'
    readonly estimator: string
    readonly rows: number
    readonly quality: Compared<Estimate> | undefined
    readonly cost: Compared<Estimate> | undefined
    /** Of a replay: shares of the tasks that a cascade answers, and the share of wrong answers that its check is assumed to reject. */
    readonly cascades?:
      | { readonly candidate: number; readonly incumbent: number; readonly verifier: { readonly catches: number } }
      | undefined
  }
  readonly checks: readonly GateCheck[]
}

/** What signs: the port `Signer`. */
export type ReportSigner = { readonly publicKeyHex: string; sign(bytes: Uint8Array): Uint8Array }

/** What checks a signature: the port's `VerifySignature`. */
export type ReportVerifier = (signed: {
  readonly publicKeyHex: string
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}) => boolean

/** One line of canonical JSON: the report, the key and the signature. */
export function signGateReport(report: GateReport, signer: ReportSigner): string {
  const document = documentOf(report)
  const signature = hexOfBytes(signer.sign(signedBytes(document)))
  return `${canonicalJson({ report: document, public_key: signer.publicKeyHex, signature })}\n`
}

/** What a sound report says. */
export type GateReading = {
  readonly candidate: string
  readonly incumbent: string
  readonly hasPassed: boolean
  readonly at: string
  /** What each check that failed said. */
  readonly reasons: readonly string[]
  /** What it was judged by. */
  readonly thresholds: GateThresholds
  /** SHA-256 of the evaluated files' hashes. */
  readonly dataSha256: string
  /** The signed document as it stands in the text, in `snake_case`. */
  readonly document: Readonly<Record<string, unknown>>
}

/** By what `readGateReport` tells a report that is believed from any other text. */
export type GateReportCheck = {
  readonly verify: ReportVerifier
  /** The only key that is believed. */
  readonly publicKeyHex: string
  /** Version that the report must be about; absent: any. */
  readonly candidate?: string
}

/**
 * Reads a signed report; `undefined` for one that is not sound: a changed byte, another key, another candidate, another format. White space and the
 * order of members count: what was signed is canonical JSON, and nothing else is the same text.
 */
export function readGateReport(
  text: string,
  { verify, publicKeyHex, candidate }: GateReportCheck,
): GateReading | undefined {
  const envelope = parseObject(text)
  const isWhole = envelope !== undefined && Object.keys(envelope).length === ENVELOPE_MEMBERS
  if (!isWhole || `${canonicalOf(envelope)}\n` !== text) return undefined
  const document = asObject(envelope['report'])
  const signature = bytesOf(envelope['signature'])
  if (document === undefined || signature === undefined || envelope['public_key'] !== publicKeyHex) return undefined
  if (!verify({ publicKeyHex, bytes: signedBytes(document), signature })) return undefined
  const reading = readingOf(document)
  return candidate !== undefined && reading?.candidate !== candidate ? undefined : reading
}

function readingOf(document: Readonly<Record<string, unknown>>): GateReading | undefined {
  const [candidate, incumbent] = [asObject(document['candidate']), asObject(document['incumbent'])]
  const { at, has_passed: hasPassed, checks } = document
  const isKnown = document['kind'] === GATE_REPORT_KIND && document['format'] === GATE_REPORT_FORMAT
  if (!isKnown || typeof at !== 'string' || typeof hasPassed !== 'boolean' || !Array.isArray(checks)) return undefined
  const [own, other] = [candidate?.['version'], incumbent?.['version']]
  if (typeof own !== 'string' || typeof other !== 'string') return undefined
  const reasons = checks.flatMap((check: unknown) => {
    const { has_passed: isPassed, name, said } = asObject(check) ?? {}
    return isPassed === false ? [`${String(name)}: ${String(said)}`] : []
  })
  const thresholds = thresholdsOf(asObject(document['thresholds']))
  const dataSha256 = asObject(document['data'])?.['sha256']
  if (thresholds === undefined || typeof dataSha256 !== 'string') return undefined
  return { candidate: own, incumbent: other, hasPassed, at, reasons, thresholds, dataSha256, document }
}

/** `undefined` where one is missing, or is no number; two of them may be `null`. */
function thresholdsOf(document: Readonly<Record<string, unknown>> | undefined): GateThresholds | undefined {
  let isWhole = document !== undefined
  const take = (name: string): number | null => {
    const value = document?.[name]
    if (typeof value === 'number' || value === null) return value
    isWhole = false
    return null
  }
  const number = (name: string): number => {
    const value = take(name)
    if (value === null) isWhole = false
    return value ?? 0
  }
  const thresholds: GateThresholds = {
    qualityMargin: number('quality_margin'),
    precisionMax: number('precision_max'),
    costTolerance: take('cost_tolerance'),
    costTarget: take('cost_target'),
    regressionMax: number('regression_max'),
    sliceRegressionMax: number('slice_regression_max'),
    sliceRowsMin: number('slice_rows_min'),
    calibrationErrorMax: number('calibration_error_max'),
    rowsMin: number('rows_min'),
  }
  return isWhole ? thresholds : undefined
}

function signedBytes(document: Readonly<Record<string, unknown>>): Uint8Array {
  return utf8Bytes(`${PURPOSE}${canonicalJson(document)}`)
}

/** The report as it is written: `snake_case`, estimates rounded by nobody. */
function documentOf(report: GateReport): Readonly<Record<string, unknown>> {
  const { data, thresholds, evidence } = report
  return {
    kind: GATE_REPORT_KIND,
    format: GATE_REPORT_FORMAT,
    candidate: report.candidate,
    incumbent: report.incumbent,
    has_passed: report.hasPassed,
    at: report.at,
    code_version: report.codeVersion,
    seed: report.seed,
    data: {
      sha256: data.sha256,
      rows: data.rows,
      tasks: data.tasks,
      from: data.from,
      to: data.to,
      policy_versions: data.policyVersions,
      leakage: data.leakage,
      training_overlap: data.trainingOverlap,
      overlap_checked_by: data.overlapCheckedBy,
      trained_on: data.trainedOn,
    },
    thresholds: {
      quality_margin: thresholds.qualityMargin,
      precision_max: thresholds.precisionMax,
      cost_tolerance: thresholds.costTolerance,
      cost_target: thresholds.costTarget,
      regression_max: thresholds.regressionMax,
      slice_regression_max: thresholds.sliceRegressionMax,
      slice_rows_min: thresholds.sliceRowsMin,
      calibration_error_max: thresholds.calibrationErrorMax,
      rows_min: thresholds.rowsMin,
    },
    evidence: {
      kind: evidence.kind,
      estimator: evidence.estimator,
      rows: evidence.rows,
      quality: comparedDocument(evidence.quality),
      cost_usd: comparedDocument(evidence.cost),
      cascades: evidence.cascades ?? null,
    },
    checks: report.checks.map(({ name, figure, bound, hasPassed, said }) => ({
      name,
      figure: finite(figure),
      bound,
      has_passed: hasPassed,
      said,
    })),
  }
}

export type ComparedDocument = Readonly<Record<'candidate' | 'incumbent' | 'difference', EstimateDocument>>
export type EstimateDocument = { readonly value: number | null; readonly ci95: readonly [number | null, number | null] }

/** Both policies and their difference, as written in reports and printed as JSON; `null` where nothing was estimated. */
export function comparedDocument(compared: Compared<Estimate> | undefined): ComparedDocument | null {
  if (compared === undefined) return null
  const write = ({ value, low, high }: Estimate): EstimateDocument => ({
    value: finite(value),
    ci95: [finite(low), finite(high)],
  })
  return {
    candidate: write(compared.candidate),
    incumbent: write(compared.incumbent),
    difference: write(compared.difference),
  }
}

/** JSON has no infinities; an end that is not known is `null`. */
function finite(value: number | null): number | null {
  return value !== null && Number.isFinite(value) ? value : null
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return undefined
  }
}

/** `undefined` for what canonical JSON cannot carry. */
function canonicalOf(value: unknown): string | undefined {
  try {
    return canonicalJson(value)
  } catch {
    return undefined
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject ? (value as Readonly<Record<string, unknown>>) : undefined
}

/** Bytes of lower-case hexadecimal digits; `undefined` for anything else. */
function bytesOf(value: unknown): Uint8Array | undefined {
  if (typeof value !== 'string' || !/^(?:[0-9a-f]{2})*$/.test(value)) return undefined
  return Uint8Array.from(value.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16))
}
