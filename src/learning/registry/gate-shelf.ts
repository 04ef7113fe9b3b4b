import { CodedError } from '../../base/errors.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { AttachedGateReport, GateReportReading } from '../../ports/policy-registry.ts'

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

/**
 * Gate reports by policy, numbered in the order of their coming. Which one is newer is what was signed, and not when it came: a report that is
 * brought a second time does not hide what was found since.
 */
export class GateShelf {
  readonly #components: GateShelfComponents
  readonly #gates: KeyValueStore

  constructor(components: GateShelfComponents) {
    this.#components = components
    this.#gates = components.store.sublevel('gate')
  }

  /**
   * Keeps the report among the newest `GATES_MAX`; one that is kept already, or older than all of so many, changes nothing.
   *
   * Throws `POLICY_GATE_MISSING` for a report that is not sound or not about this policy.
   */
  async attach(version: string, text: string): Promise<AttachedGateReport> {
    const bytes = new TextEncoder().encode(text)
    if (bytes.byteLength > GATE_BYTES_MAX)
      throw unsoundError(version, `has ${bytes.byteLength} bytes; the most is ${GATE_BYTES_MAX}`)
    const reading = this.#components.readGateReport(text)
    if (reading === undefined) throw unsoundError(version, 'is no gate report that this node signed')
    if (reading.candidate !== version) throw unsoundError(version, `is about ${reading.candidate}`)
    const attached = { ...reading, text }
    const shelved = await this.#shelved(version)
    if (shelved.some(({ report }) => report?.text === text)) return attached
    const number = shelved.reduce((most, other) => Math.max(most, other.number), 0) + 1
    const kept = [...shelved, { number, report: attached }].toSorted(byAge)
    const gone = kept.slice(0, Math.max(0, kept.length - GATES_MAX))
    if (gone.some((one) => one.number === number)) return attached
    await this.#gates.batch(
      [
        ...gone.map((one) => ({ type: 'delete' as const, key: keyOf(version, one.number) })),
        { type: 'put', key: keyOf(version, number), value: bytes },
      ],
      { sync: true },
    )
    return attached
  }

  /** Newest first; those that cannot be read, or whose signature does not hold, are left out. */
  async list(version: string): Promise<readonly AttachedGateReport[]> {
    const shelved = await this.#shelved(version)
    return shelved
      .toSorted(byAge)
      .toReversed()
      .flatMap(({ report }) => report ?? [])
  }

  /** Keys of the reports in the registry's store, damaged ones included. */
  async keys(version: string): Promise<readonly string[]> {
    return (await this.#shelved(version)).map(({ number }) => `gate/${keyOf(version, number)}`)
  }

  /** In the order of their coming. */
  async #shelved(version: string): Promise<readonly Shelved[]> {
    const found: Shelved[] = []
    const onDamaged = (key: string): void => void found.push({ number: numberOf(key), report: undefined })
    for await (const { key, value } of this.#gates.iterate(rangeOf(version), { onDamaged })) {
      const text = new TextDecoder().decode(value)
      const reading = this.#components.readGateReport(text)
      const report = reading?.candidate === version ? { ...reading, text } : undefined
      found.push({ number: numberOf(key), report })
    }
    return found.toSorted((left, right) => left.number - right.number)
  }
}

/** `report` is `undefined` for one that is damaged, or that this node would not sign any more. */
type Shelved = { readonly number: number; readonly report: AttachedGateReport | undefined }

/** Oldest first by what was signed; what cannot be read, or does not say when, is older than all others. */
function byAge(left: Shelved, right: Shelved): number {
  const [own, other] = [left.report?.at ?? '', right.report?.at ?? '']
  if (own === other) return left.number - right.number
  return own < other ? -1 : 1
}

function numberOf(key: string): number {
  return Number(key.slice(-NUMBER_DIGITS))
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
