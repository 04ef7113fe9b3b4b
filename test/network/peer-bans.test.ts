import { base58btc } from 'multiformats/bases/base58'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { type Did, parseDid } from '../../src/core/evidence/names.ts'
import { PEER_BANS_MAX } from '../../src/core/peers/peer-bans.ts'
import { PeerBans } from '../../src/network/peer-bans.ts'
import type { KeyValueStore } from '../../src/ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { identityOf } from './identities.ts'

const own = identityOf(1).did
const [bad, worse] = [identityOf(2).did, identityOf(3).did]
const banOf = (peer: Did, until?: number, reason = '') => ({
  peer,
  until: until === undefined ? undefined : timestampFromMs(until),
  reason,
  by: 'somebody',
})

class Time {
  ms = 1_000
  now = () => timestampFromMs(this.ms)
}

async function openBans(store: KeyValueStore, clock = new Time()): Promise<PeerBans> {
  const bans = new PeerBans({ clock, store }, [own])
  await bans.load()
  return bans
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: unknown) => (CodedError.is(error) ? error.code : String(error)),
  )
}

/** A store whose writes fail for as long as `isBroken` says. */
function breakable(store: KeyValueStore): KeyValueStore & { isBroken: boolean } {
  const refuse = (): void => {
    if (broken.isBroken) throw new CodedError('STORE_WRITE_FAILED', { message: 'The disk is full' })
  }
  const broken = Object.assign(Object.create(store) as KeyValueStore, {
    isBroken: false,
    iterate: store.iterate.bind(store),
    async batch(...parts: Parameters<KeyValueStore['batch']>) {
      refuse()
      await store.batch(...parts)
    },
    async delete(...parts: Parameters<KeyValueStore['delete']>) {
      refuse()
      await store.delete(...parts)
    },
  })
  return broken
}

/** The DID of the 32 bytes of a number. */
function didOf(number: number): Did {
  const key = new Uint8Array(34)
  key.set([0xed, 0x01])
  new DataView(key.buffer).setUint32(20, number)
  return parseDid(`did:key:${base58btc.encode(key)}`) ?? own
}

describe('bans of peers', () => {
  it('are there after a restart, with all that was said of them, until they end', async () => {
    const store = createMemoryKeyValueStore()
    const bans = await openBans(store)
    expect([await bans.ban(banOf(bad, undefined, 'floods')), await bans.ban(banOf(worse, 5_000))]).toEqual([
      'applied',
      'applied',
    ])
    const clock = new Time()
    const again = await openBans(store, clock)
    expect(again.banOf(bad)).toEqual({ peer: bad, since: 1_000, until: undefined, reason: 'floods', by: 'somebody' })
    expect(
      again
        .list()
        .map(({ peer }) => peer)
        .sort(),
    ).toEqual([bad, worse].sort())
    clock.ms = 5_000
    expect([again.isBanned(bad), again.isBanned(worse)]).toEqual([true, false])
    expect(again.list().map(({ peer }) => peer)).toEqual([bad])
  })

  it('are gone after a restart once they were taken back', async () => {
    const store = createMemoryKeyValueStore()
    const bans = await openBans(store)
    await bans.ban(banOf(bad))
    expect([await bans.unban(bad), await bans.unban(bad)]).toEqual(['applied', 'exists'])
    expect([bans.isBanned(bad), (await openBans(store)).isBanned(bad)]).toEqual([false, false])
  })

  it('are never of the node itself', async () => {
    const bans = await openBans(createMemoryKeyValueStore())
    expect(await codeOf(bans.ban(banOf(own)))).toBe('PEER_IS_SELF')
    expect(bans.list()).toEqual([])
  })

  it('do not count when the store did not take them, now or after a restart', async () => {
    const store = breakable(createMemoryKeyValueStore())
    const bans = await openBans(store)
    store.isBroken = true
    expect(await codeOf(bans.ban(banOf(bad)))).toBe('STORE_WRITE_FAILED')
    expect([bans.isBanned(bad), (await openBans(store)).isBanned(bad)]).toEqual([false, false])
    store.isBroken = false
    expect(await bans.ban(banOf(bad))).toBe('applied')
  })

  it('go on when the store did not take them back, and stay as they were when it took no change', async () => {
    const store = breakable(createMemoryKeyValueStore())
    const bans = await openBans(store)
    await bans.ban(banOf(bad, undefined, 'floods'))
    store.isBroken = true
    expect(await codeOf(bans.unban(bad))).toBe('STORE_WRITE_FAILED')
    expect(await codeOf(bans.ban(banOf(bad, 2_000, 'forgiven soon')))).toBe('STORE_WRITE_FAILED')
    expect([bans.banOf(bad)?.reason, (await openBans(store)).banOf(bad)?.reason]).toEqual(['floods', 'floods'])
  })

  it('have a limit, which many at the same time do not pass either, and what is over makes room', async () => {
    const store = createMemoryKeyValueStore()
    const clock = new Time()
    const bans = await openBans(store, clock)
    const codes = await Promise.all(
      Array.from(
        { length: PEER_BANS_MAX + 3 },
        async (_, number) => await codeOf(bans.ban(banOf(didOf(number), 9_000))),
      ),
    )
    expect(codes.filter((code) => code === 'PEER_BANS_FULL')).toHaveLength(3)
    expect(bans.list()).toHaveLength(PEER_BANS_MAX)
    expect(await bans.ban(banOf(didOf(0), 8_000))).toBe('applied')
    clock.ms = 9_000
    expect(await bans.ban(banOf(bad))).toBe('applied')
    expect(await store.count()).toBe(1)
  })

  it.each([
    ['no JSON', '{'],
    ['another document', '{"peer":1}'],
    ['an end that is none', '{"since":1,"until":"never","reason":"","by":""}'],
    ['an instant before time', '{"since":-1,"reason":"","by":""}'],
    ['a ban without its beginning', '{"reason":"","by":""}'],
  ])('stay in force where what was kept is %s, and can be taken back', async (_, text) => {
    const store = createMemoryKeyValueStore()
    await store.put(bad, new TextEncoder().encode(text))
    const bans = await openBans(store)
    expect(bans.banOf(bad)).toMatchObject({ until: undefined, reason: expect.stringContaining('cannot be read') })
    await bans.unban(bad)
    expect((await openBans(store)).isBanned(bad)).toBe(false)
  })

  it('take the last of two changes that come at the same time', async () => {
    const store = createMemoryKeyValueStore()
    const bans = await openBans(store)
    await Promise.all([
      bans.ban(banOf(bad)),
      bans.unban(bad),
      bans.ban(banOf(worse)),
      bans.unban(worse),
      bans.ban(banOf(worse)),
    ])
    for (const each of [bans, await openBans(store)])
      expect([each.isBanned(bad), each.isBanned(worse)]).toEqual([false, true])
  })
})
