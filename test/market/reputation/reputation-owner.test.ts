import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { createReputationOwner, type ReputationOwner } from '../../../src/market/reputation/reputation-owner.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { didOf, POLICY, presented, receiptOf } from '../../core/reputation/reputation-market.ts'

const FIRST = presented(receiptOf({ name: 'a', payer: 1, worker: 2, credits: 6 }))
const SECOND = presented(receiptOf({ name: 'b', payer: 1, worker: 3, credits: 8 }))

async function started(
  log: EventLog,
  change: { compactAtBytes?: number; policy?: typeof POLICY } = {},
): Promise<ReputationOwner> {
  const owner = createReputationOwner({ log }, { policy: POLICY, at: timestampFromMs(0), ...change })
  await owner.start()
  return owner
}

/** Appends wait until `release`. */
function heldLog(log: EventLog): { readonly log: EventLog; readonly release: () => void } {
  const gate = Promise.withResolvers<void>()
  const append: EventLog['append'] = async (payloads) => {
    const index = log.append(payloads)
    await gate.promise
    return await index
  }
  const held = new Proxy(log, {
    get: (target, name) => {
      const member: unknown = name === 'append' ? append : Reflect.get(target, name, target)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
  return { log: held, release: () => gate.resolve() }
}

describe('the owner of the reputation books', () => {
  it('lists and shows what was presented, and the same after a restart', async () => {
    const log = createMemoryEventLog()
    const owner = await started(log)
    await owner.run(FIRST)
    await owner.run(SECOND)
    const lines = owner.list({ role: 'worker', limit: 10 })
    expect(lines.map(({ subject }) => subject)).toEqual([didOf(3), didOf(2)])
    const detail = owner.show(didOf(2), 'worker')
    expect(detail?.raters).toMatchObject([{ rater: didOf(1), goodMicros: 6_000_000n }])
    await owner.stop()
    const again = await started(log)
    expect(again.list({ role: 'worker', limit: 10 })).toEqual(lines)
    expect(again.show(didOf(2), 'worker')).toEqual(detail)
    expect(again.show(didOf(9), 'worker')).toBeUndefined()
  })

  it('comes back the same from a compacted journal, but not under another policy', async () => {
    const log = createMemoryEventLog()
    const owner = await started(log, { compactAtBytes: 1 })
    await owner.run(FIRST)
    await owner.run(SECOND)
    const lines = owner.list({ role: undefined, limit: 10 })
    await owner.stop()
    expect(log.snapshot).toBeDefined()
    expect((await started(log)).list({ role: undefined, limit: 10 })).toEqual(lines)
    await expect(started(log, { policy: { ...POLICY, forgettingPpm: 1n } })).rejects.toMatchObject({
      code: 'REPUTATION_POLICY_CHANGED',
    })
  })

  it('shows and answers nothing that is not durable', async () => {
    const { log, release } = heldLog(createMemoryEventLog())
    const owner = await started(log)
    const answers: string[] = []
    const first = owner.run(FIRST).then(([effect]) => answers.push(effect?.type ?? ''))
    const repeat = owner.run(FIRST).then(([effect]) => answers.push(effect?.type ?? ''))
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve()
    expect(answers).toEqual([])
    expect(owner.list({ role: undefined, limit: 10 })).toEqual([])
    release()
    await Promise.all([first, repeat])
    expect(answers.toSorted()).toEqual(['receipt-exists', 'reputation-updated'])
    expect(owner.list({ role: undefined, limit: 10 })).toHaveLength(2)
  })

  it('writes nothing for refusals and repeats', async () => {
    const log = createMemoryEventLog()
    const owner = await started(log)
    await owner.run(FIRST)
    await owner.run(FIRST)
    const [refusal] = await owner.run(presented(receiptOf({ name: 'a', payer: 1, worker: 2, credits: 7 })))
    expect(refusal).toMatchObject({ type: 'event-refused', code: 'REPUTATION_RECEIPT_CONFLICT' })
    expect(log.nextIndex).toBe(1)
    expect(owner.violations()).toEqual([])
  })

  it('takes nothing after a failed write, nor before it is started', async () => {
    const log = createMemoryEventLog()
    const owner = await started(log)
    await log.close()
    await expect(owner.run(FIRST)).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
    await expect(owner.run(SECOND)).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
    expect(owner.list({ role: undefined, limit: 10 })).toEqual([])
    const idle = createReputationOwner({ log: createMemoryEventLog() }, { policy: POLICY, at: timestampFromMs(0) })
    await expect(idle.run(FIRST)).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
  })

  it('refuses a journal that no version wrote', async () => {
    const log = createMemoryEventLog()
    await log.append([new TextEncoder().encode('{"format":1,"event":{}}')])
    await expect(started(log)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })

  it('calculates trust over what is durable when asked', async () => {
    const owner = await started(createMemoryEventLog())
    await owner.run(FIRST)
    expect(owner.show(didOf(2), 'worker')?.trustUnits).toBeUndefined()
    expect(owner.refreshTrust([{ peer: didOf(1), weight: 1n }])).toEqual([])
    expect(owner.show(didOf(2), 'worker')?.trustUnits).toBeGreaterThan(0n)
    expect(owner.refreshTrust([])).toEqual(['REPUTATION_PRETRUSTED_BAD', 'REPUTATION_PRETRUSTED_BAD'])
  })
})
