import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { type DurationMs, durationFromMs } from '../../../base/time.ts'
import { type Did, type Hash, parseDid } from '../../../core/evidence/names.ts'
import { TIMELOCK_MAX_MS } from '../../../core/governance/governance-state.ts'
import { type ParameterChange, PARAMETERS, parseParameterName } from '../../../core/governance/parameter-set.ts'
import { VOTE_CHOICES } from '../../../core/governance/tally.ts'
import { isWeightTable, hashOfWeights, type WeightTable } from '../../../core/governance/weight-table.ts'
import { pause } from '../../../market/parties/contracts/contract-follower.ts'
import { Governor, type GovernorOutcome } from '../../../market/parties/governor.ts'
import type { Party } from '../../../market/parties/party.ts'
import type { GovernanceView, NotaryClient, ProposalView } from '../../../ports/notary-client.ts'
import type { Timers } from '../../../ports/timers.ts'
import { WEIGHT_TABLE } from '../../../wire/v1/governance-messages.ts'
import {
  choiceOf,
  type ControlRequest,
  invalidRequest,
  optionalNumber,
  optionalText,
  requiredText,
} from '../../control/control-request.ts'
import { plain } from './plain-json.ts'
import { namedParameters } from '../../../market/parties/parameters/market-parameters.ts'
import { marketRefusal } from './market-refusals.ts'

export type GovernanceDeskInit = {
  readonly notary: NotaryClient
  /** Who proposes and votes: the escrow key of this node; `undefined` where it has none. */
  readonly party: Party | undefined
  /** What the operator of a notary may do; `undefined` where this node is none. */
  readonly publishWeights: ((table: WeightTable) => void) | undefined
  readonly timers: Timers
}

/** How often, and how long, a table of weights is waited for. */
const LOOK_MS = 100
const WEIGHTS_WAIT_MS = 10_000

/** What commands ask of the governance of the notary set. */
export class GovernanceDesk {
  private readonly init: GovernanceDeskInit
  private readonly governor: Governor | undefined

  constructor(init: GovernanceDeskInit) {
    this.init = init
    const { party, notary } = init
    this.governor = party && new Governor({ party, notary })
  }

  /** Everything there is to see, with what this node is in it. Throws `MARKET_REFUSED` where nothing is governed. */
  async show(): Promise<JsonValue> {
    return showGovernance(await this.view(), this.init.party?.did)
  }

  /** Throws `REQUEST_INVALID`, `MARKET_ROLE_MISSING`, `MARKET_REFUSED`. */
  async propose(request: ControlRequest): Promise<JsonValue> {
    const view = await this.view()
    const { weights, current: base } = view
    if (weights === null) throw marketRefusal('GOVERNANCE_VOTER_WEIGHTLESS')
    const note = optionalText(request, 'note')
    const changes = changesOf(request)
    const timelockMs = timelockOf(request, view)
    const init = { base, changes, weights: weights.hash, timelockMs, ...(note !== undefined && { note }) }
    const outcome = await this.by('proposes nothing').propose(init)
    return await this.proposalAfter(outcome, outcome.hash)
  }

  async vote(request: ControlRequest): Promise<JsonValue> {
    const choice = choiceOf(request, 'choice', VOTE_CHOICES)
    if (choice === undefined) throw invalidRequest('choice', `choice must be one of ${VOTE_CHOICES.join(', ')}`)
    return await this.about(request, async (governor, id) => await governor.vote(id, choice))
  }

  async execute(request: ControlRequest): Promise<JsonValue> {
    return await this.about(request, async (governor, id) => await governor.execute(id))
  }

  async cancel(request: ControlRequest): Promise<JsonValue> {
    return await this.about(request, async (governor, id) => await governor.cancel(id))
  }

  /** To nobody where `to` is absent: the delegation is taken back. */
  async delegate(request: ControlRequest): Promise<JsonValue> {
    const text = optionalText(request, 'to')
    const to = text === undefined ? undefined : parseDid(text)
    if (text !== undefined && to === undefined) throw invalidRequest('to', 'A voter is named by the did:key of its key')
    const { effect, code, hash } = await this.by('delegates nothing').delegate(to)
    if (code !== undefined && effect === 'refused') throw marketRefusal(code, { message: hash })
    return { effect, message: hash, to: to ?? null }
  }

  /** Waits until the table counts, for as long as one block takes and not for other members. Throws `REQUEST_INVALID`, `MARKET_ROLE_MISSING`. */
  async publishWeights(request: ControlRequest, signal: AbortSignal): Promise<JsonValue> {
    const { publishWeights, timers } = this.init
    if (publishWeights === undefined)
      throw new CodedError('MARKET_ROLE_MISSING', {
        message: 'This node is no notary, so it publishes no weights',
        details: { remedy: 'Ask the operators of the notary set, each at its own node.' },
      })
    await this.view()
    const table = tableOf(request['table'])
    const hash = hashOfWeights(table)
    publishWeights(table)
    for (let waited = 0; waited < WEIGHTS_WAIT_MS; waited += LOOK_MS) {
      if ((await this.view()).weights?.hash === hash) return { hash, voters: table.rows.length, inForce: true }
      await pause(timers, LOOK_MS, signal)
    }
    return { hash, voters: table.rows.length, inForce: false }
  }

