import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readRepositoryFile } from '../../repo/repository.ts'
import { type BinaryRun, makeFolder, removeFolders, runBinary } from '../run-binary.ts'

/** Without packages of its own: those of the program are lent. */
const folder = makeFolder()
afterAll(removeFolders)

/** The scenario of the README. */
const dayBook =
  [...readRepositoryFile('README.md').matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
    .map(([, code = '']) => code)
    .find((code) => code.includes("name: 'day-book'")) ?? ''

async function simulate(...words: readonly string[]): Promise<BinaryRun> {
  return await runBinary(['simulate', ...words], { folder })
}

it('the scenario of the README holds what it promises', async () => {
  writeFileSync(join(folder, 'day-book.ts'), dayBook)
  const words = ['./day-book.ts', '--seeds', '1..2', '--threads', '1', '--shrink', '--json']
  const { code, errors, output } = await simulate(...words)
  expect({ code, errors }).toEqual({ code: 0, errors: 'There is nothing to shrink: no checker found a violation\n' })
  const expected = { runs: 2, faults: { 'power-cut': 16 }, metrics: { kept: { least: 100 } }, shrunk: [] }
  expect(JSON.parse(output)).toMatchObject(expected)
}, 60_000)

it('without its sync it fails, is shrunk to one fault, and what is left is played again', async () => {
  writeFileSync(join(folder, 'unsynced.ts'), dayBook.replace('await book.sync()', ''))
  const { code, output } = await simulate('./unsynced.ts', '--seed', '2', '--shrink', '--json')
  expect(code).toBe(1)
  const { shrunk } = JSON.parse(output) as {
    readonly shrunk: readonly { readonly fault_ids: readonly number[]; readonly replay: string }[]
  }
  expect(shrunk).toMatchObject([{ seed: 2, checker: 'what-is-kept-stays', faults_before: 8 }])
  expect(shrunk[0]?.fault_ids).toHaveLength(1)
  const [, , ...words] = shrunk[0]?.replay.split(' ') ?? []
  const again = await simulate(...words, '--json')
  expect(again.code).toBe(1)
  expect(JSON.parse(again.output)).toMatchObject({ is_cut: true, violations: [{ checker: 'what-is-kept-stays' }] })
}, 60_000)
