import { sha256Hex } from '../../src/base/sha256.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { createPortableVerifier } from '../../src/keys/portable-signatures.ts'
import { openSodiumVerifier } from '../../src/keys/sodium-signatures.ts'
import { exploreSignatures } from './explore-signatures.ts'
import { SIGNATURE_PLANTS } from './signature-plants.ts'
import { isOverdue } from './torture.ts'
import type { Torture, TortureFailure, TortureInit, TortureReport } from './torture.ts'

/** Rounds of 64 keys and signatures whose verdicts follow from how they were made, each judged by every backend. */
export const SIGNATURE_TORTURE: Torture = {
  name: 'signatures',
  runsDefault: 20,
  plants: Object.fromEntries(Object.entries(SIGNATURE_PLANTS).map(([name, { about }]) => [name, about])),
  run,
}

async function run(init: TortureInit): Promise<TortureReport> {
  const plant = SIGNATURE_PLANTS[init.plant]
  const node = createNodeVerifier()
  const sodium = openSodiumVerifier()
  const verifiers = {
    'node:crypto': plant === undefined ? node : plant.spoil(node),
    tweetnacl: createPortableVerifier(),
    // Optional, as it is for users; `counts.backends` says how many judged.
    ...(sodium !== undefined && { libsodium: sodium }),
  }
  const failures: TortureFailure[] = []
  const kinds: Record<string, number> = {}
  let trace = ''
  let cases = 0
  let runs = 0
  for (; runs < init.runs && !isOverdue(init); runs += 1) {
    const seed = init.firstSeed + runs
    const result = exploreSignatures({ seed, verifiers })
    cases += result.cases
    trace += result.trace
    for (const [kind, count] of Object.entries(result.kinds)) kinds[kind] = (kinds[kind] ?? 0) + count
    failures.push(...result.failures.map((what) => ({ seed, what })))
    init.log(`round ${runs + 1}: ${cases} cases, ${failures.length} failures`)
  }
  return {
    name: 'signatures',
    runs,
    counts: { cases, backends: Object.keys(verifiers).length, ...kinds, hash: sha256Hex(trace) },
    failures,
  }
}
