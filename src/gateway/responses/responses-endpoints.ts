import { type EndpointEntry, WORK } from '../endpoint.ts'
import { answerResponse } from './create-response-endpoint.ts'
import { cancelResponse, deleteResponse, listInputItems, showResponse } from './kept-response-endpoints.ts'

/** Those who may ask for responses may look at them. */
const KEPT = { ...WORK, isWork: false } as const

/** OpenAI's responses. */
export const RESPONSES_ENDPOINTS: readonly EndpointEntry[] = [
  { ...WORK, route: '/v1/responses', isIdempotent: true, answer: answerResponse },
  { ...KEPT, method: 'GET', route: '/v1/responses/:id', answer: showResponse },
  { ...KEPT, method: 'DELETE', route: '/v1/responses/:id', answer: deleteResponse },
  { ...KEPT, route: '/v1/responses/:id/cancel', answer: cancelResponse },
  { ...KEPT, method: 'GET', route: '/v1/responses/:id/input_items', answer: listInputItems },
]
