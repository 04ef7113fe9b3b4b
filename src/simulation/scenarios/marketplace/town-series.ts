import type { PurchaseRecord } from '../../market/agents/agent-record.ts'
import { type MetricSeries, SeriesRecorder } from '../../run/series.ts'

/** Purchases that a moving figure goes over, and as many as it needs at the least. */
const WINDOW = 30
const WINDOW_MIN = 5
const PER_CREDIT = 1e9

type Ended = PurchaseRecord & { readonly endedMs: number }

/**
 * A marketplace over virtual time, by purchases as they ended: how many contracts honest sellers and the others had, what a result cost, what was paid and what it was
 * worth to its buyers, how many of the last results were right.
 *
 * @param isHonest  Of the name of a seller.
 */
export function townSeries(
  purchases: readonly PurchaseRecord[],
  isHonest: (seller: string) => boolean,
): readonly MetricSeries[] {
  const ended = purchases
    .filter((purchase): purchase is Ended => purchase.endedMs !== undefined && purchase.seller !== undefined)
    .toSorted((left, right) => left.endedMs - right.endedMs)
  const price = ({ priceNanos = 0n }: PurchaseRecord): number => Number(priceNanos) / PER_CREDIT
  const worth = ({ hasRightResult, valueNanos }: PurchaseRecord): number =>
    hasRightResult === true ? Number(valueNanos) / PER_CREDIT : 0
  return [
    summed(['of honest sellers', 'contracts'], ended, ({ seller = '' }) => (isHonest(seller) ? 1 : 0)),
    summed(['of others', 'contracts'], ended, ({ seller = '' }) => (isHonest(seller) ? 0 : 1)),
    summed(['agreed on', 'credits'], ended, price),
    summed(['worth to buyers', 'credits'], ended, worth),
    moving(['price', 'credits for a contract'], ended, price),
    moving(['right results', 'share of contracts'], ended, ({ hasRightResult }) => (hasRightResult === true ? 1 : 0)),
  ]
}

type Named = readonly [name: string, unit: string]
type Reading = (purchase: Ended) => number

function summed([name, unit]: Named, ended: readonly Ended[], read: Reading): MetricSeries {
  const recorder = new SeriesRecorder(name, unit)
  let sum = 0
  for (const purchase of ended) recorder.add(purchase.endedMs, (sum += read(purchase)))
  return recorder.series
}

/** The mean over the last ones. */
function moving([name, unit]: Named, ended: readonly Ended[], read: Reading): MetricSeries {
  const recorder = new SeriesRecorder(name, unit)
  for (let end = WINDOW_MIN; end <= ended.length; end += 1) {
    const window = ended.slice(Math.max(0, end - WINDOW), end)
    recorder.add(window.at(-1)?.endedMs ?? 0, window.reduce((sum, purchase) => sum + read(purchase), 0) / window.length)
  }
  return recorder.series
}
