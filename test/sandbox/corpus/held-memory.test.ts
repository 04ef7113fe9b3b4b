import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { createEgressBroker } from '../../../src/guard/egress-broker.ts'
import { createSubprocessSandbox } from '../../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { isLeftOut } from '../runtimes-here.ts'
import { descendants, openHome } from '../subject.ts'
import { Probe, reachedIn } from './probe.ts'

const isOut = isLeftOut('subprocess')
const MIB = 1_048_576
const LIMITS = { memoryBytes: 48 * MIB, processes: 8, cpuMs: 15_000 }
let probe: Probe
let home: Awaited<ReturnType<typeof openHome>>
let watched: SandboxRuntime

beforeAll(async () => {
  home = await openHome()
  probe = await Probe.compile()
  watched = createSubprocessSandbox({ home: home.path, useControlGroups: false })
})

afterAll(async () => {
  await watched.close()
  await probe.remove()
  await home.remove()
})

/** What processes take together, where 48 MiB are allowed. */
const KINDS = [
  ['held-segments', 128 * MIB],
  ['held-shared', 128 * MIB],
  ['held-zero', 128 * MIB],
  ['held-sockets', 128 * MIB],
  ['held-hidden', 128 * MIB],
  ['held-messages', 128 * MIB],
  ['held-pipes', 128 * MIB],
  ['held-connections', 128 * MIB],
  ['held-tables', 256 * MIB],
  ['held-queues', 128 * MIB],
  ['held-waits', 64 * MIB],
] as const

it.skipIf(isOut).each(KINDS)(
  '%s: no further than other memory, where no control group counts',
  async (kind, wanted) => {
    const result = await watched.run(probe.request([kind, wanted], LIMITS))
    expect(reachedIn(result.stdout)).toEqual([])
    expect(result.leftBehind).toEqual([])
    expect(await descendants('probe')).toEqual([])
  },
)

it.skipIf(isOut)('connections within the loopback of a way out are counted by what waits in them', async () => {
  const egress = createEgressBroker()
  const sandbox = createSubprocessSandbox({ home: home.path, useControlGroups: false, egress })
  const request = probe.request(['held-connections', 512 * MIB], LIMITS)
  const result = await sandbox.run({ ...request, policy: { ...request.policy, network: { hosts: ['a.example'] } } })
  expect(result).toMatchObject({ reason: 'memory', leftBehind: [] })
  expect(reachedIn(result.stdout)).toEqual([])
  await sandbox.close()
  await egress.close()
})

it.skipIf(isOut).each(KINDS)('%s: as far as it likes where nothing contains it', async (kind, wanted) => {
  expect(reachedIn(await probe.runFree([kind, wanted]))).toEqual([kind])
})
