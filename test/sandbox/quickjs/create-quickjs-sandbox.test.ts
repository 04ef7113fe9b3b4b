import { afterAll, describe, expect, it } from 'vitest'
import type { SandboxRequest, SandboxResult } from '../../../src/ports/sandbox-runtime.ts'
import { createQuickjsSandbox } from '../../../src/sandbox/quickjs/create-quickjs-sandbox.ts'
import { bytesOf, policyWith, scriptRequest, textOf } from '../corpus-script/hosted-requests.ts'

const runtime = createQuickjsSandbox({
  nowMs: () => Date.UTC(2026, 0, 2),
  seed: () => new Uint8Array(32).fill(1),
  environment: { GIVEN: 'yes', SECRET: 'no' },
})
afterAll(async () => await runtime.close())

async function run(source: string, init: Partial<SandboxRequest> & { call?: string } = {}): Promise<SandboxResult> {
  const { call, ...rest } = init
  return await runtime.run({ ...scriptRequest(source, call === undefined ? {} : { call }), ...rest })
}

describe('a script', () => {
  it('finds standard input, files, variables, a clock, chance and a console, and nothing else', async () => {
    const source = `
      export const main = () => {
        console.log('said', { n: 1 }, [true, null], 2n)
        console.error(new TypeError('seen').message)
        kernell.files.write('out/made.txt', kernell.files.readText('in.txt').toUpperCase())
        kernell.files.write('bytes.bin', new Uint8Array([1, 2, 3, 4]).subarray(1, 3))
        kernell.files.remove('in.txt')
        return {
          input: kernell.stdin.text(), inputBytes: [...kernell.stdin.bytes()], files: kernell.files.list(),
          missing: kernell.files.read('none') === undefined, read: [...kernell.files.read('bytes.bin')],
          environment: kernell.environment, year: new Date().getFullYear(), zone: new Date().getTimezoneOffset(),
          chance: [Math.random() < 1, kernell.randomBytes(5).length],
          host: ['process', 'require', 'fetch', 'setTimeout', 'WebAssembly', 'Worker'].filter((name) => name in globalThis),
        }
      }`
    const result = await run(source, {
      call: 'main',
      stdin: bytesOf('hé'),
      files: [{ path: 'in.txt', bytes: bytesOf('text') }],
      filesOut: ['out/made.txt', 'bytes.bin', 'in.txt'],
      policy: { ...policyWith(), environment: ['GIVEN', 'ABSENT'] },
    })
    expect({ ...result, stdout: textOf(result.stdout), stderr: textOf(result.stderr) }).toMatchObject({
      runtime: 'quickjs',
      reason: 'exited',
      value: {
        input: 'hé',
        inputBytes: [...bytesOf('hé')],
        files: ['bytes.bin', 'out/made.txt'],
        missing: true,
        read: [2, 3],
        environment: { GIVEN: 'yes' },
        year: 2026,
        zone: 0,
        chance: [true, 5],
        host: [],
      },
      stdout: 'said {"n":1} [true,null] 2n\n',
      stderr: 'seen\n',
      files: [
        { path: 'out/made.txt', bytes: bytesOf('TEXT') },
        { path: 'bytes.bin', bytes: Uint8Array.of(2, 3) },
      ],
      truncated: { stdout: false, stderr: false, files: false },
      leftBehind: [],
    })
  })

  it('has the same chance again where it has the same seed', async () => {
    const source = 'export const main = () => [Math.random(), Math.random(), [...kernell.randomBytes(3)]]'
    const [first, second] = [await run(source, { call: 'main' }), await run(source, { call: 'main' })]
    expect(second.value).toEqual(first.value)
  })

  it('is a module that may wait for promises, and its function too', async () => {
    const result = await run(
      'const two = await Promise.resolve(2)\nexport const main = async (...a) => [two, ...a, 9n]',
      {
        program: {
          kind: 'script',
          source:
            'const two = await Promise.resolve(2)\nexport const main = async (...a) => [two, ...a, 9n, undefined]',
          call: 'main',
          args: [{ a: [1] }, 'x'],
        },
      },
    )
    expect(result).toMatchObject({ reason: 'exited', value: [2, { a: [1] }, 'x', '9', null] })
  })

  it('that throws has failed, and says why on standard error', async () => {
    const result = await run('console.log("before")\nnull.member')
    expect([result.reason, textOf(result.stdout)]).toEqual(['failed', 'before\n'])
    expect(textOf(result.stderr)).toMatch(/^TypeError: .*\n.*script\.js:2/)
  })
})

