import { type EndpointEntry, LOOK, WORK } from '../endpoint.ts'
import { answerChat } from './chat-endpoint.ts'
import { answerEmbeddings } from './embeddings-endpoint.ts'
import { listModels, showModel } from './models-endpoint.ts'

/** What OpenAI's clients ask for. */
export const OPENAI_ENDPOINTS: readonly EndpointEntry[] = [
  { ...WORK, route: '/v1/chat/completions', isIdempotent: true, answer: answerChat },
  { ...WORK, route: '/v1/embeddings', answer: answerEmbeddings },
  { ...LOOK, route: '/v1/models', answer: listModels },
  // Names of models have slashes.
  { ...LOOK, route: '/v1/models/:id*', answer: showModel },
]
