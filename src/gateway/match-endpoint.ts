import { CodedError } from '../base/errors.ts'
import type { AuthenticatedCaller } from './listener/authenticate.ts'
import type { EndpointEntry } from './endpoint.ts'
import type { FailureForm } from './exchange.ts'

export type MatchedEndpoint = {
  readonly entry: EndpointEntry
  /** What stands in the path for the names of the pattern, decoded. */
  readonly params: Readonly<Record<string, string>>
}

const NO_PARAMS = {}

type Pattern = { readonly segments: readonly string[]; readonly entries: readonly EndpointEntry[] }

/** Finds what answers a path and a method: a look-up where the path has no variable part, else the first pattern that fits. */
export class EndpointMatcher {
  readonly #ofPath: ReadonlyMap<string, readonly EndpointEntry[]>
  readonly #patterns: readonly Pattern[]

  constructor(endpoints: readonly EndpointEntry[]) {
    const byRoute = Map.groupBy(endpoints, ({ route }) => route)
    const isLiteral = ([route]: readonly [string, unknown]): boolean => !route.includes(':')
    this.#ofPath = new Map([...byRoute].filter(isLiteral))
    this.#patterns = [...byRoute]
      .filter((entry) => !isLiteral(entry))
      .map(([route, entries]) => ({ segments: route.split('/'), entries }))
  }

  /** Throws `GATEWAY_PATH_UNKNOWN` and `GATEWAY_METHOD_UNKNOWN`. */
  match(method: string | undefined, pathname: string): MatchedEndpoint {
    const found = this.#find(pathname)
    if (found === undefined) {
      throw new CodedError('GATEWAY_PATH_UNKNOWN', {
        message: `There is nothing at ${JSON.stringify(pathname.slice(0, 200))}`,
      })
    }
    const entry = found.entries.find((each) => each.method === (method === 'HEAD' ? 'GET' : method))
    if (entry !== undefined) return { entry, params: found.params }
    throw new CodedError('GATEWAY_METHOD_UNKNOWN', { message: `${pathname} takes ${methodsOf(found.entries)}` })
  }

  /** The methods that a path takes, for the header `allow`; `undefined` when there is nothing at the path. */
  allowedMethods(pathname: string): string | undefined {
    const found = this.#find(pathname)
    return found && methodsOf(found.entries)
  }

  /** How failures of what is at a path are written. */
  failureForm(pathname: string): FailureForm | undefined {
    return this.#find(pathname)?.entries[0]?.failureForm
  }

  #find(
    pathname: string,
  ): { readonly entries: readonly EndpointEntry[]; readonly params: MatchedEndpoint['params'] } | undefined {
    const entries = this.#ofPath.get(pathname)
    if (entries !== undefined) return { entries, params: NO_PARAMS }
    const parts = pathname.split('/')
    for (const pattern of this.#patterns) {
      const params = paramsOf(pattern.segments, parts)
      if (params !== undefined) return { entries: pattern.entries, params }
    }
    return undefined
  }
}

function methodsOf(entries: readonly EndpointEntry[]): string {
  return entries.map(({ method }) => (method === 'GET' ? 'GET, HEAD' : method)).join(', ')
}

/** `undefined` where the path does not fit the pattern. */
function paramsOf(segments: readonly string[], parts: readonly string[]): MatchedEndpoint['params'] | undefined {
  const params: Record<string, string> = {}
  for (const [index, segment] of segments.entries()) {
    const part = parts[index]
    if (part === undefined) return undefined
    if (!segment.startsWith(':')) {
      if (segment !== part) return undefined
    } else if (part === '') return undefined
    else if (segment.endsWith('*')) {
      params[segment.slice(1, -1)] = decodePart(parts.slice(index).join('/'))
      return params
    } else params[segment.slice(1)] = decodePart(part)
  }
  return segments.length === parts.length ? params : undefined
}

function decodePart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What an endpoint is not for, its key may not ask of it; what is public is for everybody. Throws `GATEWAY_ROLE_REFUSED`. */
export function refuseRole({ isPublic, roles, route }: EndpointEntry, { role }: AuthenticatedCaller): void {
  if (isPublic || (role !== undefined && roles.includes(role))) return
  throw new CodedError('GATEWAY_ROLE_REFUSED', {
    message: `A key with the role ${role ?? 'none'} may not use ${route}`,
    details: { role: role ?? null, roles: [...roles] },
  })
}
