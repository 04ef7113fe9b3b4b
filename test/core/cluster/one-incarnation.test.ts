import { describe, expect, test } from 'vitest'
import { ClusterModel, explore, type ModelLimits, type Plant } from './cluster-model.ts'

const SESSIONS: ModelLimits = { lease: 1, sessions: 3, beats: 0, places: 2, crashes: 0 }
const CRASHES: ModelLimits = { lease: 1, sessions: 2, beats: 0, places: 2, crashes: 1 }
const RENEWALS: ModelLimits = { lease: 1, sessions: 2, beats: 1, places: 2, crashes: 0 }

describe('at most one incarnation of a placed actor may act, whatever is lost, late or doubled', () => {
  test.each([
    ['over three sessions', SESSIONS, 38_858],
    ['when a node crashes', CRASHES, 37_870],
    ['when leases are renewed', RENEWALS, 39_788],
  ] as const)('%s', (_name, limits, states) => {
    const explored = explore(new ClusterModel(limits))
    expect(explored.violation).toBeUndefined()
    // Fewer would mean that something is not looked at any more.
    expect(explored.states).toBe(states)
  })

  test.each<[Plant, ModelLimits]>([
    ['short-wait', RENEWALS],
    ['no-lease', RENEWALS],
    ['forgets-after-restart', CRASHES],
  ])('the model finds what is wrong with %s', (plant, limits) => {
    expect(explore(new ClusterModel(limits, plant)).violation?.length).toBeGreaterThan(5)
  })
})
