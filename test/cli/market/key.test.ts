import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { type BinaryRun, makeFolder, removeFolders, runBinary } from '../run-binary.ts'

afterAll(removeFolders)

const SECRET = 'correct horse battery staple'
const RECOVERY = 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'

function folderWithPassphrase(): string {
  const folder = makeFolder()
  writeFileSync(join(folder, 'passphrase'), `${SECRET}\n`)
  writeFileSync(join(folder, 'other'), 'another\n')
  return folder
}

const told = ({ output }: BinaryRun): Record<string, unknown> => JSON.parse(output) as Record<string, unknown>
const key = async (folder: string, ...words: readonly string[]): Promise<BinaryRun> =>
  await runBinary(['key', ...words, '--json'], { folder })
const OPEN = ['--passphrase-file', 'passphrase'] as const

describe('kernell key', () => {
  test('makes, shows, rotates, exports and imports a key, and tells no secret', { timeout: 120_000 }, async () => {
    const folder = folderWithPassphrase()
    const recovery = ['--recovery-key', RECOVERY, '--recovery-delay', '24']
    const created = await key(folder, 'create', '--role', 'escrow', ...recovery, ...OPEN)
    expect([created.code, Object.keys(told(created))]).toEqual([
      0,
      ['did', 'publicKey', 'role', 'createdAt', 'sealingKey', 'recovery', 'rotations', 'statements'],
    ])
    expect(told(created)).toMatchObject({
      did: expect.stringMatching(/^did:key:z6Mk/) as string,
      publicKey: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      role: 'escrow',
      recovery: { key: RECOVERY, delayMs: 86_400_000 },
      rotations: 0,
    })
    expect(statSync(join(folder, 'data', 'keys')).mode & 0o777).toBe(0o700)
    const shown = await key(folder, 'show', '--role', 'escrow')
    expect(told(shown)).toEqual(told(created))

    const rotated = await key(folder, 'rotate', '--role', 'escrow', ...OPEN)
    expect(told(rotated)).toMatchObject({ rotations: 1, recovery: { key: RECOVERY } })
    expect(told(rotated)['did']).not.toBe(told(created)['did'])

    const exported = await key(folder, 'export', '--role', 'escrow', '--output', 'escrow.key', ...OPEN)
    expect(exported.code).toBe(0)
    expect(statSync(join(folder, 'escrow.key')).mode & 0o777).toBe(0o600)
    const into = ['--data-dir', 'copy', ...OPEN]
    const wrongRole = await key(folder, 'import', '--input', 'escrow.key', '--role', 'node', ...into)
    expect([wrongRole.code, told(wrongRole)]).toMatchObject([2, { error: { code: 'COMMAND_INVALID' } }])
    const imported = await key(folder, 'import', '--input', 'escrow.key', '--role', 'escrow', ...into)
    expect(told(imported)).toEqual(told(rotated))

    const all = [created, shown, rotated, exported, imported].flatMap(({ output, errors }) => [output, errors]).join('')
    expect(all).not.toContain(SECRET)
    expect(readFileSync(join(folder, 'escrow.key'), 'latin1')).not.toContain(SECRET)
  })

  test('says what is missing or in the way, and changes nothing', { timeout: 120_000 }, async () => {
    const folder = folderWithPassphrase()
    const secretless = await key(folder, 'create', '--role', 'node')
    expect([secretless.code, told(secretless)]).toMatchObject([
      1,
      {
        error: {
          code: 'KEY_PASSPHRASE_UNUSABLE',
          message: expect.stringContaining('KERNELL_KEY_PASSPHRASE') as string,
        },
      },
    ])
    const missing = await key(folder, 'show', '--role', 'node')
    expect([missing.code, told(missing)]).toMatchObject([1, { error: { code: 'KEY_MISSING' } }])
    expect((await key(folder, 'create', '--role', 'node', ...OPEN)).code).toBe(0)
    const weak = await key(folder, 'create', '--role', 'escrow', '--passphrase-file', 'other')
    expect([weak.code, told(weak)]).toMatchObject([1, { error: { code: 'KEY_PASSPHRASE_WEAK' } }])
    const again = await key(folder, 'create', '--role', 'node', ...OPEN)
    expect([again.code, told(again)]).toMatchObject([1, { error: { code: 'KEY_EXISTS' } }])
    const wrong = await key(folder, 'rotate', '--role', 'node', '--passphrase-file', 'other')
    expect([wrong.code, told(wrong)]).toMatchObject([1, { error: { code: 'KEY_PASSPHRASE_WRONG' } }])
    for (const words of [
      ['create'],
      ['create', '--role', 'banker'],
      ['create', '--role', 'node', '--recovery-key', 'did:web:x', ...OPEN],
      ['create', '--role', 'node', '--recovery-delay', '3', ...OPEN],
      ['export', '--role', 'node', ...OPEN],
      ['import', ...OPEN],
      ['import', '--input', 'absent', ...OPEN],
      ['create', '--role', 'escrow', '--recovery-key', RECOVERY, '--recovery-delay', '0', ...OPEN],
      ['recover', '--role', 'escrow', '--statements', 'absent', '--recovery-bundle', 'other', ...OPEN],
      ['recover', '--role', 'escrow', '--statements', 'other', '--recovery-bundle', 'other', ...OPEN],
    ])
      expect([words, (await key(folder, ...words)).code]).toEqual([words, 2])
  })

  test('makes keys of several roles at once, one after the other', { timeout: 120_000 }, async () => {
    const folder = folderWithPassphrase()
    const roles = ['node', 'escrow', 'notary'] as const
    const runs = await Promise.all(roles.map(async (role) => await key(folder, 'create', '--role', role, ...OPEN)))
    expect(runs.map((run) => [run.code, told(run)['role']])).toEqual(roles.map((role) => [0, role]))
  })

  test(
    'recovers a key from what is public of it, with the recovery key in a bundle',
    { timeout: 120_000 },
    async () => {
      const folder = folderWithPassphrase()
      const elsewhere = ['--data-dir', 'elsewhere', ...OPEN]
      const recoverer = told(await key(folder, 'create', '--role', 'escrow', ...elsewhere))['did']
      const bundle = await key(folder, 'export', '--role', 'escrow', '--output', 'recovery.key', ...elsewhere)
      expect(bundle.code).toBe(0)
      const naming = ['--recovery-key', String(recoverer), '--recovery-delay', '1']
      const lost = told(await key(folder, 'create', '--role', 'escrow', ...naming, ...OPEN))
      // Its passphrase is forgotten; the file is there.
      const from = ['--statements', 'data/keys/escrow.key', '--recovery-bundle', 'recovery.key']
      const into = ['--data-dir', 'new', ...OPEN]
      const recovered = await key(folder, 'recover', '--role', 'escrow', ...from, ...into)
      expect([recovered.code, told(recovered)]).toMatchObject([0, { rotations: 1, recovery: { key: recoverer } }])
      expect(told(recovered)['did']).not.toBe(lost['did'])
      const shown = told(await key(folder, 'show', '--role', 'escrow', '--data-dir', 'new'))
      writeFileSync(join(folder, 'statements.json'), JSON.stringify(shown))
      const again = [
        '--statements',
        'statements.json',
        '--recovery-bundle',
        'recovery.key',
        '--data-dir',
        'newer',
        ...OPEN,
      ]
      const further = await key(folder, 'recover', '--role', 'escrow', ...again)
      expect(told(further)).toMatchObject({ rotations: 2 })
    },
  )

  test('needs a directory of the format that has a place for keys', { timeout: 60_000 }, async () => {
    const folder = folderWithPassphrase()
    expect((await runBinary(['policy', 'status', '--json'], { folder })).code).toBe(0)
    writeFileSync(join(folder, 'data', 'format'), '1\n')
    const refused = await key(folder, 'create', '--role', 'node', ...OPEN)
    expect([refused.code, told(refused)]).toMatchObject([1, { error: { code: 'STORE_FORMAT_OLDER' } }])
  })
})
