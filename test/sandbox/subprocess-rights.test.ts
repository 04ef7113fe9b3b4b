import { execFile } from 'node:child_process'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { SANDBOX_LIMIT_DEFAULTS, type SandboxPolicy } from '../../src/core/sandbox/sandbox-policy.ts'
import { createSubprocessSandbox } from '../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { openHome } from './subject.ts'
import { isLeftOut } from './runtimes-here.ts'

const isOut = isLeftOut('subprocess')

const PROGRAM = fileURLToPath(new URL('subprocess-rights.ts', import.meta.url))
const NOBODY = 65_534

const POLICY: SandboxPolicy = {
  isolation: 't3',
  limits: SANDBOX_LIMIT_DEFAULTS,
  network: { hosts: [] },
  environment: [],
  paths: { read: [], write: [] },
  allowEmulation: false,
}

type Said = {
  readonly state: { readonly works: boolean; readonly reason?: string; readonly remedy?: string }
  readonly said: string
  readonly files: number
}

/** Asks in a process of its own, which `before` makes another somebody. */
async function ask(before: readonly string[], user?: { readonly uid: number; readonly gid: number }): Promise<Said> {
  const home = await mkdtemp(join(tmpdir(), 'kernell-sandbox-test-'))
  try {
    if (user !== undefined) await chown(home, user.uid, user.gid)
    await chmod(home, 0o700)
    const [file, ...args] = [...before, process.execPath, PROGRAM, home] as const
    const { stdout } = await promisify(execFile)(file, args, { ...user })
    return JSON.parse(stdout) as Said
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

it.skipIf(isOut)('works for a user without rights, and its programs are nobody', async () => {
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : undefined
  expect(await ask([], user)).toMatchObject({ state: { works: true }, said: String(NOBODY), files: 1 })
})

it.skipIf(isOut)('works for the root of a namespace, who is nobody else outside', async () => {
  expect(await ask(['unshare', '--user', '--map-root-user'])).toMatchObject({
    state: { works: true },
    said: String(NOBODY),
    files: 1,
  })
})

it.skipIf(isOut)('says why it does not work where there are no namespaces for users, and what would help', async () => {
  const without = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"'
  const { state } = await ask(['unshare', '--user', '--map-root-user', 'sh', '-c', without])
  expect(state).toMatchObject({ works: false, reason: expect.stringContaining('bubblewrap failed') })
  expect(state.remedy).toContain('user.max_user_namespaces')
})

it.skipIf(isOut)('passes on nothing that whoever started this process left open', async () => {
  const opened = 'exec 200< /etc/passwd && exec "$0" "$@"'
  expect(await ask(['bash', '-c', opened])).toMatchObject({ state: { works: true }, said: String(NOBODY), files: 1 })
})

it.skipIf(isOut)('gives no rights, and none can be had', async () => {
  const home = await openHome()
  const sandbox = createSubprocessSandbox({ home: home.path })
  const probe = {
    kind: 'command',
    argv: ['/bin/grep', '-E', '^(Cap|NoNewPrivs|Seccomp)', '/proc/self/status'],
  } as const
  const { stdout } = await sandbox.run({ program: probe, policy: POLICY })
  await sandbox.close()
  await home.remove()
  const rights = Object.fromEntries(
    new TextDecoder()
      .decode(stdout)
      .trim()
      .split('\n')
      .map((line) => line.split(':\t')),
  ) as Record<string, string>
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(rights[set], set).toMatch(/^0+$/)
  expect([rights['NoNewPrivs'], rights['Seccomp']]).toEqual(['1', '2'])
})

it.skipIf(isOut)('says of a program that is not there that it cannot be run', async () => {
  const home = await openHome()
  const sandbox = createSubprocessSandbox({ home: home.path })
  for (const path of ['/no/such/program', '/etc/passwd', '/usr'])
    await expect(
      sandbox.run({ program: { kind: 'command', argv: [path] }, policy: POLICY }),
      path,
    ).rejects.toMatchObject({ code: 'SANDBOX_PROGRAM_INVALID' })
  expect(await home.runs()).toEqual([])
  await sandbox.close()
  await home.remove()
})
