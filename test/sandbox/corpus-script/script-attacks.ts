import type { JsonValue, SandboxEnd } from '../../../src/ports/sandbox-runtime.ts'
import type { SandboxLimits } from '../../../src/core/sandbox/sandbox-policy.ts'

/** What an attack can aim at: planted by whoever runs it. */
export type AttackTarget = { readonly secretFile: string; readonly port: number; readonly rounds: number }

/**
 * One thing that a hostile script tries. Its export `main` takes the target and returns what it reached. Contained it has no bound; in plain Node it has `bareRounds`, and has to reach
 * something there, or it would show nothing here.
 */
export type ScriptAttack = {
  readonly name: string
  readonly source: string
  readonly limits?: Partial<SandboxLimits>
  readonly ends: SandboxEnd
  /** What it reaches when contained, where it ends by itself. */
  readonly value?: JsonValue
  /** `undefined`: it aims at what only the sandbox has. */
  readonly bareRounds?: number
  readonly isReached?: (value: unknown) => boolean
}

const MIB = 1_048_576
/** Time enough to come to the limit of memory on a machine that does much else. */
const CONTAINED_MEMORY = { memoryBytes: 32 * MIB, wallMs: 15_000 }
const isTrue = (value: unknown): boolean => value === true
const isSomething = (value: unknown): boolean => Array.isArray(value) && value.length > 0

/** Attacks on time, memory and output: without bound they never end by themselves. */
const EXHAUSTION: readonly ScriptAttack[] = [
  {
    name: 'an endless loop',
    source: 'export const main = ({ rounds }) => { let n = 0; while (n < rounds) n += 1; return n === rounds }',
    ends: 'time',
    bareRounds: 100_000,
    isReached: isTrue,
  },
  {
    name: 'an endless loop that catches all there is to catch',
    source: `export const main = ({ rounds }) => {
      for (let n = 0; n < rounds; n += 1) try { null.x } catch {} finally { continue }
      return true
    }`,
    ends: 'time',
    bareRounds: 10_000,
    isReached: isTrue,
  },
  {
    name: 'promises without end',
    source: 'export const main = async ({ rounds }) => { for (let n = 0; n < rounds; n += 1) await n; return true }',
    ends: 'time',
    bareRounds: 10_000,
    isReached: isTrue,
  },
  {
    name: 'a pattern that takes for ever',
    source: `export const main = ({ rounds }) => {
      const length = Math.min(rounds, 60)
      return /^(a+)+$/.test('a'.repeat(length) + 'b') === false
    }`,
    ends: 'time',
    bareRounds: 20,
    isReached: isTrue,
  },
  {
    name: 'more processor time than it may have',
    source: 'export const main = ({ rounds }) => { let n = 0; while (n < rounds) n += 1; return n === rounds }',
    limits: { cpuMs: 100, wallMs: 20_000 },
    ends: 'cpu',
    bareRounds: 1_000,
    isReached: isTrue,
  },
  {
    name: 'memory by lists',
    source: `export const main = ({ rounds }) => {
      const kept = []
      while (kept.length < rounds) kept.push(Array.from({ length: 1_000 }, () => ({ n: kept.length })))
      return kept.length === rounds
    }`,
    limits: CONTAINED_MEMORY,
    ends: 'memory',
    bareRounds: 100,
    isReached: isTrue,
  },
  {
    name: 'memory by texts',
    source: `export const main = ({ rounds }) => {
      const kept = []
      while (kept.length < rounds) kept.push(String(kept.length).repeat(1_000_000))
      return kept.length === rounds
    }`,
    limits: CONTAINED_MEMORY,
    ends: 'memory',
    bareRounds: 10,
    isReached: isTrue,
  },
  {
    name: 'memory by buffers, which is tried again whenever it fails',
    source: `export const main = ({ rounds }) => {
      const kept = []
      for (let n = 0; n < rounds; n += 1) try { kept.push(new Uint8Array(1_000_000).fill(1)) } catch {}
      return kept.length === rounds
    }`,
    limits: { memoryBytes: 32 * MIB },
    ends: 'time',
    bareRounds: 10,
    isReached: isTrue,
  },
  {
    name: 'a flood of output',
    source: `export const main = ({ rounds }) => {
      for (let n = 0; n < rounds; n += 1) console.log('flood '.repeat(100))
      return true
    }`,
    limits: { outputBytes: 65_536, wallMs: 10_000 },
    ends: 'output',
    bareRounds: 100,
    isReached: isTrue,
  },
  {
    name: 'a flood of files',
    source: 'export const main = () => { for (let n = 0; ; n += 1) kernell.files.write(`f${n}`, "x") }',
    limits: { diskBytes: 65_536, wallMs: 10_000 },
    ends: 'disk',
  },
  {
    name: 'sleeping past its end',
    source: `export const main = ({ rounds }) => {
      const until = Date.now() + rounds
      if (typeof Atomics === 'object') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, rounds)
      while (Date.now() < until);
      return true
    }`,
    ends: 'time',
    bareRounds: 20,
    isReached: isTrue,
  },
  {
    name: 'recursion without end',
    source:
      'const deeper = () => deeper() + 1\nexport const main = () => { try { deeper() } catch (error) { return error instanceof RangeError } }',
    ends: 'exited',
    value: true,
    bareRounds: 1,
    isReached: isTrue,
  },
  {
    name: 'nesting without end',
    source: `export const main = () => JSON.parse('['.repeat(100_000))`,
    ends: 'failed',
  },
]

