import { A2A_PROTOCOL_VERSION, AgentCard, type AgentExtension } from '@a2a-js/sdk'
import type { ServerCallContext } from '@a2a-js/sdk/server'
import { CodedError } from '../../base/errors.ts'
import type { Signer } from '../../ports/signer.ts'
import type { Transport } from '../../ports/transport.ts'
import type { A2aConfig } from '../config/a2a-config.ts'
import type { A2aParts } from './a2a-parts.ts'
import { buildAgentCard } from './agent-card.ts'
import type { AgentSkill } from './agent-skill.ts'
import { type A2aCall, callOf } from './call-context.ts'
import { publicJwkOf, signAgentCard } from './card-signature.ts'
import { KEYS_PATH, type NodeA2a, type NodeA2aInit } from './node-a2a.ts'
import { P2P_BINDING } from './p2p/p2p-messages.ts'
import { type NodePayment, openPayment, PAYMENT_DECLARED } from './payment/open-payment.ts'
import { serveP2p } from './p2p/serve-p2p.ts'
import { openTasks } from './open-tasks.ts'
import { PushSender } from './push-sender.ts'
import { PushWays } from './push-ways.ts'
import { createRouteSkill } from './route-skill.ts'
import { SkillExecutor } from './skill-executor.ts'
import type { StoredTasks } from './stored-tasks.ts'
import { TaskHandler } from './task-handler.ts'

/** What the card is made for before anybody asks: the library needs it for what it declares. */
const NOWHERE = 'http://localhost'

/**
 * Opens what the node does for other agents: reads the stored tasks, those that somebody worked on when the process ended become failed ones.
 *
 * Throws `A2A_NOT_OPEN` where it is switched off, and what the store throws.
 */
export async function openA2a(parts: A2aParts, init: NodeA2aInit): Promise<NodeA2a> {
  const { config, clock, timers, router, onError } = parts
  if (!config.isEnabled) throw new CodedError('A2A_NOT_OPEN', { message: '`a2a.enabled` is false' })
  const offered = offeredSkills(config, [createRouteSkill(router), ...(init.skills ?? [])])
  const opened: { tasks?: StoredTasks } = {}
  const isCanceled = async (taskId: string): Promise<boolean> => (await opened.tasks?.isCanceled(taskId)) === true
  const payment = openPayment(config, offered, { openMarket: parts.openMarket, isCanceled, onError })
  const skills = payment?.skills ?? offered
  const signer = await parts.openSigner()
  const ways = new PushWays({ clock, resolve: parts.resolveHost }, config.pushHosts)
  const { tasks, configs, fleet, erase, attach } = await openTasks(parts, ways)
  opened.tasks = tasks
  const { taskTimeoutMs, taskBytesMax, runningMax } = config
  const sender = new PushSender({ configs, timers, wayTo: ways.wayTo, onError })
  const executor = new SkillExecutor({ clock, tasks, onError }, { skills, taskTimeoutMs, taskBytesMax })
  const cards = new NodeCards(parts, { skills, signer, payment })
  const declared = payment === undefined ? [] : [PAYMENT_DECLARED]
  const card = cards.plain({ baseUrl: NOWHERE }, declared)
  const handler = new TaskHandler(
    { tasks, configs, sender, executor, card, extendedCard: cards.extended, ...(fleet !== undefined && { fleet }) },
    { runningMax },
  )
  await attach({ handler, executor, sender })
  return {
    handler,
    card: async (at) => AgentCard.toJSON(cards.signed(cards.plain(at, await cards.paying()), at.baseUrl)),
    ...(payment !== undefined && { paidWorker: payment.worker }),
    openedAt: new Date(clock.now()),
    keys: [publicJwkOf(signer)],
    serveOver(transport) {
      const end = serveP2p({ transport, handler, clock }, { nodes: config.nodes })
      cards.transports.add(transport)
      return () => {
        cards.transports.delete(transport)
        end()
      }
    },
    async erase(what) {
      await handler.endAll(what)
      return await erase(what)
    },
    async stop() {
      await handler.stop()
      await fleet?.stop()
      await ways.close()
    },
  }
}

/** The skills that the configuration lets through, in its order. Throws `CONFIG_INVALID` for one that is not there. */
function offeredSkills({ skills: wanted }: A2aConfig, skills: readonly AgentSkill[]): readonly AgentSkill[] {
  if (wanted === undefined) return skills
  return wanted.map((id) => {
    const found = skills.find((skill) => skill.id === id)
    if (found !== undefined) return found
    const names = skills.map((skill) => skill.id).join(', ')
    throw new CodedError('CONFIG_INVALID', {
      message: `\`a2a.skills\` names ${JSON.stringify(id)}; there are: ${names}`,
      details: { key: 'a2a.skills' },
    })
  })
}

type CardPlace = Pick<A2aCall, 'baseUrl' | 'isKeyed'>

/** The cards of a node: one for everybody, one with more for callers who have shown who they are. */
class NodeCards {
  readonly #parts: A2aParts
  readonly #skills: readonly AgentSkill[]
  readonly #signer: Signer
  readonly #payment: NodePayment | undefined
  /** Ways between nodes by which tasks are taken as well. */
  readonly transports = new Set<Pick<Transport, 'did' | 'addresses'>>()

  constructor(
    parts: A2aParts,
    {
      skills,
      signer,
      payment,
    }: {
      readonly skills: readonly AgentSkill[]
      readonly signer: Signer
      readonly payment: NodePayment | undefined
    },
  ) {
    this.#payment = payment
    this.#parts = parts
    this.#skills = skills
    this.#signer = signer
  }

  /** How skills are paid, where they are. */
  async paying(): Promise<readonly AgentExtension[]> {
    return (await this.#payment?.extension()) ?? []
  }

  plain({ baseUrl, isKeyed }: CardPlace, extensions: readonly AgentExtension[] = []): AgentCard {
    const { config, version } = this.#parts
    const { name, description, provider } = config
    return buildAgentCard({
      name,
      description,
      version,
      baseUrl: config.url ?? baseUrl,
      skills: this.#skills,
      extensions,
      interfaces: [...this.transports].flatMap(({ did, addresses }) =>
        addresses.map((address) => ({
          url: `${address}/p2p/${did}`,
          protocolBinding: P2P_BINDING,
          tenant: '',
          protocolVersion: A2A_PROTOCOL_VERSION,
        })),
      ),
      isKeyed: isKeyed ?? this.#parts.isKeyed,
      ...(provider !== undefined && { provider }),
    })
  }

  /** Also what answers: the models that tasks may be sent to. */
  extended = async (context: ServerCallContext): Promise<AgentCard> => {
    const call = callOf(context)
    const models = this.#parts.listModels().filter(({ isAvailable }) => isAvailable)
    const params = { models: models.map(({ entry }) => ({ id: entry.id, tier: entry.tier })) }
    const card = this.plain(call, [
      ...(await this.paying()),
      { uri: MODELS_EXTENSION, description: 'The models that this node calls', required: false, params },
    ])
    return this.signed(card, call.baseUrl)
  }

  signed(card: AgentCard, baseUrl: string): AgentCard {
    const jku = `${this.#parts.config.url ?? baseUrl}${KEYS_PATH}`
    return signAgentCard(card, { signer: this.#signer, jku })
  }
}

const MODELS_EXTENSION = 'urn:kernell-os:a2a:models:1'
