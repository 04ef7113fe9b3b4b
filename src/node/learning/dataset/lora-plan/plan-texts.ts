import type { LoraPlanDocument } from './plan-document.ts'
import { planMemoryBytes } from './plan-memory.ts'

/** What `train.py` needs, pinned; torch by its own minor version, since its builds differ by machine. */
export const REQUIREMENTS: string = [
  'torch>=2.9,<3',
  'transformers==5.18.0',
  'peft==0.21.0',
  'accelerate==1.15.0',
  'safetensors==0.8.0',
  '',
].join('\n')

/** Makes a GGUF file of the adapter, with the converter of the llama.cpp that the local models of this version run on. */
export function convertScript({ llama_cpp: { repository, tag }, base_model: base }: LoraPlanDocument): string {
  return `#!/bin/sh
# Makes policy-lora.gguf of adapter/. BASE: a folder with the configuration of the base model; default: its name.
set -eu
cd "$(dirname "$0")"
if [ ! -d llama.cpp ]; then
  git clone --depth 1 --branch '${tag}' 'https://github.com/${repository}' llama.cpp
fi
# The converter pins other versions than the training.
[ -d convert-venv ] || python3 -m venv convert-venv
convert-venv/bin/python -m pip install -r llama.cpp/requirements/requirements-convert_hf_to_gguf.txt
if [ -n "\${BASE:-}" ]; then
  convert-venv/bin/python llama.cpp/convert_lora_to_gguf.py --outtype f16 --outfile policy-lora.gguf --base "$BASE" adapter
else
  convert-venv/bin/python llama.cpp/convert_lora_to_gguf.py --outtype f16 --outfile policy-lora.gguf --base-model-id '${base}' adapter
fi
`
}

/** The next size of GPU. */
function gpuGigabytes(plan: LoraPlanDocument): number {
  return Math.ceil(planMemoryBytes(plan) / 1e9)
}

/** How to use the folder. */
export function planReadme(plan: LoraPlanDocument): string {
  const { base_model: base, steps, learning_rate: rate, rank, alpha, data, llama_cpp: llamaCpp } = plan
  return `# A LoRA adapter for the deciding model

Trains \`${base}\` on ${data.rows} examples: ${steps} steps, learning rate ${rate}, rank ${rank}, alpha ${alpha}, seed ${plan.seed}. Needs Python 3.10 or newer, and a GPU with ${gpuGigabytes(plan)} GB: computed for examples of ${plan.tokens_max} tokens, ${plan.batch_size} at a time, on a GPU without bfloat16. A processor does it, too, in hours.
The examples hold the text of tasks: keep this folder as you keep those.

\`\`\`sh
python3 train.py --dry-run                    # checks the examples against the plan; needs no package
python3 -m venv venv && . venv/bin/activate
python3 -m pip install -r requirements.txt
python3 train.py                              # writes adapter/ with metrics.json
sh convert.sh                                 # writes policy-lora.gguf, by llama.cpp ${llamaCpp.tag}
\`\`\`

The base model is loaded by name; \`--base FOLDER\` (and \`BASE=FOLDER sh convert.sh\`) takes it from a folder.
\`adapter/metrics.json\` says the loss of held-out examples before and after: an adapter that does not lower it is of no use.

## Use

On the machine that decides, bring in the same base model as GGUF and configure both files:

\`\`\`sh
kernell models pull hf:Qwen/Qwen2.5-0.5B-Instruct-GGUF/qwen2.5-0.5b-instruct-q8_0.gguf
\`\`\`

\`\`\`jsonc
{
  "providers": { "files": { "kind": "gguf", "models": ["/path/to/qwen2.5-0.5b-instruct-q8_0.gguf"] } },
  "policy": { "lite": { "model": "files/qwen2.5-0.5b-instruct-q8_0", "adapter": "/path/to/policy-lora.gguf" } }
}
\`\`\`

\`kernell models list\` shows the name of the model; \`kernell doctor\` says whether the adapter loads.

## What is here

- \`plan.json\`: every number of the training, and the SHA-256 of the examples (${data.sha256}).
- \`${data.file}\`: \`{"prompt","completion"}\`. The prompt is the two messages that the policy is served with, an empty line between them; the completion is the decision in the form that its grammar allows.
- \`train.py\`, \`requirements.txt\`, \`convert.sh\`.
`
}
