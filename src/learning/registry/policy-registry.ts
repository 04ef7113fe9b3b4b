import { CodedError } from '../../base/errors.ts'
import type { Sha256HexOfBytes } from '../../base/sha256.ts'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import {
  formatPolicyArtefact,
  parsePolicyArtefact,
  policyVersionOf,
  type PolicyArtefact,
} from '../../core/policy/policy-artefact.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type {
  AttachedGateReport,
  GateReportReading,
  PolicyList,
  PolicyRecord,
  PolicyRegistry,
  RegisteredPolicy,
} from '../../ports/policy-registry.ts'
import { GateShelf } from './gate-shelf.ts'
import { decodePolicyRecord, describePolicy, encodePolicyRecord } from './policy-record.ts'
import { isPolicyVersion, PolicyStorage } from './policy-storage.ts'
import { damagedError, fullError } from './registry-errors.ts'

/** What `createPolicyRegistry` needs from outside. */
export type PolicyRegistryComponents = {
  /** A store of the registry's own: a sublevel. */
  readonly store: KeyValueStore
  /** The time now, ISO 8601 in UTC. */
  readonly now: () => string
  /** Reads a gate report and checks its signature; `undefined` for what is no sound report. */
  readonly readGateReport: (text: string) => GateReportReading | undefined
  /** A native hash where the platform has one. */
  readonly hashBytes?: Sha256HexOfBytes
}

/** Limits of a registry; what would pass one of them is refused with `POLICY_REGISTRY_FULL`. */
export type PolicyRegistryInit = {
  /** Policies at most. Default 1,000. */
  readonly policiesMax?: number
  /** Bytes of all artefacts together at most. Default 4 GiB. */
  readonly bytesMax?: number
  /** Bytes of one artefact at most. Default 512 MiB. */
  readonly artefactBytesMax?: number
}

const POLICIES_MAX_DEFAULT = 1_000
const BYTES_MAX_DEFAULT = 4 * 1024 * 1024 * 1024
const ARTEFACT_BYTES_MAX_DEFAULT = 512 * 1024 * 1024

/** Ancestors that `lineage` names at most. */
const LINEAGE_MAX = 1_000

/**
 * Keeps policies in a store.
 *
 * ```text
 * artefact/VERSION   text of the artefact
 * record/VERSION     what `list` shows, with the text's hash
 * gate/VERSION/N     signed gate reports
 * ```
 */
export function createPolicyRegistry(
  components: PolicyRegistryComponents,
  init: PolicyRegistryInit = {},
): PolicyRegistry {
  return new StoredPolicyRegistry(components, init)
}

