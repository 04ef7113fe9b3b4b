import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SANDBOX_LIMIT_DEFAULTS } from '../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxResult, SandboxRuntime } from '../../src/ports/sandbox-runtime.ts'
import { createSubprocessSandbox } from '../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { isOwnPlace, WORK } from '../../src/sandbox/subprocess/system-view.ts'
import { isLeftOut } from './runtimes-here.ts'
import { openHome } from './subject.ts'

const isOut = isLeftOut('subprocess')

let folder: string
let home: Awaited<ReturnType<typeof openHome>>
let sandbox: SandboxRuntime

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kernell-paths-'))
  home = await openHome()
  sandbox = createSubprocessSandbox({ home: home.path })
  // Programs are nobody where this process is root.
  await chmod(folder, 0o755)
  for (const name of ['in', 'out', 'in/inner']) await mkdir(join(folder, name))
  await chmod(join(folder, 'out'), 0o777)
  await chmod(join(folder, 'in/inner'), 0o777)
  await writeFile(join(folder, 'in/file'), 'content')
  await writeFile(join(folder, 'beside'), 'not named')
})

afterEach(async () => {
  await sandbox.close()
  await home.remove()
  await rm(folder, { recursive: true, force: true })
})

async function run(script: string, read: readonly string[], write: readonly string[] = []): Promise<SandboxResult> {
  return await sandbox.run({
    program: { kind: 'command', argv: ['/bin/sh', '-c', script] },
    policy: {
      isolation: 't3',
      limits: SANDBOX_LIMIT_DEFAULTS,
      network: { hosts: [] },
      environment: [],
      paths: { read: read.map((path) => join(folder, path)), write: write.map((path) => join(folder, path)) },
      allowEmulation: false,
    },
  })
}

const said = ({ stdout }: SandboxResult): string => new TextDecoder().decode(stdout)

it.skipIf(isOut)('named paths are where they are, and nothing beside them', async () => {
  const script = `cat ${folder}/in/file; ls ${folder}; cat ${folder}/beside; cat ${folder}/in/../beside`
  expect(said(await run(script, ['in']))).toBe('contentin\n')
})

it.skipIf(isOut)('what is to be read cannot be written, by no way', async () => {
  await chmod(join(folder, 'in'), 0o777)
  const script = `cd ${folder}/in; echo x > new; rm file; mv file other; chmod 777 file; mkdir sub; ls`
  expect(said(await run(script, ['in']))).toBe('file\ninner\n')
  expect(await readFile(join(folder, 'in/file'), 'utf8')).toBe('content')
})

it.skipIf(isOut)('what may be written is, also within what may only be read', async () => {
  const script = `echo one > ${folder}/out/a; echo two > ${folder}/in/inner/b; echo three > ${folder}/in/c`
  await run(script, ['in'], ['in/inner', 'out'])
  expect(await readFile(join(folder, 'out/a'), 'utf8')).toBe('one\n')
  expect(await readFile(join(folder, 'in/inner/b'), 'utf8')).toBe('two\n')
  await expect(readFile(join(folder, 'in/c'))).rejects.toThrow('ENOENT')
})

it.skipIf(isOut)('no descriptor of a bound path is left with the program', async () => {
  const script = `for each in /proc/self/fd/*; do cat "$each/../beside"; readlink $each; done 2> /dev/null`
  const names = said(await run(script, ['in'], ['out']))
    .trim()
    .split('\n')
  expect(names.filter((name) => name.startsWith('/') && name !== '/dev/null')).toEqual([])
})

it.skipIf(isOut)('a path that is a link, or lies behind one, is refused, and so is one that is not there', async () => {
  await symlink(join(folder, 'in'), join(folder, 'link'))
  for (const path of ['link', 'link/file', 'none'])
    await expect(run('true', [path]), path).rejects.toMatchObject({ code: 'SANDBOX_POLICY_INVALID' })
})

it('a place of the sandbox itself cannot be replaced, nor covered', () => {
  const own = [
    '/',
    '/usr',
    '/usr/lib',
    '/etc',
    '/etc/passwd',
    '/proc/1',
    '/dev/null',
    '/work',
    `${WORK}/a`,

    '/tmp',
    '/var',
  ]
  expect(own.filter((path) => !isOwnPlace(path))).toEqual([])
  expect(['/srv/a', '/tmp/a', '/var/lib/a', '/home', '/workshop', '/opt'].filter(isOwnPlace)).toEqual([])
})
