import type { Part } from '@a2a-js/sdk'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentSkill, SkillOutcome, SkillWork } from '../../../src/node/a2a/agent-skill.ts'

/** How long the suite's long task runs: two of its timeouts for streams, milliseconds. */
const LONG_MS = 4_000

function textPart(text: string): Part {
  return { content: { $case: 'text', value: text }, metadata: undefined, filename: '', mediaType: 'text/plain' }
}

const FILE: Part = {
  content: { $case: 'raw', value: Buffer.from('Generated file content') },
  metadata: undefined,
  filename: 'output.txt',
  mediaType: 'text/plain',
}

const LINKED_FILE: Part = { ...FILE, content: { $case: 'url', value: 'https://example.com/output.txt' } }

const DATA: Part = {
  content: { $case: 'data', value: { key: 'value', count: 42 } },
  metadata: undefined,
  filename: '',
  mediaType: 'application/json',
}

type Behaviour = (work: SkillWork) => Promise<SkillOutcome>

const completing =
  (...parts: readonly Part[]): Behaviour =>
  async ({ emit }) => {
    if (parts.length > 0) emit({ type: 'artifact', artifactId: 'output', name: 'output', parts, isLast: true })
    return await Promise.resolve({ state: 'completed' })
  }

/** What the suite asks for by the beginning of a message's id; the longest beginning that fits counts. */
const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  'tck-complete-task': async () => await Promise.resolve({ state: 'completed', text: 'Hello from TCK' }),
  'tck-artifact-text': completing(textPart('Generated text content')),
  'tck-artifact-file': completing(FILE),
  'tck-artifact-file-url': completing(LINKED_FILE),
  'tck-artifact-data': completing(DATA),
  'tck-message-response': async () =>
    await Promise.resolve({ state: 'message', parts: [textPart('Direct message response')] }),
  'tck-input-required': async () => await Promise.resolve({ state: 'input-required' }),
  'tck-reject-task': async () => await Promise.resolve({ state: 'rejected', text: 'rejected' }),
  'tck-stream-001': completing(textPart('Stream hello from TCK')),
  'tck-stream-002': completing(),
  'tck-stream-003': completing(textPart('Stream task lifecycle')),
  'tck-stream-ordering-001': completing(textPart('Ordered output')),
  'tck-stream-artifact-text': completing(textPart('Streamed text content')),
  'tck-stream-artifact-file': completing(FILE),
  'tck-stream-artifact-chunked': async ({ emit }) => {
    const chunk = { type: 'artifact', artifactId: 'output', name: 'output' } as const
    emit({ ...chunk, parts: [textPart('chunk-1 ')], isLast: false })
    emit({ ...chunk, parts: [textPart('chunk-2')], isAppended: true, isLast: true })
    return await Promise.resolve({ state: 'completed' })
  },
  'test-resubscribe-message-id': async ({ signal }) => {
    await sleep(LONG_MS, undefined, { signal })
    return { state: 'completed' }
  },
}

/** Long ones first: one beginning may be that of another. */
const PREFIXES = Object.keys(BEHAVIOURS).toSorted((left, right) => right.length - left.length)

function prefixOf(messageId: string): string | undefined {
  return PREFIXES.find((prefix) => messageId.startsWith(prefix))
}

/** The agent that the A2A TCK drives: what it does is said by the id of the message. For tests alone. */
export const FIXTURE_SKILL: AgentSkill = {
  id: 'tck',
  name: 'A2A TCK',
  description: 'Does what the suite asks for by the id of its messages',
  tags: ['test'],
  answersDirectly: ({ messageId }) => prefixOf(messageId) === 'tck-message-response',
  run: async (work) => {
    const prefix = prefixOf(work.message.messageId) ?? 'tck-complete-task'
    return (await BEHAVIOURS[prefix]?.(work)) ?? { state: 'failed' }
  },
}
