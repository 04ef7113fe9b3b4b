import { parse } from '@bytecodealliance/jco-transpile/wasm-tools'
import { afterAll, describe, expect, it } from 'vitest'
import type { JsonValue, SandboxRequest, SandboxResult } from '../../../src/ports/sandbox-runtime.ts'
import { createComponentSandbox } from '../../../src/sandbox/component/create-component-sandbox.ts'
import { PROBE_BASE64, PROBE_TEXT } from '../../../src/sandbox/component/probe-component.ts'
import { BUSY_COMPONENT, importingComponent, numericComponent } from '../corpus-script/component-texts.ts'
import { bytesOf, componentRequest, policyWith, textOf } from '../corpus-script/hosted-requests.ts'

const runtime = createComponentSandbox({ seed: () => new Uint8Array(32).fill(1), environment: {} })
afterAll(async () => await runtime.close())

const busy = await parse(BUSY_COMPONENT)

async function call(
  name: string,
  args: readonly JsonValue[] = [],
  init: Partial<SandboxRequest> = {},
): Promise<SandboxResult> {
  const program = { kind: 'component', bytes: busy, call: name, args } as const
  return await runtime.run({ program, policy: policyWith(), ...init })
}

describe('a component', () => {
  it.each([
    ['whole numbers of 64 bits as strings', 'twice', ['9007199254740993'], '18014398509481986'],
    ['those that fit as numbers too', 'twice', [4], '8'],
    ['numbers', 'half', [3], 1.5],
    ['lists', 'test:probe/echoes@0.1.0#echo-list', [[1, 2, 65_535]], [1, 2, 65_535]],
    ['texts', 'test:probe/echoes@0.1.0#echo-text', ['hé 🙂'], 'hé 🙂'],
    ['the good half of a result', 'check', [true], 7],
  ] satisfies [string, string, JsonValue[], JsonValue][])('takes and gives %s', async (_what, name, args, value) => {
    expect(await call(name, args)).toMatchObject({ runtime: 'wasm', reason: 'exited', value, leftBehind: [] })
  })

  it('has failed with what the bad half of a result holds', async () => {
    const result = await call('check', [false])
    expect([result.reason, textOf(result.stderr), 'value' in result]).toEqual(['failed', '7\n', false])
  })

  it('reads standard input and writes standard output', async () => {
    const result = await call('copy', [], { stdin: bytesOf('from outside') })
    expect([result.reason, textOf(result.stdout)]).toEqual(['exited', 'from outside'])
  })

  it('has a clock of whole milliseconds, and chance from the seed of the run', async () => {
    expect(Number((await call('now')).value) % 1_000_000).toBe(0)
    expect((await call('draw')).value).toBe((await call('draw')).value)
  })

  it.each([
    [{ tag: 'ok' }, 'exited'],
    [{ tag: 'err' }, 'failed'],
  ])('that exits with %o has %s', async (status, reason) => {
    expect(await call('leave', [status])).toMatchObject({ reason })
  })

  it('that traps has failed, and says how', async () => {
    const result = await runtime.run(
      await componentRequest(numericComponent('(func (export "run") (result i32) unreachable)')),
    )
    expect(result.reason).toBe('failed')
    expect(textOf(result.stderr)).toMatch(/^RuntimeError: .*unreachable/)
  })

  it('is translated once, and the same afterwards', async () => {
    const request = await componentRequest(numericComponent('(func (export "run") (result i32) i32.const 5)'))
    const [first, second] = [await runtime.run(request), await runtime.run(request)]
    expect([first.value, second.value]).toEqual([5, 5])
    expect(second.usage.startMs).toBeLessThan(first.usage.startMs)
  })
})

describe('a component that is none', () => {
  const header = [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]
  it.each([
    ['text', bytesOf(PROBE_TEXT)],
    ['a core module', Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0)],
    ['nothing', new Uint8Array()],
    ['cut off', busy.subarray(0, 500)],
    ['noise', Uint8Array.from([...header, ...Array.from({ length: 100 }, (_, index) => (index * 7) % 256)])],
    // A name with a quote and a bracket in it, where translated JavaScript would have it.
    [
      'named as code',
      Uint8Array.from(
        Buffer.from(Buffer.from(PROBE_BASE64, 'base64').toString('latin1').replaceAll('add', 'a"]'), 'latin1'),
      ),
    ],
  ])('is refused: %s', async (_what, bytes) => {
    const refused = runtime.run({ program: { kind: 'component', bytes, call: 'run' }, policy: policyWith() })
    await expect(refused).rejects.toMatchObject({ code: 'SANDBOX_PROGRAM_INVALID' })
  })

  it.each([
    ['a function that is not there', 'none', [], 'no function none'],
    ['what every object has', 'toString', [], 'no function toString'],
    ['an interface that is not there', '__proto__#toString', [], 'no function __proto__#toString'],
    ['too few arguments', 'twice', [], 'takes 1 arguments'],
  ])('is refused where it is called by %s', async (_what, name, args, message) => {
    await expect(call(name, args)).rejects.toMatchObject({
      code: 'SANDBOX_PROGRAM_INVALID',
      message: expect.stringContaining(message) as string,
    })
  })

  it('is refused with files, which it could not see', async () => {
    const files = [{ path: 'a', bytes: new Uint8Array() }]
    await expect(call('now', [], { files })).rejects.toMatchObject({ code: 'SANDBOX_PROGRAM_INVALID' })
  })
})

describe('imports of a component', () => {
  it.each([
    'wasi:filesystem/preopens@0.2.3',
    'wasi:filesystem/types@0.2.3',
    'wasi:sockets/tcp@0.2.3',
    'wasi:http/outgoing-handler@0.2.3',
    'kernell:plugin/host@1.0.0',
  ])('are refused by name before it runs: %s', async (name) => {
    await expect(runtime.run(await componentRequest(importingComponent(name)))).rejects.toMatchObject({
      code: 'SANDBOX_PROGRAM_INVALID',
      message: expect.stringContaining(name.split('@')[0] ?? '') as string,
    })
  })
})

describe('the runtime', () => {
  it('works here, by a component that its text makes', async () => {
    expect(Buffer.from(await parse(PROBE_TEXT)).toString('base64')).toBe(PROBE_BASE64)
    expect(await runtime.probe()).toEqual({ works: true, version: '0.14.0' })
  })

  it('says what is missing where the translator is not installed, and runs nothing', async () => {
    const without = createComponentSandbox({ translatorVersion: () => undefined })
    expect(await without.probe()).toMatchObject({
      works: false,
      remedy: 'Run `npm install @bytecodealliance/jco-transpile`.',
    })
    const request = await componentRequest(PROBE_TEXT, { call: 'add', args: [1, 2] })
    await expect(without.run(request)).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' })
    await without.close()
  })
})
