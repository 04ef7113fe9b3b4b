import { isDeepStrictEqual } from 'node:util'
import type { Timestamp } from '../../../src/base/time.ts'
import {
  formatAccessEvent,
  formatAccessState,
  parseAccessEvent,
  parseAccessState,
} from '../../../src/core/access/access-codec.ts'
import { parseBudgetId } from '../../../src/core/access/access-machine.ts'
import { readQuery } from '../../../src/gateway/admin/admin-query.ts'
import { readPage } from '../../../src/node/access/page.ts'
import { parseBounds, parseUsd } from '../../../src/node/access/parse-access.ts'
import { readUsageQuery, type UsageQuery } from '../../../src/node/usage/usage-query.ts'
import type { LazyTarget } from './automatic.ts'
import { byHand } from './by-hand.ts'

const NOW = 1_790_000_000_000 as Timestamp
const KEY = {
  kind: 'key',
  id: 'key_1',
  parent: 'tenant:acme',
  isParentConfigured: false,
  label: 'first',
  isDisabled: false,
  tiers: ['cheap_api'],
  rates: { requestsPerMinute: 60 },
  createdAt: NOW,
  changedAt: NOW,
  revision: 1,
  key: { role: 'member', secrets: [{ sha256: '0'.repeat(64), prefix: 'kos_abc', createdAt: NOW }] },
}
const BODY = {
  label: 'first',
  role: 'admin',
  expires_in_seconds: 60,
  tiers: ['cheap_api'],
  models: ['openai/small'],
  rate_limits: { requests_per_minute: 1, tokens_per_minute: null },
  budgets: { day: '12.50', total: null },
}

/** What administrators send, and what the journal of access holds. */
export const ACCESS_TARGETS: readonly LazyTarget[] = [
  byHand({
    name: 'core/access/access-codec:parseAccessEvent',
    kind: 'json',
    inputs: [
      { type: 'entry-created', entry: KEY, budgets: [{ window: 'day', limitNanos: '5' }] },
      { type: 'entry-adopted', entry: { ...KEY, revision: 3 }, budgets: [] },
      { type: 'entry-changed', scope: 'key:key_1', change: { label: null, rates: null }, budgets: [], at: NOW },
      { type: 'key-rotated', scope: 'key:key_1', secret: KEY.key.secrets[0], graceMs: 5, at: NOW },
      { type: 'budget-set', scope: 'node', window: 'hour', limitNanos: '5', isForeign: true, at: NOW },
      { type: 'key-revoked', scope: 'key:key_1', at: NOW },
    ],
    read: (input) => parseAccessEvent(input),
    recheck: (event) =>
      event !== undefined && parseAccessEvent(formatAccessEvent(event as never)) === undefined
        ? 'it is not read back'
        : undefined,
  }),
  byHand({
    name: 'core/access/access-codec:parseAccessState',
    kind: 'json',
    inputs: [{ entries: [KEY], budgets: [{ id: 'tenant:acme@day', limitNanos: '5' }] }],
    read: (input) => parseAccessState(input),
    recheck: (state) =>
      state !== undefined && parseAccessState(formatAccessState(state as never)) === undefined
        ? 'it is not read back'
        : undefined,
  }),
  byHand({
    name: 'core/access/access-machine:parseBudgetId',
    kind: 'text',
    inputs: ['tenant:acme@day', 'node@total', '@day'],
    read: (input) => parseBudgetId(String(input)),
  }),
  byHand({
    name: 'node/access/parse-access:parseBounds',
    kind: 'json',
    inputs: [BODY],
    read: (input) => parseBounds(membersOf(input), NOW),
  }),
  byHand({
    name: 'node/access/parse-access:parseUsd',
    kind: 'json',
    inputs: ['12.50', 3],
    read: (input) => parseUsd(input as never, 'limit_usd'),
  }),
  byHand({
    name: 'node/access/page:readPage',
    kind: 'json',
    inputs: [{ limit: 5, cursor: 'a2V5XzE' }],
    read: (input) => readPage(membersOf(input)),
  }),
  byHand({
    name: 'gateway/admin/admin-query:readQuery',
    kind: 'text',
    inputs: ['/v1/admin/keys?limit=5&cursor=a2V5XzE', '/v1/admin/usage?by=tenant%2Cday'],
    read: (input) => readQuery({ url: String(input) } as never),
  }),
  byHand({
    name: 'node/usage/usage-query:readUsageQuery',
    kind: 'json',
    inputs: [
      {
        by: 'tenant, day',
        model: 'openai/small',
        from: '2030-01-31',
        to: '2030-03-01T12:00:00.5+05:30',
        format: 'csv',
      },
      { by: 'hour', key: 'key_1', from: '9999-12-31T23:59-00:30' },
      { team: 'a', to: '2030-02-30' },
    ],
    read: (input) => readUsageQuery(membersOf(input), ['format']),
    recheck: (result, input) => {
      const query = result as UsageQuery
      const again = readUsageQuery({ ...query, by: query.by.join(',') }, [])
      if (!isDeepStrictEqual(again, query)) return 'it is not read back'
      // A day without a time is the day that is meant.
      const { from } = membersOf(input) as { readonly from?: string }
      return from?.length === 10 && query.from?.startsWith(from) !== true ? 'another day' : undefined
    },
  }),
]

function membersOf(input: unknown): never {
  return (typeof input === 'object' && input !== null && !Array.isArray(input) ? input : {}) as never
}
