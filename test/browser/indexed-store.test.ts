import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EVENT_LOG_CASES } from '../../src/testing/conformance/event-log-cases.ts'
import { KEY_VALUE_STORE_CASES } from '../../src/testing/conformance/key-value-store-cases.ts'
import { BrowserSession, type BrowserTab } from './browser-session.ts'
import { findChromium } from './chromium.ts'
import { startPageServer, type PageServer } from './page-server.ts'

const PAGES = {
  stores: {
    allowsWasm: false,
    script: `
  const { IndexedDatabase } = await import('/dist/src/storage/indexed/indexed-database.js')
  const { openStoreEventLog } = await import('/dist/src/storage/store-event-log.js')
  const { createWebKeyPair, openWebKeySigner } = await import('/dist/src/keys/web-crypto-signer.js')
  const testing = await import('kernell-os/testing')
  Object.assign(globalThis, { testing, openStoreEventLog, createWebKeyPair, openWebKeySigner })
  let next = 0
  globalThis.open = async (name = 'test-' + (next += 1)) => await IndexedDatabase.open({ indexedDB, IDBKeyRange }, name)`,
  },
} as const

const chromium = findChromium()
if ('reason' in chromium) console.warn(`Stores of a page are not tried: ${chromium.reason}`)

describe.skipIf('reason' in chromium)('what a page keeps', { timeout: 60_000 }, () => {
  let server: PageServer
  let browser: BrowserSession
  let tab: BrowserTab

  beforeAll(async () => {
    server = await startPageServer(PAGES, {})
    browser = await BrowserSession.open('path' in chromium ? chromium.path : '')
    tab = await browser.openTab(server.urlOf('stores'))
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    server.close()
  })

  describe('IndexedDatabase as a KeyValueStore', () => {
    it.each(KEY_VALUE_STORE_CASES)('$name', async ({ name }) => {
      await tab.run(`
        const { store } = await open()
        await testing.KEY_VALUE_STORE_CASES.find(({ name }) => name === ${JSON.stringify(name)}).run(store)
        await store.close()`)
    })
  })

  describe('openStoreEventLog in an IndexedDatabase', () => {
    it.each(EVENT_LOG_CASES)('$name', async ({ name }) => {
      await tab.run(`
        const { store } = await open()
        await testing.EVENT_LOG_CASES.find(({ name }) => name === ${JSON.stringify(name)}).run(await openStoreEventLog(store))
        await store.close()`)
    })
  })

  it('is there in a later tab, keys that nobody can read out included, and the first key stays', async () => {
    const made = await tab.run(`
      const database = await open('kept')
      const pair = await database.keepObject('key', await createWebKeyPair(crypto.subtle))
      await (await openStoreEventLog(database.store)).append([Uint8Array.of(1, 2)])
      await database.store.close()
      return (await openWebKeySigner(crypto.subtle, pair)).publicKeyHex`)
    const later = await browser.openTab(server.urlOf('stores'))
    const found = await later.run(`
      const database = await open('kept')
      const pair = await database.keepObject('key', await createWebKeyPair(crypto.subtle))
      const { publicKeyHex, sign } = await openWebKeySigner(crypto.subtle, pair)
      const refused = await crypto.subtle.exportKey('pkcs8', pair.privateKey).catch(({ name }) => name)
      const records = []
      for await (const { payload } of (await openStoreEventLog(database.store)).read(0)) records.push([...payload])
      return { publicKeyHex, refused, records, bytes: (await sign(Uint8Array.of(7))).length }`)
    expect(found).toEqual({ publicKeyHex: made, refused: 'InvalidAccessError', records: [[1, 2]], bytes: 64 })
    await later.close()
  })

  it('is refused whole, with how to get more, where the browser gives the site no more room', async () => {
    // A site of its own: Chromium asks for the room of one that it knows only now and then.
    const site = await startPageServer(PAGES, {})
    const { origin } = new URL(site.urlOf('stores'))
    const small = await browser.openTab(site.urlOf('stores'))
    await small.ask('Storage.overrideQuotaForOrigin', { origin, quotaSize: 500_000 })
    await small.run(`globalThis.full = await open('full'); await full.store.put('a', Uint8Array.of(1))`)
    // What can be compressed takes no room.
    const write = `
      const many = Array.from({ length: 30 }, (_, at) => ({ type: 'put', key: 'b' + at, value: crypto.getRandomValues(new Uint8Array(60_000)) }))
      await full.store.batch([{ type: 'put', key: 'a', value: Uint8Array.of(2) }, ...many])`
    await expect(small.run(write)).rejects.toMatchObject({
      code: 'STORE_WRITE_FAILED',
      details: { isQuotaExceeded: true },
    })
    // Until it is opened again it takes nothing, although there is room again.
    await small.ask('Storage.overrideQuotaForOrigin', { origin })
    const after = await small.run(`
      const later = await full.store.put('d', Uint8Array.of(4)).catch(({ code }) => code)
      await full.store.close()
      const { store } = await open('full')
      const keys = []
      for await (const { key, value } of store.iterate()) keys.push([key, ...value])
      return { later, keys }`)
    site.close()
    expect(after).toEqual({ later: 'STORE_WRITE_FAILED', keys: [['a', 1]] })
  })

  it('shows bytes that were changed', async () => {
    const code = await tab.run(`
      const { store } = await open('damaged')
      await store.put('a', Uint8Array.of(1))
      await store.close()
      const request = indexedDB.open('damaged')
      await new Promise((resolve) => (request.onsuccess = resolve))
      const writing = request.result.transaction('entries', 'readwrite')
      writing.objectStore('entries').put(Uint8Array.of(2, 0, 0, 0, 0), new TextEncoder().encode('a'))
      await new Promise((resolve) => (writing.oncomplete = resolve))
      request.result.close()
      return await (await open('damaged')).store.get('a').catch(({ code }) => code)`)
    expect(code).toBe('STORE_CORRUPTED')
  })
})
