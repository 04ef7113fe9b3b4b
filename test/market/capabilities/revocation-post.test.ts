import { expect, test } from 'vitest'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { CapabilityDesk } from '../../../src/market/capabilities/capability-desk.ts'
import { RevocationPost } from '../../../src/market/capabilities/revocation-post.ts'
import type { Party } from '../../../src/market/parties/party.ts'

type Heard = (question: { from: Did; frame: { type: 'revoked'; envelope: string } }) => Promise<unknown>

/** A post whose party reads every envelope but `junk`, and whose desk takes up everything. */
function openPost(): Heard {
  let heard: Heard | undefined
  const party = {
    components: { clock: { now: () => timestampFromMs(0) } },
    serveOnce: (_: string, { revoked }: { revoked: Heard }) => {
      heard = revoked
    },
    read: (envelope: string) =>
      envelope === 'junk' ? undefined : { envelope: { body: { revocation: '', chain: [] } } },
  }
  const desk = { takeRevocation: async () => await Promise.resolve({ kind: 'revoked', cid: 'c' }) }
  new RevocationPost(party as unknown as Party, desk as unknown as CapabilityDesk).start()
  if (heard === undefined) throw new TypeError('nothing is served')
  return heard
}

const said = (from: number, envelope: string) => ({
  from: `${fixedKey(1).did.slice(0, -4)}${String(from).padStart(4, 'a')}` as Did,
  frame: { type: 'revoked' as const, envelope },
})

test('nodes that send junk take no place from those that bring revocations', async () => {
  const hear = openPost()
  for (let from = 0; from < 5_000; from += 1) await hear(said(from, 'junk'))
  expect(await hear(said(9_999, 'right'))).toMatchObject({ frame: { type: 'taken' } })
})

test('one node brings 1,024, and many nodes shut nobody out', async () => {
  const hear = openPost()
  for (let count = 0; count < 1_024; count += 1) await hear(said(1, 'right'))
  expect(await hear(said(1, 'right'))).toMatchObject({ frame: { code: 'CAPABILITY_REVOCATIONS_FULL' } })
  for (let from = 1_000; from < 5_200; from += 1)
    expect(await hear(said(from, 'right'))).toMatchObject({ frame: { type: 'taken' } })
})
