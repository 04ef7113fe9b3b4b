import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../src/base/time.ts'
import { parseStopRecord, type StopRecord } from '../../src/core/rights/stop-record.ts'
import { type StopStore, StopSwitch } from '../../src/rights/stop-switch.ts'

const clock = { now: () => timestampFromMs(5), monotonicMs: () => 0, timeoutSignal: () => new AbortController().signal }
const ACTOR = { by: 'jane', reason: 'runaway agent' }

function storeOf(
  init: { record?: StopRecord; failing?: () => 'write' | 'remove' | 'none' } = {},
): StopStore & { kept: StopRecord | undefined } {
  const fail = (what: string): void => {
    if (init.failing?.() === what) throw new Error(`the disk refuses to ${what}`)
  }
  return {
    kept: init.record,
    async read() {
      return await Promise.resolve(this.kept)
    },
    async write(record) {
      fail('write')
      this.kept = record
      await Promise.resolve()
    },
    async remove() {
      fail('remove')
      this.kept = undefined
      await Promise.resolve()
    },
  }
}

describe('the switch that stops everything', () => {
  it('cancels what runs, refuses what comes, and stays so after a restart until it is released', async () => {
    const store = storeOf()
    const told: unknown[] = []
    const record = async (event: unknown): Promise<void> => void (await Promise.resolve(told.push(event)))
    const stop = await StopSwitch.open({ store, clock, record })
    const caller = new AbortController()
    const running = stop.begin(caller.signal)
    const ended = stop.begin(undefined)
    ended.end()
    expect(await stop.stop(ACTOR)).toMatchObject({ effect: 'stopped' })
    expect(running.signal.reason).toMatchObject({ code: 'NODE_STOPPED' })
    expect(ended.signal.aborted).toBe(false)
    expect(() => stop.begin(undefined)).toThrow(/^Everything is stopped$/)
    expect(await stop.stop({ by: 'bob', reason: 'again' })).toMatchObject({ effect: 'exists', record: { by: 'jane' } })
    const again = await StopSwitch.open({ store, clock, record })
    expect(again.current).toMatchObject(ACTOR)
    await expect(again.run(undefined, async () => await Promise.resolve(1))).rejects.toMatchObject({
      code: 'NODE_STOPPED',
    })
    expect(await again.release({ by: 'bob', reason: 'fixed' })).toEqual({ effect: 'released' })
    expect(await again.release({ by: 'bob', reason: 'fixed' })).toEqual({ effect: 'exists' })
    expect(await again.run(undefined, async (signal) => await Promise.resolve(signal.aborted))).toBe(false)
    expect((await StopSwitch.open({ store, clock, record })).current).toBeUndefined()
    expect(told).toEqual([
      { type: 'stopped', ...ACTOR },
      { type: 'released', by: 'bob', reason: 'fixed' },
    ])
  })

  it('stays on the safe side of a disk or a journal that fails', async () => {
    let failing: 'write' | 'remove' | 'none' = 'write'
    const store = storeOf({ failing: () => failing })
    let isJournalBroken = false
    const record = async (): Promise<void> => {
      if (isJournalBroken) throw new Error('the journal is broken')
      await Promise.resolve()
    }
    const stop = await StopSwitch.open({ store, clock, record })
    await expect(stop.stop(ACTOR)).rejects.toThrow('refuses to write')
    expect(() => stop.check()).toThrow()
    failing = 'none'
    expect(await stop.stop(ACTOR)).toMatchObject({ effect: 'exists' })
    expect(store.kept).toMatchObject(ACTOR)
    failing = 'remove'
    await expect(stop.release(ACTOR)).rejects.toThrow('refuses to remove')
    expect(() => stop.check()).toThrow()
    failing = 'none'
    isJournalBroken = true
    await expect(stop.release(ACTOR)).rejects.toThrow('journal')
    expect(() => stop.check()).toThrow()
    expect(store.kept).toMatchObject(ACTOR)
  })

  it('follows the caller, and forgets work that has ended', async () => {
    const stop = await StopSwitch.open({ store: storeOf(), clock, record: async () => await Promise.resolve() })
    const caller = new AbortController()
    const running = stop.begin(caller.signal)
    caller.abort(new Error('left'))
    expect(running.signal.reason).toMatchObject({ message: 'left' })
    expect(() => stop.begin(caller.signal)).toThrow('left')
  })

  it('is on for whatever its file holds', () => {
    for (const text of ['', 'nonsense', '[]', 'null', '{"at":-1}', '{"by":7}'])
      expect(parseStopRecord(text).by, text).not.toBe('')
    expect(parseStopRecord(`{"at":5,"by":"jane","reason":"${'x'.repeat(1_000)}"}`).reason).toHaveLength(400)
  })
})
