import { expect, it } from 'vitest'
import { whyNoPython } from './suite.ts'
import { judgeSuite, readSuiteReport } from './suite-results.ts'

const REPORT = `<?xml version="1.0"?><testsuites><testsuite>
<testcase classname="tests.compatibility.core.test_a.TestA" name="test_one[jsonrpc]" time="0.1" />
<testcase classname="tests.compatibility.core.test_a.TestA" name="test_two" time="0.1"><failure message="AssertionError: it &lt;is&gt; &quot;wrong&quot;&#10;more">trace</failure></testcase>
<testcase classname="tests.compatibility.core.test_a.TestA" name="test_three" time="0.1"><skipped type="pytest.skip" message="no gRPC">x</skipped></testcase>
<testcase classname="tests.compatibility.core.test_a.TestA" name="test_four" time="0.1"><skipped type="pytest.xfail" message="SHOULD">x</skipped></testcase>
<testcase classname="tests.compatibility.core.test_a.TestA" name="test_five" time="0.1"><error message="setup">x</error></testcase>
</testsuite></testsuites>`

it('the report of the suite is read test by test, with what failed and why', () => {
  expect(readSuiteReport(REPORT)).toEqual([
    { name: 'core.test_a.TestA.test_one[jsonrpc]', outcome: 'passed', message: '' },
    { name: 'core.test_a.TestA.test_two', outcome: 'failed', message: 'AssertionError: it <is> "wrong"' },
    { name: 'core.test_a.TestA.test_three', outcome: 'skipped', message: 'no gRPC' },
    { name: 'core.test_a.TestA.test_four', outcome: 'expected', message: 'SHOULD' },
    { name: 'core.test_a.TestA.test_five', outcome: 'failed', message: 'setup' },
  ])
})

it('what fails beside the list, and what is on the list and passes, are both told', () => {
  const verdict = judgeSuite(readSuiteReport(REPORT), [
    { test: 'core.test_a.TestA.test_two', reason: 'theirs' },
    { test: 'core.test_a.TestA.test_one[jsonrpc]', reason: 'was theirs' },
  ])
  expect(verdict.expected.map(({ name }) => name)).toEqual(['core.test_a.TestA.test_two'])
  expect(verdict.unexpected.map(({ name }) => name)).toEqual([
    'core.test_a.TestA.test_four',
    'core.test_a.TestA.test_five',
  ])
  expect(verdict.stale.map(({ test }) => test)).toEqual(['core.test_a.TestA.test_one[jsonrpc]'])
  expect([verdict.passed, verdict.skipped]).toEqual([1, 1])
})

it('an interpreter that is not there, or lacks what the suite needs, is named as the reason', () => {
  expect(whyNoPython('/no/such/python')).toContain('/no/such/python does not run')
})
