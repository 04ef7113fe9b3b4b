import { describe, expect, it } from 'vitest'
import { base58btc } from 'multiformats/bases/base58'
import { type Did, parseDid } from '../../src/core/evidence/names.ts'
import { timestampFromMs } from '../../src/base/time.ts'
import { AddressBook } from '../../src/network/libp2p/address-book.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import { identityOf } from './identities.ts'

const { did } = identityOf(1)
const other = identityOf(2).did
const PROVED = '/ip4/5.1.2.1/tcp/4001'
const teller = '/ip4/9.8.7.6/tcp/9'

function bookOf(store = createMemoryKeyValueStore()): AddressBook {
  let ms = 0
  return new AddressBook({ clock: { now: () => timestampFromMs((ms += 1)) }, store })
}

/** The DID of the 32 bytes of a number. */
function didOf(number: number): Did {
  const key = new Uint8Array(34)
  key.set([0xed, 0x01])
  new DataView(key.buffer).setUint32(20, number)
  const made = parseDid(`did:key:${base58btc.encode(key)}`)
  if (made === undefined) throw new Error('no DID')
  return made
}

describe('the address book', () => {
  it('keeps what was proved before what is told, whoever tells it and however often', () => {
    const book = bookOf()
    book.prove(did, PROVED)
    for (let port = 1; port < 100; port += 1)
      book.tell(did, { address: `/ip4/5.2.3.1/tcp/${port}`, teller, isItself: false })
    expect(book.addressesOf(did)[0]).toBe(PROVED)
    expect(book.addressesOf(did).length).toBe(8)
  })

  it('cannot be filled by one who tells of two thousand nodes', () => {
    const book = bookOf()
    book.prove(did, PROVED)
    book.tell(other, { address: '/ip4/5.1.2.9/tcp/1', teller: '/ip4/5.1.2.200/tcp/1', isItself: false })
    for (let number = 0; number < 2_000; number += 1)
      book.tell(didOf(number), { address: `/ip4/5.2.${number % 250}.1/tcp/1`, teller, isItself: false })
    expect(book.size).toBe(34)
    expect([book.addressesOf(did).length, book.addressesOf(other).length]).toEqual([1, 1])
  })

  it.each([
    ['the name of a host', '/dns4/internal.example/tcp/80', teller],
    ['an address of this machine from outside', '/ip4/127.0.0.1/tcp/6379', teller],
    ['an address of a private network from outside', '/ip4/10.0.0.1/tcp/80', teller],
    ['an address of this machine from the private network', '/ip4/127.0.0.1/tcp/6379', '/ip4/10.0.0.5/tcp/1'],
    ['the same, mapped', '/ip6/::ffff:127.0.0.1/tcp/6379', '/ip4/10.0.0.5/tcp/1'],
    ['an address of a private network behind a translation', '/ip6/64:ff9b::10.0.0.1/tcp/80', teller],
    ['no address', 'internal', teller],
    ['an address without end', `/ip4/5.1.2.1/tcp/1${'/ws'.repeat(300)}`, teller],
  ])('does not take %s from others', (_, address, from) => {
    const book = bookOf()
    expect(book.tell(did, { address, teller: from, isItself: true })).toBe(false)
    expect(book.size).toBe(0)
  })

  it('uses what its owner names from then on', () => {
    const book = bookOf()
    book.prove(did, PROVED)
    book.name(did, '/ip4/5.1.2.2/tcp/1')
    book.name(did, '/dns4/node.example/tcp/443/tls/ws')
    expect(book.addressesOf(did)[0]).toBe('/dns4/node.example/tcp/443/tls/ws')
  })

  it('survives a restart, without what cannot be read', async () => {
    const store = createMemoryKeyValueStore()
    const first = bookOf(store)
    first.prove(did, PROVED)
    first.name(other, '/ip4/5.1.2.2/tcp/1')
    await first.flush()
    await store.put('did:key:nobody', new TextEncoder().encode('{}'))
    await store.put(identityOf(3).did, new TextEncoder().encode('{"addresses":[{"address":"/x"}],"tellerBlock":""}'))
    const second = bookOf(store)
    await second.load()
    expect(second.knownOf(did)).toEqual(first.knownOf(did))
    expect(second.addressesOf(other)).toEqual(['/ip4/5.1.2.2/tcp/1'])
    await second.flush()
    expect(await store.count()).toBe(2)
  })

  it('goes on when the store refuses to write', async () => {
    const failures: unknown[] = []
    const store = createMemoryKeyValueStore()
    await store.close()
    const book = new AddressBook({
      clock: { now: () => timestampFromMs(1) },
      store,
      onFailure: (error) => void failures.push(error),
    })
    book.prove(did, PROVED)
    await book.flush()
    expect([failures.length, book.addressesOf(did)]).toEqual([1, [PROVED]])
  })
})
