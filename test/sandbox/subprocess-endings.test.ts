import { afterAll, beforeAll, expect, it } from 'vitest'
import { SANDBOX_LIMIT_DEFAULTS } from '../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxLimits } from '../../src/core/sandbox/sandbox-policy.ts'
import type { SandboxResult, SandboxRuntime } from '../../src/ports/sandbox-runtime.ts'
import { createSubprocessSandbox } from '../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { isLeftOut } from './runtimes-here.ts'
import { openHome } from './subject.ts'

const isOut = isLeftOut('subprocess')

let home: Awaited<ReturnType<typeof openHome>>
let sandbox: SandboxRuntime

beforeAll(async () => {
  home = await openHome()
  sandbox = createSubprocessSandbox({ home: home.path })
})

afterAll(async () => {
  await sandbox.close()
  await home.remove()
})

async function run(script: string, limits: Partial<SandboxLimits> = {}): Promise<SandboxResult> {
  return await sandbox.run({
    program: { kind: 'command', argv: ['/bin/sh', '-c', script] },
    policy: {
      isolation: 't3',
      limits: { ...SANDBOX_LIMIT_DEFAULTS, ...limits },
      network: { hosts: [] },
      environment: [],
      paths: { read: [], write: [] },
      allowEmulation: false,
    },
  })
}

it.skipIf(isOut)('the signal of the processor’s limit ends by that limit only where it was used up', async () => {
  expect(await run('kill -XCPU $$')).toMatchObject({ reason: 'exited', signal: 'SIGXCPU' })
  expect(await run('while :; do :; done', { cpuMs: 200 })).toMatchObject({ reason: 'cpu' })
})

it.skipIf(isOut)('as many threads as ordinary programs have are within the limits that nobody named', async () => {
  const script = 'for each in $(seq 40); do sleep 0.2 & done; wait; echo all'
  const { reason, stdout } = await run(script)
  expect([reason, new TextDecoder().decode(stdout)]).toEqual(['exited', 'all\n'])
})
