import { sha256Hex } from '../../../src/base/sha256.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import { TEST_ESCROW_RULES } from '../../../src/core/escrow/escrow-rules.ts'
import type { Evidence } from '../../../src/core/evidence/evidence.ts'
import {
  type ContractId,
  type Did,
  type Hash,
  parseContractId,
  parseDid,
  parseHash,
} from '../../../src/core/evidence/names.ts'
import { GOVERNANCE_MACHINE } from '../../../src/core/governance/governance-machine.ts'
import type {
  GovernanceEffect,
  GovernanceEvent,
  GovernanceState,
  Proposal,
} from '../../../src/core/governance/governance-state.ts'
import {
  DEFAULT_PARAMETERS,
  hashOfParameters,
  type ParameterChange,
  type ParameterSet,
  parametersOf,
} from '../../../src/core/governance/parameter-set.ts'
import type { VoteChoice } from '../../../src/core/governance/tally.ts'
import { hashOfWeights, type WeightTable } from '../../../src/core/governance/weight-table.ts'

export type GovernanceMachine = Pick<typeof GOVERNANCE_MACHINE, 'transition' | 'violations'>

export const SET: ParameterSet = parametersOf(TEST_ESCROW_RULES, {
  ...DEFAULT_PARAMETERS,
  'governance.votingMs': 1000n,
  'governance.timelockMinMs': 500n,
  'governance.executionMs': 300n,
  'governance.quorumPerMillion': 500_000n,
  'governance.thresholdPerMillion': 500_000n,
})
export const SET_HASH: Hash = hashOfParameters(SET)
export const CHANGE: ParameterChange = { name: 'fee.perMillionMax', value: 7n }

const LETTERS = 'abcdefghij'

/** Voter 0, 1, ...: their names ascend. */
export function voter(index: number): Did {
  const did = parseDid(`did:key:z6Mk${LETTERS.charAt(index).repeat(44)}`)
  if (did === undefined) throw new Error(`no voter ${index}`)
  return did
}

export function hash(text: string): Hash {
  const value = parseHash(sha256Hex(text))
  if (value === undefined) throw new Error('no hash')
  return value
}

export function contract(text: string): ContractId {
  const id = parseContractId(sha256Hex(text))
  if (id === undefined) throw new Error('no contract')
  return id
}

export function ms(span: number): DurationMs {
  return span as DurationMs
}

/** Voters 0, 1, ... with these weights. */
export function tableOf(weights: readonly bigint[]): WeightTable {
  return { source: 'bond', rows: weights.map((weight, index) => ({ voter: voter(index), weight })) }
}

/** Events with less to write, one market under one machine. */
export class GovernanceWorld {
  state: GovernanceState
  effects: GovernanceEffect[] = []
  table: WeightTable = tableOf([40n, 30n, 20n, 10n])
  private readonly machine: GovernanceMachine
  private messages = 0

  constructor(machine: GovernanceMachine = GOVERNANCE_MACHINE) {
    this.machine = machine
    this.state = GOVERNANCE_MACHINE.initial({ parameters: SET, at: timestampFromMs(0) })
    this.take({ type: 'weights-published', table: this.table, at: timestampFromMs(0) })
  }

  /** The refusal, or `undefined` when it was taken. */
  take(event: GovernanceEvent): string | undefined {
    const before = this.state
    const step = this.machine.transition(before, event)
    this.state = step.state
    const refusal = step.effects.find((effect) => effect.type === 'event-refused')
    if (refusal !== undefined && (step.state !== before || step.effects.length !== 1)) {
      throw new Error(`refused ${refusal.code} and changed something`)
    }
    const broken = this.machine.violations(step.state)
    if (broken.length > 0) throw new Error(broken.join('; '))
    if (refusal === undefined) this.effects.push(...step.effects)
    return refusal?.code
  }

  evidence(by: number, at: number): Evidence {
    this.messages += 1
    return {
      envelope: hash(`message ${this.messages}`),
      iss: voter(by),
      seq: 0,
      prev: undefined,
      at: timestampFromMs(at),
    }
  }

  propose(
    init: {
      readonly at?: number
      readonly timelock?: number
      readonly by?: number
      readonly change?: ParameterChange
    } = {},
  ): { readonly id: Hash; readonly code: string | undefined } {
    const { at = 0, timelock = 500, by = 0, change = CHANGE } = init
    const evidence = this.evidence(by, at)
    const code = this.take({
      type: 'proposal-made',
      base: this.state.current,
      changes: [change],
      weightsHash: hashOfWeights(this.table),
      timelockMs: ms(timelock),
      ...evidence,
    })
    return { id: evidence.envelope, code }
  }

  vote(
    proposal: Hash,
    by: number,
    init: { readonly at?: number; readonly choice?: VoteChoice } = {},
  ): string | undefined {
    const { at = 0, choice = 'for' } = init
    return this.take({ type: 'vote-cast', proposal, choice, ...this.evidence(by, at) })
  }

  delegate(by: number, to: number | undefined, at = 0): string | undefined {
    return this.take({
      type: 'vote-delegated',
      to: to === undefined ? undefined : voter(to),
      ...this.evidence(by, at),
    })
  }

  execute(proposal: Hash, at: number): string | undefined {
    return this.take({ type: 'execution-requested', proposal, ...this.evidence(3, at) })
  }

  cancel(proposal: Hash, by: number, at: number): string | undefined {
    return this.take({ type: 'cancellation-requested', proposal, ...this.evidence(by, at) })
  }

  open(
    name: string,
    init: {
      readonly deliver: number
      readonly rule: number
      readonly grace?: number
      readonly at?: number
      /** `null`: beside the governed ones. */
      readonly set?: Hash | null
    },
  ): string | undefined {
    return this.take({
      type: 'contract-opened',
      contract: contract(name),
      parametersHash: init.set === null ? undefined : (init.set ?? this.state.current),
      deliverMs: ms(init.deliver),
      graceMs: ms(init.grace ?? 0),
      ruleMs: ms(init.rule),
      at: timestampFromMs(init.at ?? 0),
    })
  }

  close(name: string, at: number): string | undefined {
    return this.take({ type: 'contract-closed', contract: contract(name), at: timestampFromMs(at) })
  }

  fire(proposal: Hash, name: 'close' | 'expire', at: number): string | undefined {
    return this.take({ type: 'timer-fired', name, proposal, at: timestampFromMs(at) })
  }

  proposal(id: Hash): Proposal {
    const found = this.state.proposals.find((known) => known.id === id)
    if (found === undefined) throw new Error('no such proposal')
    return found
  }

  get now(): Timestamp {
    return this.state.at
  }
}
