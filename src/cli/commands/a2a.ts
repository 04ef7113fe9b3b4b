import { formatCredits } from '../../base/format-credits.ts'
import { CodedError } from '../../base/errors.ts'
import { type NamedAgent, peersOf } from '../../node/a2a/agent-control.ts'
import type { PaymentQuote } from '../../node/a2a/payment/market-payer.ts'
import type { ControlRequest } from '../../node/control/control-request.ts'
import type { AgentPeerAnswer, AgentPeerCard } from '../../ports/agent-peers.ts'
import type { Command, CommandContext } from '../command.ts'
import { toldBy } from '../control-lines.ts'
import { EXIT_CODES } from '../exit-codes.ts'
import { isFlagSet, textFlag, usageError } from '../flags.ts'
import { formatTable } from '../format-table.ts'
import { nanosFlag } from '../market-flags.ts'
import { packagedSkills } from '../packaged-skills.ts'
import { type Control, isServed, useControl } from '../running-control.ts'
import { visibleText } from '../visible-text.ts'

/** What an agent says of itself: another one, or this node. */
export const a2aCardCommand: Command = {
  name: 'a2a card',
  summary: 'show the card of an agent, or the one of this node',
  synopsis: '[URL | NAME]',
  positionalsMax: 1,
  flags: {},
  details: [
    'Without an address: the card that this node signs, with the key that others pin. URL is the address of an agent, or of its card; NAME a peer of the configuration, whose card has to be signed with the key that is configured.',
    'What a card says is the word of its owner. Only of a peer with a configured key it is known who that is.',
  ],
  examples: ['kernell a2a card', 'kernell a2a card https://agent.example.com', 'kernell a2a card translator --json'],
  async run(context) {
    const [peer] = context.positionals
    return peer === undefined ? await showOwn(context) : await showOther(context, peer)
  },
}

async function showOwn(context: CommandContext): Promise<typeof EXIT_CODES.done> {
  const { terminal, isJson } = context
  const { host, port } = context.loadConfig().server
  const shown = await useControl(
    context,
    async ({ ask, servedBy }) => await ask({ op: 'own', baseUrl: servedBy ?? `http://${host}:${port}` }, 'agents'),
    { prepare: async (node) => await node.openA2a({ skills: await packagedSkills(node) }) },
  )
  if (isJson) terminal.printJson(shown)
  else terminal.print(JSON.stringify(shown, undefined, 2))
  return EXIT_CODES.done
}

async function showOther(context: CommandContext, peer: string): Promise<typeof EXIT_CODES.done> {
  const { terminal, isJson } = context
  // Written by `answerAgentControl` of the same package.
  const card = await useControl(
    context,
    async ({ ask }) => (await ask({ op: 'card', peer }, 'agents')) as unknown as AgentPeerCard,
  )
  if (isJson) {
    terminal.printJson(card)
    return EXIT_CODES.done
  }
  const trust = card.trust === 'pinned' ? 'signed with the configured key' : 'nobody knows whose: no key is configured'
  const skills = card.skills.map(({ id, description }) => [id, description])
  const head = [
    `${card.name} ${card.version}`,
    card.description,
    `trust     ${trust}`,
    `bindings  ${card.bindings.join(', ')}${card.isStreaming ? ', streaming' : ''}`,
  ]
  const table = formatTable(
    [{ heading: 'skill' }, { heading: 'what it does', isFlexible: true }],
    skills.map((cells) => cells.map(visibleText)),
    terminal.cutWidth,
  )
  terminal.print(visibleText(`${head.join('\n')}\n\n${table}`))
  return EXIT_CODES.done
}

