import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { answerMarketControl } from '../../../src/node/market/market-control.ts'
import { openRights } from '../../../src/node/rights/open-rights.ts'
import { answerRightsControl } from '../../../src/node/rights/rights-control.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'

const clock = { now: () => timestampFromMs(5), monotonicMs: () => 0, timeoutSignal: () => new AbortController().signal }
const openIssuer = async (): Promise<never> => await Promise.reject(new Error('Nothing is granted here'))
const stopStore = {
  read: async () => await Promise.resolve(undefined),
  write: async () => await Promise.resolve(),
  remove: async () => await Promise.resolve(),
}

describe('control of rights', () => {
  it('keeps a stopped node from beginning anything in the market, and lets it look and take back', async () => {
    const log = createMemoryEventLog()
    const rights = await openRights({
      clock,
      stopStore,
      openLog: async () => await Promise.resolve(log),
      openIssuer,
      quotas: [],
    })
    const asked: unknown[] = []
    const openMarket = async (): Promise<never> => {
      asked.push('market')
      return await Promise.reject(new CodedError('MARKET_NOT_OPEN', { message: 'closed' }))
    }
    await answerRightsControl({ rights }, { op: 'stop', by: 'jane' })
    for (const op of ['buy', 'offer', 'capability-grant'])
      await expect(answerMarketControl({ rights, openMarket }, { op })).rejects.toMatchObject({ code: 'NODE_STOPPED' })
    for (const op of ['withdraw', 'purchase', 'capability-revoke'])
      await expect(answerMarketControl({ rights, openMarket }, { op })).rejects.toMatchObject({
        code: 'MARKET_NOT_OPEN',
      })
    expect(asked).toHaveLength(3)
    await answerRightsControl({ rights }, { op: 'release', by: 'jane' })
    await expect(answerMarketControl({ rights, openMarket }, { op: 'buy' })).rejects.toMatchObject({
      code: 'MARKET_NOT_OPEN',
    })
  })

  it('refuses what is no request of its own', async () => {
    const openLog = async (): Promise<ReturnType<typeof createMemoryEventLog>> =>
      await Promise.resolve(createMemoryEventLog())
    const rights = await openRights({ clock, stopStore, openLog, openIssuer, quotas: [] })
    const wrong = [
      {},
      { op: 'nothing' },
      { op: 'stop' },
      { op: 'stop', by: '' },
      { op: 'release', by: 7 },
      { op: 'audit-list', limit: 0 },
      { op: 'audit-list', limit: 1.5 },
      { op: 'audit-verify', head: '1' },
      { op: 'audit-verify', head: '-1:00' },
      { op: 'audit-verify', head: `x:${'0'.repeat(64)}` },
    ]
    for (const request of wrong)
      await expect(answerRightsControl({ rights }, request), JSON.stringify(request)).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
      })
    expect(rights.stop.current).toBeUndefined()
  })
})
