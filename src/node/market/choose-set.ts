import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { CodedError } from '../../base/errors.ts'
import { refuseLineage, type SetLineage } from '../../core/notary/set-lineage.ts'
import type { NotarySet } from '../../core/notary/notary-set.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { verifyStatementWith } from '../../market/parties/contracts/contract-replay.ts'
import type { DataDirectory } from '../../storage/data-directory.ts'
import { DECISIONS_JOURNAL, NOTARY_JOURNAL } from '../../market/notary/start-notary.ts'
import { PARTY_JOURNAL } from '../../market/parties/role/start-party.ts'
import { readKeptSet } from './market-files.ts'
import type { MarketInit } from './market-init.ts'
import { refuseUnreachable } from './reachable-address.ts'

/**
 * The set that a node works with: the one that it kept, the one that is given where it kept none or where that one follows it, signed; or another one of the same members
 * while nothing was said to the one before. Throws `NOTARY_SET_OTHER`, `NOTARY_ADDRESS_UNREACHABLE`, and `MARKET_ROLE_MISSING` for a notary without any.
 */
export async function chooseSet(
  directory: DataDirectory,
  {
    set,
    before = [],
    isNotary,
    isShared,
  }: Pick<MarketInit, 'set' | 'before' | 'isNotary'> & { readonly isShared: boolean },
): Promise<SetLineage | undefined> {
  const kept = await readKeptSet(directory.path)
  if (set === undefined && isNotary === true && kept === undefined)
    throw new CodedError('MARKET_ROLE_MISSING', {
      message: 'A notary needs its set: name the document with --notary-set',
    })
  if (set === undefined) return kept
  const given = { set, before }
  const verify = verifyStatementWith(verifySignatureWith(createNodeVerifier()))
  const code = refuseLineage(given, verify)
  if (code !== undefined) throw new CodedError('NOTARY_SET_OTHER', { message: `The notary set: ${code}` })
  for (const { address } of set.members) refuseUnreachable(address)
  if (kept === undefined) return given
  // An older document of the same log is no reason to go back.
  if (kept.set.id === set.id || isAmong(kept, set)) return kept
  if (isAmong(given, kept.set)) return given
  // What was said to books in the shared store, the directory does not know.
  if (!isShared && isSameMembers(kept.set, set) && (await hasSaidNothing(directory))) {
    // Of no entries, and under the name of the set before.
    await rm(join(directory.path, NOTARY_JOURNAL), { recursive: true, force: true })
    return given
  }
  throw otherSet(`This data directory belongs to the notary set ${kept.set.id}, not ${set.id}`)
}

export function otherSet(message: string): CodedError {
  return new CodedError('NOTARY_SET_OTHER', { message })
}

/** Whether the log of the lineage was kept by this set before. */
export function isAmong({ before }: SetLineage, { id }: NotarySet): boolean {
  return before.some((former) => former.set.id === id)
}

function isSameMembers(one: NotarySet, other: NotarySet): boolean {
  const keysOf = ({ members }: NotarySet): string => members.map(({ key }) => key).join(' ')
  return one.epoch === other.epoch && keysOf(one) === keysOf(other)
}

/** Nothing is in the books here, and nothing was signed for a set: notes are of this node alone, and a checkpoint of no entries says nothing. */
async function hasSaidNothing(directory: DataDirectory): Promise<boolean> {
  const names = await directory.listEventLogs()
  for (const name of [NOTARY_JOURNAL, DECISIONS_JOURNAL, PARTY_JOURNAL]) {
    if (!names.includes(name)) continue
    const log = await directory.openEventLog(name)
    try {
      if (log.snapshot !== undefined) return false
      for await (const { payload } of log.read(0)) if (!isNothing(payload)) return false
    } finally {
      await log.close()
    }
  }
  return true
}

function isNothing(payload: Uint8Array): boolean {
  try {
    const json = JSON.parse(new TextDecoder().decode(payload)) as {
      readonly kind?: unknown
      readonly checkpoint?: { readonly entries?: unknown }
    }
    return json.kind === 'noted' || json.checkpoint?.entries === 0
  } catch {
    return false
  }
}
