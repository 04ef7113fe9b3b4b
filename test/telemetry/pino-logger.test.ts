import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Logger, LogLevel } from '../../src/ports/logger.ts'
import { openPinoLog } from '../../src/telemetry/pino-logger.ts'

type Line = Readonly<Record<string, unknown>>

function open(
  level: LogLevel,
  format: 'json' | 'pretty' = 'json',
): { readonly log: Logger; readonly text: () => string } {
  let written = ''
  const target = { write: (text: string): void => void (written += text) }
  return { log: openPinoLog({ level, format, target }).logger, text: () => written }
}

const linesOf = (text: string): readonly Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)

const KEY = `sk-${'a1B2'.repeat(12)}`

describe('lines', () => {
  it('are JSON documents with time, level, message and fields, of this level and above', () => {
    const { log, text } = open('info')
    log.debug('not this one')
    log.child({ request_id: 'r-1' }).warn('request', { status: 500, nested: { a: [1] } })
    expect(log.isEnabled('debug')).toBe(false)
    expect(linesOf(text())).toEqual([
      {
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
        level: 'warn',
        pid: process.pid,
        msg: 'request',
        request_id: 'r-1',
        status: 500,
        nested: { a: [1] },
      },
    ])
  })

  it('hold no secrets, wherever those stand', () => {
    const { log, text } = open('debug')
    log
      .child({ note: `OPENAI_API_KEY=${KEY}` })
      .info(`key ${KEY}`, { password: 'correct horse', nested: { token: 'correct horse' }, deep: [{ token: KEY }] })
    log.error('failed', { error: new Error(`with ${KEY}`) })
    expect(text()).not.toContain(KEY)
    expect(text()).not.toContain('correct horse')
  })

  it('tell an error by class, code and place; its words only where debug is asked for', () => {
    const fault = new TypeError('cannot read the task "buy flowers"')
    const coded = new CodedError('MODEL_TIMEOUT', { message: 'while asked to buy flowers', cause: fault })
    const quiet = open('info')
    quiet.log.error('request failed', { error: fault })
    quiet.log.warn('answer broke off', { error: coded })
    expect(quiet.text()).not.toContain('flowers')
    const [first, second] = linesOf(quiet.text())
    expect(first?.['error']).toMatchObject({ type: 'TypeError', stack: expect.stringContaining('pino-logger.test.ts') })
    expect(second?.['error']).toMatchObject({ code: 'MODEL_TIMEOUT', cause: { type: 'TypeError' } })
    const verbose = open('debug')
    verbose.log.error('request failed', { error: fault })
    expect(linesOf(verbose.text())[0]?.['error']).toMatchObject({ message: 'cannot read the task "buy flowers"' })
  })

  it('are none at all when silent', () => {
    const { log, text } = open('silent')
    log.error('x')
    expect(text()).toBe('')
  })
})

describe('lines for people', () => {
  it('are short, and do nothing to a terminal', () => {
    const { log, text } = open('info', 'pretty')
    log.info('request', { route: '/v1/models', status: 200, name: 'a b', hostile: '\u001b[2J\u202e\u009b\nx' })
    expect(text()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} INFO {2}request route=\/v1\/models status=200 name="a b" hostile=/)
    for (const character of text().trimEnd()) expect(/[\p{Cc}\p{Cf}]/u.test(character)).toBe(false)
  })

  it('have colours where they are wanted', () => {
    let written = ''
    const target = { write: (text: string): void => void (written += text) }
    openPinoLog({ level: 'info', format: 'pretty', target, isColoured: true }).logger.warn('x')
    expect(written).toContain('\u001b[33mWARN \u001b[0m x')
  })
})

it('what is written in the background is there after a flush', () => {
  const folder = mkdtempSync(join(tmpdir(), 'kernell-log-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, 'log')
  const { logger, flush } = openPinoLog({ level: 'info', format: 'json', target: { fd: openSync(file, 'a') } })
  for (let line = 0; line < 1_000; line += 1) logger.info('line', { line })
  flush()
  expect(linesOf(readFileSync(file, 'utf8')).map(({ line }) => line)).toEqual(
    Array.from({ length: 1_000 }, (_none, line) => line),
  )
})
