import { describe, expect, test } from 'vitest'
import { chooseNode, type NodeView } from '../../../src/core/cluster/choose-node.ts'
import {
  acceptPlacement,
  createPlacedActor,
  stepPlacement,
  type PlacedActor,
  type PlacementEvent,
} from '../../../src/core/cluster/placement.ts'

const limit = { restarts: 1, withinMs: 1_000 }
const chosen = (epoch: number, isClear = true): PlacementEvent => ({
  type: 'chosen',
  node: 'b',
  session: `s${epoch}`,
  epoch,
  isClear,
})

function run(start: PlacedActor, ...events: readonly PlacementEvent[]): [PlacedActor, string] {
  let state = start
  let last = ''
  for (const event of events) {
    const step = stepPlacement(state, event)
    state = step.state
    last = step.effects.map((each) => Object.values(each).join(' ')).join()
  }
  return [state, last]
}

describe('a placed actor', () => {
  const fresh = createPlacedActor('transient', limit)

  test('is placed under an epoch, and again under a higher one when it lost its node', () => {
    const lost: PlacementEvent = { type: 'session-ended', session: 's1', atMs: 0 }
    expect(run(fresh, chosen(1))[1]).toBe('place b s1 1')
    expect(run(fresh, chosen(1), lost)[1]).toBe('hold')
    expect(run(fresh, chosen(1), lost, chosen(2))[1]).toBe('place b s2 2')
    expect(run(fresh, chosen(1), lost, chosen(1))[1]).toBe('event-refused PLACEMENT_OUT_OF_DATE')
  })

  test('is not placed while it is somewhere, or may still act there', () => {
    expect(run(fresh, chosen(1), chosen(2))[1]).toBe('event-refused PLACEMENT_OUT_OF_DATE')
    expect(run(fresh, chosen(1, false))[1]).toBe('event-refused PLACEMENT_OUT_OF_DATE')
  })

  test('ends when it loses its node too often, and at once when it is temporary', () => {
    const end = (epoch: number): PlacementEvent => ({ type: 'session-ended', session: `s${epoch}`, atMs: epoch })
    expect(run(fresh, chosen(1), end(1), chosen(2), end(2))[1]).toBe('end true')
    expect(run(createPlacedActor('temporary', limit), chosen(1), end(1))[1]).toBe('end false')
  })

  test('an end that was told of an earlier place is out of date', () => {
    const lost: PlacementEvent = { type: 'session-ended', session: 's1', atMs: 0 }
    const [state] = run(fresh, chosen(1), lost, chosen(2), { type: 'ended', epoch: 1 })
    expect(state.phase).toBe('placed')
    expect(run(state, { type: 'ended', epoch: 2 })[0].phase).toBe('ended')
  })

  test('a host takes each command once, in order, of its session only', () => {
    const hosted = { session: 's', lastEpoch: 4 }
    expect([4, 5].map((epoch) => acceptPlacement(hosted, { session: 's', epoch })?.lastEpoch)).toEqual([undefined, 5])
    expect(acceptPlacement(hosted, { session: 't', epoch: 9 })).toBeUndefined()
  })
})

describe('the choice of a node', () => {
  const node = (name: string, more: Partial<NodeView> = {}): NodeView => ({
    name,
    labels: [],
    capacity: 100,
    load: 0,
    health: 1,
    ...more,
  })
  const keys = Array.from({ length: 400 }, (_, index) => `actor-${index}`)
  const places = (nodes: readonly NodeView[]): (string | undefined)[] => keys.map((key) => chooseNode(nodes, { key }))
  const three = [node('a'), node('b'), node('c')]

  test('is the same whatever the order of the view', () => {
    expect(places(three.toReversed())).toEqual(places(three))
  })

  test('moves only the actors of a node that goes', () => {
    const before = places(three)
    const after = places(three.slice(0, 2))
    expect(after.every((now, index) => before[index] === 'c' || now === before[index])).toBe(true)
  })

  test('goes by free room and health', () => {
    const count = (nodes: readonly NodeView[]): number => places(nodes).filter((name) => name === 'b').length
    const even = count([node('a'), node('b')])
    expect(even).toBeGreaterThan(160)
    expect(even).toBeLessThan(240)
    expect(count([node('a'), node('b', { load: 75 })])).toBeLessThan(110)
    expect(count([node('a'), node('b', { health: 0.25 })])).toBeLessThan(110)
  })

  test('takes labels and names for what they are, and nobody where none fits', () => {
    const nodes = [node('a', { labels: ['gpu'] }), node('b'), node('c', { labels: ['gpu', 'big'] })]
    expect(chooseNode(nodes, { key: 'x', labels: ['gpu', 'big'] })).toBe('c')
    expect(chooseNode(nodes, { key: 'x', node: 'b' })).toBe('b')
    expect(chooseNode(nodes, { key: 'x', node: 'b', labels: ['gpu'] })).toBeUndefined()
    expect(chooseNode([node('a', { load: 100 }), node('b', { health: 0 })], { key: 'x' })).toBeUndefined()
  })
})
