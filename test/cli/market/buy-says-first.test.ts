import { truncateSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openScriptedControl, put, type ScriptedControl } from './scripted-control.ts'

const BUY = 'market buy --skill bytes.echo --input letter.txt --max 1 --currency USD --idempotency-key one'

let control: ScriptedControl
beforeEach(async () => {
  control = await openScriptedControl()
  put(control, 'letter.txt', 'a letter')
})
afterEach(async () => await control.close())

describe('which data leaves', () => {
  test.each(['', ' --json'])('is said before anything does%s', async (flags) => {
    const run = await control.kernell(BUY + flags)
    expect(run.code).toBe(0)
    const said = control.events.findIndex((event) => event.includes('the seller (did:key:z1): the input'))
    expect(said).toBeGreaterThan(control.events.indexOf('asked disclosure'))
    expect(said).toBeLessThan(control.events.indexOf('asked buy'))
  })

  test('is in the one document of --json, too', async () => {
    const run = await control.kernell(`${BUY} --json`)
    expect(JSON.parse(run.output)).toMatchObject({ state: 'FINAL', discloses: [{ to: 'seller' }] })
  })
})

describe('an input that goes over in pieces', () => {
  test('is handed in when somebody takes so much, and not before it is said who learns what', async () => {
    put(control, 'letter.txt', new Uint8Array(1_500_000))
    let asked: unknown
    control.answers['input-fits'] = ({ inputBytes, inputList }) => (asked = { inputBytes, inputList })
    expect((await control.kernell(BUY)).code).toBe(0)
    const operations = control.events.filter((event) => event.startsWith('asked ')).slice(0, 4)
    expect(operations).toEqual(['asked disclosure', 'asked input-fits', 'asked input-begin', 'asked buy'])
    // By its size alone: no piece of it has been named yet.
    expect(asked).toEqual({ inputBytes: 1_500_000, inputList: undefined })
  })

  test('is a file: what is too long for a pipe is to be written to one', async () => {
    const run = await control.kernell(`${BUY.replace('letter.txt', '/dev/zero')} --json`)
    expect([run.code, control.events]).toEqual([2, []])
    const { error } = JSON.parse(run.output) as { error: { details: { remedy: string } } }
    expect(error.details.remedy).toContain('Write it to a file, and name that')
  })
})

test('an input beyond every limit names the limit and where it is set', async () => {
  put(control, 'letter.txt', '')
  // No block of it is on the disk.
  truncateSync(join(control.folder, 'letter.txt'), 4 * 1024 ** 3 + 1)
  const run = await control.kernell(`${BUY} --json`)
  expect(run.code).toBe(2)
  const { error } = JSON.parse(run.output) as { error: { message: string; details: { remedy: string } } }
  expect(error.message).toContain('4294967296')
  expect(error.details.remedy).toContain('market.artifactBytesMax')
})