/** Has another agent do a task. */
export const a2aCallCommand: Command = {
  name: 'a2a call',
  summary: 'have another agent do a task, and print what it answers',
  synopsis: 'URL | NAME TEXT [--stream] [--pay MAX]',
  positionalsMax: 2,
  flags: {
    skill: { value: 'ID', describe: 'a skill of its card (default: its own choice, or the first that is configured)' },
    context: { value: 'ID', describe: 'the conversation that the task belongs to, from an earlier answer' },
    task: { value: 'ID', describe: 'the task that asked for more, from an earlier answer' },
    stream: { describe: 'print text as it comes, before it is judged' },
    pay: {
      value: 'MAX',
      describe: 'the most that the task may cost, in credits, such as 0.5 (default: nothing is paid)',
    },
    currency: { value: 'C', describe: 'credits to pay with: CODE@DID, or a code that one issuer alone has' },
  },
  details: [
    'The text goes to that agent, whoever it is; the answer is text of a stranger. One that looks like orders to a model is refused (UNTRUSTED_TEXT_REFUSED, by `untrusted.peer` of the configuration); with --stream it has been printed by then.',
    'With --pay the node that runs with `kernell node` pays for a task that has a price, by a contract of the market: what is paid to whom is told on standard error before anything is signed, and whoever asks for more than MAX, in another currency, or for somebody else than the card names gets nothing. The answer is then what was delivered under the contract, as the notary set has certified it.',
    'Ctrl-C cancels the task there, and gives up its contract where it is paid for and nothing has been made yet: the price comes back. Ends with exit code 1 when the task failed, was rejected or asks for more; --json says which, with the ids to go on.',
  ],
  examples: [
    'kernell a2a call translator "Good morning"',
    'kernell a2a call planner "Plan a move" --pay 0.5 --currency USD',
    'kernell a2a call https://agent.example.com "What is 17 % of 2340?" --stream',
  ],
  whenStopped: 'The task was cancelled at the agent, if it listens.',
  async run(context) {
    const { terminal, isJson, flags } = context
    const [peer, text] = context.positionals
    if (peer === undefined || text === undefined) throw usageError('a2a call takes an agent and a text')
    const isStreaming = isFlagSet(flags, 'stream')
    const relay = terminal.relay('output')
    const onText = (piece: string): void => {
      if (isJson) terminal.printJson({ event: 'text', text: piece })
      else relay.take(new TextEncoder().encode(piece))
    }
    const request = {
      op: 'call',
      peer,
      text,
      isStreaming,
      skill: textFlag(flags, 'skill'),
      contextId: textFlag(flags, 'context'),
      taskId: textFlag(flags, 'task'),
      payNanos: nanosFlag(flags, 'pay'),
      currency: textFlag(flags, 'currency'),
    }
    const onQuote = (quote: PaymentQuote): void => {
      if (isJson) terminal.printJson({ event: 'quote', ...quote })
      else terminal.note(visibleText(describeQuote(quote)))
    }
    const answer = await useControl(context, async (control) => await callAgent(control, request, { onText, onQuote }))
    if (isJson) terminal.printJson(answer)
    else if (isStreaming) relay.end()
    else terminal.print(visibleText(answer.text))
    if (!isJson && answer.paid !== undefined)
      terminal.note(
        `Paid by contract ${answer.paid.contract} (${answer.paid.state}); \`kernell escrow export\` keeps the evidence.`,
      )
    if (answer.state === 'completed') return EXIT_CODES.done
    if (!isJson) terminal.note(`The task ended as ${answer.state}.`)
    return EXIT_CODES.failed
  },
}

async function callAgent(
  control: Control,
  request: ControlRequest,
  { onText, onQuote }: { onText: (text: string) => void; onQuote: (quote: PaymentQuote) => void },
): Promise<AgentPeerAnswer> {
  for await (const told of toldBy<CallLine>(control, request, 'agents')) {
    if (told.event === 'answer') return told.answer
    if (told.event === 'text') onText(told.text)
    else onQuote(told)
  }
  throw new CodedError('A2A_PEER_FAILED', { message: 'The call ended without an answer' })
}

function describeQuote({ peer, skill, account, node, notarySet, priceNanos, currency, custody }: PaymentQuote): string {
  return [
    `Paying ${formatCredits(priceNanos, currency)} for ${skill} of ${peer}:`,
    `  to        ${account}`,
    `  at node   ${node}`,
    `  custody   ${custody}, held by the notary set ${notarySet} until the work is delivered`,
  ].join('\n')
}

type CallLine =
  | ({ readonly event: 'quote' } & PaymentQuote)
  | { readonly event: 'text'; readonly text: string }
  | { readonly event: 'answer'; readonly answer: AgentPeerAnswer }

/** The peers of the configuration. */
export const a2aPeersCommand: Command = {
  name: 'a2a peers',
  summary: 'show the agents that the configuration names, and whether their keys are pinned',
  synopsis: '',
  flags: {},
  examples: ['kernell a2a peers', 'kernell a2a peers --json'],
  async run(context) {
    const { terminal, isJson } = context
    const config = context.loadConfig()
    // Written by `answerAgentControl` of the same package.
    const peers = isServed(config)
      ? ((await useControl(
          context,
          async ({ ask }) => await ask({ op: 'peers' }, 'agents'),
        )) as unknown as readonly NamedAgent[])
      : peersOf({ config })
    if (isJson) terminal.printJson({ peers })
    else if (peers.length === 0) terminal.print('No agents are configured; they stand under `a2a.peers`.')
    else {
      const rows = peers.map(({ name, card, isPinned, skills }) => [
        name,
        card,
        isPinned ? 'pinned' : 'unpinned',
        skills?.join(', ') ?? 'all',
      ])
      const columns = ['name', 'card', 'key', 'skills'].map((heading) => ({ heading, isFlexible: true }))
      terminal.print(formatTable(columns, rows, terminal.cutWidth))
    }
    return EXIT_CODES.done
  },
}
