import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createRandomStream } from '../../src/base/random-stream.ts'
import { openLevelKeyValueStore } from '../../src/storage/level/level-key-value-store.ts'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const draws = createRandomStream(11)
const randomHex = (length: number): string => Array.from({ length }, () => draws.nextBelow(16).toString(16)).join('')

/** Names of the files whose bytes hold the text. */
function filesWith(folder: string, text: string): readonly string[] {
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text))
}

test.each([
  ['in the newest writes', 0],
  ['in files of an earlier start', 1],
  ['in files of several starts', 3],
])('no byte of a deleted value is left after compacting, wherever it was: %s', async (_where, restarts) => {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-compaction-'))
  folders.push(folder)
  const secret = randomHex(64)
  const kept = randomHex(64)
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
  let store = await openLevelKeyValueStore({ location: folder })
  await store.put('telemetry/1', encode(secret))
  await store.put('telemetry/2', encode(kept))
  for (let restart = 0; restart < restarts; restart += 1) {
    for (let row = 0; row < 50; row += 1) await store.put(`telemetry/${restart}-${row}`, encode(randomHex(400)))
    await store.put('telemetry/1', encode(secret))
    await store.close()
    store = await openLevelKeyValueStore({ location: folder })
  }
  expect(filesWith(folder, secret)).not.toEqual([])
  await store.delete('telemetry/1', { sync: true })
  await store.compact()
  expect(filesWith(folder, secret)).toEqual([])
  expect(filesWith(folder, kept)).not.toEqual([])
  expect(new TextDecoder().decode(await store.get('telemetry/2'))).toBe(kept)
  await store.close()
})

test('a search through the files finds every value that is there, also where values are alike', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-compaction-'))
  folders.push(folder)
  // Compression would write the later ones as references to pieces of the earlier.
  const pieces = Array.from({ length: 8 }, () => randomHex(16))
  const texts = pieces.map((_, at) => [...pieces.slice(at), ...pieces.slice(0, at)].join(''))
  let store = await openLevelKeyValueStore({ location: folder })
  for (const [at, text] of texts.entries()) await store.put(`k${at}`, new TextEncoder().encode(text))
  await store.close()
  store = await openLevelKeyValueStore({ location: folder })
  await store.compact()
  for (const text of texts) expect(filesWith(folder, text)).toEqual([expect.stringMatching(/\.ldb$/)])
  await store.close()
})

test('a value that was deleted long before, in the file that still held it, is gone as well', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-compaction-'))
  folders.push(folder)
  const secret = randomHex(64)
  let store = await openLevelKeyValueStore({ location: folder })
  await store.put('a', new TextEncoder().encode(secret))
  await store.delete('a')
  await store.close()
  // The write-ahead log becomes one file, value and deletion together.
  store = await openLevelKeyValueStore({ location: folder })
  expect(filesWith(folder, secret)).not.toEqual([])
  await store.compact()
  expect(filesWith(folder, secret)).toEqual([])
  await store.close()
})
