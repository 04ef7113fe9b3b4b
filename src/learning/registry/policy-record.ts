import type { JsonValue } from '../../base/canonical-json.ts'
import { sha256HexOfBytes, type Sha256HexOfBytes } from '../../base/sha256.ts'
import { policyVersionOf, type PolicyArtefact } from '../../core/policy/policy-artefact.ts'
import type { PolicyRecord } from '../../ports/policy-registry.ts'

const RECORD_FORMAT = 1

/** Names under which training says how many rows it had. */
const ROW_METRICS = ['rows', 'training_rows', 'n']

export type DescribePolicyInit = {
  readonly artefact: PolicyArtefact
  readonly bytes: Uint8Array
  readonly madeAt: string
  readonly hashBytes?: Sha256HexOfBytes
}

export function describePolicy({ artefact, bytes, madeAt, hashBytes }: DescribePolicyInit): PolicyRecord {
  const { lineage } = artefact
  const rows = ROW_METRICS.map((name) => lineage.metrics[name]).find((count) => count !== undefined)
  return {
    version: policyVersionOf(artefact),
    madeAt,
    family: artefact.family,
    candidates: artefact.candidates,
    rows: rows ?? null,
    parent: lineage.parent ?? null,
    dataCardHash: lineage.dataCardHash,
    codeVersion: lineage.codeVersion,
    metrics: lineage.metrics,
    sizeBytes: bytes.byteLength,
    sha256: (hashBytes ?? sha256HexOfBytes)(bytes),
  }
}

export function encodePolicyRecord(record: PolicyRecord): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ format: RECORD_FORMAT, ...record }))
}

/** Reads what `encodePolicyRecord` wrote for `version`; `undefined` for anything else. */
export function decodePolicyRecord(version: string, bytes: Uint8Array): PolicyRecord | undefined {
  const json = parseObject(bytes)
  if (json === undefined || json['format'] !== RECORD_FORMAT || json['version'] !== version) return undefined
  const { madeAt, family, candidates, rows, parent, dataCardHash, codeVersion, metrics, sizeBytes, sha256 } = json
  const isSound =
    typeof madeAt === 'string' &&
    (family === 'linear' || family === 'neighbours') &&
    isTexts(candidates) &&
    (rows === null || typeof rows === 'number') &&
    (parent === null || typeof parent === 'string') &&
    typeof dataCardHash === 'string' &&
    typeof codeVersion === 'string' &&
    isFigures(metrics) &&
    typeof sizeBytes === 'number' &&
    typeof sha256 === 'string'
  if (!isSound) return undefined
  return { version, madeAt, family, candidates, rows, parent, dataCardHash, codeVersion, metrics, sizeBytes, sha256 }
}

/** The object that bytes of JSON hold; `undefined` when they hold none. */
export function parseObject(bytes: Uint8Array): { readonly [name: string]: JsonValue | undefined } | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as { readonly [name: string]: JsonValue | undefined }) : undefined
  } catch {
    return undefined
  }
}

function isTexts(value: JsonValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function isFigures(value: JsonValue | undefined): value is Readonly<Record<string, number>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((item) => typeof item === 'number')
}
