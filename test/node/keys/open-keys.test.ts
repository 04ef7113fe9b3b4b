import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { openKeys } from '../../../src/node/keys/open-keys.ts'

let dataDir = ''
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'kernell-open-keys-'))
})
afterEach(async () => {
  await rm(dataDir, { recursive: true })
})

it('keeps the keys of a data directory in keys/, at the full price of a guess', async () => {
  const passphrase = new TextEncoder().encode('correct horse')
  const created = await openKeys(dataDir).create({ role: 'escrow', passphrase })
  expect(await openKeys(dataDir).show('escrow')).toEqual(created)
  expect((await openKeys(dataDir).signer({ role: 'escrow', passphrase })).publicKeyHex).toBe(created.publicKey)
  expect(await readdir(join(dataDir, 'keys'))).toEqual(['escrow.key'])
})
