import { Artifact } from '@a2a-js/sdk'
import { A2AError } from '@a2a-js/sdk/errors'
import { type Client, ClientFactory, JsonRpcTransportFactory, RestTransportFactory } from '@a2a-js/sdk/client'
import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { unknownLabel } from '../../../core/firewall/taint-label.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import type {
  AgentPayer,
  AgentPeerAnswer,
  AgentPeerCallOptions,
  AgentPeerCard,
  AgentPeers,
  AgentPeerTask,
} from '../../../ports/agent-peers.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { OutboundFetch } from '../../../ports/outbound-fetch.ts'
import type { Timers } from '../../../ports/timers.ts'
import type { TextGuard } from '../../../router/untrusted/text-guard.ts'
import type { A2aPeerConfig } from '../../config/a2a-config.ts'
import { outgoingText } from '../../outgoing-text.ts'
import { type ClientFetch, peerFetch } from './peer-fetch.ts'
import { type PeerTaskEnd, PeerTaskRun } from './peer-task-run.ts'
import { CARD_BYTES_MAX, cardUrlOf, type CheckedCard, readCard } from './read-card.ts'

export type AgentPeersComponents = {
  readonly clock: Clock
  readonly timers: Timers
  /** Leads to the peers of the configuration, among others. */
  readonly outbound: OutboundFetch
  /** Absent where no text is looked at. */
  readonly textGuard: Pick<TextGuard, 'screen'> | undefined
  /** Keys of peers, by the name of their variable. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** How long a card is believed without asking again. */
const CARD_MS = 300_000

type Known = { readonly checked: CheckedCard; readonly at: number }

/** Calls the peers of the configuration, each at its own address and with the skills that are allowed of it. */
export class ConfiguredAgentPeers implements AgentPeers {
  readonly #components: AgentPeersComponents
  readonly #peers: Readonly<Record<string, A2aPeerConfig>>
  readonly #cards = new Map<string, Known>()

  constructor(components: AgentPeersComponents, peers: Readonly<Record<string, A2aPeerConfig>>) {
    this.#components = components
    this.#peers = peers
  }

  get names(): readonly string[] {
    return Object.keys(this.#peers)
  }

  async card(peer: string, { signal }: AbortOptions = {}): Promise<AgentPeerCard> {
    const { card, trust } = await this.#cardOf(peer, signal)
    const allowed = this.#configOf(peer).skills
    const { name, description, version, skills, supportedInterfaces, capabilities } = card
    return {
      peer,
      name,
      description,
      version,
      skills: skills.map(({ id, name: title, description: about, tags }) => ({
        id,
        name: title,
        description: about,
        tags,
        isAllowed: allowed === undefined || allowed.includes(id),
      })),
      bindings: supportedInterfaces.map(({ protocolBinding }) => protocolBinding),
      isStreaming: capabilities?.streaming === true,
      trust,
    }
  }

  async call(peer: string, task: AgentPeerTask, options: AgentPeerCallOptions = {}): Promise<AgentPeerAnswer> {
    const config = this.#configOf(peer)
    const { signal, onText, payer } = options
    const { card } = await this.#cardOf(peer, signal)
    const offered = card.skills.map(({ id }) => id)
    const skill = chooseSkill(task.skill, { peer, offered, allowed: config.skills })
    const { clock, timers, textGuard } = this.#components
    const timeout = clock.timeoutSignal(config.timeoutMs)
    const running = signal === undefined ? timeout : AbortSignal.any([signal, timeout])
    const declared = payer === undefined ? undefined : declaredOf(card, payer.extension)
    const client = await this.#clientOf(config, card)
    const openRun = (): PeerTaskRun =>
      new PeerTaskRun({
        client,
        isStreaming: card.capabilities?.streaming === true && onText !== undefined,
        answerBytesMax: config.answerBytesMax,
        timers,
        clock,
        ...(declared !== undefined && payer !== undefined && { extension: payer.extension, payer }),
      })
    const asked = { ...task, ...(skill !== undefined && { skill }) }
    try {
      const first = await openRun().run(asked, { signal: running, onText })
      const isAsking = first.state === 'input-required' && first.extended !== undefined
      const {
        extended: _extended,
        artifacts: _artifacts,
        code: _code,
        ...end
      } = payer !== undefined && isAsking
        ? await paidEnd({ peer, asked, first, payer, declared, openRun }, { signal: running, onText })
        : first
      await textGuard?.screen([{ role: 'user', content: end.text }], { sender: 'peer', signal })
      return { peer, ...end, label: unknownLabel(`a2a:${new URL(config.card).origin}`) }
    } catch (error) {
      signal?.throwIfAborted()
      throw failureOf(error, { peer, isLate: timeout.aborted, timeoutMs: config.timeoutMs })
    }
  }

  async #clientOf(config: A2aPeerConfig, card: CheckedCard['card']): Promise<Client> {
    const fetchImpl = this.#fetchFor(config, config.answerBytesMax)
    const transports = [new JsonRpcTransportFactory({ fetchImpl }), new RestTransportFactory({ fetchImpl })]
    return await new ClientFactory({ transports }).createFromAgentCard(card)
  }

  async #cardOf(peer: string, signal: AbortSignal | undefined): Promise<CheckedCard> {
    const config = this.#configOf(peer)
    const known = this.#cards.get(peer)
    const now = this.#components.clock.monotonicMs()
    if (known !== undefined && now - known.at < CARD_MS) return known.checked
    const response = await this.#components.outbound.request({
      url: cardUrlOf(config),
      method: 'GET',
      headers: { accept: 'application/json' },
      headersTimeoutMs: config.timeoutMs,
      idleTimeoutMs: config.timeoutMs,
      responseBytesMax: CARD_BYTES_MAX,
      signal,
    })
    if (response.status !== 200) {
      response.cancel()
      throw new CodedError('A2A_CARD_INVALID', {
        message: `The card's address of ${peer} answers ${response.status}`,
        details: { peer, status: response.status },
      })
    }
    const checked = readCard(await response.text(), { ...config, name: peer })
    this.#cards.set(peer, { checked, at: now })
    return checked
  }

  #fetchFor({ apiKeyEnv, timeoutMs }: A2aPeerConfig, responseBytesMax: number): ClientFetch {
    const key = apiKeyEnv === undefined ? undefined : this.#components.environment[apiKeyEnv]
    const headers = key === undefined ? {} : { authorization: `Bearer ${key}` }
    return peerFetch(this.#components.outbound, { headers, timeoutMs, responseBytesMax })
  }

  #configOf(peer: string): A2aPeerConfig {
    const config = Object.hasOwn(this.#peers, peer) ? this.#peers[peer] : undefined
    if (config !== undefined) return config
    throw new CodedError('A2A_PEER_UNKNOWN', {
      message: `No peer is called ${JSON.stringify(peer.slice(0, 100))}; there are: ${this.names.join(', ') || 'none'}`,
      details: { peer: peer.slice(0, 100) },
    })
  }
}

