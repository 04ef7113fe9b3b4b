/** What `kernell init` writes: every section with its default, commented out, so that an unchanged file changes nothing. */
export const EXAMPLE_CONFIG: string = `// Configuration of a kernell node: JSON with comments.
// Precedence: flag, environment (KERNELL_*), this file, default. An unknown key is an error; \`kernell doctor\` shows what is in force.
{
  // Where the node keeps its cache, budgets and records. Relative to this file.
  // "dataDir": "./data",

  // Share of memory that local models together may take: minimal 25 %, balanced 40 %, powerful 55 %, maximum 70 %.
  "powerLevel": "balanced",

  // Look for model servers on this machine at start: Ollama, LM Studio, llama-server, vLLM.
  "discover": true,

  // Who serves models. Keys stay in the environment; here is only the variable's name.
  // OPENAI_API_KEY, ANTHROPIC_API_KEY, OPENROUTER_API_KEY, OPENAI_BASE_URL and OLLAMA_HOST are understood without a line here.
  "providers": {
    // "openai": { "kind": "openai", "apiKeyEnv": "OPENAI_API_KEY" },
    // "anthropic": { "kind": "anthropic", "apiKeyEnv": "ANTHROPIC_API_KEY" },
    // "ollama": { "kind": "openai", "baseUrl": "http://127.0.0.1:11434/v1", "models": ["qwen3:4b"] },
    // "files": { "kind": "gguf", "models": ["./models/qwen3-1.7b-q4.gguf"] },
  },

  // What you say about single models wins over every price list. A price that is not known is unknown, not zero.
  "models": {
    // "openai/gpt-4o-mini": { "prices": { "inputUsdPerMillion": "0.15", "outputUsdPerMillion": "0.60" } },
  },

  // Model ids behind kernell-cheap, kernell-premium and kernell-local. Without a line: by tier and price.
  "roles": {
    // "cheap": "openai/gpt-4o-mini",
    // "premium": "anthropic/claude-sonnet-4-5",
    // "local": "ollama/qwen3:4b",
  },

  "router": {
    // Hard tasks that the policy wants split are split into steps that models can do; "never" keeps every task whole.
    "decompose": "auto",
    // A model that is asked where the free checks of a cascade leave an answer in doubt. Its calls cost money and count.
    // "judge": "openai/gpt-4o-mini",
    "attemptTimeoutMs": 120000,
    // Of a route in place of that, and until a stream has its first content.
    // "routeTimeoutMs": { "cheap": 30000, "premium": 120000 },
    // "firstPartTimeoutMs": 20000,
    // A model that is busy or out of reach is asked again where no other one is left to ask; no longer pause is made than this.
    // "retries": { "max": 2, "waitMsMax": 2000 },
    // Who stands in when a plan has failed (out of credit, busy, unreachable), by the name of its last model or by route.
    // "fallbacks": { "openai/gpt-4o": ["anthropic/claude-sonnet-4-5"], "cheap": ["openai/gpt-4o-mini"] },
    // The next model of a plan is asked beside one that is slow; the first answer counts, and both may be billed.
    // "hedge": { "afterMs": 3000, "routes": ["cheap"] },
  },

  "policy": {
    // Written by: kernell eval routing --train ... --test ... --save policy.json
    // "artefact": "./policy.json",

    // Least predicted chance of an accepted answer; higher is better and dearer.
    "quality": 0.7,

    // Try other models where the policy is unsure of them, so that it can learn; their outcomes are weighed by the chance of the draw.
    // Exploration stops for the day when it is expected to have lost so many right answers, or to have cost so much more.
    // "explore": { "method": "thompson", "floor": 0.02, "regretPerDay": 10, "regretUsdPerDay": 1 },

    // Bounds that no gate report may be looser than; without them a report says for itself what it was judged by.
    // "gate": { "qualityMargin": 0.01, "precisionMax": 0.02, "costTolerance": 0.05, "regressionMax": 0.1, "calibrationErrorMax": 0.1, "rowsMin": 1000 },

    // How a promoted policy takes over: tried in the shadow, then for some of the conversations, then for all; rolled back when it does harm.
    "rollout": {
      "shadowShare": 0.1,
      "shadowBudgetUsd": "1.00",
      "shadowBudgetWindow": "day",
      "canarySteps": [1, 5, 10, 25, 50],
      "minCanaryRequests": 200,
      "minStepMinutes": 10,
      "autoAdvance": true,
      // "slo": { "qualityMargin": 0.02, "costMargin": 0.25, "latencyMargin": 0.5, "acceptedShareMin": 0.5, "errorShareMax": 0.2 },
    },

    // Learn from the node's own records (telemetry.consent) while it serves: a version is registered after so many outcomes, and served by the gate alone.
    // "online": { "everyOutcomes": 500, "queueMax": 10000 },

    // Another node that is asked when this one is unsure.
    // "pro": { "url": "https://policy.example.org", "apiKeyEnv": "POLICY_KEY", "timeoutMs": 2000, "requestsPerMinute": 60 },
  },

  "cache": {
    "enabled": true,
    // Written by: kernell eval cache --train ... --test ... --save cache.json. Without it only equal requests are answered from the cache.
    // "calibration": "./cache.json",
    "ttlHours": 168,
    "entriesMax": 100000,
    "bytesMax": 1073741824,
    "embedder": "builtin",
  },

  // Texts that try to give the model orders: what is done about one, by who wrote it (pass, flag, block).
  "untrusted": {
    // Written by: kernell eval injection --train ... --test ... --save injection.json. Without it a few rules decide.
    // "model": "./injection.json",
    "user": "flag",
    "document": "block",
    "tool": "block",
    "peer": "block",
  },

  // Plans of agents are judged before they are carried out: what of which place may go where. These rules come before those that hold otherwise.
  "firewall": {
    "sources": [
      // { "kind": "memory", "prefix": "memory/default/", "confidentiality": "private", "integrity": "trusted" },
    ],
    "sinks": [
      // { "kind": "model", "prefix": "models/remote", "external": true, "clearance": "public" },
    ],
  },

  "telemetry": {
    // Records of tasks (a salted hash, figures, models, numeric features of the prompt, feedback) are kept on this machine only when you agree.
    // kernell data inspect shows them, data export takes them out, data purge deletes them for good.
    "consent": false,
    "keepText": false,
    // Beyond so many records, of some 3 KB each, the oldest go. What they cost stays in sums by hour (35 days) and by day (so many days with requests).
    // "recordsMax": 100000,
    // "usageDays": 400,
    // Traces and metrics by OTLP over HTTP; spans never hold what was asked and answered unless traceContent is true.
    // "otlpEndpoint": "http://127.0.0.1:4318",
    // "otlpSignals": ["traces", "metrics"],
    // "traceContent": false,
  },

  // What kernell serve writes to standard error while it runs: JSON lines, or lines for people on a terminal. Never what was asked and answered.
  "log": {
    "level": "info",
    // "format": "json",
    // "access": true,
  },

  // Programs that nobody trusts: kernell sandbox prepare makes what containers and machines start from.
  "sandbox": {
    // "directory": "./sandbox",
    // "image": "kernell-sandbox:busybox",
    // "kernel": "/boot/vmlinuz-6.1.0-cloud-amd64",
    // "containerSocket": "/run/user/1000/podman/podman.sock",
    // "bubblewrap": "/usr/bin/bwrap",
    // "qemu": "/usr/bin/qemu-system-x86_64",
    // "firecracker": "/usr/local/bin/firecracker",
  },

  "privacy": {
    // Models outside get placeholders for keys, tokens, passwords, addresses of mail, cards and IBANs; the answer has them again.
    "hideSecrets": false,
  },

  // How a node that runs with kernell node is reached; see also its flags.
  "outbound": {
    // Names of servers above that may lead into your own network though they look like names of the internet.
    // "privateHosts": ["llm.example.com", "*.intern.example.com"],
  },

  "network": {
    // Beyond this machine only where you say so. --listen names others for one start.
    // "listen": ["/ip4/0.0.0.0/tcp/4001"],
    // What others are told instead, where a router stands in front.
    // "announce": ["/ip4/203.0.113.7/tcp/4001"],
    // "bootstrap": ["/ip4/198.51.100.2/tcp/4001/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"],
    // Finds and tells nodes on the local network; passes on connections of others; finds nodes by their DID.
    // "mdns": false,
    // "relay": false,
    // "table": "client",
    // A private network: the same key on all of its nodes, made with openssl rand -hex 32.
    // "keyFile": "network.key",
  },

  "market": {
    // Told, by a signed POST, what waits for your act: the rows of kernell escrow inbox. https, or http on this machine.
    // "webhook": "https://example.com/kernell-inbox",
    // Over libp2p a node says to everybody what it offers (kernell market offer) and where it is reached, and hears what others say.
    // "gossip": true,
    // Buys from nodes that are known by what they say of themselves alone, the router (peers) too; otherwise from those that you name, and those that are connected.
    // "discover": false,
    // Announces auctions (kernell market buy --auction) to everybody who listens: skill, highest price and where this node is reached, never the input.
    // "openCalls": false,
    // Named in what it says of itself.
    // "models": [],
    // Largest input or result that it takes, bytes. What does not fit one message goes over in pieces.
    // "artifactBytesMax": 67108864,
    // How much it works for each payer by itself, and by skill for all of them: what is beyond is not signed (MARKET_QUOTA_SPENT).
    // "quotas": { "peer": { "tasksPerMinute": 600, "burst": 120, "atOnce": 64, "workSecondsPerHour": 7200 }, "skills": { "chat": { "atOnce": 8 } } },
  },

  // Tasks of other agents, over A2A: the card is at /.well-known/agent-card.json.
  "a2a": {
    // "enabled": true,
    // Where others reach the gateway, when that is not the address that it listens at.
    // "url": "https://agent.example.com",
    // Skills that are offered; the first does what names none. See kernell a2a card.
    // "skills": ["route", "planner"],
    // Tasks are kept for a while, so that their senders may come back for them.
    // "keepHours": 168,
    // Hosts of private networks that may be told how tasks go on; others have to be of the internet.
    // "pushHosts": ["hooks.local"],
    // Nodes that may send tasks over the connections of the market, while kernell node runs.
    // "nodes": ["did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"],
    // What a task of a skill costs, in credits of the market, while kernell node runs with an escrow key; skills without a price are free.
    // "payment": { "currency": "USD", "prices": { "planner": "0.25" } },
    // Agents of others that may be asked (kernell a2a call), with the key that their card is signed with: kernell a2a card URL shows it.
    // "peers": { "translator": { "card": "https://agent.example.com", "skills": ["translate"], "key": { "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" } } },
  },

  // Answers bought from other nodes, where price, checks and risk together come to less than a model; what they say is checked by router.judge.
  // Sellers read the tasks of these tenants; see kernell market buy for who learns what.
  // "peers": { "currency": "USD@did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "usdPerCredit": "1.00", "priceMaxCredits": "0.05", "tenants": ["default"] },

  // Money that may be spent. Scopes: node, organisation:NAME, team:NAME, key:ID, tenant:NAME, agent:NAME. Windows: hour, day, month, total.
  "budgets": [
    // { "scope": "node", "window": "day", "limitUsd": "5.00" },
  ],

  // Tasks that may begin in a minute, and at once after a rest; key:* is each key by itself. Also: node, organisation, team, tenant, agent, skill, peer.
  "quotas": [
    // { "scope": "key:*", "perMinute": 600, "burst": 60 },
  ],

  // Tools of other programs that agents and plans may call, over the Model Context Protocol: only those that are named, bounded, and read as the word of others.
  "mcp": {
    "servers": {
      // "notes": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem", "./notes"], "tools": ["read_text_file"] },
      // "search": { "url": "https://search.example/mcp", "apiKeyEnv": "SEARCH_KEY", "tools": ["search"], "agents": { "tool-user": ["search"] } },
    },
  },

  // Keys that callers present. The hash: printf %s "$KEY" | sha256sum
  "keys": [
    // { "id": "laptop", "keyEnv": "MY_KERNELL_KEY", "tenant": "default" },
  ],

  "server": {
    "host": "127.0.0.1",
    "port": 8787,
  },

  // Several gateways as one: budgets, cached answers and records in PostgreSQL (npm install pg). The address, postgresql://USER@HOST/DATABASE, is in the variable.
  // "storage": { "kind": "postgresql", "urlEnv": "KERNELL_DATABASE_URL", "schema": "kernell", "poolMax": 10 },
}
`
