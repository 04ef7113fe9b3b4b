import { expect, it } from 'vitest'
import type { RuntimeState } from '../../../src/core/sandbox/choose-runtime.ts'
import type { IsolationTier, SandboxRuntimeName } from '../../../src/core/sandbox/isolation.ts'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'
import { diagnoseSandboxes } from '../../../src/node/diagnosis/diagnose-sandboxes.ts'
import { openSandboxes, type Sandboxes } from '../../../src/node/sandbox/open-sandboxes.ts'
import type { SandboxRequest, SandboxResult, SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'

const WORKS: RuntimeState = { works: true, version: '1' }
const ABSENT: RuntimeState = { works: false, reason: 'not installed', remedy: 'Install it.' }

/** Runtimes that write down what is asked of them. */
function runtimes(states: Partial<Record<SandboxRuntimeName, RuntimeState>>): {
  readonly asked: string[]
  readonly all: readonly SandboxRuntime[]
} {
  const asked: string[] = []
  const all = Object.entries(states).map(([name, state]): SandboxRuntime => ({
    name: name as SandboxRuntimeName,
    probe: async () => {
      asked.push(`probe ${name}`)
      return await Promise.resolve(state)
    },
    run: async () => {
      asked.push(`run ${name}`)
      return await Promise.resolve({ runtime: name, reason: 'exited' } as SandboxResult)
    },
    close: async () => {
      asked.push(`close ${name}`)
      await Promise.resolve()
    },
  }))
  return { asked, all }
}

const request = (isolation: IsolationTier, allowEmulation = false): SandboxRequest => ({
  program: { kind: 'command', argv: ['/bin/true'] },
  policy: {
    isolation,
    limits: SANDBOX_LIMIT_DEFAULTS,
    network: { hosts: [] },
    environment: [],
    paths: { read: [], write: [] },
    allowEmulation,
  },
})

it('takes the weakest that will do, and tries out no stronger one', async () => {
  const { asked, all } = runtimes({ wasm: WORKS, subprocess: WORKS, docker: WORKS, microvm: WORKS })
  expect(await openSandboxes({ runtimes: all }).run(request('t1'))).toMatchObject({ runtime: 'subprocess' })
  expect(asked).toEqual(['probe subprocess', 'run subprocess'])
})

it('goes on to a stronger one, and never to a weaker one', async () => {
  const { asked, all } = runtimes({ subprocess: WORKS, docker: ABSENT, microvm: WORKS })
  expect(await openSandboxes({ runtimes: all }).run(request('t4'))).toMatchObject({ runtime: 'microvm' })
  expect(asked).toEqual(['probe docker', 'probe microvm', 'run microvm'])
})

it('takes no other than the one that was named', async () => {
  const { asked, all } = runtimes({ subprocess: WORKS, docker: ABSENT, microvm: WORKS })
  const sandboxes = openSandboxes({ runtimes: all })
  await expect(sandboxes.run(request('t3'), { runtime: 'docker' })).rejects.toMatchObject({
    code: 'SANDBOX_UNAVAILABLE',
    message: 'docker: not installed',
  })
  expect(asked).toEqual(['probe docker'])
})

it('says of each why not, and what would help', async () => {
  const emulated: RuntimeState = { ...WORKS, isEmulated: true }
  const { all } = runtimes({ subprocess: WORKS, docker: ABSENT, microvm: emulated })
  const sandboxes = openSandboxes({ runtimes: all })
  const refused = sandboxes.run(request('t4'))
  await expect(refused).rejects.toMatchObject({
    details: {
      passedOver: expect.arrayContaining([
        expect.objectContaining({ runtime: 'subprocess', why: 'too-weak' }),
        expect.objectContaining({ runtime: 'docker', why: 'absent', remedy: 'Install it.' }),
        expect.objectContaining({ runtime: 'microvm', why: 'emulated' }),
      ]),
    },
  })
  expect(await sandboxes.run(request('t4', true))).toMatchObject({ runtime: 'microvm' })
})

it('a diagnosis tries out all, warns of what does not work, and closes them', async () => {
  const { asked, all } = runtimes({
    subprocess: { ...WORKS, isMemoryWatched: true },
    docker: ABSENT,
    microvm: { ...WORKS, isEmulated: true },
  })
  const settings = { directory: '/nowhere', image: 'none:none' }
  const open = (): Sandboxes => openSandboxes({ runtimes: all })
  const checks = await diagnoseSandboxes(new AbortController().signal, { settings, open })
  expect(checks).toEqual([
    {
      name: 'sandbox files',
      state: 'ok',
      detail: 'nothing is prepared in /nowhere: no containers, no machines',
      remedy: expect.stringContaining('kernell sandbox prepare'),
    },
    {
      name: 'sandbox subprocess',
      state: 'ok',
      detail: '1: each command at t3; memory is watched, not held: no control groups here',
    },
    { name: 'sandbox docker', state: 'warning', detail: 'not installed', remedy: 'Install it.' },
    { name: 'sandbox microvm', state: 'ok', detail: '1: each command at t5, emulated' },
  ])
  expect(asked.filter((line) => line.startsWith('close'))).toHaveLength(3)
})

it('tries out those that are named and no others', async () => {
  const { asked, all } = runtimes({ subprocess: WORKS, docker: WORKS, microvm: WORKS })
  expect(await openSandboxes({ runtimes: all }).states({ only: ['docker'] })).toEqual({ docker: WORKS })
  expect(asked).toEqual(['probe docker'])
})
