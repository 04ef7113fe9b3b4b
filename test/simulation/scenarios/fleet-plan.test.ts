import { expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { SET_TIMING } from '../../../src/market/notary/set/set-order-components.ts'
import { drawFleetPlan } from '../../../src/simulation/scenarios/fleet/fleet-plan.ts'

const notaries = ['notary-0', 'notary-1', 'notary-2', 'notary-3']

it('takes one notary of four away only where the other three are honest and remember what they signed', () => {
  const drawn = { losses: 0, spared: 0 }
  for (let seed = 0; seed < 2_000; seed += 1) {
    const liar = seed % 2 === 0 ? notaries[seed % 4] : undefined
    const { plan } = drawFleetPlan(createRandomStream(seed), {
      faults: 14,
      untilMs: 12_000,
      targetsOf: () => notaries,
      joiners: [],
      leavers: [],
      notaries,
      liar,
    })
    const copied = plan.find(({ kind }) => kind === 'older-copy')?.target
    const faulty = new Set([liar, copied].filter((name) => name !== undefined))
    const lost = plan.find(({ kind }) => kind === 'member-loss')
    if (lost !== undefined) {
      drawn.losses += 1
      expect([...faulty].filter((name) => name !== lost.target)).toEqual([])
    } else if (faulty.size === 2) drawn.spared += 1
  }
  expect(drawn.losses).toBeGreaterThan(100)
  expect(drawn.spared).toBeGreaterThan(100)
})

it('never makes a second notary forget beside the one that splits, and draws both kinds', () => {
  const drawn = { 'older-copy': 0, 'notary-splits': 0 }
  for (let seed = 0; seed < 2_000; seed += 1) {
    const { plan } = drawFleetPlan(createRandomStream(seed), {
      faults: 30,
      untilMs: 10_000,
      targetsOf: () => notaries,
      joiners: [],
      leavers: [],
      notaries,
      liar: 'notary-1',
    })
    const kinds = new Set(plan.map(({ kind }) => kind))
    expect(kinds.has('older-copy') && kinds.has('notary-splits'), `seed ${seed}`).toBe(false)
    for (const kind of ['older-copy', 'notary-splits'] as const) drawn[kind] += kinds.has(kind) ? 1 : 0
  }
  expect(drawn['older-copy']).toBeGreaterThan(400)
  expect(drawn['notary-splits']).toBeGreaterThan(400)
})

it('loses commit votes for longer than a view waits, in some seeds, and never where nothing fails', () => {
  const untilMs = 12_000
  const drawn = { lossy: 0, whole: 0 }
  for (let seed = 0; seed < 1_000; seed += 1) {
    const faults = seed % 2 === 0 ? 14 : 0
    const init = { faults, untilMs, targetsOf: () => notaries, joiners: [], leavers: [], notaries, liar: undefined }
    const { plan } = drawFleetPlan(createRandomStream(seed), init)
    const losses = plan.filter(({ kind }) => kind === 'commits-lost')
    if (losses.length === 0) drawn.whole += 1
    else drawn.lossy += 1
    for (const { atMs, forMs } of losses) {
      expect(faults).toBeGreaterThan(0)
      expect(forMs).toBeGreaterThan(SET_TIMING.timeoutMs)
      expect(atMs + forMs).toBeLessThanOrEqual(untilMs)
    }
  }
  expect(drawn.lossy).toBeGreaterThan(100)
  expect(drawn.whole).toBeGreaterThan(600)
})
