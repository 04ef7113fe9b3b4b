import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { SANDBOX_LIMIT_DEFAULTS } from '../../../src/core/sandbox/sandbox-policy.ts'
import { createGuestWindow, GuestSide, WatchSide } from '../../../src/sandbox/hosted/guest-window.ts'
import type { GuestEnd } from '../../../src/sandbox/hosted/serve-guest.ts'
import { ScriptEngine } from '../../../src/sandbox/quickjs/script-engine.ts'
import { bytesOf, textOf } from '../corpus-script/hosted-requests.ts'

/** In this very thread: nothing here has to be contained. The engine sets the clock of its thread, which is given back. */
const engine = new ScriptEngine()
const { now } = Date

beforeAll(async () => await engine.warm())
afterEach(() => {
  Date.now = now
})

async function run(source: string, call?: string): Promise<{ readonly end: GuestEnd; readonly stderr: string }> {
  const limits = SANDBOX_LIMIT_DEFAULTS
  const buffers = createGuestWindow(limits.outputBytes)
  const job = { ...(call === undefined ? {} : { call }), args: [], nowMs: 0, environment: {}, filesOut: [], paths: [] }
  const end = await engine.run({
    limits,
    job,
    parts: [bytesOf(source), new Uint8Array(32), new Uint8Array()],
    window: new GuestSide(buffers, limits.outputBytes),
    begin: () => {},
    keep: () => {},
  })
  return { end, stderr: textOf(new WatchSide(buffers).takeOutput('stderr')) }
}

describe('a script is refused where it', () => {
  it.each([
    ['is no JavaScript', 'let x = ;', undefined, 'no module'],
    ['imports', 'import fs from "node:fs"', undefined, 'no module'],
    ['exports no such function', 'export const other = () => 1', 'main', 'exports no function main'],
    ['exports something else', 'export const main = 1', 'main', 'exports no function main'],
    ['inherits what is called', 'export const a = 1', 'toString', 'exports no function toString'],
  ])('%s', async (_what, source, call, message) => {
    const { end } = await run(source, call)
    expect(end).toEqual({ type: 'refused', message: expect.stringContaining(message) as string })
  })
})

describe('a script has failed where it returns', () => {
  it.each([
    [
      'what is too deep',
      'let deep = []; for (let i = 0; i < 300; i += 1) deep = [deep]; return deep',
      'deeper than 256',
    ],
    ['what is circular', 'const loop = {}; loop.loop = loop; return loop', 'circular'],
    ['a getter that throws', 'return { get secret() { throw new Error("trap") } }', 'trap'],
    ['a proxy that throws', 'return new Proxy({}, { ownKeys() { throw new Error("trap") } })', 'trap'],
    ['an error that cannot be described', 'throw { toJSON() { throw 1 } }', 'cannot be described'],
    ['a promise that nothing settles', 'return new Promise(() => {})', 'nothing will settle'],
    ['a promise that is rejected', 'return Promise.reject(new Error("no"))', 'no'],
    [
      'an error whose name is a trap',
      'throw Object.defineProperty(new Error(), "name", { get() { throw 1 } })',
      'cannot be',
    ],
  ])('%s', async (_what, body, said) => {
    const { end, stderr } = await run(`export const main = () => { ${body} }`, 'main')
    expect(end).toEqual({ type: 'end', reason: 'failed', files: [], isCut: false })
    expect(stderr).toContain(said)
  })

  it('and an error that is null is no lack of memory', async () => {
    expect(await run('throw null')).toMatchObject({ end: { reason: 'failed' }, stderr: 'null\n' })
  })
})