describe('a script that is none', () => {
  it.each([
    ['is no JavaScript', 'let x = ;', undefined, 'no module'],
    ['imports', 'import fs from "node:fs"', undefined, 'no module'],
    ['exports no such function', 'export const other = () => 1', 'main', 'exports no function main'],
    ['exports something else', 'export const main = 1', 'main', 'exports no function main'],
    ['inherits what is called', 'export const a = 1', 'toString', 'exports no function toString'],
  ])('is refused where it %s', async (_what, source, call, message) => {
    await expect(run(source, call === undefined ? {} : { call })).rejects.toMatchObject({
      code: 'SANDBOX_PROGRAM_INVALID',
      message: expect.stringContaining(message) as string,
    })
  })

  it.each([
    ['network', { network: { hosts: ['example.org'] } }],
    ['files to read', { paths: { read: ['/etc'], write: [] } }],
    ['files to write', { paths: { read: [], write: ['/tmp'] } }],
  ])('is refused where the policy grants %s, which it could not use', async (_what, grant) => {
    const refused = run('1', { policy: { ...policyWith(), ...grant } })
    await expect(refused).rejects.toMatchObject({ code: 'SANDBOX_POLICY_INVALID' })
  })
})

describe('what a script returns', () => {
  it.each([
    ['too deep', 'let deep = []; for (let i = 0; i < 300; i += 1) deep = [deep]; return deep', 'deeper than 256'],
    ['circular', 'const loop = {}; loop.loop = loop; return loop', 'circular'],
    ['a getter that throws', 'return { get secret() { throw new Error("trap") } }', 'trap'],
    ['a proxy that throws', 'return new Proxy({}, { ownKeys() { throw new Error("trap") } })', 'trap'],
    ['an error that cannot be described', 'throw { toJSON() { throw 1 } }', 'cannot be described'],
    ['a promise that nothing settles', 'return new Promise(() => {})', 'nothing will settle'],
    ['a promise that is rejected', 'return Promise.reject(new Error("no"))', 'no'],
  ])('fails where it is %s', async (_what, body, said) => {
    const result = await run(`export const main = () => { ${body} }`, { call: 'main' })
    expect(result.reason).toBe('failed')
    expect(textOf(result.stderr)).toContain(said)
    expect('value' in result).toBe(false)
  })

  it('changes no prototype of whoever takes it', async () => {
    const source = `export const main = () => JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}')`
    const { value } = await run(source, { call: 'main' })
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
  })

  it('is as large as output may be, and larger ends the run', async () => {
    const source = 'export const main = () => "x".repeat(100000)'
    expect(await run(source, { call: 'main' })).toMatchObject({ reason: 'exited' })
    const policy = policyWith({ outputBytes: 1_000 })
    expect(await run(source, { call: 'main', policy })).toMatchObject({ reason: 'output' })
  })
})

describe('output of a script', () => {
  it('is heard as it comes, cut at the limit, and marked by its stream', async () => {
    const heard: string[] = []
    const result = await runtime.run(
      scriptRequest('console.log("aaaa"); console.error("bbbb"); console.error("c".repeat(100))', {
        limits: { outputBytes: 20 },
      }),
      { onOutput: (stream, piece) => void heard.push(`${stream} ${textOf(piece)}`) },
    )
    expect(result).toMatchObject({ reason: 'output', truncated: { stdout: false, stderr: true, files: false } })
    expect(textOf(result.stdout) + textOf(result.stderr)).toBe('aaaa\nbbbb\ncccccccccc')
    expect(heard.join('|').replaceAll(/\|?stderr /g, '')).toBe('stdout aaaa\nbbbb\ncccccccccc')
  })

  it('may be exactly as much as the limit', async () => {
    const result = await run('console.log("x".repeat(19))', { policy: policyWith({ outputBytes: 20 }) })
    expect(result).toMatchObject({ reason: 'exited', usage: { outputBytes: 20 }, truncated: { stdout: false } })
  })

  it('leaves what room it has to files, and cuts them where it ends', async () => {
    const source = 'console.log("x".repeat(9)); kernell.files.write("a", "12345"); kernell.files.write("b", "123456")'
    const result = await run(source, { filesOut: ['b', 'a'], policy: policyWith({ outputBytes: 17 }) })
    expect(result.files.map(({ path, bytes }) => [path, textOf(bytes)])).toEqual([
      ['b', '123456'],
      ['a', '1'],
    ])
    expect(result).toMatchObject({ reason: 'exited', truncated: { files: true }, usage: { outputBytes: 17 } })
  })
})

describe('the runtime', () => {
  it('works here, and says the version of its interpreter', async () => {
    expect(await runtime.probe()).toEqual({ works: true, version: '0.32.0' })
  })

  it("ends a run at the caller's word", async () => {
    const controller = new AbortController()
    const running = runtime.run(scriptRequest('console.log("on"); for (;;);'), {
      signal: controller.signal,
      onOutput: () => controller.abort(),
    })
    const result = await running
    expect([result.reason, textOf(result.stdout), result.leftBehind]).toEqual(['cancelled', 'on\n', []])
  })

  it('is closed for good, with what runs in it', async () => {
    const closing = createQuickjsSandbox({ warmMax: 0 })
    const running = closing.run(scriptRequest('console.log("on"); for (;;);'), { onOutput: () => void closing.close() })
    expect((await running).reason).toBe('cancelled')
    await closing.close()
    await expect(closing.run(scriptRequest('1'))).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' })
  })
})