/** What a card says of an extension; `undefined` where it does not declare it. */
function declaredOf({ capabilities }: CheckedCard['card'], extension: string): unknown {
  const declared = capabilities?.extensions.find(({ uri }) => uri === extension)
  return declared === undefined ? undefined : (declared.params ?? {})
}

type PaidCall = {
  readonly peer: string
  readonly asked: AgentPeerTask
  /** What the peer asks for. */
  readonly first: PeerTaskEnd
  readonly payer: AgentPayer
  readonly declared: unknown
  readonly openRun: () => PeerTaskRun
}

/** Pays, shows it, and takes what was delivered for it: also where the peer breaks off, since the market hands it over as well. */
async function paidEnd(
  { peer, asked, first, payer, declared, openRun }: PaidCall,
  options: { readonly signal: AbortSignal; readonly onText: ((text: string) => void) | undefined },
): Promise<PeerTaskEnd & Pick<AgentPeerAnswer, 'paid'>> {
  const { taskId = '' } = first
  const { text, skill = '' } = asked
  const { signal } = options
  const asking = { peer, declared, asked: first.extended, taskId, skill, text }
  const shown = await payer.pay(asking, { signal }).catch(async (error: unknown) => {
    // What the peer asks to be paid for waits for nobody any more.
    if (signal.aborted) await openRun().cancel(taskId)
    throw error
  })
  const end = await openRun()
    .run({ ...asked, taskId, shown }, options)
    .catch((error: unknown) => {
      signal.throwIfAborted()
      return error
    })
  try {
    return await takenEnd(end, { first, payer, signal })
  } catch (error: unknown) {
    if (signal.aborted) await openRun().cancel(taskId)
    throw error
  }
}

