import { describe, expect, it, vi } from 'vitest'
import { drawSignatureCases, exploreSignatures } from './explore-signatures.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { SIGNATURE_PLANTS } from './signature-plants.ts'
import { SIGNATURE_TORTURE } from './signature-torture.ts'

// tweetnacl verifies some dozens a second on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const init = { runs: 2, deadlineMs: undefined, firstSeed: 1, plant: '', log: () => {} }

describe('npm run torture -- signatures', () => {
  it('finds nothing, and the same for the same seed', async () => {
    const report = await SIGNATURE_TORTURE.run(init)
    expect(report.failures).toEqual([])
    expect(report.counts).toEqual((await SIGNATURE_TORTURE.run(init)).counts)
    expect(report.counts['cases']).toBe(128)
  })

  it.each(Object.keys(SIGNATURE_TORTURE.plants))('finds the defect %s', (name) => {
    const plant = SIGNATURE_PLANTS[name]
    if (plant === undefined) throw new RangeError(name)
    const verifiers = { planted: plant.spoil(createNodeVerifier()) }
    const found = [1, 2, 3].flatMap((seed) => exploreSignatures({ seed, verifiers }).failures)
    expect(found.length).toBeGreaterThan(0)
  })

  it('draws cases of all kinds, and some torsion cases that are right', () => {
    const cases = [1, 2, 3, 4, 5, 6].flatMap(drawSignatureCases)
    const torsion = cases.filter(({ kind }) => kind === 'A and R with parts of small order')
    expect(new Set(cases.map(({ kind }) => kind)).size).toBe(7)
    expect(new Set(torsion.map(({ isRight }) => isRight)).size).toBe(2)
  })
})
