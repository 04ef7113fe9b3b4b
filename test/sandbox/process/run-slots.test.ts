import { expect, it } from 'vitest'
import { RunSlots } from '../../../src/sandbox/process/run-slots.ts'

/** Work that ends when it is told to, or when its signal is aborted. */
function job(): { readonly work: (signal: AbortSignal) => Promise<string>; readonly end: () => void } {
  let end: () => void = () => {}
  const ended = new Promise<string>((resolve) => {
    end = () => resolve('ended')
  })
  return {
    end,
    work: async (signal) => {
      const aborted = new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('aborted')))
      return await Promise.race([ended, aborted])
    },
  }
}

it('runs in the order of arrival, and never more than so many', async () => {
  const slots = new RunSlots({ concurrencyMax: 1, waitingMax: 2 })
  const order: string[] = []
  const first = job()
  const runs = [
    slots.run(undefined, first.work),
    slots.run(undefined, async () => order.push('second')),
    slots.run(undefined, async () => order.push('third')),
  ]
  await Promise.resolve()
  expect(order).toEqual([])
  first.end()
  await Promise.all(runs)
  expect(order).toEqual(['second', 'third'])
})

it('refuses what may not even wait, and takes it later', async () => {
  const slots = new RunSlots({ concurrencyMax: 1, waitingMax: 0 })
  const first = job()
  const run = slots.run(undefined, first.work)
  await expect(slots.run(undefined, first.work)).rejects.toMatchObject({ code: 'SANDBOX_BUSY' })
  first.end()
  await run
  await expect(slots.run(undefined, async () => 'later')).resolves.toBe('later')
})

it('gives the slot on when its work throws', async () => {
  const slots = new RunSlots({ concurrencyMax: 1, waitingMax: 1 })
  const failed = slots.run(undefined, async () => await Promise.reject(new Error('broken')))
  const next = slots.run(undefined, async () => 'next')
  await expect(failed).rejects.toThrow('broken')
  await expect(next).resolves.toBe('next')
})

it('forgets one that gives up while it waits, and its slot goes to the next', async () => {
  const slots = new RunSlots({ concurrencyMax: 1, waitingMax: 1 })
  const [first, ending] = [job(), new AbortController()]
  const run = slots.run(undefined, first.work)
  const givenUp = slots.run(ending.signal, async () => 'never')
  const reason = new Error('enough')
  ending.abort(reason)
  await expect(givenUp).rejects.toBe(reason)
  const next = slots.run(undefined, async () => 'next')
  first.end()
  await expect(Promise.all([run, next])).resolves.toEqual(['ended', 'next'])
})

it('closing aborts what runs, refuses what waits, and waits for the end', async () => {
  const slots = new RunSlots({ concurrencyMax: 1, waitingMax: 1 })
  const started = Promise.withResolvers<void>()
  const run = slots.run(undefined, async (signal) => {
    started.resolve()
    return await job().work(signal)
  })
  const waiting = slots.run(undefined, async () => 'never')
  await started.promise
  const refused = expect(waiting).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' })
  await slots.close()
  await refused
  await expect(run).resolves.toBe('aborted')
  await expect(slots.run(undefined, async () => 'never')).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' })
})

it('closing refuses also what has just got its turn', async () => {
  const slots = new RunSlots({ concurrencyMax: 1, waitingMax: 1 })
  const run = slots.run(undefined, async () => 'never')
  const refused = expect(run).rejects.toMatchObject({ code: 'SANDBOX_UNAVAILABLE' })
  await slots.close()
  await refused
})
