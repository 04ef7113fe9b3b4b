import { type Hash, parseDid, parseHash } from '../../../core/evidence/names.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'

/** Nobody: the set of books in which no contract names one; its first member is then asked by nothing. */
const NOBODY = `did:key:z6Mk${'1'.repeat(44)}`

/** Lines in which the set is looked for: an offer is among the first of any books that hold contracts. */
const LINES_MAX = 1_000_000

/**
 * The notary set of a journal, as far as its contracts name it: enough to replay it, and nothing that says whose signatures count. For a copy that comes without
 * its set; what the copy itself says proves nothing, so the document of the set is better.
 */
export async function setNamedIn(lines: AsyncIterable<string>): Promise<NotarySet> {
  let read = 0
  for await (const line of lines) {
    read += 1
    const terms = namedIn(line)
    if (terms !== undefined) return terms
    if (read >= LINES_MAX) break
  }
  return setWithoutMembers({ id: parseHash('0'.repeat(64)), epoch: 0, n: 1, feeOwner: NOBODY })
}

function termsOf(line: string): NotarySet | undefined {
  const named = memberOf(
    memberOf(memberOf(memberOf(memberOf(parse(line), 'event'), 'envelope'), 'body'), 'terms'),
    'notarySet',
  )
  const [id, epoch, n, owner] = ['id', 'epoch', 'n', 'feeOwner'].map((name) => memberOf(named, name))
  if (typeof id !== 'string' || typeof owner !== 'string') return undefined
  if (parseHash(id) === undefined || parseDid(owner) === undefined) return undefined
  if (!Number.isSafeInteger(epoch) || !Number.isSafeInteger(n) || Number(n) < 1 || Number(n) > 100) return undefined
  return setWithoutMembers({ id: parseHash(id), epoch: Number(epoch), n: Number(n), feeOwner: owner })
}

type Named = { readonly id: Hash | undefined; readonly epoch: number; readonly n: number; readonly feeOwner: string }

function namedIn(line: string): NotarySet | undefined {
  if (line.includes('"escrow-offer"')) return termsOf(line)
  return line.includes('"set-changed"') ? beforeOf(line) : undefined
}

/** The set before one that took over before any contract: only its epoch is known. */
function beforeOf(line: string): NotarySet | undefined {
  const ordered = memberOf(memberOf(parse(line), 'event'), 'ordered')
  const epoch = Number(memberOf(memberOf(ordered, 'set'), 'epoch'))
  if (memberOf(ordered, 'type') !== 'set-changed' || !Number.isSafeInteger(epoch) || epoch < 1) return undefined
  return setWithoutMembers({ id: parseHash('0'.repeat(64)), epoch: epoch - 1, n: 1, feeOwner: NOBODY })
}

/** A set whose members are unknown but for the first one, which earns the fees. */
function setWithoutMembers({ id, epoch, n, feeOwner }: Named): NotarySet {
  const key = parseDid(feeOwner)
  if (id === undefined || key === undefined) throw new RangeError('A set has an id and an owner of its fees')
  const members = Array.from({ length: n }, (_, index) => ({ key, address: `unknown-${index}` }))
  return { id, epoch, members, f: Math.floor((n - 1) / 3) }
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function memberOf(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null && Object.hasOwn(json, name)
    ? Object.entries(json).find(([key]) => key === name)?.[1]
    : undefined
}
