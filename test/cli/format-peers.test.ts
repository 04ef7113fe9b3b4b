import { describe, expect, it } from 'vitest'
import { describePeers, describeWhole } from '../../src/cli/format-peers.ts'
import { spanFlag } from '../../src/cli/span-flag.ts'

const AT = 1_790_000_000_000
const PEER = {
  peerId: '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp',
  did: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
  address: '/ip4/192.0.2.1/tcp/4001',
  direction: null,
  score: -88.5,
  scoreParts: {
    conduct: [
      { conduct: 'frame-invalid', count: 1, points: -60, lastAt: AT },
      { conduct: 'stalled', count: 1, points: -30, lastAt: AT },
    ],
    fadedPoints: 1.5,
  },
  cuts: 2,
  latencyMs: null,
  lastSeenAt: AT,
  bytesIn: null,
  bytesOut: null,
  refusals: { banned: 3 },
  ban: { kind: 'operator', since: AT, until: null, reason: 'floods\u001b]0;owned\u0007', by: 'somebody' },
  connections: [],
  knownAddresses: [{ address: '/ip4/192.0.2.1/tcp/4001', source: 'told-by-itself', at: AT }],
}

describe('a peer as text', () => {
  it('has the parts of its score, and who keeps it away', () => {
    expect(describeWhole(PEER).split('\n')).toEqual([
      `peer       ${PEER.peerId}`,
      `did        ${PEER.did}`,
      String.raw`kept away  until it is taken back: floods\u{1b}]0;owned\u{7} (somebody)`,
      'last seen  2026-09-21T14:13:20.000Z',
      'latency    not known',
      'traffic    - in, - out; no questions asked, no answered',
      'refused    3 times while it was kept away',
      'score      -88.5, cut off 2 times of late',
      '       -60  sent what is no frame of the protocol, once, last 2026-09-21T14:13:20.000Z',
      '       -30  did not read what it asked for, once, last 2026-09-21T14:13:20.000Z',
      '      +1.5  faded since, or beyond what counts',
      'connections: none',
      'addresses:',
      '  /ip4/192.0.2.1/tcp/4001 (told-by-itself, 2026-09-21T14:13:20.000Z)',
    ])
  })

  it('is a row, says how many there are besides, and moves no cursor', () => {
    const text = describePeers([PEER], { total: 3, width: Number.POSITIVE_INFINITY })
    expect(text).toMatch(/away +\/ip4\/192\.0\.2\.1\/tcp\/4001 +-88\.5/)
    expect(text.split('\n').at(-1)).toBe('2 more: --limit 3')
    expect(text).not.toContain('\u001b')
    expect(describePeers([], { total: 0, width: 80 })).toContain('--bootstrap')
  })
})

describe('a span', () => {
  it.each([
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['30m', 1_800_000],
    ['7d', 604_800_000],
    ['2w', 1_209_600_000],
  ])('%s is a number of milliseconds', (text, ms) => {
    expect(spanFlag({ for: text }, 'for', 1e12)).toBe(ms)
    expect(spanFlag({}, 'for', 1e12)).toBeUndefined()
  })

  it.each(['', '7', 'd', '-7d', '7 d', '0s', '7y', 'ever', '1e3s', '366d', '99999999999w'])('%j is none', (text) => {
    expect(() => spanFlag({ for: text }, 'for', 365 * 86_400_000)).toThrow(/at most 365d/)
  })
})
