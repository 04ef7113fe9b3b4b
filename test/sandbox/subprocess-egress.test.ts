import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { SANDBOX_LIMIT_DEFAULTS } from '../../src/core/sandbox/sandbox-policy.ts'
import type { EgressGate, SandboxEgress, SandboxRequest, SandboxRuntime } from '../../src/ports/sandbox-runtime.ts'
import { createSubprocessSandbox } from '../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { descendants, openHome } from './subject.ts'
import { isLeftOut } from './runtimes-here.ts'

const isOut = isLeftOut('subprocess')

let directory: string
let home: Awaited<ReturnType<typeof openHome>>
let sandbox: SandboxRuntime
let server: Server
let heard: string[]
let closed: number

/** A broker that answers each request with what it was asked, to see that both ways are there. */
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kernell-egress-test-'))
  home = await openHome()
  heard = []
  closed = 0
  server = createServer((socket) => {
    let text = ''
    socket.on('error', () => {})
    socket.on('data', (piece) => {
      text += piece.toString()
      if (!text.endsWith('\n')) return
      heard.push(text)
      socket.end(`you said ${text}`)
    })
  })
  const socketPath = join(directory, 'gate')
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  const egress: SandboxEgress = {
    open: async ({ hosts }): Promise<EgressGate> => {
      heard.push(`open ${hosts.join(',')}`)
      return {
        socketPath,
        requests: [],
        close: async () => {
          closed += 1
        },
      }
    },
  }
  sandbox = createSubprocessSandbox({ home: home.path, egress })
})

afterEach(async () => {
  await sandbox.close()
  await new Promise((resolve) => server.close(resolve))
  await rm(directory, { recursive: true, force: true })
  await home.remove()
})

const request = (script: string, hosts: readonly string[]): SandboxRequest => ({
  program: { kind: 'command', argv: ['/bin/bash', '-c', script] },
  policy: {
    isolation: 't3',
    limits: SANDBOX_LIMIT_DEFAULTS,
    network: { hosts },
    environment: [],
    paths: { read: [], write: [] },
    allowEmulation: false,
  },
})

const TALK = `exec 3<>/dev/tcp/127.0.0.1/3128 && echo 'CONNECT a:443' >&3 && cat <&3`

it.skipIf(isOut)('leads from the loopback to the gate of the policy and back, and is gone with the run', async () => {
  const { reason, stdout, leftBehind } = await sandbox.run(request(`echo $HTTPS_PROXY; ${TALK}`, ['a.example']))
  expect(reason).toBe('exited')
  expect(new TextDecoder().decode(stdout)).toBe('http://127.0.0.1:3128\nyou said CONNECT a:443\n')
  expect(heard).toEqual(['open a.example', 'CONNECT a:443\n'])
  expect([leftBehind, closed, await descendants('node'), await home.runs()]).toEqual([[], 1, [], []])
})

it.skipIf(isOut)('is not there where the policy names no host', async () => {
  const { stdout } = await sandbox.run(request(`echo "[$HTTPS_PROXY]"; (${TALK}) 2>/dev/null || echo refused`, []))
  expect(new TextDecoder().decode(stdout)).toBe('[]\nrefused\n')
  expect([heard, closed]).toEqual([[], 0])
})

it.skipIf(isOut)('closes the gate also when the run is given up', async () => {
  const ending = new AbortController()
  const run = sandbox.run(request('echo there; sleep 1000', ['a.example']), {
    signal: ending.signal,
    onOutput: () => ending.abort(),
  })
  expect(await run).toMatchObject({ reason: 'cancelled', leftBehind: [] })
  expect([closed, await descendants('node')]).toEqual([1, []])
})

it.skipIf(isOut)('is refused where there is no broker', async () => {
  const alone = createSubprocessSandbox({ home: home.path })
  await expect(alone.run(request('true', ['a.example']))).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' })
  await alone.close()
})
