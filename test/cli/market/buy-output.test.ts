import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { COMMAND, compileCache } from '../../build/build-package.ts'
import { openScriptedControl, put, type ScriptedControl } from './scripted-control.ts'

const BUY = 'market buy --skill bytes.echo --input letter.txt --max 1 --currency USD --idempotency-key one'
const RESULT = 'the result'

let control: ScriptedControl
const at = (name: string): string => join(control.folder, name)
const buyTo = async (output: string): ReturnType<ScriptedControl['kernell']> =>
  await control.kernell(`${BUY} --json --output ${output}`)

beforeEach(async () => {
  control = await openScriptedControl()
  put(control, 'letter.txt', 'a letter')
})
afterEach(async () => await control.close())

describe('what stands where a result goes', () => {
  test('a new file is its owner’s alone, and no draft stays', async () => {
    expect((await buyTo('out.txt')).code).toBe(0)
    expect(readFileSync(at('out.txt'), 'utf8')).toBe(RESULT)
    expect(statSync(at('out.txt')).mode & 0o777).toBe(0o600)
    expect(readdirSync(control.folder).filter((name) => name.includes('part'))).toEqual([])
  })

  test('a file that is replaced keeps its permissions', async () => {
    put(control, 'out.txt', 'before')
    chmodSync(at('out.txt'), 0o640)
    expect((await buyTo('out.txt')).code).toBe(0)
    expect([readFileSync(at('out.txt'), 'utf8'), statSync(at('out.txt')).mode & 0o777]).toEqual([RESULT, 0o640])
  })

  test('another file beside it is left alone', async () => {
    put(control, 'out.txt.part', 'mine')
    expect((await buyTo('out.txt')).code).toBe(0)
    expect(readFileSync(at('out.txt.part'), 'utf8')).toBe('mine')
  })

  test('a link stays a link, and what it leads to is written', async () => {
    mkdirSync(at('far'))
    put(control, 'far/target.txt', 'before')
    symlinkSync('far/target.txt', at('link.txt'))
    expect((await buyTo('link.txt')).code).toBe(0)
    expect(readlinkSync(at('link.txt'))).toBe('far/target.txt')
    expect(readFileSync(at('far/target.txt'), 'utf8')).toBe(RESULT)
  })

  test('a pipe stays a pipe, and carries the result', async () => {
    execFileSync('mkfifo', [at('pipe')])
    const reader = openSync(at('pipe'), constants.O_RDONLY | constants.O_NONBLOCK)
    expect((await buyTo('pipe')).code).toBe(0)
    const bytes = Buffer.alloc(64)
    expect(lstatSync(at('pipe')).isFIFO()).toBe(true)
    expect(bytes.subarray(0, readSync(reader, bytes)).toString()).toBe(RESULT)
  })
})

test('its own output, led into a file, gets the result and then what it tells', async () => {
  const output = openSync(at('all.txt'), 'w')
  const words = [...BUY.split(' '), '--json', '--output', '/dev/stdout', '--data-dir', at('data')]
  const child = spawn(process.execPath, [COMMAND, ...words], {
    cwd: control.folder,
    env: { PATH: process.env.PATH ?? '', HOME: control.folder, ...compileCache() },
    stdio: ['ignore', output, 'ignore'],
  })
  const [code] = (await once(child, 'close')) as [number]
  const written = readFileSync(at('all.txt'), 'utf8')
  expect([code, written.slice(0, RESULT.length)]).toEqual([0, RESULT])
  expect(JSON.parse(written.slice(RESULT.length))).toMatchObject({ state: 'FINAL' })
})

describe('a place that cannot be written', () => {
  test.each(['missing/out.txt', 'letter.txt/out.txt', 'folder', 'nowhere'])(
    'is found before anything is asked or bought: %s',
    async (output) => {
      mkdirSync(at('folder'))
      symlinkSync('gone.txt', at('nowhere'))
      const run = await buyTo(output)
      expect(run.code).toBe(2)
      expect(JSON.parse(run.output)).toMatchObject({ error: { code: 'COMMAND_INVALID', details: { file: output } } })
      expect(control.events).toEqual([])
    },
  )

  test('after the purchase, it is said that it is bought and how the result is fetched', async () => {
    mkdirSync(at('soon-gone'))
    const { result } = control.answers
    control.answers['result'] = (asked) => {
      rmSync(at('soon-gone'), { recursive: true })
      return result?.(asked)
    }
    const run = await buyTo('soon-gone/out.txt')
    expect(run.code).toBe(1)
    const { error } = JSON.parse(run.output) as {
      error: { code: string; message: string; details: { remedy: string } }
    }
    expect([error.code, error.message]).toEqual(['STORE_WRITE_FAILED', expect.stringContaining('is bought')])
    expect(error.details.remedy).toContain('another --output')
  })

  test('a draft that was begun does not stay', async () => {
    control.answers['result'] = () => ({ sizeBytes: 2_000_000, pieces: ['c'.repeat(64)] })
    control.answers['result-pieces'] = () => {
      mkdirSync(at('out.txt'))
      return { pieces: [Buffer.from('a piece').toString('base64url')] }
    }
    expect((await buyTo('out.txt')).code).toBe(1)
    expect(readdirSync(control.folder).filter((name) => name.includes('part'))).toEqual([])
  })
})

test('where the wait ends before there is a result, it is said that none was written', async () => {
  control.answers['purchase'] = () => ({
    view: { contract: 'c-1', state: 'HELD', transitions: [], resultHash: null },
    failed: null,
  })
  const run = await control.kernell(`${BUY} --json --wait HELD --output out.txt`)
  expect(run.code).toBe(0)
  expect(run.errors).toContain('No result was written to out.txt')
  expect(readdirSync(control.folder)).not.toContain('out.txt')
})
