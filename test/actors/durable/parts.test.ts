import { expect, test } from 'vitest'
import { listTypeScript, readImports } from '../../repo/repository.ts'

const FOLDER = 'src/actors/durable'
/** Lowest first, as the docstring of `DurableExtension` lists them. The doors lie above all. */
const PARTS = [
  'values',
  'schedules',
  'state',
  'journal',
  'turn',
  'consequences',
  'inbox',
  'store',
  'cell',
  'references',
  '',
]

function partOf(file: string): string | undefined {
  if (!file.startsWith(`${FOLDER}/`)) return undefined
  const [first = '', rest] = file.slice(FOLDER.length + 1).split('/')
  return rest === undefined ? '' : first
}

test('each part of the durable actors imports only those below it, types included', () => {
  const broken = listTypeScript(FOLDER).flatMap((file) =>
    readImports(file).flatMap(({ file: target = '' }) => {
      const part = partOf(target)
      return part === undefined || PARTS.indexOf(part) <= PARTS.indexOf(partOf(file) ?? '')
        ? []
        : `${file} -> ${target}`
    }),
  )
  expect(broken).toEqual([])
})

test('the parts are those that there are', () => {
  expect(new Set(listTypeScript(FOLDER).map(partOf))).toEqual(new Set(PARTS))
})
