import { describe, expect, test } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { readPublicUrl } from '../../src/guard/public-url.ts'
import { followRedirect } from '../../src/guard/redirects.ts'
import type { OutboundRequest } from '../../src/ports/outbound-fetch.ts'

const PORTS = [80, 443]

/** Where a redirect from one URL to another leads: the next URL, or the code. */
function leadOn(
  from: string,
  location: string | undefined,
  init: Partial<OutboundRequest> & { readonly status?: number } = {},
): string | undefined {
  const { status = 302, ...rest } = init
  const response = { status, header: (name: string) => (name === 'location' ? location : undefined) }
  try {
    return followRedirect({ url: from, method: 'GET', ...rest }, response, {
      url: readPublicUrl(from, PORTS),
      ports: PORTS,
    })?.url
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

describe('a redirect', () => {
  test.each([
    ['https://a.example/x', 'y?z', 'https://a.example/y?z'],
    ['https://a.example/x', '//b.example/', 'https://b.example/'],
    ['http://a.example/', 'https://a.example/', 'https://a.example/'],
    ['http://a.example/', 'http://b.example:443/', 'http://b.example:443/'],
    ['https://a.example/', 'http://a.example/', 'OUTBOUND_NOT_ALLOWED'],
    ['https://a.example/', 'http://b.example/', 'OUTBOUND_NOT_ALLOWED'],
    ['https://a.example/', 'https://u:p@a.example/', 'OUTBOUND_NOT_ALLOWED'],
    ['https://a.example/', 'https://a.example:22/', 'OUTBOUND_NOT_ALLOWED'],
    ['https://a.example/', 'javascript:1', 'OUTBOUND_NOT_ALLOWED'],
    ['https://a.example/', 'https://[', 'OUTBOUND_NOT_ALLOWED'],
    ['https://a.example/', 'http://b.example/, http://127.0.0.1/', 'OUTBOUND_NOT_ALLOWED'],
  ])('from %s to %s leads to %s', (from, location, expected) => {
    expect(leadOn(from, location)).toBe(expected)
  })

  test.each([200, 300, 304, 305, 306, 404])('is none with status %i', (status) => {
    expect(leadOn('https://a.example/', 'http://127.0.0.1/', { status })).toBeUndefined()
  })

  test('is none without a place', () => {
    expect(leadOn('https://a.example/', undefined)).toBeUndefined()
  })
})
