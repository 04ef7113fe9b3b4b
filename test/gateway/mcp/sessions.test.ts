import { describe, expect, it } from 'vitest'
import { EventMemory } from '../../../src/gateway/mcp/event-memory.ts'
import { type Session, Sessions } from '../../../src/gateway/mcp/sessions.ts'

function sessionOf(
  id: string,
  init: Partial<Session> = {},
): { readonly session: Session; readonly isClosed: () => boolean } {
  let isClosed = false
  const close = async (): Promise<void> => {
    isClosed = true
    await Promise.resolve()
  }
  // Of the server nothing else is asked.
  const server = { close } as unknown as Session['server']
  const transport = {} as Session['transport']
  const session = { id, owner: 'a', server, transport, lone: new Set<string>(), open: 0, usedMs: 0, ...init }
  return { session, isClosed: () => isClosed }
}

const LIMITS = { sessionsMax: 3, sessionsPerKeyMax: 2, sessionIdleMs: 1_000 }

describe('sessions', () => {
  it('are forgotten when nobody has used them for their time, and not while somebody does', () => {
    const sessions = new Sessions(LIMITS)
    const [idle, used, open] = [sessionOf('1'), sessionOf('2', { usedMs: 1 }), sessionOf('3', { open: 1 })]
    for (const { session } of [idle, used, open]) sessions.add(session)
    sessions.sweep(1_000)
    expect([idle.isClosed(), used.isClosed(), open.isClosed()]).toEqual([true, false, false])
    expect(sessions.size).toBe(2)
  })

  it('of one owner take no room from those of others, as long as there is any', () => {
    const sessions = new Sessions(LIMITS)
    const [other, first, second] = [
      sessionOf('o', { owner: 'b' }),
      sessionOf('1', { usedMs: 5 }),
      sessionOf('2', { usedMs: 4 }),
    ]
    for (const { session } of [other, first, second]) sessions.add(session)
    sessions.makeRoom('a')
    expect([other.isClosed(), first.isClosed(), second.isClosed()]).toEqual([false, false, true])
    expect(sessions.find('o', 'a')).toBeUndefined()
    expect(sessions.find('o', 'b')).toBe(other.session)
  })

  it('that are all in use make no room', () => {
    const sessions = new Sessions({ ...LIMITS, sessionsMax: 1 })
    sessions.add(sessionOf('1', { open: 1 }).session)
    expect(() => sessions.makeRoom('b')).toThrow(expect.objectContaining({ code: 'MCP_SESSIONS_FULL' }) as Error)
  })
})

describe('the memory of events', () => {
  const note = (text: string): Parameters<EventMemory['storeEvent']>[1] => ({
    jsonrpc: '2.0',
    method: 'notifications/message',
    params: { text },
  })

  it('tells again what came later on the same stream', async () => {
    const events = new EventMemory()
    const first = await events.storeEvent('s', note('1'))
    await events.storeEvent('other', note('2'))
    await events.storeEvent('s', note('3'))
    const told: unknown[] = []
    const stream = await events.replayEventsAfter(first, {
      send: async (_id, message) => {
        told.push(message)
        await Promise.resolve()
      },
    })
    expect([stream, told]).toEqual(['s', [note('3')]])
  })

  it('is bounded by number and by size', async () => {
    const events = new EventMemory()
    const first = await events.storeEvent('s', note('1'))
    for (let count = 0; count < 256; count += 1) await events.storeEvent('s', note('x'))
    expect(await events.getStreamIdForEventId(first)).toBeUndefined()
    const small = await events.storeEvent('s', note('x'))
    await events.storeEvent('s', note('y'.repeat(1024 * 1024)))
    expect(await events.getStreamIdForEventId(small)).toBeUndefined()
    await expect(events.replayEventsAfter(small, { send: async () => await Promise.resolve() })).rejects.toThrow(
      RangeError,
    )
  })
})
