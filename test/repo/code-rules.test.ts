import { describe, expect, it } from 'vitest'
import { brokenCodeRules } from './code-rules.ts'
import { listTypeScript, readRepositoryFile } from './repository.ts'

describe('the code of src', () => {
  it('keeps the rules of its folder', () => {
    const broken = listTypeScript('src').flatMap((file) =>
      brokenCodeRules(file, readRepositoryFile(file)).map((what) => `${file}: ${what}`),
    )
    expect(broken).toEqual([])
  }, 60_000)
})

const CORE = 'src/core/text/planted.ts'
const ROUTER = 'src/router/planted.ts'
const MODELS = 'src/models/planted.ts'
const WASM = 'src/wasm/planted.ts'

describe('a planted offence is found', () => {
  it.each([
    [CORE, 'const { exp } = Math', /^Math under/],
    [CORE, 'const M = Math\nexport const x: number = M.exp(1)', /^Math under/],
    [CORE, "export const x: number = Math['exp'](1)", /^Math\.exp/],
    [CORE, 'export const x: number = Math.sinh(1)', /^Math\.sinh/],
    [CORE, 'export const x: number = y ** 0.3', /^the operator \*\*/],
    [ROUTER, 'const { random } = Math', /^Math under/],
    [ROUTER, 'const { timeout } = AbortSignal', /^AbortSignal under/],
    [ROUTER, 'const late = AbortSignal.timeout(5)', /^AbortSignal\.timeout/],
    [CORE, 'const now = globalThis.Date.now()', /^the global object/],
    [CORE, 'const now = (globalThis as unknown as Clocked).Date.now()', /^the global object/],
    [ROUTER, 'const now = globalThis.performance.now()', /^the global object/],
    [MODELS, "await globalThis.fetch('http://a.example')", /^the global object/],
    [MODELS, "process.getBuiltinModule('node:net')", /^getBuiltinModule/],
    [MODELS, "process['getBuiltinModule']('node:net')", /^getBuiltinModule/],
    [MODELS, 'const { getBuiltinModule } = process', /^getBuiltinModule/],
    [MODELS, 'const { getBuiltinModule: load } = process', /^getBuiltinModule/],
    [CORE, "a['localeCompare'](b)", /^localeCompare/],
    [CORE, 'await import(FILE)', /^import\(\) of/],
    [ROUTER, 'await import(`../storage/x.ts`)', /^import\(\) of/],
    [WASM, 'const version = process.version', /^process/],
    [WASM, "const bytes = Buffer.from('x')", /^Buffer/],
    [CORE, 'let count = 0', /^state of a module: count/],
    [CORE, 'const seen = new Map<string, number>()', /^state of a module: seen/],
    [ROUTER, 'export let count = 0', /^state of a module: count/],
    [ROUTER, 'const calls: string[] = []', /^state of a module: calls/],
    [CORE, 'export async function f(): Promise<void> {}', /^async code/],
    [CORE, 'const f = async () => 1', /^async code/],
    [CORE, 'type Later = { readonly value: Promise<number> }', /^a promise/],
    [CORE, 'export const p: unknown = Promise.resolve(1)', /^a promise/],
    [MODELS, 'function f(): void {}\nexport { f as default }', /^a default export/],
    [MODELS, 'const row: Row = JSON.parse(text)', /^JSON\.parse/],
    [MODELS, 'const row = JSON.parse(text)', /^JSON\.parse/],
    [CORE, 'type P = { readonly priceNanos: number }', /^money as a number: the type/],
    [CORE, 'type P = { readonly totalNanos: undefined | number }', /^money as a number: the type/],
    [CORE, 'type P = { readonly spentNanos: ReadonlyMap<string, number> }', /^money as a number: the type/],
    [CORE, 'export const SPENT_NANOS: readonly number[] = [1]', /^money as a number: the type/],
    [CORE, 'function f(costNanos: number | bigint): void {}', /^money as a number: the type/],
    [CORE, 'class A {\n  #spentNanos: number | undefined\n}', /^money as a number: the type/],
    [CORE, 'const priceNanos = Number(cost) * 1.1', /^money as a number: the value/],
    [CORE, 'const priceNanos = isFree ? 0 : cost', /^money as a number: the value/],
    [CORE, 'const row = { costNanos: Math.round(cost) }', /^money as a number: the value/],
    [CORE, 'row.costNanos = parseFloat(text)', /^money as a number: the value/],
  ])('%s: %s', (file, source, what) => {
    const broken = brokenCodeRules(file, source)
    expect(
      broken.some((found) => what.test(found)),
      broken.join('; '),
    ).toBe(true)
  })
})

describe('what is allowed stays silent', () => {
  it.each([
    [CORE, 'export const x: number = Math.max(Math.floor(1.5), Math.sqrt(2))'],
    [CORE, 'export const x: bigint = 10n ** BigInt(places)'],
    [CORE, 'const row = { process: 1, self: 2, Math: 3 }\nexport const y: number = row.process + row.self'],
    [CORE, 'const EMPTY: ReadonlyMap<string, never> = new Map<string, never>()'],
    [CORE, 'const NONE: readonly string[] = []'],
    [CORE, 'function f(): void {\n  let count = 0\n  const seen = new Map<string, number>()\n}'],
    [CORE, 'const priceNanos = amountFromUsd(Number(text))'],
    [CORE, 'const isFunded = costNanos > 0n'],
    [CORE, 'type P = { readonly priceNanos: bigint | undefined; readonly usd: number }'],
    [MODELS, 'const row: unknown = JSON.parse(text)'],
    [ROUTER, 'export async function f(): Promise<void> {}'],
    [ROUTER, 'const either = AbortSignal.any([a, b])'],
    [ROUTER, "const adapter = await import('./cache.ts')"],
    [MODELS, 'const version = process.version + Math.exp(1)'],
    ['src/wasm/web-assembly.ts', "Reflect.get(globalThis, 'WebAssembly')"],
  ])('%s: %s', (file, source) => {
    expect(brokenCodeRules(file, source)).toEqual([])
  })
})
