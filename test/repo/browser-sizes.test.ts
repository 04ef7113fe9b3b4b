import { describe, expect, it } from 'vitest'
import { SIZE_BUDGETS, sizeOfDoor } from '../../scripts/browser-sizes.ts'
import { BROWSER_SAFE } from './browser-doors.ts'
import { readRepositoryFile } from './repository.ts'

describe('what a page loads', () => {
  it('has a budget for each door that runs in browsers', () => {
    expect(Object.keys(SIZE_BUDGETS)).toEqual(expect.arrayContaining([...BROWSER_SAFE]))
  })

  it.each(Object.entries(SIZE_BUDGETS))('is within it: %s', async (door, { kB, gzipKB }) => {
    const { bytes, gzipBytes } = await sizeOfDoor(door)
    expect(bytes).toBeLessThanOrEqual(kB * 1_000)
    expect(gzipBytes).toBeLessThanOrEqual(gzipKB * 1_000)
    // A budget far above what it holds would hold nothing.
    expect(gzipBytes).toBeGreaterThan(gzipKB * 600)
  })

  it('is refused where it needs what a page does not have', async () => {
    await expect(sizeOfDoor('storage')).rejects.toThrow(/The door storage is not for pages/)
  })
})

it('what the README says that doors weigh at most is what they may', () => {
  const told = readRepositoryFile('README.md')
  const said = /at most ([\d.]+) kB compressed\nfor `wasm`, ([\d.]+) kB for `actors`, ([\d.]+) kB for `core`/.exec(told)
  expect(said?.slice(1).map(Number)).toEqual(['wasm', 'actors', 'core'].map((door) => SIZE_BUDGETS[door]?.gzipKB))
})
