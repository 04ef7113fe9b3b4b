import { describe, expect, it } from 'vitest'
import { parseFlags, type FlagTable } from '../../src/cli/flags.ts'

const TABLE: FlagTable = {
  margin: { value: 'POINTS', describe: 'points' },
  gate: { describe: 'a switch' },
  data: { value: 'FILE', isList: true, describe: 'files' },
}

describe('flags', () => {
  it.each(['-0.02', '-.5', '-1'])('take %s as a number, not as a flag', (text) => {
    expect(parseFlags(['--margin', text, '--gate'], TABLE)).toEqual({
      flags: { margin: text, gate: true },
      positionals: [],
    })
  })

  it('a switch and a list take no number from after them', () => {
    expect(() => parseFlags(['--gate', '-1'], TABLE)).toThrow(/-1/)
    expect(() => parseFlags(['--data', 'a', '-1'], TABLE)).toThrow(/-1/)
  })

  it('a value that looks like a flag is still missing', () => {
    expect(() => parseFlags(['--margin', '--gate'], TABLE)).toThrow(/margin/)
  })
})
