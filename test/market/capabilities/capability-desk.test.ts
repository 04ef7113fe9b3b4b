import { describe, expect, it } from 'vitest'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { createNodeSigner, createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { CapabilityDesk } from '../../../src/market/capabilities/capability-desk.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'

const AT = timestampFromMs(1_900_000_000_000)
const END = 1_900_000_600
let drawn = 0

async function deskOf(seed: number, log: EventLog): Promise<CapabilityDesk> {
  return await CapabilityDesk.open({
    self: fixedKey(seed).did,
    signer: createNodeSigner(new Uint8Array(32).fill(seed)),
    verify: verifySignatureWith(createNodeVerifier()),
    clock: { now: () => AT, monotonicMs: () => 0, timeoutSignal: () => new AbortController().signal },
    random: { fraction: () => 0, bytes: (count) => new Uint8Array(count).fill((drawn += 1)) },
    log,
  })
}

function textOf(issued: { readonly kind: string; readonly text?: string; readonly code?: string }): string {
  if (issued.text === undefined) throw new Error(issued.code)
  return issued.text
}

describe('CapabilityDesk', () => {
  it('lets an order of a narrowed chain through once, also after a restart, until it is revoked', async () => {
    const log = createMemoryEventLog()
    const alice = await deskOf(1, log)
    const bob = await deskOf(2, createMemoryEventLog())
    const carol = await deskOf(3, createMemoryEventLog())
    const sub = fixedKey(1).did
    const root = alice.delegate({ aud: fixedKey(2).did, sub, cmd: '/task', pol: [], exp: END })
    const leaf = bob.attenuate([textOf(root)], { aud: fixedKey(3).did, cmd: '/task/run', pol: [], exp: END })
    if (root.kind === 'refused' || leaf.kind === 'refused') throw new Error('not issued')
    const chain = [root.text, leaf.text]
    expect(carol.check(chain, AT)).toMatchObject({ kind: 'valid', command: '/task/run' })
    const prf = [root.cid, leaf.cid]
    const order = textOf(carol.invoke({ sub, cmd: '/task/run', args: {}, prf, exp: END }))
    expect((await alice.admit(order, chain, AT)).kind).toBe('allowed')
    const again = await deskOf(1, log)
    expect(await again.admit(order, chain, AT)).toEqual({ kind: 'refused', code: 'CAPABILITY_REPLAYED' })
    const revocation = textOf(again.revoke(leaf.cid, 60_000))
    expect((await again.takeRevocation(revocation, chain, AT)).kind).toBe('revoked')
    expect((await again.takeRevocation(revocation, chain, AT)).kind).toBe('exists')
    const other = textOf(carol.invoke({ sub, cmd: '/task/run', args: {}, prf, exp: END }))
    const third = await deskOf(1, log)
    expect(await third.admit(other, chain, AT)).toEqual({ kind: 'refused', code: 'CAPABILITY_REVOKED' })
    expect(log.nextIndex).toBe(2)
  })

  it('keeps room for what it gave out or may act by, whatever strangers revoke', async () => {
    const alice = await deskOf(1, createMemoryEventLog())
    const stranger = await deskOf(5, createMemoryEventLog())
    const revokedBy = async (by: CapabilityDesk, { sub, aud, exp }: { sub: number; aud: number; exp?: number }) => {
      const token = by.delegate({ aud: fixedKey(aud).did, sub: fixedKey(sub).did, cmd: '/task', pol: [], exp })
      if (token.kind === 'refused') throw new Error(token.code)
      const taken = await alice.takeRevocation(textOf(by.revoke(token.cid, 60_000)), [token.text], AT)
      return taken.kind === 'refused' ? taken.code : taken.kind
    }
    const among = { sub: 5, aud: 6, exp: END }
    const codes: string[] = []
    for (let index = 0; index < 65; index += 1) codes.push(await revokedBy(stranger, among))
    expect([codes.at(63), codes.at(64)]).toEqual(['revoked', 'CAPABILITY_REVOCATIONS_FULL'])
    expect(await revokedBy(await deskOf(7, createMemoryEventLog()), { sub: 7, aud: 6 })).toBe('CAPABILITY_LIFE_LONG')
    expect(await revokedBy(stranger, { sub: 5, aud: 1, exp: END })).toBe('revoked')
    expect(await revokedBy(alice, { sub: 1, aud: 5 })).toBe('revoked')
  })

  it('passes on nothing wider than it has, and nothing that is not its own', async () => {
    const alice = await deskOf(1, createMemoryEventLog())
    const bob = await deskOf(2, createMemoryEventLog())
    const carol = await deskOf(3, createMemoryEventLog())
    const grant = { aud: fixedKey(2).did, sub: fixedKey(1).did, cmd: '/task', pol: [], exp: END }
    const root = textOf(alice.delegate(grant))
    const wider = { aud: fixedKey(3).did, cmd: '/', pol: [], exp: END }
    expect(bob.attenuate([root], wider)).toEqual({ kind: 'refused', code: 'CAPABILITY_COMMAND_WIDENED' })
    expect(carol.attenuate([root], wider)).toEqual({ kind: 'refused', code: 'CAPABILITY_AUDIENCE_WRONG' })
  })
})