class StoredPolicyRegistry implements PolicyRegistry {
  readonly #components: PolicyRegistryComponents
  readonly #init: PolicyRegistryInit
  readonly #storage: PolicyStorage
  readonly #gates: GateShelf
  readonly #hashBytes: Sha256HexOfBytes
  /** Registrations one after another, so that two of them do not pass a limit together. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(components: PolicyRegistryComponents, init: PolicyRegistryInit) {
    this.#components = components
    this.#init = init
    this.#gates = new GateShelf(components)
    this.#hashBytes = components.hashBytes ?? sha256HexOfBytes
    this.#storage = new PolicyStorage(components.store, this.#hashBytes)
  }

  async register(text: string): Promise<{ readonly version: string; readonly isNew: boolean }> {
    const bytes = new TextEncoder().encode(text)
    const sizeMax = this.#init.artefactBytesMax ?? ARTEFACT_BYTES_MAX_DEFAULT
    if (bytes.byteLength > sizeMax) throw fullError(`The policy has ${bytes.byteLength} bytes; the most is ${sizeMax}`)
    const artefact = parsePolicyArtefact(text)
    const registered = this.#last.then(async () => await this.#register(artefact, bytes))
    this.#last = registered.catch(() => undefined)
    return await registered
  }

  async get(version: string): Promise<PolicyArtefact> {
    const text = await this.text(version)
    try {
      return parsePolicyArtefact(text)
    } catch (error: unknown) {
      if (CodedError.is(error, 'POLICY_FORMAT_NEWER')) throw error
      throw damagedError(version, error)
    }
  }

  async text(version: string): Promise<string> {
    return await this.#storage.text(version)
  }

  async describe(version: string): Promise<RegisteredPolicy> {
    return await this.#withGates(await this.#storage.record(version))
  }

  async list(): Promise<PolicyList> {
    const damaged = new Set<string>()
    const sound: PolicyRecord[] = []
    const onDamaged = (version: string): void => void damaged.add(version)
    for await (const { key, value } of this.#storage.records(onDamaged)) {
      const record = decodePolicyRecord(key, value)
      if (record === undefined) damaged.add(key)
      else sound.push(record)
    }
    const policies: RegisteredPolicy[] = []
    for (const record of sound.toSorted(byAge)) {
      if (await this.#storage.isWhole(record)) policies.push(await this.#withGates(record))
      else damaged.add(record.version)
    }
    return { policies, damaged: [...damaged].toSorted(byText) }
  }

  async lineage(
    version: string,
  ): Promise<{ readonly policies: readonly RegisteredPolicy[]; readonly missing: string | null }> {
    const policies = [await this.describe(version)]
    const seen = new Set([version])
    for (;;) {
      const parent = policies.at(-1)?.parent ?? null
      if (parent === null || seen.has(parent) || policies.length >= LINEAGE_MAX) return { policies, missing: null }
      seen.add(parent)
      const described = await this.describe(parent).catch((error: unknown) => {
        if (CodedError.is(error, 'POLICY_UNKNOWN') || CodedError.is(error, 'POLICY_DAMAGED')) return undefined
        throw error
      })
      if (described === undefined) return { policies, missing: parent }
      policies.push(described)
    }
  }

  async attachGateReport(version: string, text: string): Promise<AttachedGateReport> {
    const record = await this.#storage.record(version)
    return await this.#gates.attach(record.version, text)
  }

  async gateReports(version: string): Promise<readonly AttachedGateReport[]> {
    const record = await this.#storage.record(version)
    return await this.#gates.list(record.version)
  }

  async remove(version: string): Promise<boolean> {
    if (!isPolicyVersion(version)) return false
    const isThere = (await this.#storage.keysOf(version)).length > 0
    const gates = await this.#gates.keys(version)
    await this.#components.store.batch(
      [`artefact/${version}`, `record/${version}`, ...gates].map((key) => ({ type: 'delete', key })),
      { sync: true },
    )
    return isThere
  }

  async #register(
    artefact: PolicyArtefact,
    bytes: Uint8Array,
  ): Promise<{ readonly version: string; readonly isNew: boolean }> {
    const madeAt = this.#components.now()
    const record = describePolicy({ artefact, bytes, madeAt, hashBytes: this.#hashBytes })
    const { version } = record
    const known = await this.#known(version)
    if (known !== undefined) {
      this.#expectSame(artefact, known)
      return { version, isNew: false }
    }
    await this.#expectRoom(bytes.byteLength)
    await this.#components.store.batch(
      [
        { type: 'put', key: `artefact/${version}`, value: bytes },
        { type: 'put', key: `record/${version}`, value: encodePolicyRecord(record) },
      ],
      { sync: true },
    )
    return { version, isNew: true }
  }

  /** The artefact of this version, where one is registered and sound. */
  async #known(version: string): Promise<PolicyArtefact | undefined> {
    try {
      return await this.get(version)
    } catch (error: unknown) {
      if (CodedError.is(error, 'POLICY_UNKNOWN') || CodedError.is(error, 'POLICY_DAMAGED')) return undefined
      throw error
    }
  }

  /** Twelve digits of a hash tell honest artefacts apart; one that was made to look like another is refused. */
  #expectSame(artefact: PolicyArtefact, known: PolicyArtefact): void {
    if (formatPolicyArtefact(artefact) === formatPolicyArtefact(known)) return
    throw new CodedError('POLICY_ARTEFACT_INVALID', {
      message: `Another policy is registered as ${policyVersionOf(known)} already`,
    })
  }

  async #expectRoom(sizeBytes: number): Promise<void> {
    const { policiesMax = POLICIES_MAX_DEFAULT, bytesMax = BYTES_MAX_DEFAULT } = this.#init
    let count = 0
    let total = sizeBytes
    for await (const { key, value } of this.#storage.records(() => void (count += 1))) {
      count += 1
      total += decodePolicyRecord(key, value)?.sizeBytes ?? 0
    }
    if (count >= policiesMax) throw fullError(`The registry holds ${count} policies; the most is ${policiesMax}`)
    if (total > bytesMax) throw fullError(`The registry would hold ${total} bytes; the most is ${bytesMax}`)
  }

  async #withGates(record: PolicyRecord): Promise<RegisteredPolicy> {
    const gates = await this.#gates.list(record.version)
    return { ...record, gates: gates.map(({ text: _text, ...gate }) => gate) }
  }
}

function byAge(left: PolicyRecord, right: PolicyRecord): number {
  return byText(left.madeAt, right.madeAt) || byText(left.version, right.version)
}

function byText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
