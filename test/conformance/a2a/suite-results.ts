/** One test of the suite, as JUnit's form tells of it. */
export type SuiteTest = {
  /** `core_operations.test_artifacts.TestTextArtifact.test_text[jsonrpc]`. */
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'expected'
  /** What a test that did not pass says, its first line. */
  readonly message: string
}

/** A test that fails, and whose fault that is. */
export type ExpectedFailure = { readonly test: string; readonly reason: string }

const CASE = /<testcase ([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g

/** Reads a report of pytest in the form of JUnit. */
export function readSuiteReport(xml: string): readonly SuiteTest[] {
  return [...xml.matchAll(CASE)].map(([, attributes = '', inner = '']) => {
    const folder = attributeOf(attributes, 'classname').replace(/^tests\.compatibility\./, '')
    return { name: `${folder}.${attributeOf(attributes, 'name')}`, ...outcomeOf(inner) }
  })
}

function outcomeOf(inner: string): Pick<SuiteTest, 'outcome' | 'message'> {
  const found = /<(failure|error|skipped)([^>]*)>/.exec(inner)
  if (found === null) return { outcome: 'passed', message: '' }
  const message = (attributeOf(found[2] ?? '', 'message').split('\n')[0] ?? '').slice(0, 300)
  if (found[1] !== 'skipped') return { outcome: 'failed', message }
  return { outcome: attributeOf(found[2] ?? '', 'type') === 'pytest.xfail' ? 'expected' : 'skipped', message }
}

function attributeOf(attributes: string, name: string): string {
  return plain(new RegExp(`(?:^|\\s)${name}="([^"]*)"`).exec(attributes)?.[1] ?? '')
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", '#10': '\n' }

function plain(text: string): string {
  return text.replace(/&(#?\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole)
}

export type Verdict = {
  readonly passed: number
  readonly skipped: number
  /** Failed, and on the list: its own reasons for it. */
  readonly expected: readonly SuiteTest[]
  /** Failed, and not on the list. */
  readonly unexpected: readonly SuiteTest[]
  /** On the list, but not failed: the list is out of date. */
  readonly stale: readonly ExpectedFailure[]
}

/** Holds the results against the list. What the suite itself calls an expected failure is on the list as well. */
export function judgeSuite(tests: readonly SuiteTest[], list: readonly ExpectedFailure[]): Verdict {
  const listed = new Set(list.map(({ test }) => test))
  const failed = tests.filter(({ outcome }) => outcome === 'failed' || outcome === 'expected')
  const failedNames = new Set(failed.map(({ name }) => name))
  return {
    passed: tests.filter(({ outcome }) => outcome === 'passed').length,
    skipped: tests.filter(({ outcome }) => outcome === 'skipped').length,
    expected: failed.filter(({ name }) => listed.has(name)),
    unexpected: failed.filter(({ name }) => !listed.has(name)),
    stale: list.filter(({ test }) => !failedNames.has(test)),
  }
}
