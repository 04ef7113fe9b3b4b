import { expect, test } from 'vitest'
import { sourceOf } from './plant.ts'
import { BUG_CLASSES, plantInto } from './planted-bug.ts'
import { PLANTED_BUGS } from './planted/planted-bugs.ts'

test.each(PLANTED_BUGS.map((bug) => [bug.name, bug] as const))('%s can still be planted', (_name, bug) => {
  const sound = sourceOf(bug.file)
  expect(plantInto(sound, bug)).not.toBe(sound)
})

test('a mistake that fits nowhere, or in two places, is refused', () => {
  const bug = { name: 'b', file: 'f', search: 'x', replacement: 'y' }
  expect(() => plantInto('abc', bug)).toThrow('0 places')
  expect(() => plantInto('axbx', bug)).toThrow('2 places')
})

test('each class has three mistakes or more, each of its own name', () => {
  for (const name of BUG_CLASSES) expect(PLANTED_BUGS.filter((bug) => bug.class === name).length).toBeGreaterThan(2)
  expect(new Set(PLANTED_BUGS.map(({ name }) => name)).size).toBe(PLANTED_BUGS.length)
})
