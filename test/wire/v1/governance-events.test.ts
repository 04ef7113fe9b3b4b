import { describe, expect, test } from 'vitest'
import { VECTOR_KEYS } from '../../../scripts/protocol-vectors/vector-kit.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import { GOVERNANCE_MACHINE } from '../../../src/core/governance/governance-machine.ts'
import { DEFAULT_PARAMETERS } from '../../../src/core/governance/parameter-set.ts'
import type { WeightTable } from '../../../src/core/governance/weight-table.ts'
import { type GovernanceMessageEvent, readGovernanceMessage } from '../../../src/wire/v1/governance-events.ts'
import { receivedMessage, receivedVector } from './received-vector.ts'

const { payer, worker } = VECTOR_KEYS
const table: WeightTable = {
  source: 'bond',
  rows: [payer.did, worker.did].toSorted().map((voter, index) => ({ voter, weight: BigInt(index + 1) })),
}

function read(name: string): GovernanceMessageEvent {
  const event = readGovernanceMessage(receivedVector(name))
  if (event === undefined) throw new TypeError(`${name} is of another area`)
  return event
}

describe('messages of governance', () => {
  test('become the events that they say, and the machine takes them', () => {
    let { state } = GOVERNANCE_MACHINE.transition(
      GOVERNANCE_MACHINE.initial({ parameters: DEFAULT_PARAMETERS, at: 0 as Timestamp }),
      { type: 'weights-published', table, at: 0 as Timestamp },
    )
    const proposed = read('a proposal')
    state = GOVERNANCE_MACHINE.transition(state, proposed).state
    expect(state.proposals).toHaveLength(1)
    expect(state.proposals[0]).toMatchObject({ id: proposed.envelope, proposer: payer.did })
    const proposal = state.proposals[0]?.id
    const voted = readGovernanceMessage(
      receivedMessage({ proposal, choice: 'for' }, { type: 'governance-vote' }, worker),
    )
    if (voted === undefined) throw new TypeError('a vote is of governance')
    const step = GOVERNANCE_MACHINE.transition(state, voted)
    expect(step.effects.filter(({ type }) => type === 'event-refused')).toEqual([])
    expect(voted).toMatchObject({ type: 'vote-cast', iss: worker.did, proposal, choice: 'for' })
  })

  test('that delegate, execute and cancel keep their signer', () => {
    expect(read('a delegation of votes')).toMatchObject({ type: 'vote-delegated', iss: worker.did, to: payer.did })
    expect(read('a delegation that is taken back')).toMatchObject({ type: 'vote-delegated', to: undefined })
    expect(read('an execution, by anybody').type).toBe('execution-requested')
    expect(read('a cancellation')).toMatchObject({ type: 'cancellation-requested', iss: payer.did })
  })

  test('of another area are none', () => {
    expect(readGovernanceMessage(receivedVector('a meter reading'))).toBeUndefined()
  })
})
