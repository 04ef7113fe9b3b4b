import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { Amount } from '../../../src/base/money.ts'
import { parseCivilDate } from '../../../src/core/models/civil-date.ts'
import type { PlannedStep } from '../../../src/core/routing/decision-record.ts'
import type { ReserveRequest } from '../../../src/ports/budgets.ts'
import { createShadowRooms, type ShadowRooms } from '../../../src/router/rollout/shadow-room.ts'
import type { TaskRun } from '../../../src/router/task-run.ts'

const today = parseCivilDate('2026-01-01')

/** Nano-dollars per million tokens; 1,000 tokens in (1,200 with the margin) and 1,000 out. */
const PRICES: Readonly<Record<string, bigint>> = { free: 0n, cheap: 1_000_000n, dear: 100_000_000n }
const entryOf = (id: string): object => ({
  id,
  prices:
    PRICES[id] === undefined
      ? []
      : [
          {
            inputNanosPerMillion: PRICES[id],
            outputNanosPerMillion: PRICES[id],
            contextTiers: [],
            validFrom: undefined,
          },
        ],
})
const run = {
  taskId: 'task',
  facts: { tokensIn: 1_000 },
  route: { caller: { tenant: 't' }, controls: {}, request: { maxOutputTokens: 1_000 } },
  money: { spentNanos: 0n },
  signal: undefined,
  today,
} as unknown as TaskRun
const steps = (...ids: readonly string[]): readonly PlannedStep[] =>
  ids.map((modelId) => ({ modelId, tier: 'cheap_api', role: 'answer' }))

class Money {
  left: bigint
  readonly asked: bigint[] = []

  constructor(left: bigint) {
    this.left = left
  }

  rooms(): ShadowRooms {
    const budgets = {
      isBounded: () => true,
      reserve: ({ amountNanos }: ReserveRequest) => {
        this.asked.push(amountNanos)
        if (amountNanos > this.left) throw new CodedError('BUDGET_EXCEEDED', { message: 'no room' })
        this.left -= amountNanos
        return {
          settle: (spent: Amount) => void (this.left += amountNanos - spent),
          release: () => void (this.left += amountNanos),
        }
      },
    }
    return createShadowRooms({ budgets, catalog: { registry: { find: entryOf } } } as never)
  }
}

describe('room for a plan in the shadow', () => {
  it('is reserved for all of its models at once, and what was not spent goes back', async () => {
    const money = new Money(1_000_000n)
    const room = await money.rooms().reserve(run, steps('cheap', 'dear'))
    expect(money.asked).toEqual([2_200n + 220_000n])
    const call = await room?.budgets.reserve({} as ReserveRequest)
    await call?.settle(700n as Amount)
    await (await room?.budgets.reserve({} as ReserveRequest))?.release()
    await room?.end()
    expect(money.left).toBe(1_000_000n - 700n)
  })

  it('is not there for a cheap plan either once it was not there for a dear one, until there is room for that', async () => {
    const money = new Money(100_000n)
    const rooms = money.rooms()
    expect(await rooms.reserve(run, steps('cheap'))).toBeDefined()
    expect(rooms.isExhausted).toBe(false)
    expect(await rooms.reserve(run, steps('dear'))).toBeUndefined()
    expect(rooms.isExhausted).toBe(true)
    expect(await rooms.reserve(run, steps('cheap'))).toBeUndefined()
    expect(await rooms.reserve(run, steps('free'))).toBeUndefined()
    money.left = 1_000_000n
    expect(await rooms.reserve(run, steps('free'))).toBeDefined()
    expect(rooms.isExhausted).toBe(false)
  })

  it('is not there for a model of unknown price', async () => {
    const money = new Money(1_000_000n)
    expect(await money.rooms().reserve(run, steps('cheap', 'unknown'))).toBeUndefined()
    expect(money.asked).toEqual([])
  })
})
