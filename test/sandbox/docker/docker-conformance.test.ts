import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDockerSandbox } from '../../../src/sandbox/docker/create-docker-sandbox.ts'
import { SANDBOX_CASES } from '../../../src/testing/index.ts'
import { BUSYBOX_PROGRAMS } from '../guest/busybox-programs.ts'
import { isLeftOutFor } from '../guest/guest-image.ts'
import { type Listener, openListener, SUITE_ENVIRONMENT } from '../subject.ts'
import { type ContainerSubject, openContainerSubject, whyNoContainer } from './container-subject.ts'

describe.skipIf(isLeftOutFor('docker', whyNoContainer()))('commands in containers', { timeout: 60_000 }, () => {
  let subject: ContainerSubject
  let listener: Listener

  beforeAll(async () => {
    listener = await openListener()
    subject = await openContainerSubject()
  }, 60_000)

  afterAll(async () => {
    await subject.remove()
    await listener.close()
  })

  it.each(SANDBOX_CASES)('$name', async ({ run }) => {
    const { settings } = subject
    const runtime = createDockerSandbox({
      ...settings,
      concurrencyMax: 2,
      waitingMax: 1,
      environment: SUITE_ENVIRONMENT,
    })
    try {
      await run({ runtime, programs: BUSYBOX_PROGRAMS, listener, leftovers: subject.leftovers })
    } finally {
      await runtime.close()
    }
  })

  it('can do all that the suite asks for', () => {
    expect(Object.values(BUSYBOX_PROGRAMS).filter((program) => 'cannot' in program)).toEqual([])
  })
})
