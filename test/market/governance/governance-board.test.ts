import { describe, expect, it } from 'vitest'
import type { GovernanceEvent } from '../../../src/core/governance/governance-state.ts'
import { formatGovernanceState } from '../../../src/core/governance/governance-codec.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { GOVERNANCE_MACHINE } from '../../../src/core/governance/governance-machine.ts'
import { GovernanceBoard, journaledGovernance } from '../../../src/market/governance/governance-board.ts'
import { nameJournal } from '../../../src/market/ledger/journal-line.ts'
import { MachineJournal } from '../../../src/market/ledger/machine-journal.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { GovernanceWorld, SET, SET_HASH, voter } from '../../core/governance/governance-world.ts'

describe('GovernanceBoard', () => {
  it('shows what the machine holds, and the same after a restart', async () => {
    const events: GovernanceEvent[] = []
    const world = new GovernanceWorld({
      violations: GOVERNANCE_MACHINE.violations,
      transition: (state, event) => {
        events.push(event)
        return GOVERNANCE_MACHINE.transition(state, event)
      },
    })
    world.delegate(2, 0)
    const { id } = world.propose()
    world.vote(id, 0)
    const components = {
      log: createMemoryEventLog(),
      journaled: journaledGovernance({ parameters: SET, at: timestampFromMs(0) }),
    }
    const name = nameJournal('governance')
    const board = new GovernanceBoard(await MachineJournal.open(components, name))
    for (const event of events) expect((await board.take(event)).kind).toBe('done')
    const late = { ...world.evidence(0, 0), type: 'vote-cast', proposal: id, choice: 'for' } as const
    expect(await board.take(late)).toEqual({ kind: 'refused', code: 'GOVERNANCE_VOTE_EXISTS' })
    const journal = await MachineJournal.open(components, name)
    const again = new GovernanceBoard(journal)
    expect(formatGovernanceState(journal.state)).toEqual(formatGovernanceState(world.state))
    expect(again.list()).toEqual(board.list())
    expect(again.list()).toMatchObject([{ id, state: 'voting', next: { what: 'closes', at: 1000 } }])
    expect(again.show(id)).toMatchObject({ tally: { for: '60', total: '100' }, isCarried: true, executableAt: 1500 })
    expect(again.show(SET_HASH)).toBeUndefined()
    expect(again.timers()).toEqual([{ name: 'close', proposal: id, firesAt: 1000 }])
    expect(again.overview()).toMatchObject({ parametersHash: SET_HASH, weights: { total: '100', source: 'bond' } })
    expect([again.voter(voter(1)).open.length, again.voter(voter(0)).open.length]).toEqual([1, 0])
    expect(again.voter(voter(2))).toMatchObject({ weight: '20', to: voter(0) })
  })
})
