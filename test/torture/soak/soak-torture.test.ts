import { createServer } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { measureNode, medianSlope, metricOf, processesBelow } from './measure-node.ts'
import { playSoak } from './soak-round.ts'

const INIT = { seed: 1, minutes: 0.1, callers: 8, log: () => undefined } as const
const METRICS = `process_resident_memory_bytes 5e+6
nodejs_heap_size_used_bytes 4
nodejs_active_resources_total 3
kernell_http_requests_in_flight 1
`

describe('a soak', { timeout: 180_000 }, () => {
  test('ends a node under mixed load, and finds all that it acknowledged', async () => {
    const { failures, kills, stops, checks, points, outcomes } = await playSoak({ ...INIT, plant: '' })
    expect(failures).toEqual([])
    expect([kills > 0, stops > 0, checks > 2, points.length > 0]).toEqual([true, true, true, true])
    expect(outcomes.size).toBeGreaterThan(15)
  })

  test('notices what was acknowledged and never written', async () => {
    const { failures } = await playSoak({ ...INIT, minutes: 0.3, plant: 'lost-write' })
    expect(failures.join()).toContain('responses that were acknowledged are lost')
  })

  test('notices calls that are charged less than they cost', async () => {
    const { failures } = await playSoak({ ...INIT, minutes: 0.2, plant: 'cheap-settlement' })
    expect(failures.join()).toMatch(/billed .* charged/)
  })
})

describe('a measure', () => {
  test('counts connections, and not files of the store', async () => {
    const before = measureNode(process.pid, METRICS)
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    expect(measureNode(process.pid, METRICS).descriptors).toBe(before.descriptors + 1)
    server.close()
    expect(before).toMatchObject({ rssBytes: 5_000_000, heapBytes: 4, resources: 3, inFlight: 1 })
    expect(() => metricOf(METRICS, 'kernell_other')).toThrow('does not tell kernell_other')
  })

  test('knows the processes below another one', () => {
    expect(processesBelow(process.ppid).map(({ pid }) => pid)).toContain(process.pid)
  })

  test('is told by the middle of all slopes', () => {
    const points = [0, 1, 2, 3, 4].map((requests) => ({ requests, bytes: 10 * requests }))
    expect(medianSlope([...points.slice(0, 4), { requests: 4, bytes: 900 }])).toBe(10)
    expect(medianSlope(points.slice(0, 1))).toBe(0)
  })
})
