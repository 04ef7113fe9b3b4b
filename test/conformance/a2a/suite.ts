import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** The suite is fetched from here where no checkout is named; nothing of it is in this repository. */
const REPOSITORY = 'https://github.com/a2aproject/a2a-tck'
/** Of its branch for A2A 1.0. */
export const SUITE_COMMIT = '357c4a87afa2818731590647cccbea31c31733a2'
const FETCH_MS = 120_000
const RUN_MS = 900_000
/** What its tests import. Its report in HTML needs one more, and is not made. */
const MODULES = ['pytest', 'pytest_asyncio', 'httpx', 'grpc', 'google.protobuf', 'google.rpc', 'jsonschema', 'jinja2']

export type Checkout = { readonly directory: string; readonly commit: string; readonly version: string }

/** A checkout, or why there is none. */
export type FoundSuite = { readonly checkout: Checkout } | { readonly why: string }

/** The checkout that is named, or the one that is fetched into `cache`. */
export function findSuite({ directory, cache }: { readonly directory: string; readonly cache: string }): FoundSuite {
  if (directory !== '') return readCheckout(directory)
  const fetched = join(cache, `a2a-tck-${SUITE_COMMIT.slice(0, 12)}`)
  if (existsSync(join(fetched, 'tests', 'compatibility'))) return readCheckout(fetched)
  mkdirSync(fetched, { recursive: true })
  const steps = [
    ['init', '--quiet', fetched],
    ['-C', fetched, 'fetch', '--quiet', '--depth', '1', REPOSITORY, SUITE_COMMIT],
    ['-C', fetched, 'checkout', '--quiet', '--detach', 'FETCH_HEAD'],
  ]
  for (const step of steps) {
    const { status, stderr, error } = spawnSync('git', step, { encoding: 'utf8', timeout: FETCH_MS })
    if (status !== 0)
      return { why: `git ${step.join(' ')}: ${error?.message ?? stderr.trim().split('\n').at(-1) ?? 'failed'}` }
  }
  return readCheckout(fetched)
}

function readCheckout(directory: string): FoundSuite {
  if (!existsSync(join(directory, 'tests', 'compatibility')))
    return { why: `${directory} is no checkout of the A2A TCK for 1.0: it has no tests/compatibility` }
  const git = spawnSync('git', ['-C', directory, 'rev-parse', 'HEAD'], { encoding: 'utf8' })
  const manifest = spawnSync('git', ['-C', directory, 'show', 'HEAD:pyproject.toml'], { encoding: 'utf8' })
  const version = /^version *= *"([^"]+)"/m.exec(manifest.stdout)?.[1] ?? 'unknown'
  const changed = spawnSync('git', ['-C', directory, 'status', '--porcelain', '--untracked-files=no'], {
    encoding: 'utf8',
  })
  if (git.status !== 0) return { why: `${directory} is no checkout of git, so what is run has no name` }
  if (changed.stdout.trim() !== '')
    return { why: `${directory} has changed files: the suite is run as it was published` }
  return { checkout: { directory, commit: git.stdout.trim(), version } }
}

/** Why an interpreter cannot run the suite; `undefined` where it can. */
export function whyNoPython(python: string): string | undefined {
  const { status, stderr, error } = spawnSync(python, ['-c', `import ${MODULES.join(', ')}`], { encoding: 'utf8' })
  if (error !== undefined) return `${python} does not run: ${error.message}`
  return status === 0 ? undefined : `${python} cannot run the suite: ${stderr.trim().split('\n').at(-1) ?? ''}`
}

/** Runs the suite against an address; its results in the form of JUnit are in `report`. @returns The exit status of pytest: 0, or 1 when tests failed. */
export async function runSuite(init: {
  readonly python: string
  readonly checkout: Checkout
  readonly url: string
  readonly report: string
}): Promise<number> {
  const { python, checkout, url, report } = init
  const args = [
    '-m',
    'pytest',
    'tests/compatibility/',
    `--sut-host=${url}`,
    '--tb=short',
    '-q',
    '-p',
    'no:cacheprovider',
  ]
  const program = spawn(python, [...args, `--junitxml=${report}`], {
    cwd: checkout.directory,
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: RUN_MS,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
  })
  return await new Promise((resolve, reject) => {
    program.on('error', reject)
    program.on('close', (status) => resolve(status ?? -1))
  })
}
