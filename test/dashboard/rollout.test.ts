import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openInstallationKey } from '../../src/node/learning/rollout/open-signer.ts'
import { BrowserSession } from '../browser/browser-session.ts'
import { removeFolders, runBinary } from '../cli/run-binary.ts'
import { gateReportOf, policyThatTrusts } from '../fixtures/sample-policies.ts'
import { CHROMIUM, DashboardTab, ServedNode } from './served-dashboard.ts'

const POLICY = policyThatTrusts('large', 'small')
const { version } = POLICY

describe.skipIf('reason' in CHROMIUM)('a rollout on the dashboard', { timeout: 120_000 }, () => {
  let browser: BrowserSession
  let node: ServedNode
  let page: DashboardTab

  const control = async (body: object): Promise<number> => {
    const { url, control_token: token } = JSON.parse(readFileSync(join(node.folder, 'data/serve.json'), 'utf8')) as {
      url: string
      control_token: string
    }
    const response = await fetch(`${url}/control/policies`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-kernell-control': token },
      body: JSON.stringify(body),
    })
    return response.status
  }
  /** Presses a button, says why, and presses the one that does it. */
  const order = async (name: string, reason: string): Promise<void> => {
    await page.press(name)
    await page.until("document.querySelector('dialog[open]') !== null")
    await page.type('dialog input', reason)
    await page.tab.run("document.querySelector('dialog button[type=submit]').click()")
  }

  beforeAll(async () => {
    node = await ServedNode.start()
    browser = await BrowserSession.open('path' in CHROMIUM ? CHROMIUM.path : '')
    page = await DashboardTab.open(browser, node.link)
    await page.show('policies')
  }, 60_000)
  afterAll(async () => {
    await browser.close()
    await node.stop()
    removeFolders()
  })

  it('shows a policy as soon as it is registered, and why it may not be promoted', async () => {
    await page.untilShown('No policy was trained on your data')
    expect(await control({ op: 'register', artefact: POLICY.text })).toBe(200)
    await page.untilShown(version, 2_000)
    await page.tab.run("document.querySelector('.policy summary').click()")
    await page.untilShown('No gate report')
    await order('Promote', 'to see what happens')
    await page.until("document.querySelector('dialog .notice') !== null")
    expect(await page.value("document.querySelector('dialog .notice').innerText")).toContain('kernell policy evaluate')
    await page.press('Cancel')
  })

  it('shows its gate report, begins, pauses, goes on and rolls back, each with who and why', async () => {
    const signer = await openInstallationKey(join(node.folder, 'data'))
    const report = gateReportOf({ candidate: POLICY, signer })
    expect(await control({ op: 'attach-gate', version, report })).toBe(200)
    await page.untilShown('gate passed', 2_000)
    await order('Promote', 'try it')
    await page.untilShown('is tried in the shadow', 2_000)
    expect(await page.value("document.querySelector('.stepper [aria-current]').innerText")).toBe('shadow')
    await order('Pause', 'over the weekend')
    await page.untilShown('The rollout is paused', 2_000)
    const { output } = await runBinary(['policy', 'status', '--json', '--config', 'config.json'], {
      folder: node.folder,
    })
    expect(JSON.parse(output)).toMatchObject({ stage: 'shadow', is_paused: true })
    await order('Go on by itself', 'monday')
    await page.until("!document.body.innerText.includes('The rollout is paused')", 2_000)
    await order('Promote', 'further')
    await page.untilShown('of the conversations', 2_000)
    await order('Roll back', 'a complaint')
    await page.untilShown('answers everything.', 2_000)
    await page.untilShown('a complaint')
    await page.untilShown('the dashboard')
    await page.untilShown('over the weekend')
  })
})
