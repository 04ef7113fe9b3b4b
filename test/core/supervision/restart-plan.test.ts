import { describe, expect, it } from 'vitest'
import {
  isRestartedAfter,
  planRestart,
  type EndReason,
  type RestartKind,
  type RestartStrategy,
} from '../../../src/core/supervision/restart-plan.ts'

type Child = { readonly id: string; readonly restartKind: RestartKind }

/** `'a:permanent b:temporary'` in start order. */
function childrenOf(text: string): readonly Child[] {
  return text.split(' ').map((part) => {
    const [id = '', restartKind = ''] = part.split(':')
    return { id, restartKind: restartKind as RestartKind }
  })
}

function planOf(strategy: RestartStrategy, text: string, endedId: string, reason: EndReason = 'failed'): string {
  const children = childrenOf(text)
  const ended = children.find(({ id }) => id === endedId)
  if (ended === undefined) throw new Error(`no child ${endedId}`)
  const plan = planRestart({ strategy, children, ended, reason, isExceeded: false })
  if (plan.kind !== 'restart') return plan.kind
  return `stop ${plan.stop.map(({ id }) => id).join('')} start ${plan.start.map(({ id }) => id).join('')}`
}

const FOUR = 'a:permanent b:permanent c:permanent d:permanent'
const MIXED = 'a:permanent b:temporary c:permanent d:temporary e:transient'

describe('restart plan', () => {
  it.each([
    ['one-for-one', 'a', 'stop  start a'],
    ['one-for-one', 'c', 'stop  start c'],
    ['one-for-all', 'a', 'stop dcb start abcd'],
    ['one-for-all', 'c', 'stop dba start abcd'],
    ['rest-for-one', 'a', 'stop dcb start abcd'],
    ['rest-for-one', 'c', 'stop d start cd'],
    ['rest-for-one', 'd', 'stop  start d'],
  ] as const)('%s: when %s of four fails: %s', (strategy, endedId, expected) => {
    expect(planOf(strategy, FOUR, endedId)).toBe(expected)
  })

  it('stops temporary siblings and does not start them again', () => {
    expect(planOf('one-for-all', MIXED, 'c')).toBe('stop edba start ace')
    expect(planOf('rest-for-one', MIXED, 'c')).toBe('stop ed start ce')
  })

  it('does nothing for a temporary child, whatever its siblings are', () => {
    expect(planOf('one-for-all', MIXED, 'b')).toBe('nothing')
    expect(planOf('rest-for-one', MIXED, 'b', 'killed')).toBe('nothing')
  })

  it.each([
    ['permanent', 'done stopped failed killed', [true, false, true, true]],
    ['transient', 'done stopped failed killed', [false, false, true, true]],
    ['temporary', 'done stopped failed killed', [false, false, false, false]],
  ] as const)('starts a %s child again after %s: %s', (restartKind, reasons, expected) => {
    expect(reasons.split(' ').map((reason) => isRestartedAfter(restartKind, reason as EndReason))).toEqual(expected)
  })

  it('escalates when the restart is one too many, but not for a child that would not be restarted', () => {
    const [child] = childrenOf('a:transient')
    if (child === undefined) throw new Error('no child')
    const input = { strategy: 'one-for-one', children: [child], ended: child, isExceeded: true } as const
    expect(planRestart({ ...input, reason: 'failed' }).kind).toBe('escalate')
    expect(planRestart({ ...input, reason: 'done' }).kind).toBe('nothing')
  })

  it('does not look at the siblings in one-for-one', () => {
    const unread: Iterable<Child> = {
      [Symbol.iterator]: () => {
        throw new Error('read')
      },
    }
    const ended: Child = { id: 'a', restartKind: 'permanent' }
    const plan = planRestart({ strategy: 'one-for-one', children: unread, ended, reason: 'failed', isExceeded: false })
    expect(plan).toEqual({ kind: 'restart', stop: [], start: [ended] })
  })
})
