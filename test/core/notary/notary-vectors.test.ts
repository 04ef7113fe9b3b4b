import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { notaryVectors } from './notary-vectors.ts'

test('the golden vectors of notaries are what the code comes to', () => {
  const file = new URL('../../../protocol/vectors/v1/notary.json', import.meta.url)
  expect(JSON.parse(JSON.stringify(notaryVectors()))).toEqual(JSON.parse(readFileSync(file, 'utf8')))
})
