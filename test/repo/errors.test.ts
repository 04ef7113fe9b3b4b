import { describe, expect, it } from 'vitest'
import { ERROR_CODES, type ErrorCodeEntry } from '../../src/base/error-codes.ts'
import { formatErrorTable } from '../../scripts/error-table.ts'
import { listTypeScript, readRepositoryFile } from './repository.ts'

const ENTRIES: readonly (readonly [string, ErrorCodeEntry])[] = Object.entries(ERROR_CODES)

describe('each error code', () => {
  it.each(ENTRIES)('%s is named AREA_WHAT', (code) => {
    expect(code).toMatch(/^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/)
  })

  it.each(ENTRIES)('%s says its cause and its remedy in sentences', (_code, entry) => {
    expect(entry.cause).toMatch(/^[A-Z].{10,}\.$/)
    expect(entry.remedy).toMatch(/^[A-Z`].{10,}\.$/)
  })

  it.each(ENTRIES)('%s has an HTTP status of an error', (_code, entry) => {
    expect(entry.httpStatus).toBeGreaterThanOrEqual(400)
    expect(entry.httpStatus).toBeLessThan(600)
  })

  it('is used somewhere in src', () => {
    const text = listTypeScript('src')
      .filter((file) => !file.startsWith('src/base/error-codes'))
      .map(readRepositoryFile)
      .join('\n')
    expect(ENTRIES.map(([code]) => code).filter((code) => !text.includes(`'${code}'`))).toEqual([])
  })
})

describe('the table in README.md', () => {
  it('is the table of src/base/error-codes.ts (npm run fix writes it)', () => {
    const section = /<!-- errors:start -->\n([\s\S]*?)<!-- errors:end -->/.exec(readRepositoryFile('README.md'))?.[1]
    expect(section).toBe(formatErrorTable())
  })
})
