import type { AgentMemory } from '../memory-use.ts'
import { readAmount, readList, readOptionalText, readText, readWhole, type UnreadFields } from '../read-fields.ts'
import { invalid } from '../request-desk/protocol.ts'
import type { DeskEvent } from '../request-desk/request-desk.ts'
import { keeperOf, type Conversation } from './conversation.ts'
import type { Source } from './prompts.ts'
import type { ResearcherInput, ResearchRequest } from './research.ts'

/** Throws `REQUEST_INVALID`. */
export function readRequest(event: DeskEvent, { memory }: ResearcherInput): ResearchRequest {
  return {
    conversation: readConversation(event, memory),
    question: readText(event, 'question', 8_000),
    sources: event['sources'] === undefined ? [] : readList(event, 'sources', { countMax: 16, readItem: readSource }),
    questionsMax: readWhole(event, 'questionsMax', { min: 1, max: 12, absent: 4 }),
    maxCostNanos: readAmount(event, 'maxCostNanos'),
  }
}

function readSource(item: unknown, where: string): Source {
  if (typeof item !== 'object' || item === null) throw invalid(`${where} must be an object with title and text`)
  const fields = item as UnreadFields
  return { title: readText(fields, 'title', 300), text: readText(fields, 'text', 40_000) }
}

const THREAD_NAME = /^[A-Za-z0-9._:-]{1,96}$/

function readConversation(event: DeskEvent, memory: AgentMemory | undefined): Conversation | undefined {
  const { isLast = false } = event
  if (typeof isLast !== 'boolean') throw invalid('isLast must be true or false')
  const thread = readOptionalText(event, 'thread', 96)
  if (thread === undefined) return undefined
  if (!THREAD_NAME.test(thread)) throw invalid('thread must be 1 to 96 characters of A-Z a-z 0-9 . _ : -')
  keeperOf(memory)
  return { thread, isLast }
}
