import { expect, test } from 'vitest'
import { boundedSeries, SeriesRecorder } from '../../../src/simulation/run/series.ts'

test('a series is bounded however long it is, and keeps its ends and its order', () => {
  const recorder = new SeriesRecorder('open', 'contracts')
  for (let at = 0; at < 100_001; at += 1) recorder.add(at, at * 2)
  const { points } = recorder.series
  expect(points.length).toBeLessThanOrEqual(2_001)
  expect(points.length).toBeGreaterThan(900)
  expect(points[0]).toEqual([0, 0])
  expect(points.at(-1)).toEqual([100_000, 200_000])
  expect(points.map(([at]) => at)).toEqual(points.map(([at]) => at).toSorted((left, right) => left - right))
})

test('what cannot be drawn is left out', () => {
  const recorder = new SeriesRecorder('ratio', 'share')
  recorder.add(1, Number.NaN)
  recorder.add(2, 0.5)
  expect(recorder.series.points).toEqual([[2, 0.5]])
})

test('a report holds so many series and no more', () => {
  const many = Array.from({ length: 40 }, (_, at) => ({ name: `n${at}`, unit: 'u', points: [[0, at]] as const }))
  expect(boundedSeries(many)).toHaveLength(32)
})
