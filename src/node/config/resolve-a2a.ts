import { CodedError } from '../../base/errors.ts'
import { parseHostPattern } from '../../core/egress/host-pattern.ts'
import type { A2aDocument } from './config-document.ts'
import type { A2aConfig } from './node-config.ts'

const HOUR_MS = 3_600_000
const DESCRIPTION =
  'Decides how a task is executed: from the cache, with an exact tool, a local model, or a cheap or strong one, and says what it cost.'

/** What other agents may have of this node. Throws `CONFIG_INVALID`. */
export function resolveA2a(document: A2aDocument = {}): A2aConfig {
  const { enabled, url, name, description, provider, skills, keepHours, pushHosts = [], ...limits } = document
  if (url !== undefined) checkUrl(url)
  for (const host of pushHosts)
    if (parseHostPattern(host) === undefined)
      throw wrong('a2a.pushHosts', `names ${JSON.stringify(host)}, which is neither a host nor *.domain`)
  if (skills !== undefined && new Set(skills).size !== skills.length) throw wrong('a2a.skills', 'names a skill twice')
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
    ...(url !== undefined && { url: url.replace(/\/+$/, '') }),
    ...(provider !== undefined && { provider }),
    ...(skills !== undefined && { skills }),
  }
}

function checkUrl(text: string): void {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!isPlain || (url.protocol !== 'https:' && url.protocol !== 'http:'))
    throw wrong('a2a.url', 'is no http(s) address without credentials, query and fragment')
}

function wrong(key: string, what: string): CodedError {
  return new CodedError('CONFIG_INVALID', { message: `\`${key}\` ${what}.`, details: { key } })
}
