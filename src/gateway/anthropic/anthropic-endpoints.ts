import { type EndpointEntry, WORK } from '../endpoint.ts'
import { answerMessages, countMessageTokens } from './messages-endpoint.ts'

/** What Anthropic's clients ask for. */
export const ANTHROPIC_ENDPOINTS: readonly EndpointEntry[] = [
  { ...WORK, route: '/v1/messages', isIdempotent: true, failureForm: 'anthropic', answer: answerMessages },
  { ...WORK, route: '/v1/messages/count_tokens', failureForm: 'anthropic', answer: countMessageTokens },
]
