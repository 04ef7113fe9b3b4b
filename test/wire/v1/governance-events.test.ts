import { describe, expect, test } from 'vitest'
import { VECTOR_KEYS } from '../../../scripts/protocol-vectors/vector-kit.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import { GOVERNANCE_MACHINE } from '../../../src/core/governance/governance-machine.ts'
import { DEFAULT_PARAMETERS } from '../../../src/core/governance/parameter-set.ts'
import { hashOfWeights, type WeightTable } from '../../../src/core/governance/weight-table.ts'
import { type GovernanceReading, readGovernanceMessage } from '../../../src/wire/v1/governance-events.ts'
import { receivedMessage, receivedVector } from './received-vector.ts'

const { payer, worker, notary } = VECTOR_KEYS
const table: WeightTable = {
  source: 'bond',
  rows: [payer.did, worker.did].toSorted().map((voter, index) => ({ voter, weight: BigInt(index + 1) })),
}
const init = { publisher: notary.did, table }

function eventOf(reading: GovernanceReading) {
  if (reading.kind === 'refused') throw new TypeError(reading.code)
  return reading.event
}

function read(name: string) {
  return eventOf(readGovernanceMessage(receivedVector(name), init))
}

describe('messages of governance', () => {
  test('become the events that they say, and the machine takes them', () => {
    let { state } = GOVERNANCE_MACHINE.transition(
      GOVERNANCE_MACHINE.initial({ parameters: DEFAULT_PARAMETERS, at: 0 as Timestamp }),
      read('a table of weights'),
    )
    expect(state.weights?.hash).toBe(hashOfWeights(table))
    const proposed = read('a proposal')
    state = GOVERNANCE_MACHINE.transition(state, proposed).state
    expect(state.proposals).toHaveLength(1)
    expect(state.proposals[0]).toMatchObject({
      id: 'envelope' in proposed ? proposed.envelope : '',
      proposer: payer.did,
    })
    const proposal = state.proposals[0]?.id
    const voted = eventOf(
      readGovernanceMessage(receivedMessage({ proposal, choice: 'for' }, { type: 'governance-vote' }, worker), init),
    )
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

  test.each([
    ['of another area', () => receivedVector('a meter reading'), init, 'GOVERNANCE_TYPE_UNKNOWN'],
    ['weights of somebody else', tableBy(payer), init, 'GOVERNANCE_PUBLISHER_WRONG'],
    ['weights without their table', tableBy(notary), { ...init, table: undefined }, 'GOVERNANCE_TABLE_MISSING'],
    [
      'weights with another table',
      tableBy(notary),
      { ...init, table: { ...table, rows: table.rows.slice(1) } },
      'GOVERNANCE_TABLE_DIFFERENT',
    ],
  ] as const)('%s are refused', (_name, message, given, code) => {
    expect(readGovernanceMessage(message(), given)).toEqual({ kind: 'refused', code })
  })
})

function tableBy(key: typeof payer) {
  return () =>
    receivedMessage({ source: 'bond', table: hashOfWeights(table), voters: 2 }, { type: 'governance-weights' }, key)
}
