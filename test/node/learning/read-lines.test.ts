import { truncateSync, writeFileSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { readLineBatches } from '../../../src/node/learning/read-lines.ts'
import { failureOf } from '../../fixtures/failure-of.ts'
import { DataFolder, removeDataFolders } from './data-folder.ts'

afterAll(removeDataFolders)

async function linesOf(file: string, signal?: AbortSignal): Promise<readonly (readonly [number, string])[]> {
  const lines: (readonly [number, string])[] = []
  for await (const batch of readLineBatches(file, signal === undefined ? {} : { signal }))
    for (const [place, line] of batch.lines.entries()) lines.push([batch.firstLine + place, line])
  return lines
}

describe('lines of a file', () => {
  it.each(['a.jsonl', 'a.jsonl.gz'])('come whole and numbered across chunks: %s', async (name) => {
    const folder = new DataFolder()
    const rows = Array.from({ length: 3000 }, (_, index) => `${index} ${'é'.repeat(index % 1500)}`)
    expect(await linesOf(folder.write(name, rows))).toEqual(rows.map((row, index) => [index + 1, row]))
  })

  it('may lack the last line end, and a file may have none', async () => {
    const folder = new DataFolder()
    writeFileSync(folder.file('a'), 'x\n\ny')
    expect(await linesOf(folder.file('a'))).toEqual([
      [1, 'x'],
      [2, ''],
      [3, 'y'],
    ])
    writeFileSync(folder.file('b'), '')
    expect(await linesOf(folder.file('b'))).toEqual([])
  })

  it('are refused where there are none: no file, no text, no gzip, half a gzip, an endless line', async () => {
    const folder = new DataFolder()
    writeFileSync(folder.file('bytes'), Buffer.from([0x61, 0x0a, 0xff, 0xfe, 0x0a]))
    writeFileSync(folder.file('text.gz'), 'no gzip')
    folder.write('half.gz', [Array.from({ length: 5000 }, (_, index) => index * 7919).join(' ')])
    truncateSync(folder.file('half.gz'), 4000)
    writeFileSync(folder.file('long'), Buffer.alloc(17 * 1024 * 1024, 0x61))
    for (const [name, message] of [
      ['absent', 'is not there'],
      ['bytes', 'bytes:2: not UTF-8 text'],
      ['text.gz', 'is no gzip file, or a broken one'],
      ['half.gz', 'is no gzip file, or a broken one'],
      ['long', 'longer than 16 MiB'],
    ] as const) {
      const failure = await failureOf(linesOf(folder.file(name)))
      expect(failure).toMatchObject({ code: 'TRAINING_DATA_INVALID' })
      expect((failure as Error).message).toContain(message)
    }
  })

  it('may be kept where some are no text, which are named', async () => {
    const folder = new DataFolder()
    const bytes = Buffer.concat([Buffer.from('é\n\n'), Buffer.from([0xff]), Buffer.from('\nz\n'), Buffer.from([0xc3])])
    writeFileSync(folder.file('bytes'), bytes)
    const batches: unknown[] = []
    for await (const batch of readLineBatches(folder.file('bytes'), { keepsDamaged: true })) batches.push(batch)
    expect(batches).toEqual([
      { lines: ['é', '', '', 'z'], firstLine: 1, damaged: new Set([3]) },
      { lines: [''], firstLine: 5, damaged: new Set([5]) },
    ])
  })

  it('end with the reason of the signal', async () => {
    const folder = new DataFolder()
    const file = folder.write('a', ['x'])
    await expect(linesOf(file, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
  })
})
