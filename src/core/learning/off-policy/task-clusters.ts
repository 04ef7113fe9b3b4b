import type { LoggedTask } from '../logged-task.ts'
import { CONFIDENCE_DEFAULT, meanInterval, meanOf, type Estimate } from './mean-interval.ts'

/** Which rows are of one task: by row the number of its task, from 0 in the order of their coming. */
export type TaskClusters = {
  readonly places: Int32Array
  /** Different tasks. */
  readonly count: number
}

/** Rows of one hash, or of one text where it was kept, are of one task: they do not tell more than once what it shows. */
export function clusterTasks(tasks: readonly Pick<LoggedTask, 'taskHash' | 'prompt'>[]): TaskClusters {
  const byHash = new Map<string, number>()
  const byText = new Map<string, number>()
  let count = 0
  const places = Int32Array.from(tasks, ({ taskHash, prompt }) => {
    const known = byHash.get(taskHash) ?? (prompt === undefined ? undefined : byText.get(prompt))
    const place = known ?? count
    if (known === undefined) count += 1
    byHash.set(taskHash, place)
    if (prompt !== undefined) byText.set(prompt, place)
    return place
  })
  return { places, count }
}

/** Some of the rows, numbered anew. */
export function pickClusters({ places }: TaskClusters, rows: readonly number[]): TaskClusters {
  const renumbered = new Map<number, number>()
  const picked = Int32Array.from(rows, (row) => {
    const place = places[row] ?? -1
    const known = renumbered.get(place) ?? renumbered.size
    renumbered.set(place, known)
    return known
  })
  return { places: picked, count: renumbered.size }
}

/** Sum of the terms of each task. */
export function clusterSums(terms: ArrayLike<number>, { places, count }: TaskClusters): Float64Array {
  const sums = new Float64Array(count)
  for (const [row, place] of places.entries()) sums[place] = (sums[place] ?? 0) + (terms[row] ?? 0)
  return sums
}

/**
 * The mean over rows with the interval of a mean over tasks: repeats of a task depend on each other, so that only tasks are independent
 * (linearised ratio of sums; Liang and Zeger, 1986). Where no task is repeated it is the interval of the rows.
 */
export function clusteredInterval(
  terms: Float64Array,
  clusters: TaskClusters,
  confidence: number = CONFIDENCE_DEFAULT,
): Estimate {
  if (clusters.count === terms.length) return meanInterval(terms, confidence)
  const value = meanOf(terms)
  const distances = clusterSums(
    terms.map((term) => term - value),
    clusters,
  )
  const rowsOfTask = terms.length / clusters.count
  const { low, high, standardError } = meanInterval(
    distances.map((distance) => value + distance / rowsOfTask),
    confidence,
  )
  return { value, low, high, standardError }
}
