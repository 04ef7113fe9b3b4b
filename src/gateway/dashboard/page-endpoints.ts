import { CodedError } from '../../base/errors.ts'
import type { EndpointEntry } from '../endpoint.ts'
import type { Exchange } from '../exchange.ts'
import { type PageFile, loadPageFiles } from './page-files.ts'

/** Nothing but the page's own files, and nothing that is text becomes a script: what the page shows comes from strangers. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const PAGE_HEADERS = [
  'content-security-policy',
  POLICY,
  'x-content-type-options',
  'nosniff',
  'x-frame-options',
  'DENY',
  'referrer-policy',
  'no-referrer',
  'cross-origin-opener-policy',
  'same-origin',
  'cross-origin-resource-policy',
  'same-origin',
  'permissions-policy',
  'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
] as const

const PAGE = { method: 'GET', isPublic: true, roles: [], isWork: false } as const

/** The dashboard's own files. They hold no data, so that anybody may have them; what they show is asked for with a key. */
export const PAGE_ENDPOINTS: readonly EndpointEntry[] = [
  { ...PAGE, route: '/dashboard', answer: redirectToPage, isUnlisted: true },
  { ...PAGE, route: '/dashboard/', answer: (exchange) => sendFile(exchange, 'index.html') },
  { ...PAGE, route: '/dashboard/:file*', answer: (exchange) => sendFile(exchange, exchange.params['file'] ?? '') },
]

let files: ReadonlyMap<string, PageFile> | undefined

function redirectToPage({ response, commonHeaders }: Exchange): void {
  response.writeHead(308, ['location', '/dashboard/', 'content-length', '0', ...commonHeaders])
  response.end()
}

/** Throws `GATEWAY_PATH_UNKNOWN`. */
function sendFile(exchange: Exchange, name: string): void {
  files ??= loadPageFiles()
  const file = files.get(name)
  if (file === undefined)
    throw new CodedError('GATEWAY_PATH_UNKNOWN', {
      message:
        files.size === 0
          ? 'The dashboard is not in this build; `npm run build` makes it'
          : `The dashboard has no file ${JSON.stringify(name.slice(0, 200))}`,
    })
  const { request, response, commonHeaders } = exchange
  const headers = [
    ...PAGE_HEADERS,
    'etag',
    file.etag,
    'cache-control',
    file.isImmutable ? 'public, max-age=31536000, immutable' : 'no-cache',
    ...commonHeaders,
  ]
  if (isKnown(request.headers['if-none-match'], file)) {
    response.writeHead(304, headers)
    response.end()
    return
  }
  response.writeHead(200, ['content-type', file.type, 'content-length', String(file.bytes.length), ...headers])
  response.end(request.method === 'HEAD' ? undefined : file.bytes)
}

function isKnown(given: string | undefined, { etag }: PageFile): boolean {
  if (given === undefined) return false
  return given === '*' || given.split(',').some((one) => one.trim().replace(/^W\//, '') === etag)
}
