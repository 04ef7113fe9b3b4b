import { describe, expect, test } from 'vitest'
import { ControlledLog } from '../controlled-log.ts'
import { WALL_START_MS } from '../manual-environment.ts'
import { HOUR, openRecorder, recorder, seenBy, tell } from './recorder.ts'

describe('an approval', () => {
  const agent = recorder({
    ask: (actions) => void actions.requestApproval({ question: 'Deploy?', details: { to: 'production' } }),
    'ask in time': (actions) => void actions.requestApproval({ question: 'Deploy?', expiresAt: WALL_START_MS + HOUR }),
  })

  test.each([
    { decision: 'yes', by: 'ann' },
    { decision: 'Approved', by: 'ann' },
    { decision: 'expired', by: 'ann' },
    { decision: undefined, by: 'ann' },
    { decision: 'approved', by: '' },
    { decision: 'approved', by: 'ann', note: { text: 'x' } },
  ])('is not decided by %j', async (init) => {
    const world = await openRecorder(agent)
    tell(world, 'ask')
    await world.settle()
    await expect(world.store.resolveApproval('a/1/0', init as never)).rejects.toThrow(RangeError)
    expect(world.store.pendingApprovals()).toHaveLength(1)
    const decided = world.store.resolveApproval('a/1/0', { decision: 'approved', by: 'ann' })
    await world.settle()
    expect(await decided).toMatchObject({ isNew: true })
  })

  test('waits through restarts, and its decision is an event', async () => {
    const world = await openRecorder(agent)
    tell(world, 'ask')
    await world.settle()
    const next = await world.reopen(agent)
    expect(next.store.pendingApprovals()).toEqual([
      { id: 'a/1/0', actor: 'a', question: 'Deploy?', details: { to: 'production' }, requestedAt: WALL_START_MS },
    ])
    const decided = next.store.resolveApproval('a/1/0', { decision: 'rejected', by: 'ann', note: 'not today' })
    await Promise.all([decided, next.settle()])
    expect(await decided).toEqual({
      decision: 'rejected',
      by: 'ann',
      note: 'not today',
      at: WALL_START_MS,
      isNew: true,
    })
    expect([seenBy(next), next.store.pendingApprovals()]).toEqual([
      [
        {
          type: 'kernell.approval.decided',
          id: 'a/1/0',
          question: 'Deploy?',
          decision: 'rejected',
          by: 'ann',
          note: 'not today',
          at: WALL_START_MS,
        },
      ],
      [],
    ])
  })

  test('is decided once; who comes later is told by whom', async () => {
    const world = await openRecorder(agent)
    tell(world, 'ask')
    await world.settle()
    const first = world.store.resolveApproval('a/1/0', { decision: 'approved', by: 'ann' })
    const second = world.store.resolveApproval('a/1/0', { decision: 'rejected', by: 'bob' })
    await Promise.all([first, second, world.settle()])
    expect(await second).toMatchObject({ decision: 'approved', by: 'ann', isNew: false })
    const next = await world.reopen(agent)
    const third = next.store.resolveApproval('a/1/0', { decision: 'rejected', by: 'eve' })
    await Promise.all([third, next.settle()])
    expect([await third, seenBy(next).length]).toMatchObject([{ decision: 'approved', by: 'ann', isNew: false }, 1])
  })

  test('is acknowledged only when it is stored, and shown only when its request is', async () => {
    const log = new ControlledLog()
    const world = await openRecorder(agent, { log })
    log.isHeld = true
    tell(world, 'ask')
    await world.settle()
    expect(world.store.pendingApprovals()).toEqual([])
    log.release()
    await world.settle()
    expect(world.store.pendingApprovals()).toHaveLength(1)
    log.isHeld = true
    let isAcknowledged = false
    const decided = world.store.resolveApproval('a/1/0', { decision: 'approved', by: 'ann' }).then(() => {
      isAcknowledged = true
    })
    await world.settle()
    expect(isAcknowledged).toBe(false)
    log.release()
    await decided
    expect(isAcknowledged).toBe(true)
  })

  test('expires at its time, also while nobody runs', async () => {
    const world = await openRecorder(agent)
    tell(world, 'ask in time')
    await world.settle()
    world.isDead = true
    await world.store.close()
    await world.environment.advance(2 * HOUR)
    const next = await world.reopen(agent)
    const late = next.store.resolveApproval('a/1/0', { decision: 'approved', by: 'ann' })
    await Promise.all([late, next.environment.advance(1)])
    expect([await late, seenBy(next)]).toMatchObject([
      { decision: 'expired', isNew: false },
      [{ type: 'kernell.approval.decided', decision: 'expired' }],
    ])
  })

  test.each(['a/1/7', 'a/2/0', 'b/1/0', 'a', ''])('%j is not one', async (id) => {
    const world = await openRecorder(agent)
    await expect(world.store.resolveApproval(id, { decision: 'approved', by: 'ann' })).rejects.toMatchObject({
      code: 'ACTOR_NOT_STORED',
    })
  })
})
