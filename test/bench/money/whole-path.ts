import type { Buyer, BuyRequest } from 'kernell-os/market'
import { OfflineMarket } from '../../../agents/offline/offline-market.ts'
import type { Amount } from '../../../src/base/money.ts'
import { type BenchOptions, type BenchReport, median, roundFigure } from '../bench.ts'

const BUYERS = 8
const SELLERS = 8
const PRICE_NANOS = 1_000_000n
/** What each buyer of the offline market begins with. */
const FUNDS_NANOS = 10_000_000_000n
const FIRST_SELLER = 100
const FIRST_BUYER = 10

/**
 * Purchases from the question for offers to the settlement, by the package's own doors and its offline market: each buyer asks the sellers, both sign, the notary orders what they say, the
 * seller works, the buyer looks at the result by the predicate and accepts. All parties and the notary are in this process, over memory. What did not end FINAL, paid in full, is a failure.
 */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const rates: number[] = []
  const times: number[] = []
  for (let round = 0; round < (isQuick ? 1 : 3); round += 1) {
    const { rate, cpuUs } = await buyAll(isQuick ? 1 : 25)
    rates.push(rate)
    times.push(cpuUs)
    log(`whole path: ${roundFigure(rate)} purchases/s, ${Math.round(cpuUs)} us of CPU each`)
  }
  const note = `${BUYERS} buyers one purchase after the other, ${SELLERS} sellers and the notary in one process over memory, without disks; offers, signatures, work, result, acceptance`
  const row = { better: 'higher', peers: {}, limit: null, note } as const
  return {
    rows: [
      { ...row, case: 'whole path with all parties', unit: 'purchases/s', ours: roundFigure(median(rates)) },
      {
        ...row,
        case: 'whole path: CPU of all parties',
        unit: 'us',
        better: 'lower',
        ours: roundFigure(median(times)),
      },
    ],
    skipped: [],
  }
}

async function buyAll(each: number): Promise<{ readonly rate: number; readonly cpuUs: number }> {
  const numbers = Array.from({ length: BUYERS }, (_, index) => FIRST_BUYER + index)
  const sellers = Array.from({ length: SELLERS }, (_, index) => FIRST_SELLER + index)
  const market = await OfflineMarket.open(numbers)
  try {
    for (const number of sellers) await market.seller(number, PRICE_NANOS)
    const buyers = await Promise.all(numbers.map(async (number) => await market.buyer(number)))
    const peers = sellers.map((number) => market.didOf(number))
    const cpu = process.cpuUsage()
    const started = performance.now()
    await Promise.all(
      buyers.map(async (buyer, index) => {
        for (let turn = 0; turn < each; turn += 1) {
          const idempotencyKey = `purchase ${turn}`
          // Each of its own seller: the cheapest is the first that is asked.
          const seller = peers[(index + turn) % SELLERS]
          const request: BuyRequest = {
            idempotencyKey,
            skill: 'text.word-count',
            custody: 'C2',
            input: new TextEncoder().encode('one two three'),
            maxNanos: (2n * PRICE_NANOS) as Amount,
            currency: market.currency,
            peers: seller === undefined ? [] : [seller],
            predicate: { kind: 'number-near', artifact: 'result', pointer: '/words', expected: '3', tolerance: '0' },
          }
          await buyer.buy(request)
          const { failed, contract } = await buyer.ended(idempotencyKey)
          if (failed !== undefined) throw new Error(`${failed.code}: ${contract ?? ''}`)
        }
      }),
    )
    const seconds = (performance.now() - started) / 1_000
    const { user, system } = process.cpuUsage(cpu)
    const count = BUYERS * each
    for (const [index, buyer] of buyers.entries()) await checkPaid(market, buyer, { each, number: numbers[index] ?? 0 })
    return { rate: count / seconds, cpuUs: (user + system) / count }
  } finally {
    await market.close()
  }
}

/** By the notes of the buyer, and by its account. */
async function checkPaid(
  market: OfflineMarket,
  { party }: Buyer,
  { each, number }: { readonly each: number; readonly number: number },
): Promise<void> {
  const ends = party.journal.notesOf('contract').map(([, note]) => (note as { readonly ended?: string }).ended)
  const spent = FUNDS_NANOS - (await market.balanceOf(market.didOf(number)))
  if (ends.length !== each || ends.some((end) => end !== 'FINAL') || spent !== BigInt(each) * PRICE_NANOS)
    throw new Error(`${number}: ${spent} nano spent for ${ends.join(', ')}`)
}
