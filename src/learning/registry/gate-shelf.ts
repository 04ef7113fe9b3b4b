import { CodedError } from '../../base/errors.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'

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
}

export type AttachedGateReport = GateReportReading & {
  /** The signed report, byte for byte. */
  readonly text: string
}

export type GateShelfComponents = {
  readonly store: KeyValueStore
  readonly readGateReport: (text: string) => GateReportReading | undefined
}

/** Reports kept per policy; the oldest goes first. */
export const GATES_MAX = 20

/** Bytes of one report at most. */
export const GATE_BYTES_MAX = 4 * 1024 * 1024

/** Digits of a report's number: keys are ordered as text. */
const NUMBER_DIGITS = 10

/** Gate reports by policy, numbered in the order of their coming. */
export class GateShelf {
  readonly #components: GateShelfComponents
  readonly #gates: KeyValueStore

  constructor(components: GateShelfComponents) {
    this.#components = components
    this.#gates = components.store.sublevel('gate')
  }

  /** Throws `POLICY_GATE_MISSING` for a report that is not sound or not about this policy. */
  async attach(version: string, text: string): Promise<AttachedGateReport> {
    const bytes = new TextEncoder().encode(text)
    if (bytes.byteLength > GATE_BYTES_MAX)
      throw unsoundError(version, `has ${bytes.byteLength} bytes; the most is ${GATE_BYTES_MAX}`)
    const reading = this.#components.readGateReport(text)
    if (reading === undefined) throw unsoundError(version, 'is no gate report that this node signed')
    if (reading.candidate !== version) throw unsoundError(version, `is about ${reading.candidate}`)
    const numbers = await this.#numbers(version)
    const next = (numbers.at(-1) ?? 0) + 1
    const gone = numbers.slice(0, Math.max(0, numbers.length + 1 - GATES_MAX))
    await this.#gates.batch(
      [
        ...gone.map((number) => ({ type: 'delete' as const, key: keyOf(version, number) })),
        { type: 'put', key: keyOf(version, next), value: bytes },
      ],
      { sync: true },
    )
    return { ...reading, text }
  }

  /** Newest first; those that cannot be read, or whose signature does not hold, are left out. */
  async list(version: string): Promise<readonly AttachedGateReport[]> {
    const reports: AttachedGateReport[] = []
    for await (const { value } of this.#gates.iterate(rangeOf(version), { onDamaged: () => undefined })) {
      const text = new TextDecoder().decode(value)
      const reading = this.#components.readGateReport(text)
      if (reading?.candidate === version) reports.push({ ...reading, text })
    }
    return reports.toReversed()
  }

  /** Keys of the reports in the registry's store, damaged ones included. */
  async keys(version: string): Promise<readonly string[]> {
    return (await this.#numbers(version)).map((number) => `gate/${keyOf(version, number)}`)
  }

  async #numbers(version: string): Promise<readonly number[]> {
    const numbers: number[] = []
    const take = (key: string): void => void numbers.push(Number(key.slice(-NUMBER_DIGITS)))
    for await (const { key } of this.#gates.iterate(rangeOf(version), { onDamaged: take })) take(key)
    return numbers.toSorted((left, right) => left - right)
  }
}

function keyOf(version: string, number: number): string {
  return `${version}/${String(number).padStart(NUMBER_DIGITS, '0')}`
}

function rangeOf(version: string): { readonly gte: string; readonly lt: string } {
  // The character after '/' in code point order is '0'.
  return { gte: `${version}/`, lt: `${version}0` }
}

function unsoundError(version: string, what: string): CodedError {
  return new CodedError('POLICY_GATE_MISSING', {
    message: `The report for ${version} ${what}`,
    details: { version },
  })
}
