import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SandboxRuntime } from '../../../src/ports/sandbox-runtime.ts'
import { createMicrovmSandbox } from '../../../src/sandbox/microvm/create-microvm-sandbox.ts'
import { SANDBOX_CASES } from '../../../src/testing/index.ts'
import { BUSYBOX_PROGRAMS } from '../guest/busybox-programs.ts'
import { isLeftOutFor, whyNoMachine } from '../guest/guest-image.ts'
import { type Listener, openListener, SUITE_ENVIRONMENT } from '../subject.ts'
import { type MachineSubject, openMachineSubject } from './machine-subject.ts'

describe.skipIf(isLeftOutFor('microvm', whyNoMachine()))('commands in machines', { timeout: 60_000 }, () => {
  let subject: MachineSubject
  let listener: Listener
  // All cases share a runtime, whose machine starts once: each run has a copy of its own.
  let runtime: SandboxRuntime

  beforeAll(async () => {
    listener = await openListener()
    subject = await openMachineSubject()
    const { image, homePath: home } = subject
    runtime = createMicrovmSandbox({ image, home, concurrencyMax: 2, waitingMax: 1, environment: SUITE_ENVIRONMENT })
  }, 60_000)

  afterAll(async () => {
    await runtime.close()
    expect(await subject.leftovers()).toEqual([])
    await subject.remove()
    await listener.close()
  })

  // The case that closes its runtime is the last one.
  it.each(SANDBOX_CASES)('$name', async ({ run }) => {
    const { leftovers } = subject
    // An emulated machine takes its time to write as much as the suite allows.
    const limits = { memoryBytes: 33_554_432 }
    await run({ runtime, programs: BUSYBOX_PROGRAMS, listener, leftovers, limits })
  })

  it('can do all that the suite asks for', () => {
    expect(Object.values(BUSYBOX_PROGRAMS).filter((program) => 'cannot' in program)).toEqual([])
  })
})
