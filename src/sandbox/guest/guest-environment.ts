/** What a program in a container or machine sees of an environment: where programs are, its own directory, and what its policy names of the caller's. */
export function guestEnvironment(
  names: readonly string[],
  from: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const named: Record<string, string> = {}
  for (const name of names) {
    const value = from[name]
    if (value !== undefined) named[name] = value
  }
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: '/work',
    TMPDIR: '/tmp',
    LANG: 'C.UTF-8',
    ...named,
  }
}
