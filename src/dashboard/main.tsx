import { render } from 'preact'
import { App } from './app.tsx'
import { enter } from './state/node-state.ts'
import { followRoute } from './state/route.ts'
import { followTheme } from './state/theme.ts'

followTheme()
const place = document.getElementById('app')
if (place !== null) render(<App />, place)
enter().then(followRoute, followRoute)
followRoute()
