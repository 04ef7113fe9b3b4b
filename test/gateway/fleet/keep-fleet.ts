import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import { FleetOfGateways } from './fleet-gateways.ts'

/** A fleet for the tests of a file, begun anew for each; where there is a reason why there can be none, nothing is started. */
export function keepFleet(reason: string | undefined): () => FleetOfGateways {
  let fleet: FleetOfGateways | undefined
  beforeAll(async () => {
    if (reason === undefined) fleet = await FleetOfGateways.start()
  }, 60_000)
  beforeEach(() => fleet?.begin())
  afterEach(async () => await fleet?.end())
  afterAll(async () => await fleet?.remove())
  return () => {
    if (fleet === undefined) throw new Error(reason ?? 'The fleet is not started')
    return fleet
  }
}
