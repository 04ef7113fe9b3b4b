import type { EndpointEntry } from '../endpoint.ts'
import { ACT_ENDPOINTS } from './act-endpoints.ts'
import { EVENT_ENDPOINT } from './event-endpoint.ts'
import { PAGE_ENDPOINTS } from './page-endpoints.ts'
import { SESSION_ENDPOINTS } from './session-endpoints.ts'
import { VIEW_ENDPOINTS } from './view-endpoints.ts'

/** The dashboard: its page, what it shows, what it hears, and what may be done from it. */
export const DASHBOARD_ENDPOINTS: readonly EndpointEntry[] = [
  ...PAGE_ENDPOINTS,
  ...SESSION_ENDPOINTS,
  ...VIEW_ENDPOINTS,
  EVENT_ENDPOINT,
  ...ACT_ENDPOINTS,
]