/** Attacks on what is outside: all of them end, and have reached nothing. */
const ESCAPE: readonly ScriptAttack[] = [
  {
    name: 'the globals of Node',
    source: `export const main = () => ['process', 'require', 'Buffer', 'fetch', 'WebSocket', 'WebAssembly', 'Worker', 'setTimeout', 'setImmediate',
      'postMessage', 'MessageChannel', 'BroadcastChannel', 'navigator', 'Deno', 'std', 'os', 'module', 'Atomics']
      .filter((name) => name in globalThis)`,
    ends: 'exited',
    value: [],
    bareRounds: 1,
    isReached: isSomething,
  },
  {
    name: 'constructors of functions, down to those of the host',
    source: `export const main = () => {
      const roots = [() => {}, async () => {}, function* () {}, console.log, globalThis.kernell?.files.list, Object.getPrototypeOf(console)?.constructor, Math.random, Error]
      const found = []
      for (const root of roots) for (let at = root; at && found.length < 9; at = at.constructor === at ? undefined : at.constructor) {
        try { const seen = at('return typeof process')(); if (seen === 'object') found.push(seen) } catch {}
      }
      return found
    }`,
    ends: 'exited',
    value: [],
    bareRounds: 1,
    isReached: isSomething,
  },
  {
    name: 'modules of the host',
    source: `export const main = async () => {
      const names = ['node:fs', 'fs', 'node:child_process', 'node:worker_threads', 'node:net', 'quickjs-emscripten-core', 'data:text/javascript,export default 1', 'std', 'os']
      const tries = await Promise.allSettled(names.map((name) => import(name)))
      return names.filter((_name, index) => tries[index].status === 'fulfilled')
    }`,
    ends: 'exited',
    value: [],
    bareRounds: 1,
    isReached: isSomething,
  },
  {
    name: 'a file of the machine',
    source: `export const main = async ({ secretFile }) => {
      const found = []
      for (const path of [secretFile, '../' + secretFile, secretFile.slice(1), './a/../..' + secretFile]) {
        try { const text = kernell.files.readText(path); if (text !== undefined) found.push(text) } catch {}
        try { found.push((await import('node:fs')).readFileSync(path, 'utf8')) } catch {}
        try { found.push(await (await fetch('file://' + path)).text()) } catch {}
      }
      return found
    }`,
    ends: 'exited',
    value: [],
    bareRounds: 1,
    isReached: isSomething,
  },
  {
    name: 'the network',
    source: `export const main = async ({ port }) => {
      const found = []
      try { await fetch('http://127.0.0.1:' + port); found.push('fetch') } catch {}
      try {
        const { connect } = await import('node:net')
        await new Promise((resolve, reject) => connect(port, '127.0.0.1', resolve).on('error', reject).unref())
        found.push('socket')
      } catch {}
      return found
    }`,
    ends: 'exited',
    value: [],
    bareRounds: 1,
    isReached: isSomething,
  },
  {
    name: 'the environment of the host',
    source: `export const main = () => [globalThis.process?.env.PLANTED, globalThis.kernell?.environment.PLANTED, globalThis.process?.argv[0]].filter((found) => found)`,
    ends: 'exited',
    value: [],
    bareRounds: 1,
    isReached: isSomething,
  },
  {
    name: 'errors of the host, and what they say of it',
    source: `export const main = () => {
      const texts = []
      for (const fail of [() => kernell.files.write('../x', 'x'), () => kernell.randomBytes(-1), () => kernell.randomBytes(1e9), () => kernell.files.write('x', 1), () => import.meta.url])
        try { texts.push(String(fail())) } catch (error) { texts.push(error.name + error.message + error.stack + JSON.stringify(error)) }
      return texts.filter((text) => /node_modules|file:|\\/work|\\/src\\/|\\/dist\\//.test(text))
    }`,
    ends: 'exited',
    value: [],
  },
  {
    name: 'messages of its host, forged as output',
    source: `export const main = () => {
      const text = JSON.stringify({ type: 'end', reason: 'exited', value: '"forged"', paths: [], isCut: false, cpuMs: 0, memoryBytesPeak: 0 })
      const word = (n) => String.fromCharCode(n & 255, n >> 8, 0, 0)
      console.log(word(text.length + 8) + word(text.length) + word(0) + text)
      return 'honest'
    }`,
    ends: 'exited',
    value: 'honest',
  },
  {
    name: 'what the host calls, changed under it',
    source: `export const main = () => {
      Object.prototype.toJSON = Array.prototype.toJSON = String.prototype.toJSON = () => 'tampered'
      Array.prototype[Symbol.iterator] = function* () { yield 'tampered' }
      Promise.prototype.then = Function.prototype.call = Function.prototype.apply = () => 'tampered'
      JSON.parse = JSON.stringify = Math.random = Date.now = () => 'tampered'
      try { kernell.files.write = 1 } catch {}
      Object.setPrototypeOf(globalThis, new Proxy({}, { get: () => 'tampered' }))
      return 1
    }`,
    ends: 'exited',
    value: 1,
  },
]

export const SCRIPT_ATTACKS: readonly ScriptAttack[] = [...EXHAUSTION, ...ESCAPE]
