import { ActorPanel } from './actor-panel.ts'
import { find } from './elements.ts'
import { PolicyPanel } from './policy-panel.ts'
import { SearchPanel } from './search-panel.ts'
import { SimulationPanel } from './simulation-panel.ts'

const asked = find('asked', HTMLInputElement)
const search = new SearchPanel()
const policy = new PolicyPanel()

function look(): void {
  search.look(asked.value)
  policy.look(asked.value)
}

asked.addEventListener('input', look)
look()
new ActorPanel()
new SimulationPanel()
