/** Names that are allowed; `any` for all of them. */
export type Names = 'any' | readonly string[]

/** Names of one list at most, so that what a chain grants stays small. */
export const NAMES_MAX = 32

const NAME_LENGTH_MAX = 200
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?'
const HOST: RegExp = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*(?::[1-9][0-9]{0,4})?$`)
/** Where no port is named. */
const PORT = ':443'

/** Whether it is a host in its one form: lower case, `*` as its first label alone, no port 443. */
export function isHostName(text: string): boolean {
  return text.length <= NAME_LENGTH_MAX && HOST.test(text) && !text.endsWith(PORT)
}

/** Whether it is an absolute path in its one form: no empty name, no `.` and `..`, nothing that does not print. */
export function isPathName(text: string): boolean {
  if (text === '/') return true
  if (text.length > NAME_LENGTH_MAX || !text.startsWith('/') || /[\p{Cc}\p{Surrogate}]/u.test(text)) return false
  return text
    .slice(1)
    .split('/')
    .every((name) => name !== '' && name !== '.' && name !== '..')
}

/** Whether it is the name of a variable of the environment. */
export function isVariableName(text: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(text)
}

/** `/a` covers `/a` and `/a/b`, not `/ab`. */
export function coversPath(outer: string, inner: string): boolean {
  return inner === outer || outer === '/' || inner.startsWith(`${outer}/`)
}

/** `*.a.b` covers `x.a.b`, `y.x.a.b` and `*.x.a.b` at the same port, not `a.b`. */
export function coversHost(outer: string, inner: string): boolean {
  if (inner === outer) return true
  if (!outer.startsWith('*.')) return false
  const [suffix, port] = divide(outer.slice(1))
  const [name, innerPort] = divide(inner)
  return port === innerPort && name.endsWith(suffix) && name.length > suffix.length + (name.startsWith('*') ? 1 : 0)
}

function divide(host: string): readonly [name: string, port: string] {
  const colon = host.indexOf(':')
  return colon === -1 ? [host, ''] : [host.slice(0, colon), host.slice(colon)]
}

export function meetWords(left: Names, right: Names): Names {
  return meet(left, right, (one, other) => one === other)
}

export function meetHosts(left: Names, right: Names): Names {
  return meet(left, right, coversHost)
}

export function meetPaths(left: Names, right: Names): Names {
  return meet(left, right, coversPath)
}

/** Two names are one within the other, or have nothing in common: what both lists allow is the inner one of each such pair. */
function meet(left: Names, right: Names, covers: (outer: string, inner: string) => boolean): Names {
  if (left === 'any') return right
  if (right === 'any') return left
  const both = new Set<string>()
  for (const one of left)
    for (const other of right) {
      if (covers(one, other)) both.add(other)
      else if (covers(other, one)) both.add(one)
    }
  return [...both].toSorted()
}
