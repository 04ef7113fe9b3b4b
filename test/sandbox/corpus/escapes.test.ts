import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { createSubprocessSandbox } from '../../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { openHome, openListener, type Listener } from '../subject.ts'
import { Probe, reachedIn, waysIn } from './probe.ts'
import { isLeftOut } from '../runtimes-here.ts'

const isOut = isLeftOut('subprocess')

const SECRET = 'the secret of this machine'
const ABSTRACT = `kernell-probe-${process.pid}`

let probe: Probe
let sandbox: SandboxRuntime
let home: Awaited<ReturnType<typeof openHome>>
let listener: Listener
let sockets: readonly Server[]
let victim: ReturnType<typeof spawn>
let secretPath: string

beforeAll(async () => {
  home = await openHome()
  probe = await Probe.compile()
  listener = await openListener()
  sandbox = createSubprocessSandbox({ home: home.path, environment: { STOLEN: SECRET } })
  secretPath = join(probe.directory, 'secret')
  await writeFile(secretPath, SECRET)
  sockets = await Promise.all([join(probe.directory, 'socket'), `\0${ABSTRACT}`].map(listenAt))
  victim = spawn('/bin/sleep', ['1000'], { stdio: 'ignore', detached: true })
})

afterAll(async () => {
  victim.kill('SIGKILL')
  await sandbox.close()
  await listener.close()
  await Promise.all(sockets.map(async (socket) => await new Promise((resolve) => socket.close(resolve))))
  await probe.remove()
  await home.remove()
})

async function listenAt(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve) => server.listen(path, resolve))
  return server
}

/** Arguments of an attack, which this machine's own things are the aim of; and ways that have to come through where nothing contains it, or it would show nothing; `undefined` for what would harm the machine there. */
type Attack = {
  readonly name: string
  readonly args: () => readonly (string | number)[]
  readonly free: readonly string[] | undefined
  readonly tries: number
}

const ATTACKS: readonly Attack[] = [
  {
    name: 'network',
    args: () => [listener.port, join(probe.directory, 'socket'), ABSTRACT],
    free: ['tcp', 'tcp over v6', 'unix path', 'unix abstract', 'netlink'],
    tries: 9,
  },
  {
    name: 'files',
    args: () => [secretPath],
    free: ['path', 'dots', 'proc self root', 'symbolic link', 'hard link'],
    tries: 7,
  },
  { name: 'writes', args: () => [], free: undefined, tries: 7 },
  { name: 'processes', args: () => [victim.pid ?? 0], free: ['signal', 'signal group', 'trace me'], tries: 5 },
  { name: 'privileges', args: () => [], free: undefined, tries: 7 },
  { name: 'kernel', args: () => [], free: ['io_uring_setup', 'keyctl', 'userfaultfd', 'clone3'], tries: 13 },
  { name: 'terminal', args: () => [], free: ['type into it', 'type into it, with noise'], tries: 3 },
  { name: 'environment', args: () => [SECRET], free: ['environment'], tries: 1 },
]

it.skipIf(isOut).each(ATTACKS)('$name: refused in every way', async ({ name, args, tries }) => {
  const before = listener.connections()
  const result = await sandbox.run(probe.request([name, ...args()]))
  expect(result).toMatchObject({ reason: 'exited', code: 0, leftBehind: [] })
  expect(Object.keys(waysIn(result.stdout))).toHaveLength(tries)
  expect(reachedIn(result.stdout)).toEqual([])
  expect(listener.connections()).toBe(before)
  expect(victim.exitCode).toBeNull()
})

it.skipIf(isOut).each(ATTACKS.filter(({ free }) => free !== undefined))(
  '$name: comes through where nothing contains it',
  async ({ name, args, free }) => {
    const reached = reachedIn(await probe.runFree([name, ...args()], { STOLEN: SECRET }))
    expect(reached).toEqual(expect.arrayContaining([...(free ?? [])]))
  },
)

it.skipIf(isOut)('a call by another architecture ends the program', async () => {
  // Only where the processor has one.
  const ways = process.arch === 'x64' ? ['other architecture'] : []
  expect(reachedIn(await probe.runFree(['other-architecture']))).toEqual(ways)
  const result = await sandbox.run(probe.request(['other-architecture']))
  expect(result).toMatchObject({ reason: 'exited', stdout: new Uint8Array(), leftBehind: [] })
  expect([result.code, result.signal]).toEqual(ways.length > 0 ? [undefined, 'SIGSYS'] : [64, undefined])
})
