import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { unpackTar } from 'modern-tar'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Entry } from '../../../src/sandbox/guest/cpio.ts'
import { needsLibraries } from '../../../src/sandbox/prepare/base-files.ts'
import { readGuestKernel } from '../../../src/sandbox/prepare/guest-kernel.ts'
import { imageArchive } from '../../../src/sandbox/prepare/image-archive.ts'
import { preparedFiles, readPrepared, recordPrepared } from '../../../src/sandbox/prepare/prepared-place.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kernell-prepare-'))
})

afterEach(() => rmSync(directory, { recursive: true, force: true }))

const FILES: readonly Entry[] = [
  { kind: 'directory', path: 'bin' },
  { kind: 'file', path: 'bin/tool', bytes: Buffer.from('tool'), mode: 0o755 },
  { kind: 'link', path: 'bin/other', target: 'tool' },
]

describe('the archive of an image', () => {
  it("holds files, links and directories, all of them root's", async () => {
    const members = await unpackTar(await imageArchive(FILES))
    expect(
      members.map(({ header, data }) => [header.name, header.type, header.mode, header.linkname, String(data)]),
    ).toEqual([
      ['bin/', 'directory', 0o755, expect.anything(), expect.anything()],
      ['bin/tool', 'file', 0o755, expect.anything(), String(new TextEncoder().encode('tool'))],
      ['bin/other', 'symlink', 0o777, 'tool', expect.anything()],
    ])
    for (const { header } of members) expect([header.uid, header.gid]).toEqual([0, 0])
  })

  it('is the same for the same files', async () => {
    expect(Buffer.compare(await imageArchive(FILES), await imageArchive(FILES))).toBe(0)
  })
})

describe('a program of 64 bits', () => {
  /** A header, and one program header after it. */
  function program(type: number): Uint8Array {
    const bytes = Buffer.alloc(120)
    bytes.writeBigUInt64LE(64n, 32)
    bytes.writeUInt16LE(56, 54)
    bytes.writeUInt16LE(1, 56)
    bytes.writeUInt32LE(type, 64)
    return bytes
  }

  it('needs libraries where it names who loads them', () => {
    expect([needsLibraries(program(3)), needsLibraries(program(1))]).toEqual([true, false])
  })

  it.each([
    ['too short', Buffer.alloc(10)],
    ['a header that leads out of it', Buffer.concat([Buffer.alloc(32), Buffer.alloc(32, 0xff)])],
  ])('that is none, %s, does not pass for one without', (_what, bytes) => {
    expect(needsLibraries(bytes)).toBe(true)
  })
})

describe('the kernel of machines', () => {
  it('is the file that was named', async () => {
    const path = join(directory, 'vmlinuz')
    writeFileSync(path, 'kernel')
    expect(await readGuestKernel({ kind: 'file', path })).toEqual({ bytes: Buffer.from('kernel'), from: path })
  })

  it.each(['file', 'package'] as const)('that is not there as a %s is missing, with what to do', async (kind) => {
    await expect(readGuestKernel({ kind, path: join(directory, 'none') })).rejects.toMatchObject({
      code: 'SANDBOX_PART_MISSING',
      details: { remedy: expect.stringContaining('--kernel') },
    })
  })
})

describe('what was prepared', () => {
  it('is nothing in a directory without a record, or without the supervisor', () => {
    expect(readPrepared(directory)).toEqual({ kind: 'nothing' })
    recordPrepared(directory, { image: 'a:b' })
    expect(readPrepared(directory)).toEqual({ kind: 'nothing' })
  })

  it('is added to by what is made later', () => {
    writeFileSync(preparedFiles(directory).supervisor, '')
    recordPrepared(directory, { image: 'a:b' })
    recordPrepared(directory, { kernelFrom: 'vmlinuz' })
    expect(readPrepared(directory)).toMatchObject({ kind: 'ready', record: { image: 'a:b', kernelFrom: 'vmlinuz' } })
  })

  it('is outdated where another supervisor was compiled', () => {
    writeFileSync(preparedFiles(directory).supervisor, '')
    recordPrepared(directory, { image: 'a:b' })
    const path = join(directory, 'prepared.json')
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"supervisorSha256":"./, '"supervisorSha256":"x'))
    expect(readPrepared(directory)).toEqual({ kind: 'outdated' })
    recordPrepared(directory, { kernelFrom: 'vmlinuz' })
    expect(readPrepared(directory)).not.toHaveProperty('record.image')
  })

  it('is nothing where the record is none', () => {
    writeFileSync(preparedFiles(directory).supervisor, '')
    writeFileSync(join(directory, 'prepared.json'), '{"supervisorSha256":7}')
    expect(readPrepared(directory)).toEqual({ kind: 'nothing' })
  })
})