type Taking = Pick<PaidCall, 'first' | 'payer'> & { readonly signal: AbortSignal }

async function takenEnd(
  end: unknown,
  { first, payer, signal }: Taking,
): Promise<PeerTaskEnd & Pick<AgentPeerAnswer, 'paid'>> {
  if (isEnd(end) && end.code !== undefined && WORK_FAILURES.includes(end.code))
    return { ...end, paid: await payer.standing({ signal }) }
  if (isEnd(end) && end.state === 'canceled') await payer.giveUp()
  // Whatever else the peer says of the task: the price is held, and what comes of it is the market's to tell.
  const told = isEnd(end) && end.state === 'completed' ? jsonOfArtifacts(end.artifacts ?? []) : undefined
  const { text: made, paid } = await payer.collect(told, { signal })
  return { ...first, ...(isEnd(end) && end), state: 'completed', text: made, paid }
}

/** After these nothing is delivered any more. */
const WORK_FAILURES: readonly string[] = ['A2A_PAID_WORK_FAILED', 'A2A_PAYMENT_ENDED']

function isEnd(end: unknown): end is PeerTaskEnd {
  return !(end instanceof Error)
}

function jsonOfArtifacts(artifacts: NonNullable<PeerTaskEnd['artifacts']>): JsonValue {
  // Members that are absent are no JSON.
  return JSON.parse(JSON.stringify(artifacts.map((artifact) => Artifact.toJSON(artifact)))) as JsonValue
}

/** The skill that is asked for; `undefined` where the peer may choose. Throws `A2A_SKILL_REFUSED`. */
function chooseSkill(
  wanted: string | undefined,
  { peer, offered, allowed }: { peer: string; offered: readonly string[]; allowed: readonly string[] | undefined },
): string | undefined {
  const skill = wanted ?? allowed?.find((id) => offered.includes(id)) ?? allowed?.[0]
  if (skill === undefined) return undefined
  if (allowed !== undefined && !allowed.includes(skill))
    throw refused(peer, skill, 'is not among those of the configuration')
  if (!offered.includes(skill)) throw refused(peer, skill, 'is not on its card')
  return skill
}

function refused(peer: string, skill: string, why: string): CodedError {
  const message = `The skill ${JSON.stringify(skill.slice(0, 64))} of ${peer} ${why}`
  return new CodedError('A2A_SKILL_REFUSED', { message, details: { peer } })
}

const SAID_LENGTH_MAX = 300

/** What a peer says of its failure is text of a stranger: it is cut, and told as its word. */
function failureOf(
  error: unknown,
  at: { readonly peer: string; readonly isLate: boolean; readonly timeoutMs: number },
): unknown {
  const { peer, isLate, timeoutMs } = at
  if (isLate) return failed(`${peer} did not end the task within ${timeoutMs} ms`, peer, true)
  if (CodedError.is(error)) return error
  const said = error instanceof Error ? outgoingText(error.message).slice(0, SAID_LENGTH_MAX) : ''
  const isRefusal = error instanceof A2AError
  if (!isRefusal && isStranger(said)) return strangerAt(peer, said)
  return failed(`${peer} ${isRefusal ? 'refused' : 'failed'}: ${said}`, peer, !isRefusal)
}

function failed(message: string, peer: string, isRetryable: boolean): CodedError {
  return new CodedError('A2A_PEER_FAILED', { message, details: { peer }, isRetryable })
}

/** The client of the protocol tells a status in words alone. */
function isStranger(said: string): boolean {
  return /^HTTP error [^:!]*(?:! Status)?: 40[13]\b/.test(said)
}

function strangerAt(peer: string, said: string): CodedError {
  return new CodedError('A2A_PEER_FAILED', {
    message: `${peer} does not know who asks: ${said}`,
    details: {
      peer,
      remedy:
        'Name the peer in the configuration, with `apiKeyEnv`, the variable that holds the key which its owner gave you.',
    },
    isRetryable: false,
  })
}
