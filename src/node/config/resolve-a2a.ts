import { type Did, parseDid } from '../../core/evidence/names.ts'
import type { FirewallPolicy } from '../../core/firewall/firewall-policy.ts'
import { parseHostPattern } from '../../core/egress/host-pattern.ts'
import { parseAmount } from '../../base/money.ts'
import type { A2aDocument, A2aPaymentDocument, A2aPeerDocument } from './config-document.ts'
import { contradiction } from './config-values.ts'
import type { A2aConfig, A2aPaymentConfig, A2aPeerConfig } from './a2a-config.ts'

const HOUR_MS = 3_600_000
const DESCRIPTION =
  'Decides how a task is executed: from the cache, with an exact tool, a local model, or a cheap or strong one, and says what it cost.'

/** What other agents may have of this node. Throws `CONFIG_INVALID`. */
export function resolveA2a(document: A2aDocument = {}): A2aConfig {
  const {
    enabled,
    url,
    name,
    description,
    provider,
    skills,
    keepHours,
    pushHosts = [],
    nodes = [],
    payment,
    peers = {},
    ...limits
  } = document
  if (url !== undefined) checkUrl(url, 'a2a.url')
  for (const host of pushHosts)
    if (parseHostPattern(host) === undefined)
      throw contradiction('a2a.pushHosts', `names ${JSON.stringify(host)}, which is neither a host nor *.domain`)
  if (skills !== undefined && new Set(skills).size !== skills.length)
    throw contradiction('a2a.skills', 'names a skill twice')
  return {
    isEnabled: enabled ?? true,
    name: name ?? 'kernell-os',
    description: description ?? DESCRIPTION,
    keepMs: Math.round((keepHours ?? 7 * 24) * HOUR_MS),
    tasksMax: 1_000,
    runningMax: 64,
    taskTimeoutMs: 600_000,
    taskBytesMax: 4 * 1024 * 1024,
    ...limits,
    pushHosts,
    nodes: nodes.map(resolveNode),
    peers: Object.fromEntries(Object.entries(peers).map(([peer, given]) => [peer, resolvePeer(peer, given)])),
    ...(payment !== undefined && { payment: resolvePayment(payment, skills) }),
    ...(url !== undefined && { url: url.replace(/\/+$/, '') }),
    ...(provider !== undefined && { provider }),
    ...(skills !== undefined && { skills }),
  }
}

/** Where plans find the skills of an agent: `a2a/PEER/SKILL`. */
const PEER_PLACE = 'a2a/'

/** What the firewall knows of agents of others: what comes from one is not to be trusted, what goes to one leaves, and both are as confidential as what models of others see. */
export function rulesOfPeers({ peers = {} }: A2aDocument = {}): FirewallPolicy {
  const names = Object.keys(peers)
  return {
    sources: names.map((name) => ({
      kind: 'tool',
      prefix: `${PEER_PLACE}${name}/`,
      confidentiality: 'internal',
      integrity: 'untrusted',
    })),
    sinks: names.map((name) => ({
      kind: 'tool',
      prefix: `${PEER_PLACE}${name}/`,
      isExternal: true,
      clearance: 'internal',
    })),
  }
}

function resolveNode(text: string): Did {
  const did = parseDid(text)
  if (did === undefined) throw contradiction('a2a.nodes', `names ${JSON.stringify(text)}, which is no did:key`)
  return did
}

function resolvePayment(
  { currency, prices, parallelMax = 4 }: A2aPaymentDocument,
  skills: readonly string[] | undefined,
): A2aPaymentConfig {
  const read = Object.entries(prices).map(([skill, text]) => {
    const price = parseAmount(text)
    if (price === undefined || price <= 0n)
      throw contradiction(`a2a.payment.prices.${skill}`, 'must be an amount of credits above 0, such as "0.002"')
    if (skills !== undefined && !skills.includes(skill))
      throw contradiction(`a2a.payment.prices.${skill}`, 'has a price, and is none of `a2a.skills`')
    return [skill, price] as const
  })
  return { prices: Object.fromEntries(read), parallelMax, ...(currency !== undefined && { currency }) }
}

const PEER_TIMEOUT_MS = 120_000
const PEER_ANSWER_BYTES = 1_048_576
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/

function resolvePeer(name: string, peer: A2aPeerDocument): A2aPeerConfig {
  const { card, key, timeoutMs, answerBytesMax, ...rest } = peer
  const place = `a2a.peers.${name}`
  const url = checkUrl(card, `${place}.card`)
  if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname))
    throw contradiction(`${place}.card`, 'must be an https address, or one on this machine')
  if (key !== undefined && Object.hasOwn(key, 'd'))
    throw contradiction(`${place}.key`, 'holds a private key; leave `d` out')
  return {
    ...rest,
    card,
    ...(key !== undefined && { key }),
    timeoutMs: timeoutMs ?? PEER_TIMEOUT_MS,
    answerBytesMax: answerBytesMax ?? PEER_ANSWER_BYTES,
  }
}

function checkUrl(text: string, key: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!isPlain || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw contradiction(key, 'is no http(s) address without credentials, query and fragment')
  return url
}
