import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SandboxRuntime } from '../../src/ports/sandbox-runtime.ts'
import { createComponentSandbox, createQuickjsSandbox } from './built-sandboxes.ts'
import { SANDBOX_CASES, type SandboxSubject } from '../../src/testing/index.ts'
import { componentPrograms } from './component-programs.ts'
import { childrenOf } from './corpus-script/own-children.ts'
import { SCRIPT_PROGRAMS } from './script-programs.ts'
import { type Listener, openListener, SUITE_ENVIRONMENT } from './subject.ts'

const MEMORY_BYTES = 33_554_432
const COMPONENT_PROGRAMS = await componentPrograms()
/** What the tests' own tools have started before. */
const before = childrenOf(process.pid)
let listener: Listener

beforeAll(async () => {
  listener = await openListener()
})

afterAll(async () => await listener.close())

type Given = Pick<SandboxSubject, 'runtime' | 'programs'>

async function withSubject(
  { runtime, programs }: Given,
  run: (subject: SandboxSubject) => Promise<void>,
): Promise<void> {
  const limits = { memoryBytes: MEMORY_BYTES }
  const leftovers = async (): Promise<readonly string[]> =>
    await Promise.resolve(
      childrenOf(process.pid)
        .filter((pid) => !before.includes(pid))
        .map((pid) => `process ${pid}`),
    )
  try {
    await run({ runtime, programs, limits, listener, leftovers })
  } finally {
    await runtime.close()
  }
}

/** Nothing is kept warm, so that whatever is seen was left behind. */
const INIT = { concurrencyMax: 2, waitingMax: 1, warmMax: 0, environment: SUITE_ENVIRONMENT }
const quickjs = (): SandboxRuntime => createQuickjsSandbox(INIT)
const component = (): SandboxRuntime => createComponentSandbox(INIT)

describe('scripts in an interpreter', () => {
  it.each(SANDBOX_CASES)('$name', async ({ run }) => {
    await withSubject({ runtime: quickjs(), programs: SCRIPT_PROGRAMS }, run)
  })
})

describe('components', () => {
  it.each(SANDBOX_CASES)('$name', async ({ run }) => {
    await withSubject({ runtime: component(), programs: COMPONENT_PROGRAMS }, run)
  })
})

it('what a script and a component cannot do is as much as it was', () => {
  const cannot = (programs: SandboxSubject['programs']): readonly string[] =>
    Object.entries(programs).flatMap(([behaviour, program]) => ('cannot' in program ? [behaviour] : []))
  expect(SANDBOX_CASES.length).toBe(31)
  expect(cannot(SCRIPT_PROGRAMS)).toEqual(['exitsWithSeven', 'greetsThenWaits', 'startsProcesses'])
  expect(cannot(COMPONENT_PROGRAMS)).toEqual([
    'exitsWithSeven',
    'readsFile',
    'writesFiles',
    'listsDirectory',
    'startsProcesses',
    'fillsDirectory',
    'triesNetwork',
  ])
})
