import { CodedError } from '../../base/errors.ts'
import type { Sha256HexOfBytes } from '../../base/sha256.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { PolicyRecord } from '../../ports/policy-registry.ts'
import { decodePolicyRecord } from './policy-record.ts'
import { damagedError, unknownError } from './registry-errors.ts'

const VERSION_PATTERN = /^[A-Za-z0-9._-]{1,64}$/

export function isPolicyVersion(text: string): boolean {
  return VERSION_PATTERN.test(text)
}

/** Reads the artefacts and records of a registry's store; what is damaged is damage of one policy, and told as such. */
export class PolicyStorage {
  readonly #artefacts: KeyValueStore
  readonly #records: KeyValueStore
  readonly #hashBytes: Sha256HexOfBytes

  constructor(store: KeyValueStore, hashBytes: Sha256HexOfBytes) {
    this.#artefacts = store.sublevel('artefact')
    this.#records = store.sublevel('record')
    this.#hashBytes = hashBytes
  }

  /** Every record as it is stored; `onDamaged` is told of keys whose value fails the store's checksum. */
  records(onDamaged: (version: string) => void): ReturnType<KeyValueStore['iterate']> {
    return this.#records.iterate({}, { onDamaged })
  }

  /** The text of an artefact, as it was registered. Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`. */
  async text(version: string): Promise<string> {
    const record = await this.record(version)
    const bytes = await this.#read(this.#artefacts, version)
    if (bytes === undefined || this.#hashBytes(bytes) !== record.sha256) throw damagedError(version)
    return new TextDecoder().decode(bytes)
  }

  /** What is known of a policy. Throws `POLICY_UNKNOWN`, `POLICY_DAMAGED`. */
  async record(version: string): Promise<PolicyRecord> {
    if (!isPolicyVersion(version)) throw unknownError(version)
    const bytes = await this.#read(this.#records, version)
    if (bytes === undefined) {
      throw (await this.keysOf(version)).length > 0 ? damagedError(version) : unknownError(version)
    }
    const record = decodePolicyRecord(version, bytes)
    if (record === undefined) throw damagedError(version)
    return record
  }

  /** Reads a value of a policy; bytes that fail the store's checksum are damage of this policy and of no other. */
  async #read(store: KeyValueStore, version: string): Promise<Uint8Array | undefined> {
    try {
      return await store.get(version)
    } catch (error: unknown) {
      if (CodedError.is(error, 'STORE_CORRUPTED')) throw damagedError(version, error)
      throw error
    }
  }

  /** Whether the artefact is there and is the one of the record. */
  async isWhole({ version, sha256 }: PolicyRecord): Promise<boolean> {
    try {
      const bytes = await this.#read(this.#artefacts, version)
      return bytes !== undefined && this.#hashBytes(bytes) === sha256
    } catch (error: unknown) {
      if (CodedError.is(error, 'POLICY_DAMAGED')) return false
      throw error
    }
  }

  /** What is there of a version, readable or not. */
  async keysOf(version: string): Promise<readonly string[]> {
    const keys: string[] = []
    for (const store of [this.#artefacts, this.#records]) {
      const onDamaged = (key: string): void => void keys.push(key)
      for await (const { key } of store.iterate({ gte: version, lte: version }, { onDamaged })) keys.push(key)
    }
    return keys
  }
}
