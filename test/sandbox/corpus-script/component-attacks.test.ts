import { beforeAll, describe, expect, it } from 'vitest'
import { createComponentSandbox } from '../../../src/sandbox/component/create-component-sandbox.ts'
import { runBareProcess } from './bare-process.ts'
import { COMPONENT_ATTACKS } from './component-attacks.ts'
import { componentRequest } from './hosted-requests.ts'
import { childrenOf } from './own-children.ts'

const WALL_MS = 400
const PATIENCE_MS = 1_000
/** What the engine may hold beside a component's own memory before its host ends it, and what can be added between two looks. */
const ENGINE_BYTES = 160 * 1_048_576

const before = childrenOf(process.pid)
const runtime = createComponentSandbox()

describe('a hostile component', () => {
  it.each(COMPONENT_ATTACKS)('is contained: $name', async ({ text, call, args, limits, ends }) => {
    const request = await componentRequest(text, { call, args, limits: { wallMs: WALL_MS, ...limits } })
    const result = await runtime.run(request)
    expect([result.reason, result.leftBehind]).toEqual([ends, []])
    expect(result.usage.wallMs).toBeLessThan(request.policy.limits.wallMs + PATIENCE_MS)
    expect(result.usage.memoryBytesPeak ?? 0).toBeLessThan(request.policy.limits.memoryBytes + ENGINE_BYTES)
  })

  it('that begins with more memory than it may have is refused', async () => {
    const text = '(component (core module $m (memory 2000)) (core instance $i (instantiate $m)))'
    const request = await componentRequest(text, { limits: { memoryBytes: 1_048_576 } })
    await expect(runtime.run(request)).rejects.toMatchObject({ code: 'SANDBOX_PROGRAM_INVALID' })
  })

  it('leaves nothing that runs', async () => {
    await runtime.close()
    expect(childrenOf(process.pid)).toEqual(before)
  })
})

describe('the same component without limits', () => {
  const attacks = COMPONENT_ATTACKS.filter(({ bareArgs }) => bareArgs !== undefined)
  let values: readonly unknown[] = []

  beforeAll(async () => {
    const bare = attacks.map(({ text, call, bareArgs }) => ({ text, call, args: bareArgs }))
    values = await runBareProcess('./run-bare-component.ts', bare)
  })

  it.each(attacks.map((attack, index) => [attack.name, attack, index] as const))(
    'reaches what it wants: %s',
    (_name, { reaches }, index) => {
      expect(values[index]).toEqual(reaches)
    },
  )
})
