/** Oldest Node.js that runs this package; `engines` of package.json says the same. This file imports nothing, so that it loads anywhere. */
export const NODE_VERSION_MIN: readonly [major: number, minor: number] = [22, 18]

/** What to tell the operator of a Node.js that is too old; `undefined` for one that is not. `version` is such as `22.18.0`. */
export function refuseOldNode(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const [majorMin, minorMin] = NODE_VERSION_MIN
  if (major > majorMin || (major === majorMin && minor >= minorMin)) return undefined
  return `kernell: Node.js ${majorMin}.${minorMin} or newer is needed; this is ${version}.\n  Install a newer one (https://nodejs.org), or in a checkout of the project use \`npm start\` and \`npx --no-install kernell\` after \`npm ci\`, which bring one.`
}
