import { describe, expect, it } from 'vitest'
import { begin, collect, quiet, short, step, succeed, type Turn } from './graph-fixture.ts'

/** Emits the pieces one after another, and counts those that were taken. */
function writer(pieces: number): { readonly taken: () => number; readonly write: (turn: Turn) => Promise<void> } {
  let taken = 0
  return {
    taken: () => taken,
    write: async (turn) => {
      for (let piece = 0; piece < pieces; piece += 1) {
        await turn.emit(String(piece))
        taken += 1
      }
    },
  }
}

describe('partial text', () => {
  it('is read as it comes, before the output of its step', async () => {
    const { write } = writer(3)
    const { graph } = begin({ subTasks: [step('a')] }, async (turn) => {
      await write(turn)
      return succeed('012')
    })
    expect(await collect(graph.events())).toEqual([
      'a started 1',
      'a text 0',
      'a text 1',
      'a text 2',
      'a succeeded 012',
    ])
  })

  it('waits for a slow reader, and so does whoever writes it; what else happens does not', async () => {
    const { write, taken } = writer(20)
    const { graph } = begin(
      { subTasks: [step('a'), step('b')] },
      async (turn) => {
        if (turn.subTask.id === 'a') await write(turn)
        return succeed(turn.subTask.id)
      },
      { textsMax: 4 },
    )
    const events = graph.events()
    await quiet()
    expect([taken(), graph.state.statuses.map(({ kind }) => kind)]).toEqual([4, ['running', 'succeeded']])
    const read: string[] = []
    for (let count = 0; count < 6; count += 1) {
      const next = await events.next()
      if (next.done !== true) read.push(short(next.value))
    }
    await quiet()
    // Three texts were read, so three more could be written.
    expect([read.filter((line) => line.startsWith('a text')).length, taken()]).toEqual([3, 7])
    expect(await collect(events)).toHaveLength(18)
    await graph.ended
  })

  it('holds nobody up when nobody reads, or the reader has left', async () => {
    const unread = writer(1_000)
    await begin({ subTasks: [step('a')] }, async (turn) => {
      await unread.write(turn)
      return succeed('A')
    }).graph.ended
    const left = writer(1_000)
    const { graph } = begin(
      { subTasks: [step('a')] },
      async (turn) => {
        await left.write(turn)
        return succeed('A')
      },
      { textsMax: 2 },
    )
    for await (const event of graph.events()) if (event.type === 'step-text') break
    await graph.ended
    expect([unread.taken(), left.taken()]).toEqual([1_000, 1_000])
  })

  it('is refused from a step that was told to stop while it waited for room', async () => {
    const refused: unknown[] = []
    const { graph } = begin(
      { subTasks: [step('a')] },
      async (turn) => {
        try {
          for (;;) await turn.emit('x')
        } catch (error: unknown) {
          refused.push(error)
          throw error
        }
      },
      { textsMax: 2 },
    )
    const events = graph.events()
    await quiet()
    graph.cancel('enough')
    await graph.ended
    expect(refused).toMatchObject([{ name: 'AbortError' }])
    expect((await collect(events)).at(-1)).toBe('a cancelled enough')
  })

  it('is written one at a time: the next one is refused while the one before waits, and the last one is not lost', async () => {
    const refusals: unknown[] = []
    const { graph } = begin(
      { subTasks: [step('a')] },
      async (turn) => {
        for (const text of ['1', '2', '3'])
          turn.emit(text).catch((error: unknown) => {
            refusals.push(error)
          })
        return succeed('A')
      },
      { textsMax: 1 },
    )
    const events = graph.events()
    await quiet()
    expect(await collect(events)).toEqual(['a started 1', 'a text 1', 'a text 2', 'a succeeded A'])
    expect(refusals).toMatchObject([{ name: 'TypeError' }])
  })

  it('of an attempt that has ended is not shown', async () => {
    let late: Promise<void> | undefined
    const { graph } = begin({ subTasks: [step('a'), step('b', 'a')] }, async (turn) => {
      if (turn.subTask.id === 'a') late = quiet().then(() => turn.emit('too late'))
      else await quiet().then(quiet)
      return succeed(turn.subTask.id)
    })
    const events = await collect(graph.events())
    await late
    expect(events).toEqual(['a started 1', 'a succeeded a', 'b started 1', 'b succeeded b'])
  })
})

describe('the reader', () => {
  it('that comes late sees what happens from then on, and the end at least', async () => {
    const { graph } = begin({ subTasks: [step('a')] }, async () => succeed('A'))
    await graph.ended
    expect(await collect(graph.events())).toEqual([])
  })

  it('may wait in several places at once', async () => {
    const gate = Promise.withResolvers<void>()
    const { graph } = begin({ subTasks: [step('a')] }, async () => {
      await gate.promise
      return succeed('A')
    })
    const events = graph.events()
    const waiting = Array.from({ length: 4 }, () => events.next())
    gate.resolve()
    const values = (await Promise.all(waiting)).map((next) => (next.done === true ? 'end' : short(next.value)))
    expect(values).toEqual(['a started 1', 'a succeeded A', 'end', 'end'])
  })
})