  private async about(
    request: ControlRequest,
    act: (governor: Governor, id: Hash) => Promise<GovernorOutcome>,
  ): Promise<JsonValue> {
    const { id } = findProposal(await this.view(), requiredText(request, 'proposal'))
    return await this.proposalAfter(await act(this.by('has no say'), id), id)
  }

  /** The proposal as it stands then. */
  private async proposalAfter({ effect, code, hash }: GovernorOutcome, id: Hash): Promise<JsonValue> {
    if (effect === 'refused') throw marketRefusal(code ?? '', { proposal: id, message: hash })
    const { current, proposals } = await this.view()
    const proposal = proposals.find((known) => known.id === id)
    return plain({ effect, message: hash, current, proposal: proposal ?? null })
  }

  private async view(): Promise<GovernanceView> {
    const view = await this.init.notary.governance()
    if (view === undefined) throw marketRefusal('BOOKS_GOVERNANCE_NONE')
    return view
  }

  private by(what: string): Governor {
    if (this.governor !== undefined) return this.governor
    throw new CodedError('MARKET_ROLE_MISSING', {
      message: `This node has no escrow key, so it ${what}`,
      details: { remedy: 'Make one with `kernell key create --role escrow`, and start the node again.' },
    })
  }
}

/** As commands print it: sets with the names that this version knows them by, and what `me` is among the voters. */
export function showGovernance(view: GovernanceView, me: Did | undefined): JsonValue {
  const { sets, beside, ...others } = view
  const names = namedParameters()
  const own = view.weights?.rows.find(({ voter }) => voter === me)
  return plain({
    ...others,
    timelockLeastMs: leastTimelockMs(view),
    sets: sets.map((set) => ({ name: names.get(set.hash) ?? null, isInForce: set.hash === view.current, ...set })),
    beside: beside.map((hash) => ({ hash, name: names.get(hash) ?? null })),
    me: me ?? null,
    weight: own?.weight ?? '0',
    delegatesTo: view.delegations.find(({ from }) => from === me)?.to ?? null,
  })
}

/** Of a whole name, or of its beginning, 8 characters at least. Throws `MARKET_OBJECT_UNKNOWN`. */
function findProposal({ proposals }: GovernanceView, name: string): ProposalView {
  const fitting = name.length < 8 ? [] : proposals.filter(({ id }) => id.startsWith(name))
  const [only] = fitting
  if (only !== undefined && fitting.length === 1) return only
  throw new CodedError('MARKET_OBJECT_UNKNOWN', {
    message: fitting.length > 1 ? `${fitting.length} proposals begin with ${name}` : `There is no proposal ${name}`,
    details: { remedy: 'Look the name up with `kernell governance list`.' },
  })
}

function changesOf(request: ControlRequest): readonly ParameterChange[] {
  const { changes } = request
  if (!Array.isArray(changes) || changes.length === 0) throw invalidRequest('changes', 'Name a change')
  return changes.map((change: unknown) => {
    const [name, value] = typeof change === 'string' ? change.split('=') : []
    const parameter = parseParameterName(name ?? '')
    if (parameter === undefined)
      throw invalidRequest('changes', `There is no parameter ${name ?? ''}: \`kernell governance show\` lists them`)
    const { min, max, kind } = PARAMETERS[parameter]
    if (value === undefined || !/^(0|[1-9][0-9]{0,19})$/.test(value))
      throw invalidRequest('changes', `${parameter} is a whole number of ${UNITS[kind]}, such as ${parameter}=${min}`)
    const wanted = BigInt(value)
    if (wanted < min || wanted > max) throw invalidRequest('changes', `${parameter} must be ${min} to ${max}`)
    return { name: parameter, value: wanted }
  })
}

const UNITS = { duration: 'milliseconds', share: 'millionths', amount: 'nano-units' } as const

/** The shortest that is long enough now, where none is asked for. */
function timelockOf(request: ControlRequest, view: GovernanceView): DurationMs {
  const timelockMs = optionalNumber(request, 'timelockMs') ?? leastTimelockMs(view)
  if (!Number.isSafeInteger(timelockMs) || timelockMs < 0 || timelockMs > TIMELOCK_MAX_MS)
    throw invalidRequest('timelockMs', `timelockMs must be 0 to ${TIMELOCK_MAX_MS}`)
  return durationFromMs(timelockMs)
}

function tableOf(json: unknown): WeightTable {
  const parsed = WEIGHT_TABLE.safeParse(json)
  if (!parsed.success)
    throw invalidRequest(
      'table',
      'The table is {"source": "bond"|"stake"|"reputation", "rows": [{"voter": DID, "weight": "1"}...]} of 1 to 256 voters',
    )
  const { source, rows } = parsed.data
  const table = { source, rows: rows.toSorted((one, other) => (one.voter < other.voter ? -1 : 1)) }
  if (isWeightTable(table)) return table
  throw invalidRequest('table', 'Each voter is named once, with a weight of 1 or more, and all weights fit 64 bits')
}

/** Longer than every live contract, and no shorter than the parameters in force say. */
function leastTimelockMs({ current, sets, timelockBoundMs }: GovernanceView): number {
  const set = sets.find(({ hash }) => hash === current)
  return Math.max(timelockBoundMs + 1, Number(set?.values['governance.timelockMinMs'] ?? 0))
}
