import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { SandboxLimits, SandboxPolicy } from '../../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxResult, SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { createSubprocessSandbox } from '../../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { isLeftOut } from '../runtimes-here.ts'
import { openHome } from '../subject.ts'
import { Probe, reachedIn, waysIn } from './probe.ts'

const isOut = isLeftOut('subprocess')
const MIB = 1_048_576
const SET_ID = 0o6000

let probe: Probe
let home: Awaited<ReturnType<typeof openHome>>
let sandbox: SandboxRuntime
let folder: string
let server: Server
let connections = 0

beforeAll(async () => {
  home = await openHome()
  probe = await Probe.compile()
  sandbox = createSubprocessSandbox({ home: home.path })
  folder = await mkdtemp(join(tmpdir(), 'kernell-places-'))
  await chmod(folder, 0o755)
  server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(join(folder, 'stream'), resolve))
  await chmod(join(folder, 'stream'), 0o777)
  await bindDatagram(join(folder, 'datagram'))
  await promisify(execFile)('mkfifo', ['-m', '666', join(folder, 'pipe')])
})

afterAll(async () => {
  await sandbox.close()
  await new Promise((resolve) => server.close(resolve))
  await probe.remove()
  await home.remove()
  await rm(folder, { recursive: true, force: true })
})

/** Node has none of these. It stays bound while its process lives: that one waits for the end of its input, which is ours. */
async function bindDatagram(path: string): Promise<void> {
  const script = `import socket, sys, os
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
print('bound', flush=True)
sys.stdin.read()`
  const child = execFile('python3', ['-c', script, path])
  await new Promise((resolve) => child.stdout?.once('data', resolve))
}

async function run(
  args: readonly (string | number)[],
  paths: SandboxPolicy['paths'],
  limits: Partial<SandboxLimits> = {},
): Promise<SandboxResult> {
  const request = probe.request(args, limits)
  return await sandbox.run({ ...request, policy: { ...request.policy, paths } })
}

describe.skipIf(isOut)('sockets in a folder that may only be read', () => {
  const WAYS = ['connect', 'connect one of a pair', 'connect one of a pair of packets']
  const SENDS = ['send from one of a pair', 'send from one of a raw pair']
  const args = (): readonly string[] => ['bound-sockets', join(folder, 'stream'), join(folder, 'datagram')]

  it('are reached by no way', async () => {
    const { stdout } = await run(args(), { read: [folder], write: [] })
    expect(Object.keys(waysIn(stdout))).toEqual([...WAYS, ...SENDS])
    expect(reachedIn(stdout)).toEqual([])
    expect(connections).toBe(0)
  })

  it('are reached where nothing contains it', async () => {
    expect(reachedIn(await probe.runFree(args()))).toEqual(['connect', ...SENDS])
  })
})

it.skipIf(isOut)('a pipe or a socket is not bound itself', async () => {
  for (const name of ['pipe', 'stream'])
    await expect(run(['kernel'], { read: [join(folder, name)], write: [] })).rejects.toSatisfy((error) =>
      CodedError.is(error, 'SANDBOX_POLICY_INVALID'),
    )
})

describe.skipIf(isOut)('a folder that may be written', () => {
  let writable: string

  beforeEach(async () => {
    writable = await mkdtemp(join(folder, 'writable-'))
    await chmod(writable, 0o777)
  })

  const setIds = async (): Promise<readonly string[]> => {
    const names = await readdir(writable)
    const modes = await Promise.all(names.map(async (name) => (await stat(join(writable, name))).mode))
    return names.filter((_, index) => ((modes[index] ?? 0) & SET_ID) !== 0)
  }

  it('gets no file that others would run with rights of its owner', async () => {
    const { stdout } = await run(['bound-modes', writable], { read: [], write: [writable] })
    expect(Object.keys(waysIn(stdout))).toHaveLength(12)
    expect(reachedIn(stdout)).toEqual(['plain'])
    expect(await setIds()).toEqual([])
  })

  it('gets such files where nothing contains it', async () => {
    const reached = reachedIn(await probe.runFree(['bound-modes', writable]))
    expect(reached).toEqual(expect.arrayContaining(['chmod', 'fchmod', 'fchmodat', 'open', 'openat', 'creat', 'mknod']))
    expect(await setIds()).not.toEqual([])
  })

  it('grows no further than the disk that is allowed', async () => {
    await mkdir(join(writable, 'before'))
    const limits = { diskBytes: 8 * MIB }
    const result = await run(['bound-growth', writable, 64 * MIB], { read: [], write: [writable] }, limits)
    expect(result).toMatchObject({ reason: 'disk', leftBehind: [] })
  })

  it('grows no further in files that have no name any more', async () => {
    const limits = { diskBytes: 8 * MIB }
    const result = await run(['bound-unnamed', writable, 16 * MIB], { read: [], write: [writable] }, limits)
    expect(result).toMatchObject({ reason: 'disk', leftBehind: [] })
    expect(await readdir(writable)).toEqual([])
  })

  it('is looked at once more when the program has ended', async () => {
    const result = await run(['bound-growth', writable, 2 * MIB], { read: [], write: [writable] }, { diskBytes: MIB })
    expect(result.reason).toBe('disk')
  })

  it('grows as far as is allowed, beside what was there', async () => {
    await run(['bound-growth', writable, 3 * MIB], { read: [], write: [writable] })
    const limits = { diskBytes: 4 * MIB }
    const result = await run(['bound-growth', writable, 2 * MIB], { read: [], write: [writable] }, limits)
    expect(result).toMatchObject({ reason: 'exited', code: 0 })
  })
})
