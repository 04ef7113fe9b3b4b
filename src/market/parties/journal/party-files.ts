import type { Hash } from '../../../core/evidence/names.ts'
import type { KeyValueStore } from '../../../ports/key-value-store.ts'

const FILES = 'file'
const PENDING = 'pending'
const NOTHING = new Uint8Array(0)

/**
 * Bytes of a party's files, by their SHA-256. Which of them there are, its journal says: a file is here before the journal names it, and marked until then, so that
 * after a crash in between `unsettled` finds it.
 */
export class PartyFiles {
  private readonly store: KeyValueStore

  /** `store`: of this party alone. */
  constructor(store: KeyValueStore) {
    this.store = store
  }

  /** Resolves when the bytes are on stable storage. */
  async put(hash: Hash, bytes: Uint8Array): Promise<void> {
    const operations = [
      { type: 'put', key: `${FILES}/${hash}`, value: bytes },
      { type: 'put', key: `${PENDING}/${hash}`, value: NOTHING },
    ] as const
    await this.store.batch(operations, { sync: true })
  }

  /** The journal names it. */
  async settle(hash: Hash): Promise<void> {
    await this.store.delete(`${PENDING}/${hash}`)
  }

  async read(hash: Hash): Promise<Uint8Array | undefined> {
    return await this.store.get(`${FILES}/${hash}`)
  }

  async remove(hash: Hash): Promise<void> {
    const keys = [`${FILES}/${hash}`, `${PENDING}/${hash}`]
    await this.store.batch(keys.map((key) => ({ type: 'delete', key })))
  }

  /** Files that the journal may not name. */
  async unsettled(): Promise<readonly Hash[]> {
    const hashes: Hash[] = []
    // As `put` wrote it.
    for await (const { key } of this.store.sublevel(PENDING).iterate()) hashes.push(key as Hash)
    return hashes
  }
}
