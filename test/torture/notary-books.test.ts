import { expect, test } from 'vitest'
import { BooksSimulation } from './simulate-notary-books.ts'

test(
  'four notaries with books agree and finish through loss, splits, crashes and a liar',
  { timeout: 120_000 },
  async () => {
    let [crashes, viewMax] = [0, 0]
    for (let seed = 1; seed <= 12; seed += 1) {
      const result = await new BooksSimulation({ seed }).run()
      expect(result.failures, `seed ${seed}`).toEqual([])
      crashes += result.crashes
      viewMax = Math.max(viewMax, result.viewMax)
    }
    expect(crashes).toBeGreaterThan(20)
    expect(viewMax).toBeGreaterThan(1)
  },
)

test('the same seed gives the same run', async () => {
  const once = await new BooksSimulation({ seed: 3 }).run()
  expect(await new BooksSimulation({ seed: 3 }).run()).toEqual(once)
})
