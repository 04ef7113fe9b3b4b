import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import { bindDirectory, type DirectoryBinding, highWaterFolderOf } from '../../../src/node/market/high-water-place.ts'
import { refuseUnreachable } from '../../../src/node/market/reachable-address.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernell-place-'))
  mkdirSync(join(folder, 'data'))
  writeFileSync(join(folder, 'data', 'secret'), 'of this directory')
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(folder, { recursive: true })
})

async function bind(name: string, changes: Partial<DirectoryBinding> = {}): Promise<string> {
  const [highWater, dataDir] = [join(folder, 'high'), join(folder, name)]
  const { epoch = 0 } = changes
  const set = String(epoch).repeat(64) as Hash
  return await bindDirectory(createNodeFileSystem(), { highWater, dataDir, set, epoch, isRestored: false, ...changes })
}

const copied = (): void => void execFileSync('cp', ['-a', join(folder, 'data'), join(folder, 'copy')])

describe('the place of what a notary signed last', () => {
  test('is in the state directory of the user, by the key', () => {
    vi.stubEnv('XDG_STATE_HOME', folder)
    expect(highWaterFolderOf('did:key:z6MkA' as Did)).toBe(join(folder, 'kernell', 'notaries', 'z6MkA'))
    vi.stubEnv('XDG_STATE_HOME', 'relative')
    vi.stubEnv('HOME', '/srv/somebody')
    expect(highWaterFolderOf('did:key:z6MkA' as Did)).toBe('/srv/somebody/.local/state/kernell/notaries/z6MkA')
  })

  test('counts for the books of a shared store, whichever directory goes on with them, and for no others', async () => {
    expect(await bind('data')).toBe('bound')
    copied()
    // Another directory than the one whose books move there is no part of them.
    await expect(bind('copy', { ledger: 'one' })).rejects.toMatchObject({ code: 'NOTARY_DIRECTORY_COPIED' })
    expect(await bind('data', { ledger: 'one' })).toBe('bound')
    expect(await bind('copy', { ledger: 'one' })).toBe('bound')
    await expect(bind('copy', { ledger: 'two' })).rejects.toMatchObject({ code: 'NOTARY_DIRECTORY_COPIED' })
    await expect(bind('data')).rejects.toMatchObject({ code: 'NOTARY_DIRECTORY_COPIED' })
  })

  test('counts for one directory, also when that is moved and written to', async () => {
    await bind('data')
    writeFileSync(join(folder, 'data', 'more'), 'more')
    await bind('data')
    renameSync(join(folder, 'data'), join(folder, 'moved'))
    await bind('moved')
  })

  test('is refused to a copy, in the same epoch and in an earlier one, until a new one begins there', async () => {
    await bind('data', { epoch: 1 })
    copied()
    for (const epoch of [0, 1])
      await expect(bind('copy', { epoch })).rejects.toMatchObject({ code: 'NOTARY_DIRECTORY_COPIED' })
    await bind('data', { epoch: 1 })
    await bind('copy', { epoch: 2 })
    await expect(bind('data', { epoch: 1 })).rejects.toMatchObject({ code: 'NOTARY_DIRECTORY_COPIED' })
  })

  test('is not begun on another machine for a copy of a directory that was started, though nothing was signed', async () => {
    expect(await bind('data')).toBe('bound')
    copied()
    const elsewhere = { highWater: join(folder, 'high-of-another-machine') }
    expect(await bind('copy', elsewhere)).toBe('elsewhere')
    expect(existsSync(elsewhere.highWater)).toBe(false)
    expect(await bind('data')).toBe('bound')
    // As a directory whose own file was lost.
    expect(await bind('data', elsewhere)).toBe('elsewhere')
    // A member that asks the others, and a new epoch.
    expect(await bind('copy', { ...elsewhere, isRestored: true })).toBe('bound')
    const next = { epoch: 1 }
    expect(await bind('copy', { highWater: join(folder, 'third'), ...next })).toBe('bound')
    expect(await bind('copy', { highWater: join(folder, 'fourth'), ...next })).toBe('elsewhere')
  })

  test('is found again after a crash between the binding and the mark in the directory', async () => {
    await bind('data')
    rmSync(join(folder, 'data', 'market', 'signing.json'))
    expect(await bind('data')).toBe('bound')
    copied()
    expect(await bind('copy', { highWater: join(folder, 'other') })).toBe('elsewhere')
  })

  test('is not begun for a mark that cannot be read', async () => {
    mkdirSync(join(folder, 'data', 'market'))
    writeFileSync(join(folder, 'data', 'market', 'signing.json'), '{')
    expect(await bind('data')).toBe('elsewhere')
  })

  test('is given to a member that was restored, which asks the others, and no longer to the one before', async () => {
    await bind('data')
    copied()
    await bind('copy', { isRestored: true })
    await expect(bind('data')).rejects.toMatchObject({ code: 'NOTARY_DIRECTORY_COPIED' })
  })

  test.each(['', '{}', '{"epoch":-', '{"epoch":"0","directory":"1-1"}'])(
    'is damaged where it says %s',
    async (text) => {
      mkdirSync(join(folder, 'high'))
      writeFileSync(join(folder, 'high', 'directory.json'), text)
      await expect(bind('data')).rejects.toMatchObject({ code: 'NOTARY_HIGH_WATER_DAMAGED' })
    },
  )
})

describe('an address of a notary', () => {
  test.each(['/ip4/127.0.0.1/tcp/4100', '/ip6/::1/tcp/1', '/unix/srv/n.sock', '/dns4/n.example/tcp/443', '/memory/1'])(
    'may be %s',
    (address) => expect(() => refuseUnreachable(address)).not.toThrow(),
  )

  test.each([
    '/ip4/127.0.0.1/tcp/0',
    '/ip4/127.0.0.1/udp/0',
    '/ip4/127.0.0.1/tcp/00',
    '/ip4/127.0.0.1',
    '/ip4//tcp/1',
    '/ip4/0.0.0.0/tcp/1',
    '/ip6/::/tcp/1',
    '/unix/',
    `/unix/${'long/'.repeat(20)}n.sock`,
    '/dns4/n.example/tcp/0',
    '/dns4/n.example/tcp',
    'n:1',
    '',
  ])('is not %s', (address) =>
    expect(() => refuseUnreachable(address)).toThrow(
      expect.objectContaining({ code: 'NOTARY_ADDRESS_UNREACHABLE' }) as Error,
    ),
  )
})
