/** The thread in which a component runs. */
import { serveGuest } from '../hosted/serve-guest.ts'
import { ComponentEngine } from './component-engine.ts'

await serveGuest(new ComponentEngine())
