import { render } from 'preact'
import { App } from './app.tsx'
import { enter, leave, messageOf } from './state/node-state.ts'
import { followRoute } from './state/route.ts'
import { followTheme } from './state/theme.ts'

/** Where nothing is known of the node, the page says so. */
function begin(): void {
  enter().catch((error: unknown) => leave(messageOf(error)))
}

followTheme()
const place = document.getElementById('app')
if (place !== null) render(<App />, place)
begin()
followRoute(begin)
