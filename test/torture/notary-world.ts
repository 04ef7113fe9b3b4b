import { sha256Hex } from '../../src/base/sha256.ts'
import { durationFromMs, timestampFromMs, type Timestamp } from '../../src/base/time.ts'
import {
  type ContractId,
  type Did,
  type Hash,
  parseContractId,
  parseDid,
  parseHash,
} from '../../src/core/evidence/names.ts'
import type { Entry } from '../../src/core/notary/block.ts'
import type { Execution } from '../../src/core/notary/notary-event.ts'
import { createNotarySet, type NotarySet } from '../../src/core/notary/notary-set.ts'
import type { NotaryInput } from '../../src/core/notary/notary-state.ts'

/** What the model and the simulation share: a set, messages, and an application that is a hash chain. */
export const NOW: Timestamp = timestampFromMs(1_000)
export const EPSILON_MS = 10

const DIGITS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

export function didOf(index: number): Did {
  const did = parseDid(`did:key:z6Mk${(DIGITS[index] ?? '1').repeat(44)}`)
  if (did === undefined) throw new TypeError(`No key ${index}`)
  return did
}

export function hashOf(text: string): Hash {
  const hash = parseHash(sha256Hex(text))
  if (hash === undefined) throw new TypeError('No hash')
  return hash
}

export function contractOf(name: string): ContractId {
  const contract = parseContractId(sha256Hex(`contract ${name}`))
  if (contract === undefined) throw new TypeError('No contract')
  return contract
}

export function entryOf(name: string): Entry {
  return { message: hashOf(name), contract: contractOf(name) }
}

export function setOf(f: number): NotarySet {
  const members = Array.from({ length: 3 * f + 1 }, (_, index) => ({ key: didOf(index), address: `/memory/${index}` }))
  const made = createNotarySet({ epoch: 0, members, f })
  if (made.kind === 'refused') throw new TypeError(made.code)
  return made.set
}

export function inputOf(set: NotarySet, me: number, batchMax = 1): NotaryInput {
  return {
    set,
    me,
    startAt: timestampFromMs(0),
    epsilonMs: durationFromMs(EPSILON_MS),
    timeoutMs: durationFromMs(100),
    resendMs: durationFromMs(30),
    batchMax,
  }
}

/** The application: the state is the hash of all that was applied; a contract's seq is how often it was named. */
export function execute(before: Hash, at: Timestamp, entries: readonly Entry[]): Execution {
  let state = before
  const results = entries.map(({ message, contract }) => {
    state = hashOf(`${state} ${message} ${contract} ${at}`)
    return { seq: 0, transition: state }
  })
  return { results, state }
}
