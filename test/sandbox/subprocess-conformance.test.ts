import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSubprocessSandbox } from '../../src/sandbox/subprocess/create-subprocess-sandbox.ts'
import { SANDBOX_CASES, type SandboxSubject } from '../../src/testing/index.ts'
import { isLeftOut } from './runtimes-here.ts'
import { SHELL_PROGRAMS } from './shell-programs.ts'
import { controlGroups, descendants, type Listener, openHome, openListener, SUITE_ENVIRONMENT } from './subject.ts'

const isOut = isLeftOut('subprocess')

let listener: Listener

beforeAll(async () => {
  listener = await openListener()
})

afterAll(async () => await listener.close())

async function withSubject(useControlGroups: boolean, run: (subject: SandboxSubject) => Promise<void>): Promise<void> {
  const home = await openHome()
  const runtime = createSubprocessSandbox({
    concurrencyMax: 2,
    waitingMax: 1,
    home: home.path,
    environment: SUITE_ENVIRONMENT,
    useControlGroups,
  })
  try {
    await run({
      runtime,
      programs: SHELL_PROGRAMS,
      listener,
      leftovers: async () => [...(await home.runs()), ...(await descendants('bwrap')), ...(await controlGroups())],
    })
  } finally {
    await runtime.close()
    await home.remove()
  }
}

describe.skipIf(isOut)('commands under bubblewrap, watched', () => {
  it.each(SANDBOX_CASES)('$name', async ({ run }) => await withSubject(false, run))
})

describe.skipIf(isOut)('commands under bubblewrap, in control groups where they can be made', () => {
  it.each(SANDBOX_CASES)('$name', async ({ run }) => await withSubject(true, run))
})

it('a shell can do all that the suite asks for, and that is as much as it was', () => {
  expect(SANDBOX_CASES.length).toBe(31)
  expect(Object.values(SHELL_PROGRAMS).filter((program) => 'cannot' in program)).toEqual([])
})
