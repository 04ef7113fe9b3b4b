import { AI_SDK } from './ai-sdk.ts'
import { ANTHROPIC_SDK } from './anthropic-sdk.ts'
import type { ClientCases } from './client-case.ts'
import { LANGCHAIN } from './langchain.ts'
import { OPENAI_AGENTS } from './openai-agents.ts'
import { OPENAI_CHAT } from './openai-chat.ts'
import { OPENAI_RESPONSES } from './openai-responses.ts'

export const CLIENTS: readonly ClientCases[] = [
  OPENAI_CHAT,
  OPENAI_RESPONSES,
  ANTHROPIC_SDK,
  AI_SDK,
  LANGCHAIN,
  OPENAI_AGENTS,
]
