import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { EXIT_CODES } from '../../../src/cli/exit-codes.ts'
import { interruptReason } from '../../../src/cli/print-failure.ts'
import { openInputFile } from '../../../src/node/market/input-file.ts'
import { openScriptedControl, put, type ScriptedControl } from './scripted-control.ts'

const BUY = 'market buy --skill bytes.echo --input large.bin --max 1 --currency USD --idempotency-key one'

let control: ScriptedControl
beforeEach(async () => {
  control = await openScriptedControl()
  put(control, 'large.bin', new Uint8Array(1_500_000))
})
afterEach(async () => await control.close())

/** Presses Ctrl-C while the node answers one operation, and reads what the command says then. */
async function stoppedAt(op: string): Promise<string> {
  const stopping = new AbortController()
  control.answers[op] = () => {
    stopping.abort(interruptReason())
    return {}
  }
  const run = await control.kernell(`${BUY} --json`, stopping.signal)
  expect(run.code).toBe(EXIT_CODES.interrupted)
  return (JSON.parse(run.output) as { error: { details: { remedy: string } } }).error.details.remedy
}

describe('Ctrl-C', () => {
  test.each(['disclosure', 'input-begin'])('before the purchase says that nothing was bought: %s', async (op) => {
    const remedy = await stoppedAt(op)
    expect(remedy).toContain('has bought nothing')
    expect(remedy).not.toContain('The purchase goes on')
    expect(control.events).not.toContain('asked buy')
  })

  test('while the node is told to buy claims neither', async () => {
    const remedy = await stoppedAt('buy')
    expect(remedy).toContain('not known')
    expect(remedy).toContain('once')
  })

  test('while it waits says that the purchase goes on', async () => {
    expect(await stoppedAt('purchase')).toContain('The purchase goes on')
  })

  test('is heard while a large input is read', async () => {
    const stopped = AbortSignal.abort(interruptReason())
    await expect(openInputFile(join(control.folder, 'large.bin'), stopped)).rejects.toThrow('Stopped by the operator')
  })
})
